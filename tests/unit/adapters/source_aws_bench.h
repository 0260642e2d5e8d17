#pragma once
/* What the tests of the AWS source share: an engine over a scripted client, a source, and a sink
 * that writes down what it is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "eidcached/adapters/source_aws.h"
#include "eidcached/base/mem.h"
#include "tests/support/aws_env.h"
#include "tests/support/fake_http.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* What a run reported, as text: "scope eu-west-1: a,b,|". */
struct bench {
    struct eidc_http_client *http;
    struct eidc_aws *aws;
    struct eidc_source *source;
    struct eidc_source_sink sink;
    struct eidc_buf told;
    unsigned done;
    const char *not_due; /* a scope, or "*" for all */
};

static inline bool on_due(void *arg, const struct eidc_source *source, struct eidc_str scope)
{
    const struct bench *b = arg;
    assert_ptr_equal(source, b->source);
    assert_int_equal(b->done, 0);
    return !b->not_due ||
           (strcmp(b->not_due, "*") != 0 && !eidc_str_eq(scope, eidc_str_of(b->not_due)));
}

static inline void on_scope(void *arg, const struct eidc_source *source, struct eidc_str scope,
                            enum eidc_scope_result result, struct eidc_names *names,
                            const struct eidc_err *err)
{
    static const char *const results[] = {"listed", "failed", "gone"};
    struct bench *b = arg;
    assert_ptr_equal(source, b->source);
    assert_int_equal(b->done, 0);
    eidc_buf_addf(&b->told, "%s %.*s:", results[result], EIDC_STR_ARG(scope));
    if (result != EIDC_SCOPE_LISTED) {
        assert_null(names);
        eidc_buf_addf(&b->told, " %s|", err->text);
        return;
    }
    assert_null(err);
    size_t at = 0;
    struct eidc_str name, eid;
    while (eidc_names_next(names, &at, &name, &eid))
        eidc_buf_addf(&b->told, " %.*s%s%.*s", EIDC_STR_ARG(name), eid.n ? "=" : "", (int)eid.n,
                      eid.p);
    eidc_buf_add_z(&b->told, "|");
    eidc_names_free(names);
}

static inline void on_carry(void *arg, const struct eidc_source *source, struct eidc_str prefix,
                            const struct eidc_err *err)
{
    struct bench *b = arg;
    (void)source;
    eidc_buf_addf(&b->told, "carry %.*s: %s|", EIDC_STR_ARG(prefix), err->text);
}

static inline void on_note(void *arg, const struct eidc_source *source, const char *text)
{
    struct bench *b = arg;
    (void)source;
    eidc_buf_addf(&b->told, "note %s|", text);
}

static inline void on_done(void *arg, const struct eidc_source *source)
{
    struct bench *b = arg;
    (void)source;
    b->done++;
}

static inline struct eidc_source_aws_options options_of(const char *list)
{
    static char first[] = "eu-west-1";
    static char *regions[] = {first};
    return (struct eidc_source_aws_options){
        .name = "prod",
        .listing = eidc_listing_find(list),
        .regions = regions,
        .region_count = 1,
        .aws = {.endpoint_url = "http://aws.test", .timeout_ms = 10000},
        .max_names = 1000,
        .max_response = 1 << 20,
    };
}

static inline void set_up(struct bench *b, const struct eidc_source_aws_options *options,
                          const struct fake_exchange *script, size_t n, unsigned concurrency)
{
    struct eidc_err err;
    *b = (struct bench){.http = fake_http_new(script, n)};
    b->sink = (struct eidc_source_sink){b, on_due, on_scope, on_carry, on_note, on_done};
    b->aws = eidc_aws_new(b->http, concurrency, NULL);
    if (!eidc_source_aws_new(options, b->aws, &b->source, &err))
        fail_msg("%s", err.text);
}

static inline void run(struct bench *b)
{
    b->source->ops->begin(b->source, &b->sink);
    assert_int_equal(b->told.n, 0); /* reports come from step() */
    while (!b->done && b->http->ops->step(b->http, 1000))
        continue;
    assert_int_equal(b->done, 1);
}

static inline void tear_down(struct bench *b)
{
    b->source->ops->destroy(b->source);
    fake_http_end(b->http);
    eidc_aws_free(b->aws);
    eidc_buf_free(&b->told);
}

/* Runs the script and compares what was told; a '*' at the end stands for anything. */
static inline void expect(const struct eidc_source_aws_options *options,
                          const struct fake_exchange *script, size_t n, const char *told)
{
    struct bench b;
    size_t m = strlen(told);
    set_up(&b, options, script, n, 1);
    run(&b);
    bool same =
        told[m - 1] == '*' ? strncmp(b.told.p, told, m - 1) == 0 : strcmp(b.told.p, told) == 0;
    if (!same)
        fail_msg("told: %s", b.told.p);
    tear_down(&b);
}

#define DATABASES(list) "{\"DatabaseList\":[" list "]}"
#define TABLES(list)    "{\"TableList\":[" list "]}"
#define N(name)         "{\"Name\":\"" name "\"}"
#define THROTTLED       "{\"__type\":\"ThrottlingException\",\"message\":\"Rate exceeded\"}"
#define DENIED          "{\"__type\":\"AccessDeniedException\",\"message\":\"no\"}"
#define NOT_FOUND       "{\"__type\":\"EntityNotFoundException\",\"message\":\"gone\"}"

static inline int set_environment(void **state)
{
    aws_env_clear(state);
    setenv("AWS_ACCESS_KEY_ID", "AKID", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
    setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
    return 0;
}
