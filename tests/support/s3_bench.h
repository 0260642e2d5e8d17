#pragma once
/* An S3 store against a script: what is stored, and the exchanges that come again and again. */
#include <stdlib.h>

#include "eidcached/adapters/snapshot_codec.h"
#include "eidcached/adapters/store_s3.h"
#include "eidcached/base/digest.h"
#include "eidcached/base/log.h"
#include "eidcached/base/mem.h"
#include "tests/support/aws_env.h"
#include "tests/support/build_image.h"
#include "tests/support/fake_http.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define ROOT     "http://s3.test/bucket/a/b/"
#define REFUSED  "<Error><Code>PreconditionFailed</Code></Error>"
#define LIST_URL "http://s3.test/bucket?list-type=2&encoding-type=url&prefix=a%2Fb%2Fimages%2F"
#define NO_KEY   "<Error><Code>NoSuchKey</Code></Error>"

struct bench {
    struct eidc_http_client *http;
    struct eidc_aws *aws;
    struct eidc_store *store;
    struct eidc_err err;
};

static inline struct eidc_store_s3_options options_of(void)
{
    return (struct eidc_store_s3_options){
        .url = "s3://bucket/a/b/",
        .aws = {.region = "eu-west-1", .endpoint_url = "http://s3.test", .timeout_ms = 5000},
    };
}

static inline void set_up_with(struct bench *b, const struct eidc_store_s3_options *options,
                               const struct fake_exchange *script, size_t n)
{
    *b = (struct bench){.http = fake_http_new(script, n)};
    b->aws = eidc_aws_new(b->http, 4, NULL);
    if (!eidc_store_s3_new(options, b->aws, &b->store, &b->err))
        fail_msg("%s", b->err.text);
}

static inline void set_up(struct bench *b, const struct fake_exchange *script, size_t n)
{
    struct eidc_store_s3_options options = options_of();
    set_up_with(b, &options, script, n);
}

static inline void tear_down(struct bench *b)
{
    b->store->ops->destroy(b->store);
    fake_http_end(b->http);
    eidc_aws_free(b->aws);
}

/* --- what is stored ------------------------------------------------------------------------- */

/* A generation with one name, as it is stored: its image and the CURRENT that names it. */
struct stored {
    struct eidc_image *image;
    struct eidc_buf object, current;
    struct eidc_pointer pointer;
    char *url;
};

static inline struct stored stored_of(uint64_t number, const char *name, bool compressed)
{
    const struct test_entry entry = {name, NULL, NULL};
    struct stored s = {.image = build_image(number, &entry, 1)};
    const struct eidc_image_info *info = eidc_image_info(s.image);
    struct eidc_err err;
    if (compressed)
        assert_true(eidc_snapshot_compress(eidc_image_block(s.image), &s.object, &err));
    else
        eidc_buf_add_str(&s.object, eidc_image_block(s.image));
    s.pointer = (struct eidc_pointer){.number = number,
                                      .bytes = s.object.n,
                                      .names = info->names,
                                      .created_at_ms = info->created_at_ms,
                                      .refreshed_at_ms = 1795371890000,
                                      .verified_at_ms = 1795371880000};
    memcpy(s.pointer.id, info->id, sizeof(info->id));
    eidc_pointer_key(number, info->id, compressed, s.pointer.key);
    eidc_sha256(eidc_buf_view(&s.object), s.pointer.sha256);
    eidc_pointer_write(&s.pointer, &s.current);
    s.url = eidc_xprintf(ROOT "%s", s.pointer.key);
    return s;
}

static inline void stored_free(struct stored *s)
{
    eidc_image_free(s->image);
    eidc_buf_free(&s->object);
    eidc_buf_free(&s->current);
    free(s->url);
}

static inline struct eidc_snapshot snapshot_of(const struct stored *s)
{
    return (struct eidc_snapshot){.image = s->image,
                                  .refreshed_at_ms = s->pointer.refreshed_at_ms,
                                  .verified_at_ms = s->pointer.verified_at_ms};
}

/* Exchanges that come again and again. */
static inline struct fake_exchange no_current(void)
{
    return (struct fake_exchange){
        .method = "GET", .url = ROOT "CURRENT", .status = 404, .body = NO_KEY};
}

static inline struct fake_exchange get_current(const struct stored *s, const char *etag_header)
{
    return (struct fake_exchange){.method = "GET",
                                  .url = ROOT "CURRENT",
                                  .status = 200,
                                  .headers = {etag_header},
                                  .body = s->current.p};
}

static inline struct fake_exchange get_image(const struct stored *s)
{
    return (struct fake_exchange){.method = "GET",
                                  .url = s->url,
                                  .status = 200,
                                  .headers = {"ETag: \"i\""},
                                  .body = s->object.p,
                                  .body_n = s->object.n};
}

/* header: memory for one. */
static inline struct fake_exchange head_image(const struct stored *s, struct eidc_buf *header)
{
    eidc_buf_addf(header, "Content-Length: %zu", s->object.n);
    return (struct fake_exchange){
        .method = "HEAD", .url = s->url, .status = 200, .headers = {header->p}};
}

static inline struct fake_exchange put_image(const struct stored *s)
{
    return (struct fake_exchange){.method = "PUT",
                                  .url = s->url,
                                  .has_header = {"If-None-Match: *"},
                                  .status = 200,
                                  .headers = {"ETag: \"i\""}};
}

static inline struct fake_exchange put_current(const char *condition, const char *etag_header)
{
    return (struct fake_exchange){.method = "PUT",
                                  .url = ROOT "CURRENT",
                                  .has_header = {condition, "Content-Type: application/json"},
                                  .status = 200,
                                  .headers = {etag_header}};
}

static inline struct fake_exchange refused_current(const char *condition)
{
    return (struct fake_exchange){.method = "PUT",
                                  .url = ROOT "CURRENT",
                                  .has_header = {condition},
                                  .status = 412,
                                  .body = REFUSED};
}

static inline bool save(struct bench *b, const struct eidc_snapshot *snapshot, uint64_t *winner)
{
    return b->store->ops->save(b->store, snapshot, winner, &b->err);
}

static inline void must_save(struct bench *b, const struct eidc_snapshot *snapshot)
{
    uint64_t winner;
    if (!save(b, snapshot, &winner))
        fail_msg("%s", b->err.text);
}

static inline int set_environment(void **state)
{
    aws_env_clear(state);
    setenv("AWS_ACCESS_KEY_ID", "AKID", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
    setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
    eidc_log_setup(EIDC_LOG_ERROR, EIDC_LOG_TEXT);
    return 0;
}
