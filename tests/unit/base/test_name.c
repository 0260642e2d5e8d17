#include "eidcached/base/name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void names(void **state)
{
    (void)state;
    char longest[EIDC_NAME_MAX];
    memset(longest, 'n', sizeof(longest));
    assert_null(eidc_name_problem(EIDC_STR("a")));
    assert_null(eidc_name_problem(EIDC_STR("sales_prod.orders")));
    assert_null(eidc_name_problem(EIDC_STR("caf\xc3\xa9 / \t\r %00")));
    assert_null(eidc_name_problem((struct eidc_str){longest, sizeof(longest)}));
}

static void not_names(void **state)
{
    (void)state;
    char too_long[EIDC_NAME_MAX + 1];
    memset(too_long, 'n', sizeof(too_long));
    assert_string_equal(eidc_name_problem(EIDC_STR("")), "is empty");
    assert_string_equal(eidc_name_problem((struct eidc_str){0}), "is empty");
    assert_string_equal(eidc_name_problem((struct eidc_str){too_long, sizeof(too_long)}),
                        "is longer than 2048 bytes");
    assert_string_equal(eidc_name_problem(EIDC_STR("a\0b")), "holds a NUL");
    assert_string_equal(eidc_name_problem(EIDC_STR("a\n")), "holds a newline");
    assert_string_equal(eidc_name_problem(EIDC_STR("a\xff")), "is not valid UTF-8");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test(not_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
