#include "eidcached/aws/s3.h"

#include <stdio.h>

#include "eidcached/aws/s3_request.h"
#include "eidcached/base/encode.h"

#define CONFLICT_TRIES    5
#define CONFLICT_PAUSE_MS 100

static void take_etag(const struct eidc_aws_response *response, char out[static EIDC_ETAG_MAX])
{
    const char *etag = eidc_http_headers_get(&response->headers, "ETag");
    out[0] = 0;
    if (etag && strlen(etag) < EIDC_ETAG_MAX)
        snprintf(out, EIDC_ETAG_MAX, "%s", etag);
}

/* --- GET and DELETE ------------------------------------------------------------------------ */

bool eidc_s3_get(const struct eidc_s3 *s3, const char *key, const char *if_none_match,
                 bool *modified, struct eidc_buf *body, char etag[static EIDC_ETAG_MAX],
                 struct eidc_err *err)
{
    struct eidc_s3_request request = {.operation = "GetObject", .method = "GET", .key = key};
    if (if_none_match)
        eidc_http_headers_add(&request.headers, "If-None-Match", eidc_str_of(if_none_match));
    struct eidc_aws_response response;
    bool ok = eidc_s3_perform(s3, &request, &response, err);
    bool same = !ok && response.status == 304;
    if (ok) {
        take_etag(&response, etag);
        eidc_buf_free(body);
        *body = response.body;
        response.body = (struct eidc_buf){0};
    }
    if (ok || same)
        *modified = ok;
    eidc_aws_response_free(&response);
    return ok || same;
}

bool eidc_s3_delete(const struct eidc_s3 *s3, const char *key, struct eidc_err *err)
{
    struct eidc_s3_request request = {.operation = "DeleteObject", .method = "DELETE", .key = key};
    struct eidc_aws_response response;
    bool ok = eidc_s3_perform(s3, &request, &response, err);
    eidc_aws_response_free(&response);
    return ok;
}

/* --- PUT ------------------------------------------------------------------------------------ */

struct put {
    struct eidc_s3 *s3;
    const char *key;
    struct eidc_str body;
    const char *content_type;
    enum eidc_s3_condition condition;
    char *etag;      /* in: of the condition; out: of the new object */
    bool maybe_done; /* an answer was lost: the object may be ours already */
};

static void add_checksum(struct eidc_str body, struct eidc_http_headers *headers)
{
    uint8_t raw[EIDC_SHA256_BYTES];
    char text[(EIDC_SHA256_BYTES + 2) / 3 * 4];
    eidc_sha256(body, raw);
    size_t n = eidc_base64_encode(raw, sizeof(raw), text);
    eidc_http_headers_add(headers, "x-amz-sdk-checksum-algorithm", EIDC_STR("SHA256"));
    eidc_http_headers_add(headers, "x-amz-checksum-sha256", (struct eidc_str){text, n});
}

static void add_kms(const char *key, struct eidc_http_headers *headers)
{
    eidc_http_headers_add(headers, "x-amz-server-side-encryption", EIDC_STR("aws:kms"));
    eidc_http_headers_add(headers, "x-amz-server-side-encryption-aws-kms-key-id", eidc_str_of(key));
}

static void add_condition(const struct put *put, struct eidc_http_headers *headers)
{
    struct eidc_str etag = eidc_str_of(put->etag);
    if (put->s3->etag_bare && etag.n >= 2 && etag.p[0] == '"')
        etag = (struct eidc_str){etag.p + 1, etag.n - 2};
    if (put->condition == EIDC_S3_IF_MATCH)
        eidc_http_headers_add(headers, "If-Match", etag);
    else if (put->condition == EIDC_S3_IF_ABSENT)
        eidc_http_headers_add(headers, "If-None-Match", EIDC_STR("*"));
}

/* One PUT; *response must be freed either way. */
static bool put_once(struct put *put, struct eidc_aws_response *response, struct eidc_err *err)
{
    struct eidc_s3_request request = {
        .operation = "PutObject", .method = "PUT", .key = put->key, .body = put->body};
    eidc_http_headers_add(&request.headers, "Content-Type", eidc_str_of(put->content_type));
    add_condition(put, &request.headers);
    if (put->s3->checksum_sha256)
        add_checksum(put->body, &request.headers);
    if (put->s3->kms_key)
        add_kms(put->s3->kms_key, &request.headers);
    bool ok = eidc_s3_perform(put->s3, &request, response, err);
    if (response->tries > 1)
        put->maybe_done = true;
    return ok;
}

/* A racing writer (409) decides nothing: the same request again. */
static bool is_race(const struct eidc_aws_response *response)
{
    return response->status == 409 && (strcmp(response->code, "ConditionalRequestConflict") == 0 ||
                                       strcmp(response->code, "OperationAborted") == 0);
}

/* *refused: the condition did not hold (412). */
static bool put_through_races(struct put *put, bool *refused, struct eidc_err *err)
{
    *refused = false;
    for (unsigned tries = 1;; tries++) {
        struct eidc_aws_response response;
        bool ok = put_once(put, &response, err);
        bool race = !ok && is_race(&response);
        *refused = !ok && response.status == 412;
        if (ok)
            take_etag(&response, put->etag);
        eidc_aws_response_free(&response);
        if (!race || tries == CONFLICT_TRIES)
            return ok;
        eidc_aws_pause(put->s3->aws, (int64_t)tries * CONFLICT_PAUSE_MS);
    }
}

/* The condition should have held: send the ETag as a server that forgets its quotes wants it. */
static bool put_bare(struct put *put, struct eidc_err *err)
{
    bool refused;
    put->s3->etag_bare = true;
    bool ok = put_through_races(put, &refused, err);
    put->s3->etag_bare = ok;
    return ok;
}

/* What a refused condition meant: the answer that was lost said yes, or the server takes ETags
 * without their quotes, or someone else was faster. */
static bool look_again(struct put *put, struct eidc_err *conflict)
{
    EIDC_BUF_AUTO stored = {0};
    char etag[EIDC_ETAG_MAX] = "";
    bool modified;
    struct eidc_err err;
    if (!eidc_s3_get(put->s3, put->key, NULL, &modified, &stored, etag, &err)) {
        if (err.kind != EIDC_ERR_NOT_FOUND)
            *conflict = err;
        return false;
    }
    if (put->maybe_done && eidc_str_eq(eidc_buf_view(&stored), put->body)) {
        snprintf(put->etag, EIDC_ETAG_MAX, "%s", etag);
        return true;
    }
    bool should_have_held = put->condition == EIDC_S3_IF_MATCH && strcmp(etag, put->etag) == 0;
    return should_have_held && !put->s3->etag_bare && etag[0] == '"' && put_bare(put, conflict);
}

bool eidc_s3_put(struct eidc_s3 *s3, const char *key, struct eidc_str body,
                 const char *content_type, enum eidc_s3_condition condition,
                 char etag[static EIDC_ETAG_MAX], struct eidc_err *err)
{
    struct put put = {.s3 = s3,
                      .key = key,
                      .body = body,
                      .content_type = content_type,
                      .condition = condition,
                      .etag = etag};
    bool refused;
    if (put_through_races(&put, &refused, err))
        return true;
    bool worth_a_look = refused && (put.maybe_done || condition == EIDC_S3_IF_MATCH);
    return worth_a_look && look_again(&put, err);
}
