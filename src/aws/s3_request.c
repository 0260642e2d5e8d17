#include "eidcached/aws/s3_request.h"

#include <stdio.h>

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

void eidc_s3_start(const struct eidc_s3 *s3, struct eidc_s3_request *request, eidc_aws_done *done,
                   void *arg)
{
    bool by_path = is_path_style(s3);
    const char *key = request->key ? request->key : "";
    char *path EIDC_AUTO_FREE = by_path ? eidc_xprintf("/%s%s%s", s3->bucket, *key ? "/" : "", key)
                                        : eidc_xprintf("/%s", key);
    char *host EIDC_AUTO_FREE =
        by_path ? NULL : eidc_xprintf("%s.%s", s3->bucket, s3->target.endpoint.host);
    if (s3->expected_owner)
        eidc_http_headers_add(&request->headers, "x-amz-expected-bucket-owner",
                              eidc_str_of(s3->expected_owner));
    const struct eidc_aws_request call = {
        .target = &s3->target,
        .operation = request->operation,
        .method = request->method,
        .host = host,
        .path = eidc_str_of(path),
        .params = request->params,
        .param_count = request->param_count,
        .headers = &request->headers,
        .body = request->body,
        .max_response = request->max_response > ERROR_MAX ? request->max_response : ERROR_MAX,
        .bulk = request->key != NULL, /* objects may be large */
        .s3 = true,
        .take = request->take,
        .take_arg = request->take_arg,
    };
    eidc_aws_call(s3->aws, &call, done, arg);
    eidc_http_headers_free(&request->headers);
}

bool eidc_s3_perform(const struct eidc_s3 *s3, struct eidc_s3_request *request,
                     struct eidc_aws_response *response, struct eidc_err *err)
{
    size_t pending = 1;
    struct eidc_aws_slot slot = {.pending = &pending};
    eidc_s3_start(s3, request, eidc_aws_keep, &slot);
    eidc_aws_wait(s3->aws, &pending);
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
