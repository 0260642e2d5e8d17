/* A call that is tried again: when, how often, and what is put right before. */
#include "eidcached/base/clock.h"
#include "tests/unit/aws/call_bench.h"

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
    assert_false(call_wait(b.aws, &request, &response));
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
        assert_false(call_wait(b.aws, &request, &response));
        eidc_aws_response_free(&response);
    }
    request.host = "other.test";
    assert_true(call_wait(b.aws, &request, &response));
    eidc_aws_response_free(&response);
    request.host = NULL;
    request.target = &account;
    assert_true(call_wait(b.aws, &request, &response));
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
    assert_true(call_wait(b.aws, &request, &response));
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
    assert_false(call_wait(b.aws, &request, &response));
    assert_string_equal(response.err.text, "glue GetTables: checked");
    eidc_aws_response_free(&response);
    kind = EIDC_ERR_CORRUPT;
    assert_false(call_wait(b.aws, &request, &response));
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
    assert_false(call_wait(b.aws, &request, &response));
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
    assert_true(call_wait(b.aws, &request, &response));
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

int main(void)
{
    const struct CMUnitTest tests[] = {
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
