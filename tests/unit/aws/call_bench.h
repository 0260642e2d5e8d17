#pragma once
/* What the tests of the engine share: an engine, where it calls and as whom, and a scripted client.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <time.h>

#include <cmocka.h>

#include "eidcached/aws/call.h"
#include "tests/support/aws_target.h"
#include "tests/support/call_wait.h"
#include "tests/support/fake_http.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct bench {
    struct eidc_http_client *http;
    struct eidc_aws *aws;
    struct eidc_aws_target target;
    struct test_creds *creds;
    atomic_bool stop;
};

static inline void set_up(struct bench *b, const struct fake_exchange *script, size_t n,
                          unsigned concurrency)
{
    *b = (struct bench){.http = fake_http_new(script, n)};
    b->target = test_target("glue", &b->creds);
    b->aws = eidc_aws_new(b->http, concurrency, &b->stop);
}

static inline void tear_down(struct bench *b)
{
    fake_http_end(b->http);
    eidc_aws_free(b->aws);
    test_target_free(&b->target);
}

static inline struct eidc_aws_request request_of(const struct bench *b)
{
    return (struct eidc_aws_request){.target = &b->target,
                                     .operation = "GetTables",
                                     .method = "POST",
                                     .path = EIDC_STR("/"),
                                     .body = EIDC_STR("{}"),
                                     .max_response = 1000};
}

/* One call against the script; response must be freed. */
static inline bool call(struct bench *b, const struct fake_exchange *script, size_t n,
                        struct eidc_aws_response *response)
{
    set_up(b, script, n, 4);
    struct eidc_aws_request request = request_of(b);
    bool ok = call_wait(b->aws, &request, response);
    assert_int_equal(ok, response->ok);
    return ok;
}

static inline void finish(struct bench *b, struct eidc_aws_response *response)
{
    eidc_aws_response_free(response);
    tear_down(b);
}
