#include "eidcached/aws/call.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <time.h>

#include <cmocka.h>

#include "eidcached/aws/call_state.h"
#include "eidcached/base/clock.h"
#include "eidcached/base/metrics.h"
#include "tests/support/aws_target.h"
#include "tests/support/fake_http.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct bench {
    struct eidc_http_client *http;
    struct eidc_aws *aws;
    struct eidc_aws_target target;
    struct test_creds *creds;
    atomic_bool stop;
};

static void set_up(struct bench *b, const struct fake_exchange *script, size_t n,
                   unsigned concurrency)
{
    *b = (struct bench){.http = fake_http_new(script, n)};
    b->target = test_target("glue", &b->creds);
    b->aws = eidc_aws_new(b->http, concurrency, &b->stop);
}

static void tear_down(struct bench *b)
{
    fake_http_end(b->http);
    eidc_aws_free(b->aws);
    test_target_free(&b->target);
}

static struct eidc_aws_request request_of(const struct bench *b)
{
    return (struct eidc_aws_request){.target = &b->target,
                                     .operation = "GetTables",
                                     .method = "POST",
                                     .path = EIDC_STR("/"),
                                     .body = EIDC_STR("{}"),
                                     .max_response = 1000};
}

/* One call against the script; response must be freed. */
static bool call(struct bench *b, const struct fake_exchange *script, size_t n,
                 struct eidc_aws_response *response)
{
    set_up(b, script, n, 4);
    struct eidc_aws_request request = request_of(b);
    bool ok = eidc_aws_call_wait(b->aws, &request, response);
    assert_int_equal(ok, response->ok);
    return ok;
}

static void finish(struct bench *b, struct eidc_aws_response *response)
{
    eidc_aws_response_free(response);
    tear_down(b);
}

/* --- one try -------------------------------------------------------------------------------- */

static void a_call_is_signed_and_answered(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.method = "POST",
         .url = "http://aws.test/",
         .has_header = {"Authorization: AWS4-HMAC-SHA256 Credential=AKID1/",
                        "Authorization: /eu-west-1/glue/aws4_request",
                        "X-Amz-Security-Token: token1", "!x-amz-content-sha256"},
         .has_body = {"{}"},
         .status = 200,
         .headers = {"x-amzn-RequestId: r1"},
         .body = "{\"a\":1}"}};
    struct bench b;
    struct eidc_aws_response response;
    assert_true(call(&b, script, 1, &response));
    assert_int_equal(response.status, 200);
    assert_int_equal(response.tries, 1);
    assert_string_equal(response.body.p, "{\"a\":1}");
    assert_string_equal(eidc_http_headers_get(&response.headers, "x-amzn-requestid"), "r1");
    assert_int_equal(fake_http_request(b.http, 0)->timeout_ms, 5000);
    assert_int_equal(fake_http_request(b.http, 0)->max_response, 1000);
    finish(&b, &response);
}

static void s3_sends_the_hash_of_its_body(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.url = "http://bucket.aws.test/base/a%20b?list-type=2",
         .has_header = {"x-amz-content-sha256: 44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310"
                        "c060f61caaff8a"},
         .status = 200}};
    struct bench b;
    set_up(&b, script, 1, 1);
    free(b.target.endpoint.base_path);
    b.target.endpoint.base_path = eidc_xstrdup("/base");
    const struct eidc_sigv4_param param = {EIDC_STR("list-type"), EIDC_STR("2")};
    struct eidc_aws_request request = request_of(&b);
    request.s3 = true;
    request.host = "bucket.aws.test";
    request.path = EIDC_STR("/a b");
    request.params = &param;
    request.param_count = 1;
    struct eidc_aws_response response;
    assert_true(eidc_aws_call_wait(b.aws, &request, &response));
    finish(&b, &response);
}

