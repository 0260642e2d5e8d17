/*
 * PUT. All are sent at once; what then needs a second look (a race, a condition that is said not
 * to hold) is settled one after the other.
 */
#include <stdio.h>

#include "eidcached/aws/s3_request.h"
#include "eidcached/base/encode.h"
#include "eidcached/base/mem.h"

#define RACE_TRIES    5
#define RACE_PAUSE_MS 100
#define LOOK_ROOM     65536 /* what is stored is read if it is not longer by more than this */

static void add_checksum(const uint8_t *sha256, struct eidc_http_headers *headers)
{
    char text[(EIDC_SHA256_BYTES + 2) / 3 * 4];
    size_t n = eidc_base64_encode(sha256, EIDC_SHA256_BYTES, text);
    eidc_http_headers_add(headers, "x-amz-sdk-checksum-algorithm", EIDC_STR("SHA256"));
    eidc_http_headers_add(headers, "x-amz-checksum-sha256", (struct eidc_str){text, n});
}

static void add_kms(const char *key, struct eidc_http_headers *headers)
{
    eidc_http_headers_add(headers, "x-amz-server-side-encryption", EIDC_STR("aws:kms"));
    eidc_http_headers_add(headers, "x-amz-server-side-encryption-aws-kms-key-id", eidc_str_of(key));
}

static void add_condition(const struct eidc_s3 *s3, const struct eidc_s3_upload *up,
                          struct eidc_http_headers *headers)
{
    struct eidc_str etag = eidc_str_of(up->etag);
    if (s3->etag_bare && etag.n >= 2 && etag.p[0] == '"')
        etag = (struct eidc_str){etag.p + 1, etag.n - 2};
    if (up->condition == EIDC_S3_IF_MATCH)
        eidc_http_headers_add(headers, "If-Match", etag);
    else if (up->condition == EIDC_S3_IF_ABSENT)
        eidc_http_headers_add(headers, "If-None-Match", EIDC_STR("*"));
}

static struct eidc_s3_request request_of(const struct eidc_s3 *s3, struct eidc_s3_upload *up)
{
    struct eidc_s3_request request = {.operation = "PutObject",
                                      .method = "PUT",
                                      .key = up->key,
                                      .body = up->body,
                                      .made = up->made,
                                      .sha256 = up->sha256};
    if (!up->hashed)
        eidc_sha256(up->body, up->sha256);
    up->hashed = true;
    eidc_http_headers_add(&request.headers, "Content-Type", eidc_str_of(up->content_type));
    add_condition(s3, up, &request.headers);
    if (s3->checksum_sha256)
        add_checksum(up->sha256, &request.headers);
    if (s3->kms_key)
        add_kms(s3->kms_key, &request.headers);
    return request;
}

enum outcome { DONE, FAILED, RACED, REFUSED };

/* A racing writer (409) decides nothing; 412: the condition did not hold. */
static enum outcome outcome_of(const struct eidc_aws_response *response)
{
    if (response->ok)
        return DONE;
    if (response->status == 412)
        return REFUSED;
    bool raced =
        response->status == 409 && (strcmp(response->code, "ConditionalRequestConflict") == 0 ||
                                    strcmp(response->code, "OperationAborted") == 0);
    return raced ? RACED : FAILED;
}

/* Frees the response. */
static enum outcome judge(const struct eidc_s3 *s3, struct eidc_s3_upload *up,
                          struct eidc_aws_response *response)
{
    const struct eidc_s3_request request = {.method = "PUT", .key = up->key};
    enum outcome outcome = outcome_of(response);
    if (outcome == DONE)
        eidc_s3_take_etag(response, up->etag);
    else
        eidc_s3_explain(s3, &request, response, &up->err);
    eidc_aws_response_free(response);
    return outcome;
}

