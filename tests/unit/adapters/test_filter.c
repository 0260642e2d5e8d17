#include "eidcached/adapters/filter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "eidcached/base/name.h"

#define PASSES(filter, name) assert_true(eidc_filter_passes(&(filter), EIDC_STR(name)))
#define HELD(filter, name)   assert_false(eidc_filter_passes(&(filter), EIDC_STR(name)))

static char sales[] = "sales_*", one[] = "?ne", set[] = "[ab]*", tmp[] = "*tmp*", all[] = "*";

static void without_patterns_everything_passes(void **state)
{
    (void)state;
    const struct eidc_filter none = {0};
    PASSES(none, "anything");
    PASSES(none, "");
}

static void include_alone(void **state)
{
    (void)state;
    char *include[] = {sales, one};
    const struct eidc_filter filter = {.include = include, .include_count = 2};
    PASSES(filter, "sales_prod");
    PASSES(filter, "sales_");
    PASSES(filter, "one");
    HELD(filter, "sales");
    HELD(filter, "SALES_prod");
    HELD(filter, "prod_sales_x");
    HELD(filter, "bone");
}

static void exclude_alone(void **state)
{
    (void)state;
    char *exclude[] = {tmp, set};
    const struct eidc_filter filter = {.exclude = exclude, .exclude_count = 2};
    PASSES(filter, "orders");
    HELD(filter, "tmp");
    HELD(filter, "my_tmp_table");
    HELD(filter, "billing");
}

static void exclude_wins(void **state)
{
    (void)state;
    char *include[] = {all}, *exclude[] = {tmp};
    const struct eidc_filter filter = {include, exclude, 1, 1};
    PASSES(filter, "sales");
    HELD(filter, "sales_tmp");
}

static void slashes_and_dots_are_ordinary(void **state)
{
    (void)state;
    char *include[] = {sales};
    const struct eidc_filter filter = {.include = include, .include_count = 1};
    PASSES(filter, "sales_a/b.c");
    PASSES(filter, "sales_.hidden");
    PASSES(filter, "sales_caf\xc3\xa9");
}

static void only_the_view_is_matched(void **state)
{
    (void)state;
    char *include[] = {one};
    const struct eidc_filter filter = {.include = include, .include_count = 1};
    assert_true(eidc_filter_passes(&filter, (struct eidc_str){"onerous", 3}));
    assert_false(eidc_filter_passes(&filter, (struct eidc_str){"onerous", 4}));
}

static void the_longest_name_is_matched_and_longer_passes(void **state)
{
    (void)state;
    char name[EIDC_NAME_MAX + 1];
    char *exclude[] = {all};
    const struct eidc_filter filter = {.exclude = exclude, .exclude_count = 1};
    memset(name, 'n', sizeof(name));
    assert_false(eidc_filter_passes(&filter, (struct eidc_str){name, EIDC_NAME_MAX}));
    assert_true(eidc_filter_passes(&filter, (struct eidc_str){name, EIDC_NAME_MAX + 1}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_patterns_everything_passes),
        cmocka_unit_test(include_alone),
        cmocka_unit_test(exclude_alone),
        cmocka_unit_test(exclude_wins),
        cmocka_unit_test(slashes_and_dots_are_ordinary),
        cmocka_unit_test(only_the_view_is_matched),
        cmocka_unit_test(the_longest_name_is_matched_and_longer_passes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