static void faults_are_told_in_full(void **state)
{
    (void)state;
    static const struct {
        struct fake_exchange exchange;
        const char *code;
        enum eidc_err_kind kind;
        const char *text;
    } cases[] = {
        {{.status = 400,
          .headers = {"x-amzn-RequestId: r-1"},
          .body = "{\"__type\":\"com.amazon#EntityNotFoundException\",\"Message\":\"gone\"}"},
         "EntityNotFoundException",
         EIDC_ERR_NOT_FOUND,
         "glue GetTables: EntityNotFoundException: gone (status 400, request id r-1)"},
        {{.status = 400,
          .headers = {"x-amzn-ErrorType: AccessDeniedException:http://internal/"},
          .body = "{\"message\":\"no\"}"},
         "AccessDeniedException",
         EIDC_ERR_DENIED,
         "glue GetTables: AccessDeniedException: no (status 400)"},
        {{.status = 400, .body = "{\"code\":\"ValidationException\",\"message\":\"bad\"}"},
         "ValidationException",
         EIDC_ERR_INVALID,
         "glue GetTables: ValidationException: bad (status 400)"},
        {{.status = 404,
          .body = "<Error><Code>NoSuchKey</Code><Message>no key</Message>"
                  "<RequestId>q</RequestId></Error>"},
         "NoSuchKey",
         EIDC_ERR_NOT_FOUND,
         "glue GetTables: NoSuchKey: no key (status 404, request id q)"},
        {{.status = 403,
          .body = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>m</Message></Error>"
                  "<RequestId>sts</RequestId></ErrorResponse>"},
         "AccessDenied",
         EIDC_ERR_DENIED,
         "glue GetTables: AccessDenied: m (status 403, request id sts)"},
        {{.status = 412, .body = "<Error><Code>PreconditionFailed</Code></Error>"},
         "PreconditionFailed",
         EIDC_ERR_CONFLICT,
         "glue GetTables: PreconditionFailed: the request failed (status 412)"},
        {{.status = 418, .body = "<html>I am a"},
         "",
         EIDC_ERR_INVALID,
         "glue GetTables: the request failed (status 418)"},
        {{.status = 301,
          .headers = {"x-amz-bucket-region: us-east-1"},
          .body = "<Error><Code>PermanentRedirect</Code><Message>elsewhere</Message></Error>"},
         "PermanentRedirect",
         EIDC_ERR_INVALID,
         "glue GetTables: PermanentRedirect: elsewhere; the bucket is in region us-east-1, not "
         "eu-west-1 (status 301)"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct bench b;
        struct eidc_aws_response response;
        assert_false(call(&b, &cases[i].exchange, 1, &response));
        assert_string_equal(response.code, cases[i].code);
        assert_string_equal(response.err.text, cases[i].text);
        assert_int_equal(response.err.kind, cases[i].kind);
        finish(&b, &response);
    }
}

static void errors_hold_no_secrets(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "{\"__type\":\"InvalidSignatureException\",\"message\":\"does not match.\\n\\nThe "
        "Canonical "
        "String should have been\\nx-amz-security-token:token1\"}",
        "{\"__type\":\"IncompleteSignatureException\",\"message\":\"not valid: "
        "'AWS4-HMAC-SHA256 Credential=AKID1, Signature=token1'\"}",
    };
    for (size_t i = 0; i < COUNT(bodies); i++) {
        const struct fake_exchange script[] = {{.status = 400, .body = bodies[i]}};
        struct bench b;
        struct eidc_aws_response response;
        assert_false(call(&b, script, 1, &response));
        assert_null(strstr(response.err.text, "token1"));
        assert_non_null(strstr(response.err.text, "SignatureException"));
        finish(&b, &response);
    }
}

#define LONG_TOKEN                                                                                 \
    "FwoGZXMARKED7890123456789012345678901234567890123456789012345678901234567890123456789012345"  \
    "FwoGZXMARKED7890123456789012345678901234567890123456789012345678901234567890123456789012345"  \
    "FwoGZXMARKED7890123456789012345678901234567890123456789012345678901234567890123456789012345"  \
    "FwoGZXMARKED7890123456789012345678901234567890123456789012345678901234567890123456789012345"

/* Answers in which {} stands for a secret. */
static struct eidc_http_response quoting(const char *where, const char *secret)
{
    struct eidc_http_response answer = {.status = 403};
    EIDC_BUF_AUTO text = {0};
    const char *hole = strstr(where, "{}");
    eidc_buf_addf(&text, "%.*s%s%s", (int)(hole - where), where, secret, hole + 2);
    const char *blank = strstr(text.p, ": ");
    if (text.p[0] == 'x') {
        char *name EIDC_AUTO_FREE = eidc_xstrndup(text.p, (size_t)(blank - text.p));
        assert_true(eidc_http_headers_add(&answer.headers, name, eidc_str_of(blank + 2)));
    } else {
        eidc_buf_add_str(&answer.body, eidc_buf_view(&text));
    }
    return answer;
}

static void assert_not_told(struct eidc_call *call, const char *where, const char *secret)
{
    struct eidc_http_response answer = quoting(where, secret);
    struct eidc_aws_response response;
    eidc_call_judge(call, &answer, &response);
    char beginning[21];
    snprintf(beginning, sizeof(beginning), "%s", secret);
    if (strstr(response.err.text, beginning) || strstr(response.code, beginning))
        fail_msg("%s: %s (%s)", where, response.err.text, response.code);
    assert_non_null(strstr(response.err.text, "status 403"));
    eidc_aws_response_free(&response);
    eidc_http_response_free(&answer);
}

