/* One call: what goes out, what is made of the answer. */
#include "eidcached/aws/call_state.h"
#include "eidcached/base/clock.h"
#include "eidcached/base/metrics.h"
#include "tests/unit/aws/call_bench.h"

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
    assert_true(call_wait(b.aws, &request, &response));
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
    assert_false(call_wait(b.aws, &request, &response));
    assert_int_equal(response.err.kind, EIDC_ERR_TIMEOUT);
    request.bulk = true;
    assert_true(call_wait(b.aws, &request, &response));
    assert_int_equal(fake_http_now(b.http), 65000);
    assert_false(call_wait(b.aws, &request, &response));
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
    assert_false(call_wait(b.aws, &request, &response));
    assert_string_equal(response.err.text, "glue GetTables: fake: as scripted (aws.endpoint_url)");
    assert_int_equal(response.err.kind, EIDC_ERR_UNAVAILABLE);
    assert_false(call_wait(b.aws, &request, &response));
    assert_non_null(strstr(response.err.text, " (aws.endpoint_url)"));
    assert_false(call_wait(b.aws, &request, &response));
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
        cmocka_unit_test(tries_are_counted_by_outcome),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
