#include "eidcached/refresh/tally.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/support/images.h"

static const struct test_scope scopes[] = {
    {"glue", "eu", 3000, NAMES("a", "b")},
    {"glue", "us", 2000, NAMES("b", "c")},
    {"hr", "", 1000, NAMES("b")},
    {"old", "", 500, NAMES("z", "b")},
};

static void test_a_name_counts_once_a_source(void **state)
{
    (void)state;
    struct eidc_source glue = {.name = "glue"}, hr = {.name = "hr"}, empty = {.name = "empty"};
    struct eidc_source *sources[] = {&hr, &glue, &empty};
    struct eidc_generation *g = test_generation(1, scopes, 4);
    struct eidc_tally *tally = eidc_tally_new(g, sources, 3);
    assert_int_equal(tally[0].names, 1);
    assert_int_equal(tally[0].scopes, 1);
    assert_int_equal(tally[0].verified_at, 1000);
    assert_int_equal(tally[1].names, 3);
    assert_int_equal(tally[1].scopes, 2);
    assert_int_equal(tally[1].verified_at, 2000);
    assert_int_equal(tally[2].names, 0);
    assert_int_equal(tally[2].scopes, 0);
    assert_int_equal(tally[2].verified_at, 0);
    free(tally);
    eidc_generation_unpin(g);
}

static void test_what_no_source_is_configured_for_counts_nowhere(void **state)
{
    (void)state;
    struct eidc_source hr = {.name = "hr"};
    struct eidc_source *sources[] = {&hr};
    struct eidc_generation *g = test_generation(1, scopes, 4);
    struct eidc_tally *tally = eidc_tally_new(g, sources, 1);
    assert_int_equal(tally[0].names, 1);
    assert_int_equal(tally[0].scopes, 1);
    assert_int_equal(tally[0].verified_at, 1000);
    free(tally);
    free(eidc_tally_new(g, sources, 0));
    eidc_generation_unpin(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_name_counts_once_a_source),
        cmocka_unit_test(test_what_no_source_is_configured_for_counts_nowhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