static void secrets_that_a_server_quotes_are_redacted(void **state)
{
    (void)state;
    static const char *const places[] = {
        "{\"__type\":\"X\",\"message\":\"Signature={}, of it\"}",
        "{\"__type\":\"X\",\"message\":\"{}\"}",
        "{\"__type\":\"{}\"}",
        "{\"__type\":\"a#{}:b\"}",
        "{\"code\":\"Bad {}\",\"Message\":\"is\"}",
        "<Error><Code>{}</Code></Error>",
        "<Error><Message>no {}</Message></Error>",
        "<Error><RequestId>{}</RequestId></Error>",
        "<Error><Region>{}</Region></Error>",
        "x-amzn-RequestId: of {}",
        "x-amzn-ErrorType: {}",
        "x-amz-bucket-region: {}",
    };
    char access_key[] = "AKIAMARKED0000000001", secret_key[] = "Marked/Secret+Key.0000001",
         token[] = LONG_TOKEN;
    const struct eidc_creds creds = {
        .access_key = access_key, .secret_key = secret_key, .session_token = token};
    struct bench b;
    set_up(&b, NULL, 0, 1);
    struct eidc_aws_request request = request_of(&b);
    struct eidc_call *call = eidc_call_new(&request);
    struct eidc_http_headers headers = {0};
    EIDC_BUF_AUTO url = {0};
    struct eidc_err err;
    assert_true(eidc_call_sign(call, &creds, eidc_now_ms(), &url, &headers, &err));
    eidc_call_conceal(call, &creds, &headers);
    const char *authorization = eidc_http_headers_get(&headers, "Authorization");
    const char *const secrets[] = {access_key, secret_key, token, authorization,
                                   strstr(authorization, "Signature=") + 10};
    for (size_t i = 0; i < COUNT(places); i++)
        for (size_t k = 0; k < COUNT(secrets); k++)
            assert_not_told(call, places[i], secrets[k]);
    eidc_http_headers_free(&headers);
    eidc_call_free(call);
    tear_down(&b);
}

static void credentials_that_cannot_be_in_a_header(void **state)
{
    (void)state;
    char secret_key[] = "secret", good[] = "good", cr[] = "MARKED\r", lf[] = "MAR\nKED";
    const struct {
        struct eidc_creds creds;
        const char *text;
    } cases[] = {
        {{.access_key = cr, .secret_key = secret_key, .provider = "profile"},
         "the access key holds a character that cannot be in a header (from profile)"},
        {{.access_key = good,
          .secret_key = secret_key,
          .session_token = lf,
          .provider = "environment"},
         "the session token holds a character that cannot be in a header (from environment)"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct bench b;
        set_up(&b, NULL, 0, 1);
        struct eidc_aws_request request = request_of(&b);
        struct eidc_call *call = eidc_call_new(&request);
        struct eidc_http_headers headers = {0};
        EIDC_BUF_AUTO url = {0};
        struct eidc_err err;
        assert_false(eidc_call_sign(call, &cases[i].creds, eidc_now_ms(), &url, &headers, &err));
        assert_string_equal(err.text, cases[i].text);
        assert_int_equal(err.kind, EIDC_ERR_DENIED);
        eidc_http_headers_free(&headers);
        eidc_call_free(call);
        tear_down(&b);
    }
}

static void a_part_is_no_answer(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {{.status = 206, .body = "pa"},
                                                  {.status = 200, .body = "page"}};
    struct bench b;
    struct eidc_aws_response response;
    assert_true(call(&b, script, 2, &response));
    assert_string_equal(response.body.p, "page");
    finish(&b, &response);

    static const struct fake_exchange always[] = {{.status = 206, .times = 3}};
    assert_false(call(&b, always, 1, &response));
    assert_int_equal(response.err.kind, EIDC_ERR_CORRUPT);
    finish(&b, &response);
}

static void an_answer_must_have_its_crc32(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.status = 200, .headers = {"x-amz-crc32: 3421780262"}, .body = "123456788"},
        {.status = 200, .headers = {"x-amz-crc32: 3421780262"}, .body = "123456789"}};
    struct bench b;
    struct eidc_aws_response response;
    assert_true(call(&b, script, 2, &response));
    assert_string_equal(response.body.p, "123456789");
    assert_int_equal(response.tries, 2);
    finish(&b, &response);

    static const struct fake_exchange empty[] = {{.status = 200, .headers = {"x-amz-crc32: 0"}}};
    assert_true(call(&b, empty, 1, &response));
    finish(&b, &response);
}

static void codes_of_another_form_are_not_told(void **state)
{
    (void)state;
    static const char *const bodies[] = {"{\"__type\":\"two words\"}", "{\"__type\":\"a\\nb\"}",
                                         "{\"__type\":\"" LONG_TOKEN "\"}",
                                         "<Error><Code>a=b</Code></Error>"};
    for (size_t i = 0; i < COUNT(bodies); i++) {
        const struct fake_exchange script[] = {{.status = 400, .body = bodies[i]}};
        struct bench b;
        struct eidc_aws_response response;
        assert_false(call(&b, script, 1, &response));
        assert_string_equal(response.code, "UnknownError");
        assert_string_equal(response.err.text,
                            "glue GetTables: UnknownError: the request failed (status 400)");
        finish(&b, &response);
    }
}