static enum outcome send_again(const struct eidc_s3 *s3, struct eidc_s3_upload *up)
{
    struct eidc_s3_request request = request_of(s3, up);
    struct eidc_aws_response response;
    eidc_s3_perform(s3, &request, &response, &up->err);
    return judge(s3, up, &response);
}

static enum outcome through_races(const struct eidc_s3 *s3, struct eidc_s3_upload *up,
                                  enum outcome outcome)
{
    for (unsigned tries = 1; outcome == RACED && tries < RACE_TRIES; tries++) {
        eidc_aws_pause(s3->aws, (int64_t)tries * RACE_PAUSE_MS);
        outcome = send_again(s3, up);
    }
    return outcome;
}

/* The condition should have held: send the ETag as a server that forgets its quotes wants it. */
static bool put_bare(struct eidc_s3 *s3, struct eidc_s3_upload *up)
{
    s3->etag_bare = true;
    s3->etag_bare = through_races(s3, up, send_again(s3, up)) == DONE;
    return s3->etag_bare;
}

/* What a refused condition meant: a lost answer had said yes, or the server takes ETags without
 * their quotes, or someone else was faster. */
static bool look_again(struct eidc_s3 *s3, struct eidc_s3_upload *up)
{
    char etag[EIDC_ETAG_MAX] = "";
    bool modified;
    struct eidc_err err;
    if (!eidc_s3_get(s3, up->key, NULL, up->body.n + LOOK_ROOM, &modified, &up->found, etag,
                     &err)) {
        if (err.kind != EIDC_ERR_NOT_FOUND && err.kind != EIDC_ERR_LIMIT)
            up->err = err;
        return false;
    }
    if (eidc_str_eq(eidc_buf_view(&up->found), up->body)) {
        memcpy(up->etag, etag, sizeof(etag));
        return true;
    }
    bool should_have_held = up->condition == EIDC_S3_IF_MATCH && strcmp(etag, up->etag) == 0;
    return should_have_held && !s3->etag_bare && etag[0] == '"' && put_bare(s3, up);
}

static void settle(struct eidc_s3 *s3, struct eidc_s3_upload *up, enum outcome outcome)
{
    outcome = through_races(s3, up, outcome);
    up->ok = outcome == DONE ||
             (outcome == REFUSED && up->condition != EIDC_S3_ALWAYS && look_again(s3, up));
    if (up->ok)
        eidc_buf_free(&up->found);
}

void eidc_s3_put_all(struct eidc_s3 *s3, struct eidc_s3_upload *uploads, size_t n)
{
    size_t pending = n;
    struct eidc_aws_slot *slots EIDC_AUTO_FREE = eidc_xcalloc(n, sizeof(*slots));
    struct eidc_s3_request *requests EIDC_AUTO_FREE = eidc_xcalloc(n, sizeof(*requests));
    for (size_t i = 0; i < n; i++) {
        requests[i] = request_of(s3, &uploads[i]);
        slots[i].pending = &pending;
        eidc_s3_start(s3, &requests[i], eidc_aws_keep, &slots[i]);
    }
    eidc_aws_wait(s3->aws, &pending);
    for (size_t i = 0; i < n; i++)
        eidc_http_headers_free(&requests[i].headers);
    for (size_t i = 0; i < n; i++)
        settle(s3, &uploads[i], judge(s3, &uploads[i], &slots[i].response));
}

bool eidc_s3_put(struct eidc_s3 *s3, const char *key, struct eidc_str body,
                 const char *content_type, enum eidc_s3_condition condition,
                 char etag[static EIDC_ETAG_MAX], struct eidc_err *err)
{
    struct eidc_s3_upload up = {
        .key = key, .content_type = content_type, .body = body, .condition = condition};
    memcpy(up.etag, etag, sizeof(up.etag));
    eidc_s3_put_all(s3, &up, 1);
    eidc_buf_free(&up.found);
    if (!up.ok)
        *err = up.err;
    else
        memcpy(etag, up.etag, sizeof(up.etag));
    return up.ok;
}
