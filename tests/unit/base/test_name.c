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

static void reads(struct eidc_str line, bool first, struct eidc_str name)
{
    assert_true(eidc_str_eq(eidc_name_of_line(line, first), name));
}

static void lines(void **state)
{
    (void)state;
    reads(EIDC_STR("sales"), true, EIDC_STR("sales"));
    reads(EIDC_STR("sales\r"), false, EIDC_STR("sales"));
    reads(EIDC_STR("sales\r\r"), false, EIDC_STR("sales\r"));
    reads(EIDC_STR("\xef\xbb\xbfsales\r"), true, EIDC_STR("sales"));
    reads(EIDC_STR("\xef\xbb\xbfsales"), false, EIDC_STR("\xef\xbb\xbfsales"));
    reads(EIDC_STR("\xef\xbb\xbf\xef\xbb\xbf"), true, EIDC_STR("\xef\xbb\xbf"));
    reads(EIDC_STR("\xef\xbb"), true, EIDC_STR("\xef\xbb"));
    reads(EIDC_STR("\xef\xbb\xbf\r"), true, EIDC_STR(""));
    reads(EIDC_STR("\r"), false, EIDC_STR(""));
    reads(EIDC_STR(""), true, EIDC_STR(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test(not_names),
        cmocka_unit_test(lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