static void a_bulk_call_may_take_long_but_not_stand_still(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {{.transfer_ms = 60000, .status = 200},
                                                  {.transfer_ms = 60000, .status = 200},
                                                  {.never = true}};
    struct bench b;
    struct eidc_aws_response response;
    set_up(&b, script, 3, 1);
    b.target.retry.max_attempts = 1;
    struct eidc_aws_request request = request_of(&b);
    assert_false(eidc_aws_call_wait(b.aws, &request, &response));
    assert_int_equal(response.err.kind, EIDC_ERR_TIMEOUT);
    request.bulk = true;
    assert_true(eidc_aws_call_wait(b.aws, &request, &response));
    assert_int_equal(fake_http_now(b.http), 65000);
    assert_false(eidc_aws_call_wait(b.aws, &request, &response));
    assert_int_equal(response.err.kind, EIDC_ERR_TIMEOUT);
    assert_int_equal(fake_http_now(b.http), 70000);
    assert_int_equal(fake_http_request(b.http, 2)->low_speed_bytes, EIDC_AWS_BULK_SPEED);
    finish(&b, &response);
}

static void an_endpoint_out_of_reach_is_told_with_its_origin(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.error = EIDC_ERR_UNAVAILABLE}, {.error = EIDC_ERR_TIMEOUT}, {.error = EIDC_ERR_INVALID}};
    struct bench b;
    struct eidc_aws_response response;
    set_up(&b, script, 3, 1);
    b.target.retry.max_attempts = 1;
    b.target.endpoint.origin = eidc_xstrdup("aws.endpoint_url");
    struct eidc_aws_request request = request_of(&b);
    assert_false(eidc_aws_call_wait(b.aws, &request, &response));
    assert_string_equal(response.err.text, "glue GetTables: fake: unavailable (aws.endpoint_url)");
    assert_int_equal(response.err.kind, EIDC_ERR_UNAVAILABLE);
    assert_false(eidc_aws_call_wait(b.aws, &request, &response));
    assert_non_null(strstr(response.err.text, " (aws.endpoint_url)"));
    assert_false(eidc_aws_call_wait(b.aws, &request, &response));
    assert_null(strstr(response.err.text, "aws.endpoint_url"));
    finish(&b, &response);
}

static void answers_that_are_too_long(void **state)
{
    (void)state;
    static char body[2000];
    memset(body, 'x', sizeof(body));
    const struct fake_exchange script[] = {{.status = 200, .body = body, .body_n = sizeof(body)}};
    struct bench b;
    struct eidc_aws_response response;
    assert_false(call(&b, script, 1, &response)); /* not tried again */
    assert_int_equal(response.err.kind, EIDC_ERR_LIMIT);
    finish(&b, &response);
}

/* --- trying again --------------------------------------------------------------------------- */

static void transient_failures_are_tried_again(void **state)
{
    (void)state;
    static const struct fake_exchange first[] = {
        {.status = 500, .body = "{\"__type\":\"InternalServiceException\"}"},
        {.status = 502, .body = "<html>Bad Gateway</html>"},
        {.error = EIDC_ERR_UNAVAILABLE},
        {.never = true},
        {.status = 400, .body = "{\"__type\":\"ThrottlingException\"}"},
        {.status = 503, .body = "<Error><Code>SlowDown</Code></Error>"},
    };
    for (size_t i = 0; i < COUNT(first); i++) {
        const struct fake_exchange script[] = {first[i], {.status = 200}};
        struct bench b;
        struct eidc_aws_response response;
        assert_true(call(&b, script, 2, &response));
        assert_int_equal(response.tries, 2);
        assert_string_equal(response.code, "");
        finish(&b, &response);
    }
}

static void tries_end(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.times = 3,
         .status = 400,
         .body = "{\"__type\":\"ThrottlingException\",\"message\":\"Rate exceeded\"}"}};
    struct bench b;
    struct eidc_aws_response response;
    assert_false(call(&b, script, 1, &response));
    assert_int_equal(response.err.kind, EIDC_ERR_THROTTLED);
    assert_string_equal(response.err.text, "glue GetTables (3 tries): ThrottlingException: Rate "
                                           "exceeded (status 400)");
    finish(&b, &response);
}

static void max_attempts_counts_tries(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {{.status = 500}};
    struct bench b;
    set_up(&b, script, 1, 1);
    b.target.retry.max_attempts = 1;
    struct eidc_aws_request request = request_of(&b);
    struct eidc_aws_response response;
    assert_false(eidc_aws_call_wait(b.aws, &request, &response));
    assert_int_equal(response.err.kind, EIDC_ERR_UNAVAILABLE);
    finish(&b, &response);
}

