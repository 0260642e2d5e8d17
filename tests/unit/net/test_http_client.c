#include "eidcached/net/http_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/support/fake_http.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- headers ---- */

static void headers_are_found_without_case(void **state)
{
    (void)state;
    struct eidc_http_headers headers = {0};
    assert_true(eidc_http_headers_add(&headers, "X-One", EIDC_STR("1")));
    assert_true(eidc_http_headers_add(&headers, "x-one", EIDC_STR("2")));
    assert_true(eidc_http_headers_add(&headers, "Empty", (struct eidc_str){0}));
    assert_string_equal(eidc_http_headers_get(&headers, "X-ONE"), "1");
    assert_string_equal(eidc_http_headers_get(&headers, "empty"), "");
    assert_null(eidc_http_headers_get(&headers, "X-On"));
    eidc_http_headers_free(&headers);
    assert_int_equal(headers.n, 0);
}

static void headers_cannot_smuggle_lines(void **state)
{
    (void)state;
    struct eidc_http_headers headers = {0};
    assert_false(eidc_http_headers_add(&headers, "A", EIDC_STR("x\r\nB: y")));
    assert_false(eidc_http_headers_add(&headers, "A", EIDC_STR("x\ny")));
    assert_false(eidc_http_headers_add(&headers, "A", EIDC_STR("x\ry")));
    assert_false(eidc_http_headers_add(&headers, "A", EIDC_STR("x\0y")));
    assert_false(eidc_http_headers_add(&headers, "A\nB", EIDC_STR("x")));
    assert_int_equal(headers.n, 0);
    eidc_http_headers_free(&headers);
}

static void headers_have_a_limit(void **state)
{
    (void)state;
    struct eidc_http_headers headers = {0};
    for (int i = 0; i < EIDC_HTTP_HEADERS_MAX; i++)
        assert_true(eidc_http_headers_add(&headers, "A", EIDC_STR("x")));
    assert_false(eidc_http_headers_add(&headers, "A", EIDC_STR("x")));
    eidc_http_headers_free(&headers);
}

/* ---- perform, and with it the scripted client ---- */

static void perform_returns_any_answer(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.method = "POST",
         .url = "http://h/p?q",
         .has_header = {"X-A: lu", "!X-B"},
         .has_body = {"ell"},
         .status = 503,
         .headers = {"Retry-After: 7"},
         .body = "busy",
         .delay_ms = 2500},
    };
    struct eidc_http_client *c = fake_http_new(script, COUNT(script));
    struct eidc_http_headers headers = {0};
    eidc_http_headers_add(&headers, "x-a", EIDC_STR("value"));
    const struct eidc_http_request request = {
        .method = "POST", .url = "http://h/p?q", .headers = &headers, .body = EIDC_STR("hello")};
    struct eidc_http_response response;
    struct eidc_err err = {0};

    assert_true(eidc_http_perform(c, &request, &response, &err));
    assert_int_equal(response.status, 503);
    assert_string_equal(eidc_http_headers_get(&response.headers, "retry-after"), "7");
    assert_string_equal(response.body.p, "busy");
    assert_int_equal(fake_http_now(c), 2500);
    eidc_http_response_free(&response);
    eidc_http_headers_free(&headers);
    fake_http_end(c);
}

static void perform_passes_errors_on(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.error = EIDC_ERR_UNAVAILABLE},
        {.never = true},
        {.status = 200, .body = "too long"},
    };
    static const enum eidc_err_kind kinds[] = {EIDC_ERR_UNAVAILABLE, EIDC_ERR_TIMEOUT,
                                               EIDC_ERR_LIMIT};
    struct eidc_http_client *c = fake_http_new(script, COUNT(script));
    const struct eidc_http_request request = {
        .method = "GET", .url = "http://h/", .timeout_ms = 3000, .max_response = 4};
    for (size_t i = 0; i < COUNT(kinds); i++) {
        struct eidc_http_response response = {.status = 99};
        struct eidc_err err = {0};
        assert_false(eidc_http_perform(c, &request, &response, &err));
        assert_int_equal(err.kind, kinds[i]);
        assert_int_equal(response.status, 0);
        assert_null(response.body.p);
    }
    assert_int_equal(fake_http_now(c), 3000);
    fake_http_end(c);
}

static void count_call(void *arg)
{
    (*(unsigned *)arg)++;
}

static void count_cancelled(void *arg, struct eidc_http_response *response)
{
    assert_int_equal(response->err.kind, EIDC_ERR_CANCELLED);
    (*(unsigned *)arg)++;
}

static void perform_runs_the_rest_of_the_loop(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {{.status = 200, .delay_ms = 1200}};
    struct eidc_http_client *c = fake_http_new(script, COUNT(script));
    unsigned fired = 0;
    c->ops->after(c, 500, count_call, &fired);
    c->ops->after(c, 5000, count_call, &fired);

    const struct eidc_http_request request = {.method = "GET", .url = "http://h/"};
    struct eidc_http_response response;
    struct eidc_err err = {0};
    assert_true(eidc_http_perform(c, &request, &response, &err));
    assert_int_equal(fired, 1);
    eidc_http_response_free(&response);
    while (c->ops->step(c, 1000))
        continue;
    assert_int_equal(fired, 2);
    fake_http_end(c);
}

static void cancel_ends_requests_and_drops_timers(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {{.never = true, .times = 3}};
    struct eidc_http_client *c = fake_http_new(script, COUNT(script));
    unsigned fired = 0;
    unsigned cancelled = 0;
    const struct eidc_http_request request = {.method = "GET", .url = "http://h/"};
    for (int i = 0; i < 3; i++)
        c->ops->start(c, &request, count_cancelled, &cancelled);
    c->ops->after(c, 0, count_call, &fired);
    assert_int_equal(fake_http_most_at_once(c), 3);
    c->ops->cancel(c);
    assert_int_equal(cancelled, 3);
    assert_false(c->ops->step(c, 1000));
    assert_int_equal(fired, 0);
    fake_http_end(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_are_found_without_case),
        cmocka_unit_test(headers_cannot_smuggle_lines),
        cmocka_unit_test(headers_have_a_limit),
        cmocka_unit_test(perform_returns_any_answer),
        cmocka_unit_test(perform_passes_errors_on),
        cmocka_unit_test(perform_runs_the_rest_of_the_loop),
        cmocka_unit_test(cancel_ends_requests_and_drops_timers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
