#include "eidcached/aws/s3_request.h"

#include <stdio.h>

#include "eidcached/aws/s3_region.h"
#include "eidcached/base/log.h"
#include "eidcached/base/mem.h"

#define ERROR_MAX ((size_t)64 * 1024)

/* Names that are no host label, or would not match a wildcard certificate, go into the path. */
static bool is_host_label(const char *bucket)
{
    return bucket[strspn(bucket, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0';
}

static bool is_path_style(const struct eidc_s3 *s3)
{
    if (s3->addressing != EIDC_S3_AUTO)
        return s3->addressing == EIDC_S3_PATH;
    return s3->target.endpoint.custom || !is_host_label(s3->bucket);
}

/* Only S3 itself may say that an object is missing: a missing bucket, or a web server at the wrong
 * address, is a wrong configuration. */
bool eidc_s3_explain(const struct eidc_s3 *s3, const struct eidc_s3_request *request,
                     const struct eidc_aws_response *response, struct eidc_err *err)
{
    *err = response->err;
    if (err->kind == EIDC_ERR_NOT_FOUND && strcmp(response->code, "NoSuchKey") != 0)
        err->kind = EIDC_ERR_INVALID;
    if (response->status == 403 && request->key && strcmp(request->method, "GET") == 0)
        eidc_wrap(err, "(without s3:ListBucket a missing object is refused like this too)");
    if (request->key)
        return eidc_wrap(err, "s3://%s/%s", s3->bucket, request->key);
    return eidc_wrap(err, "s3://%s", s3->bucket);
}

/* --- a request on its way, to where its bucket is ------------------------------------------- */

struct trip {
    const struct eidc_s3 *s3;
    const struct eidc_s3_request *request;
    eidc_aws_done *done;
    void *arg;
    struct eidc_aws_target target; /* the store's, or, when moved, with an endpoint of its own */
    bool moved, followed;
};

static bool move(struct trip *trip, const char *region)
{
    struct eidc_endpoint endpoint;
    if (!eidc_endpoint_move(&trip->s3->target.endpoint, region, &endpoint))
        return false;
    if (trip->moved)
        eidc_endpoint_free(&trip->target.endpoint);
    trip->target.endpoint = endpoint;
    trip->target.region = endpoint.region;
    trip->moved = true;
    return true;
}

/* Once: a server that sends us on again is not to be believed. */
static bool follow(struct trip *trip, const struct eidc_aws_response *response)
{
    char region[EIDC_REGION_MAX];
    const struct eidc_s3 *s3 = trip->s3;
    if (trip->followed || !eidc_s3_region_told(response, region) ||
        strcmp(region, trip->target.region) == 0)
        return false;
    if (!move(trip, region))
        return false;
    trip->followed = true;
    eidc_info("s3://%s is in region %s, not %s: it is asked for there from now on", s3->bucket,
              region, s3->target.region);
    eidc_s3_region_learn(&s3->target.endpoint, s3->bucket, region);
    return true;
}

static void send_request(struct trip *trip);

static void on_answer(void *arg, struct eidc_aws_response *response)
{
    struct trip *trip = arg;
    if (follow(trip, response)) {
        send_request(trip);
        return;
    }
    trip->done(trip->arg, response);
    if (trip->moved)
        eidc_endpoint_free(&trip->target.endpoint);
    free(trip);
}

static void send_request(struct trip *trip)
{
    const struct eidc_s3 *s3 = trip->s3;
    const struct eidc_s3_request *request = trip->request;
    bool by_path = is_path_style(s3);
    const char *key = request->key ? request->key : "";
    char *path EIDC_AUTO_FREE = by_path ? eidc_xprintf("/%s%s%s", s3->bucket, *key ? "/" : "", key)
                                        : eidc_xprintf("/%s", key);
    char *host EIDC_AUTO_FREE =
        by_path ? NULL : eidc_xprintf("%s.%s", s3->bucket, trip->target.endpoint.host);
    const struct eidc_aws_request call = {
        .target = &trip->target,
        .operation = request->operation,
        .method = request->method,
        .host = host,
        .path = eidc_str_of(path),
        .params = request->params,
        .param_count = request->param_count,
        .headers = &request->headers,
        .body = request->body,
        .made = request->made,
        .sha256 = request->sha256,
        .max_response = request->max_response > ERROR_MAX ? request->max_response : ERROR_MAX,
        .bulk = request->key != NULL, /* objects may be large */
        .s3 = true,
        .take = request->take,
        .take_arg = request->take_arg,
    };
    eidc_aws_call(s3->aws, &call, on_answer, trip);
}

void eidc_s3_start(const struct eidc_s3 *s3, struct eidc_s3_request *request, eidc_aws_done *done,
                   void *arg)
{
    char region[EIDC_REGION_MAX];
    struct trip *trip = eidc_xcalloc(1, sizeof(*trip));
    *trip =
        (struct trip){.s3 = s3, .request = request, .done = done, .arg = arg, .target = s3->target};
    if (eidc_s3_region_known(&s3->target.endpoint, s3->bucket, region))
        move(trip, region);
    if (s3->expected_owner)
        eidc_http_headers_add(&request->headers, "x-amz-expected-bucket-owner",
                              eidc_str_of(s3->expected_owner));
    send_request(trip);
}

bool eidc_s3_perform(const struct eidc_s3 *s3, struct eidc_s3_request *request,
                     struct eidc_aws_response *response, struct eidc_err *err)
{
    size_t pending = 1;
    struct eidc_aws_slot slot = {.pending = &pending};
    eidc_s3_start(s3, request, eidc_aws_keep, &slot);
    eidc_aws_wait(s3->aws, &pending);
    eidc_http_headers_free(&request->headers);
    *response = slot.response;
    return response->ok || eidc_s3_explain(s3, request, response, err);
}

void eidc_s3_take_etag(const struct eidc_aws_response *response, char out[static EIDC_ETAG_MAX])
{
    const char *etag = eidc_http_headers_get(&response->headers, "ETag");
    out[0] = 0;
    if (etag && strlen(etag) < EIDC_ETAG_MAX)
        snprintf(out, EIDC_ETAG_MAX, "%s", etag);
}