/* Twenty calls want forty retries, and there are tokens for 35. */
static void who_is_down_uses_up_its_own_retries(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.url = "http://aws.test/", .times = 55, .status = 500},
        {.url = "http://other.test/", .status = 503},
        {.url = "http://other.test/", .status = 200},
        {.url = "http://aws.test/", .has_header = {"X-Amz-Security-Token: token1"}, .status = 503},
        {.url = "http://aws.test/", .has_header = {"X-Amz-Security-Token: token1"}, .status = 200},
    };
    struct bench b;
    struct test_creds *creds;
    struct eidc_aws_response response;
    struct eidc_aws_target account = test_target("glue", &creds);
    set_up(&b, script, COUNT(script), 4);
    struct eidc_aws_request request = request_of(&b);
    for (unsigned i = 0; i < 20; i++) {
        assert_false(eidc_aws_call_wait(b.aws, &request, &response));
        eidc_aws_response_free(&response);
    }
    request.host = "other.test";
    assert_true(eidc_aws_call_wait(b.aws, &request, &response));
    eidc_aws_response_free(&response);
    request.host = NULL;
    request.target = &account;
    assert_true(eidc_aws_call_wait(b.aws, &request, &response));
    finish(&b, &response);
    test_target_free(&account);
}

static void the_servers_hint_is_waited_for(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.status = 503, .headers = {"x-amz-retry-after: 3000"}}, {.status = 200}};
    struct bench b;
    struct eidc_aws_response response;
    assert_true(call(&b, script, 2, &response));
    assert_int_equal(fake_http_now(b.http), 3000);
    finish(&b, &response);
}

static bool refuse_once(void *arg, struct eidc_str body, struct eidc_err *err)
{
    unsigned *seen = arg;
    assert_string_equal(body.p, "page");
    if ((*seen)++ == 0)
        return eidc_fail(err, EIDC_ERR_CORRUPT, "cut short");
    return true;
}

static void damaged_bodies_are_asked_for_again(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {{.times = 2, .status = 200, .body = "page"}};
    struct bench b;
    unsigned seen = 0;
    set_up(&b, script, 1, 1);
    struct eidc_aws_request request = request_of(&b);
    request.take = refuse_once;
    request.take_arg = &seen;
    struct eidc_aws_response response;
    assert_true(eidc_aws_call_wait(b.aws, &request, &response));
    assert_int_equal(seen, 2);
    finish(&b, &response);
}

static bool refuse_for_good(void *arg, struct eidc_str body, struct eidc_err *err)
{
    (void)body;
    return eidc_fail(err, *(enum eidc_err_kind *)arg, "checked");
}

static void the_taker_decides_what_is_tried_again(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {{.status = 200}, {.times = 3, .status = 200}};
    struct bench b;
    enum eidc_err_kind kind = EIDC_ERR_LIMIT;
    set_up(&b, script, 2, 1);
    struct eidc_aws_request request = request_of(&b);
    request.take = refuse_for_good;
    request.take_arg = &kind;
    struct eidc_aws_response response;
    assert_false(eidc_aws_call_wait(b.aws, &request, &response));
    assert_string_equal(response.err.text, "glue GetTables: checked");
    eidc_aws_response_free(&response);
    kind = EIDC_ERR_CORRUPT;
    assert_false(eidc_aws_call_wait(b.aws, &request, &response));
    assert_string_equal(response.err.text, "glue GetTables (3 tries): checked");
    finish(&b, &response);
}

/* --- credentials and clocks ----------------------------------------------------------------- */

#define EXPIRED "{\"__type\":\"ExpiredTokenException\",\"message\":\"expired\"}"

static void refused_credentials_are_asked_for_again(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.has_header = {"Authorization: AKID1/"}, .status = 400, .body = EXPIRED},
        {.has_header = {"Authorization: AKID2/", "X-Amz-Security-Token: token2"}, .status = 200}};
    struct bench b;
    struct eidc_aws_response response;
    assert_true(call(&b, script, 2, &response));
    assert_int_equal(b.creds->asked, 2);
    finish(&b, &response);
}

static void credentials_are_refused_once_only(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {{.times = 2, .status = 400, .body = EXPIRED}};
    struct bench b;
    struct eidc_aws_response response;
    assert_false(call(&b, script, 1, &response));
    assert_int_equal(response.err.kind, EIDC_ERR_DENIED);
    assert_int_equal(response.tries, 2);
    finish(&b, &response);
}

static void without_credentials_nothing_is_sent(void **state)
{
    (void)state;
    struct bench b;
    set_up(&b, NULL, 0, 1);
    b.creds->denied = "no role";
    struct eidc_aws_request request = request_of(&b);
    struct eidc_aws_response response;
    assert_false(eidc_aws_call_wait(b.aws, &request, &response));
    assert_string_equal(response.err.text, "glue GetTables: credentials: no role");
    assert_int_equal(response.err.kind, EIDC_ERR_DENIED);
    assert_int_equal(response.status, 0);
    finish(&b, &response);
}

