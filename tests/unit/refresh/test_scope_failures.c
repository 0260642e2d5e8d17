#include "eidcached/refresh/scope_failures.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/images.h"

static const struct test_scope scopes[] = {
    {"s", "eu/a", 3000, NAMES("a")},
    {"s", "eu/ab", 2000, NAMES("b")},
    {"s", "us/a", 1000, NAMES("c")},
    {"other", "eu/a", 500, NAMES("d")},
};

static int64_t dated(const char *scope, bool several)
{
    struct eidc_generation *g = test_generation(1, scopes, sizeof(scopes) / sizeof(scopes[0]));
    struct eidc_scope_failures f = {0};

    eidc_scope_failures_add(&f, eidc_str_of(scope), several, "why");
    eidc_scope_failures_date(&f, g, "s");
    int64_t at = f.at[0].verified_at_ms;
    eidc_scope_failures_free(&f);
    eidc_generation_unpin(g);
    return at;
}

static void test_ages(void **state)
{
    (void)state;
    assert_int_equal(dated("eu/a", false), 3000); /* this source's, and this one alone */
    assert_int_equal(dated("eu/", true), 2000);   /* the oldest of several */
    assert_int_equal(dated("", true), 1000);
    assert_int_equal(dated("eu/", false), 0); /* never listed */
    assert_int_equal(dated("jp/", true), 0);
}

static void test_before_the_first_generation(void **state)
{
    struct eidc_scope_failures f = {0};

    (void)state;
    eidc_scope_failures_add(&f, (struct eidc_str){0}, true, "why");
    eidc_scope_failures_date(&f, NULL, "s");
    assert_int_equal(f.at[0].verified_at_ms, 0);
    assert_string_equal(f.at[0].scope, "");
    eidc_scope_failures_free(&f);
}

static void test_only_the_first_are_kept(void **state)
{
    struct eidc_scope_failures f = {0};
    char name[] = "a";

    (void)state;
    for (; name[0] < 'a' + EIDC_SCOPE_FAILURES + 3; name[0]++)
        eidc_scope_failures_add(&f, EIDC_STR(name), false, name);
    assert_int_equal(f.n, EIDC_SCOPE_FAILURES);
    assert_string_equal(f.at[EIDC_SCOPE_FAILURES - 1].error, "h");
    eidc_scope_failures_free(&f);
    assert_int_equal(f.n, 0);
}

static void assert_written(const struct eidc_scope_failures *f, const char *expected)
{
    EIDC_BUF_AUTO out = {0};
    struct eidc_json j = eidc_json_to(&out);

    eidc_json_open_object(&j);
    eidc_scope_failures_write(f, &j);
    eidc_json_close_object(&j);
    assert_string_equal(out.p, expected);
}

static void test_written(void **state)
{
    struct eidc_scope_failures f = {0};

    (void)state;
    assert_written(&f, "{\"failing_scopes\":[]}");
    eidc_scope_failures_add(&f, EIDC_STR("eu/\"x\""), false, "AccessDenied");
    eidc_scope_failures_add(&f, EIDC_STR("us/"), true, "timed out");
    f.at[1].verified_at_ms = 1000;
    assert_written(&f, "{\"failing_scopes\":["
                       "{\"name\":\"eu/\\\"x\\\"\",\"several\":false,\"verified_at\":null,"
                       "\"error\":\"AccessDenied\"},"
                       "{\"name\":\"us/\",\"several\":true,"
                       "\"verified_at\":\"1970-01-01T00:00:01Z\",\"error\":\"timed out\"}]}");
    eidc_scope_failures_free(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ages),
        cmocka_unit_test(test_before_the_first_generation),
        cmocka_unit_test(test_only_the_first_are_kept),
        cmocka_unit_test(test_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