static void http_date(int64_t unix_ms, char out[static 64])
{
    time_t seconds = (time_t)(unix_ms / 1000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    strftime(out, 64, "Date: %a, %d %b %Y %H:%M:%S GMT", &tm);
}

static void amz_date(int64_t unix_ms, char out[static 64])
{
    time_t seconds = (time_t)(unix_ms / 1000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    strftime(out, 64, "X-Amz-Date: %Y%m%dT%H", &tm);
}

static void a_clock_that_is_off_is_put_right(void **state)
{
    (void)state;
    char theirs[64], ours[64], corrected[64];
    int64_t now = eidc_now_ms(), server = now - 26 * 3600 * 1000LL;
    http_date(server, theirs);
    amz_date(now, ours);
    amz_date(server, corrected);
    const struct fake_exchange script[] = {
        {.has_header = {ours},
         .status = 403,
         .headers = {theirs},
         .body = "{\"__type\":\"InvalidSignatureException\",\"message\":\"Signature expired\"}"},
        {.has_header = {corrected}, .status = 200},
        {.has_header = {corrected}, .status = 200}, /* remembered */
    };
    struct bench b;
    struct eidc_aws_response response;
    assert_true(call(&b, script, 3, &response));
    eidc_aws_response_free(&response);
    struct eidc_aws_request request = request_of(&b);
    assert_true(eidc_aws_call_wait(b.aws, &request, &response));
    assert_int_equal(response.tries, 1);
    finish(&b, &response);
}

static void a_wrong_secret_is_not_a_wrong_clock(void **state)
{
    (void)state;
    char theirs[64];
    http_date(eidc_now_ms() - 2000, theirs);
    const struct fake_exchange script[] = {
        {.status = 403,
         .headers = {theirs},
         .body = "{\"__type\":\"InvalidSignatureException\",\"message\":\"does not match\"}"}};
    struct bench b;
    struct eidc_aws_response response;
    assert_false(call(&b, script, 1, &response));
    assert_int_equal(response.err.kind, EIDC_ERR_DENIED);
    finish(&b, &response);
}

/* --- many at once --------------------------------------------------------------------------- */

struct counter {
    unsigned done, ok, cancelled;
    struct eidc_aws *aws;
    const struct eidc_aws_request *again; /* started from done */
};

static void count(void *arg, struct eidc_aws_response *response)
{
    struct counter *c = arg;
    c->done++;
    c->ok += response->ok;
    c->cancelled += response->err.kind == EIDC_ERR_CANCELLED;
    const struct eidc_aws_request *again = c->again;
    c->again = NULL;
    if (again)
        eidc_aws_call(c->aws, again, count, c);
}

static void run(struct bench *b)
{
    while (b->http->ops->step(b->http, 1000))
        continue;
}

static void no_more_than_concurrency_in_flight(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {{.times = 20, .status = 200, .delay_ms = 100}};
    struct bench b;
    struct counter c = {0};
    set_up(&b, script, 1, 4);
    struct eidc_aws_request request = request_of(&b);
    for (int i = 0; i < 20; i++)
        eidc_aws_call(b.aws, &request, count, &c);
    assert_int_equal(fake_http_count(b.http), 0); /* nothing happens outside step() */
    run(&b);
    assert_int_equal(c.ok, 20);
    assert_int_equal(fake_http_most_at_once(b.http), 4);
    assert_int_equal(fake_http_now(b.http), 500); /* and no slot stays empty */
    assert_int_equal(b.creds->asked, 1);
    tear_down(&b);
}

static void calls_go_out_in_order(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {{.url = "http://aws.test/0", .status = 200},
                                                  {.url = "http://aws.test/1", .status = 200},
                                                  {.url = "http://aws.test/2", .status = 200}};
    static const char *const paths[] = {"/0", "/1", "/2"};
    struct bench b;
    struct counter c = {0};
    set_up(&b, script, 3, 1);
    for (int i = 0; i < 3; i++) {
        char *path EIDC_AUTO_FREE = eidc_xstrdup(paths[i]);
        struct eidc_aws_request request = request_of(&b);
        request.path = eidc_str_of(path); /* copied */
        eidc_aws_call(b.aws, &request, count, &c);
    }
    run(&b);
    assert_int_equal(c.ok, 3);
    tear_down(&b);
}

static void a_waiting_call_holds_no_place(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.status = 503, .headers = {"x-amz-retry-after: 4000"}},
        {.times = 10, .status = 200, .delay_ms = 100},
        {.status = 200}};
    struct bench b;
    struct counter c = {0};
    set_up(&b, script, 3, 1);
    struct eidc_aws_request request = request_of(&b);
    for (int i = 0; i < 11; i++)
        eidc_aws_call(b.aws, &request, count, &c);
    run(&b);
    assert_int_equal(c.ok, 11);
    assert_int_equal(fake_http_now(b.http), 4000);
    tear_down(&b);
}

static void done_may_start_the_next_call(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {{.times = 2, .status = 200}};
    struct bench b;
    set_up(&b, script, 1, 1);
    struct eidc_aws_request request = request_of(&b);
    struct counter c = {.aws = b.aws, .again = &request};
    eidc_aws_call(b.aws, &request, count, &c);
    run(&b);
    assert_int_equal(c.ok, 2);
    tear_down(&b);
}

static void credentials_may_come_over_the_same_client(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.times = 2, .url = "http://aws.test/", .status = 200, .delay_ms = 50},
        {.url = "http://imds.test/", .status = 200, .delay_ms = 200},
        {.times = 2, .url = "http://aws.test/", .status = 200, .delay_ms = 50},
    };
    struct bench b, other;
    struct counter c = {0};
    set_up(&b, script, 3, 4);
    set_up(&other, NULL, 0, 1);
    other.creds->perform = b.http;
    struct eidc_aws_request request = request_of(&b), slow = request_of(&other);
    c.aws = b.aws;
    c.again = &request; /* started while the credentials are awaited */
    eidc_aws_call(b.aws, &request, count, &c);
    eidc_aws_call(b.aws, &request, count, &c);
    eidc_aws_call(b.aws, &slow, count, &c);
    run(&b);
    assert_int_equal(c.ok, 4);
    tear_down(&b);
    tear_down(&other);
}

static void errors_of_credentials_end_every_call_once(void **state)
{
    (void)state;
    struct bench b;
    struct counter c = {0};
    set_up(&b, NULL, 0, 2);
    b.creds->denied = "no role";
    struct eidc_aws_request request = request_of(&b);
    for (int i = 0; i < 5; i++)
        eidc_aws_call(b.aws, &request, count, &c);
    run(&b);
    assert_int_equal(c.done, 5);
    assert_int_equal(c.ok, 0);
    tear_down(&b);
}

/* --- stopping ------------------------------------------------------------------------------- */

static void cancel_ends_everything(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.status = 503, .headers = {"x-amz-retry-after: 4000"}}, /* waits for its next try */
        {.times = 2, .never = true}};                            /* in flight; the rest queued */
    struct bench b;
    struct counter c = {0};
    set_up(&b, script, 2, 2);
    b.target.timeout_ms = 0;
    struct eidc_aws_request request = request_of(&b);
    for (int i = 0; i < 6; i++)
        eidc_aws_call(b.aws, &request, count, &c);
    for (int i = 0; i < 4; i++)
        b.http->ops->step(b.http, 10);
    assert_int_equal(c.done, 0);
    c.aws = b.aws;
    c.again = &request; /* started by a cancelled call: cancelled too */
    eidc_aws_cancel(b.aws);
    assert_int_equal(c.done, 7);
    assert_int_equal(c.cancelled, 7);
    tear_down(&b);
}

static void the_engine_works_after_a_cancel(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {{.status = 200}};
    struct bench b;
    struct counter c = {0};
    set_up(&b, script, 1, 2);
    struct eidc_aws_request request = request_of(&b);
    eidc_aws_call(b.aws, &request, count, &c);
    eidc_aws_cancel(b.aws);
    assert_int_equal(c.cancelled, 1);
    struct eidc_aws_response response;
    assert_true(eidc_aws_call_wait(b.aws, &request, &response));
    finish(&b, &response);
}

static void abandoned_calls_are_not_sent(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {{.status = 503, .delay_ms = 100}};
    struct bench b;
    struct counter c = {0};
    bool abandoned = false;
    set_up(&b, script, 1, 1);
    struct eidc_aws_request request = request_of(&b);
    request.abandoned = &abandoned;
    for (int i = 0; i < 3; i++)
        eidc_aws_call(b.aws, &request, count, &c);
    b.http->ops->step(b.http, 10);
    abandoned = true; /* one is in flight and not tried again, two are queued */
    run(&b);
    assert_int_equal(c.done, 3);
    assert_int_equal(c.cancelled, 2);
    assert_int_equal(b.creds->asked, 1);
    tear_down(&b);
}

static void stopping_ends_a_wait(void **state)
{
    (void)state;
    struct bench b;
    set_up(&b, NULL, 0, 1);
    atomic_store(&b.stop, true);
    struct eidc_aws_request request = request_of(&b);
    struct eidc_aws_response response;
    assert_false(eidc_aws_call_wait(b.aws, &request, &response));
    assert_int_equal(response.err.kind, EIDC_ERR_CANCELLED);
    eidc_aws_pause(b.aws, 1000); /* returns */
    b.http->ops->cancel(b.http);
    finish(&b, &response);
}

/* Then nothing waits or is sent, and afterwards all goes on. */
static void a_deadline_cuts_off_and_says_so(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {{.status = 200}};
    struct bench b;
    struct eidc_aws_response response;
    set_up(&b, script, 1, 1);
    struct eidc_aws_request request = request_of(&b);
    eidc_aws_end_at(b.aws, eidc_mono_ms(), "the test's deadline");
    assert_false(eidc_aws_call_wait(b.aws, &request, &response));
    assert_int_equal(response.err.kind, EIDC_ERR_CANCELLED);
    assert_string_equal(response.err.text, "glue GetTables: cut off by the test's deadline");
    eidc_aws_response_free(&response);
    eidc_aws_pause(b.aws, 1000); /* returns */
    b.http->ops->cancel(b.http);
    eidc_aws_end_at(b.aws, 0, NULL);
    assert_true(eidc_aws_call_wait(b.aws, &request, &response));
    finish(&b, &response);
}

static void a_pause_takes_its_time(void **state)
{
    (void)state;
    struct bench b;
    set_up(&b, NULL, 0, 1);
    eidc_aws_pause(b.aws, 2500);
    assert_int_equal(fake_http_now(b.http), 2500);
    tear_down(&b);
}

static void waits_show_that_they_live(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {{.status = 200}, {.status = 200}};
    struct bench b;
    struct eidc_aws_response response;
    _Atomic int64_t heartbeat = 0;
    set_up(&b, script, 2, 1);
    eidc_aws_watch(b.aws, &heartbeat);
    struct eidc_aws_request request = request_of(&b);
    int64_t before = eidc_mono_ms();
    assert_true(eidc_aws_call_wait(b.aws, &request, &response));
    eidc_aws_response_free(&response);
    assert_true(atomic_load(&heartbeat) >= before);

    atomic_store(&heartbeat, 0);
    eidc_aws_pause(b.aws, 2500);
    assert_true(atomic_load(&heartbeat) >= before);

    atomic_store(&heartbeat, 0);
    eidc_aws_watch(b.aws, NULL);
    assert_true(eidc_aws_call_wait(b.aws, &request, &response));
    assert_int_equal(atomic_load(&heartbeat), 0);
    finish(&b, &response);
}

/* --- metrics -------------------------------------------------------------------------------- */

static double requests(const char *outcome)
{
    return eidc_metric_value(eidc_metric(EIDC_METRIC_AWS_REQUESTS, "glue", "GetTables", outcome));
}

static void tries_are_counted_by_outcome(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.status = 400, .body = "{\"__type\":\"ThrottlingException\"}"},
        {.error = EIDC_ERR_TIMEOUT},
        {.status = 400, .body = "{\"__type\":\"AccessDeniedException\"}"}};
    double throttled = requests("throttled"), denied = requests("denied");
    double unreachable = requests("unreachable"), ok = requests("ok");
    double retries = eidc_metric_value(eidc_metric(EIDC_METRIC_AWS_RETRIES, "throttle"));
    struct bench b;
    struct eidc_aws_response response;
    assert_false(call(&b, script, 3, &response));
    assert_true(requests("throttled") == throttled + 1);
    assert_true(requests("unreachable") == unreachable + 1);
    assert_true(requests("denied") == denied + 1);
    assert_true(requests("ok") == ok);
    assert_true(eidc_metric_value(eidc_metric(EIDC_METRIC_AWS_RETRIES, "throttle")) == retries + 1);
    finish(&b, &response);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_is_signed_and_answered),
        cmocka_unit_test(s3_sends_the_hash_of_its_body),
        cmocka_unit_test(faults_are_told_in_full),
        cmocka_unit_test(errors_hold_no_secrets),
        cmocka_unit_test(secrets_that_a_server_quotes_are_redacted),
        cmocka_unit_test(credentials_that_cannot_be_in_a_header),
        cmocka_unit_test(a_part_is_no_answer),
        cmocka_unit_test(an_answer_must_have_its_crc32),
        cmocka_unit_test(codes_of_another_form_are_not_told),
        cmocka_unit_test(a_bulk_call_may_take_long_but_not_stand_still),
        cmocka_unit_test(an_endpoint_out_of_reach_is_told_with_its_origin),
        cmocka_unit_test(answers_that_are_too_long),
        cmocka_unit_test(transient_failures_are_tried_again),
        cmocka_unit_test(tries_end),
        cmocka_unit_test(max_attempts_counts_tries),
        cmocka_unit_test(who_is_down_uses_up_its_own_retries),
        cmocka_unit_test(the_servers_hint_is_waited_for),
        cmocka_unit_test(damaged_bodies_are_asked_for_again),
        cmocka_unit_test(the_taker_decides_what_is_tried_again),
        cmocka_unit_test(refused_credentials_are_asked_for_again),
        cmocka_unit_test(credentials_are_refused_once_only),
        cmocka_unit_test(without_credentials_nothing_is_sent),
        cmocka_unit_test(a_clock_that_is_off_is_put_right),
        cmocka_unit_test(a_wrong_secret_is_not_a_wrong_clock),
        cmocka_unit_test(no_more_than_concurrency_in_flight),
        cmocka_unit_test(calls_go_out_in_order),
        cmocka_unit_test(a_waiting_call_holds_no_place),
        cmocka_unit_test(done_may_start_the_next_call),
        cmocka_unit_test(credentials_may_come_over_the_same_client),
        cmocka_unit_test(errors_of_credentials_end_every_call_once),
        cmocka_unit_test(cancel_ends_everything),
        cmocka_unit_test(the_engine_works_after_a_cancel),
        cmocka_unit_test(abandoned_calls_are_not_sent),
        cmocka_unit_test(stopping_ends_a_wait),
        cmocka_unit_test(a_deadline_cuts_off_and_says_so),
        cmocka_unit_test(a_pause_takes_its_time),
        cmocka_unit_test(waits_show_that_they_live),
        cmocka_unit_test(tries_are_counted_by_outcome),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
