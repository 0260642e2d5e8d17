#include "eidcached/refresh/repeats.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define LONG                                                                                       \
    "credentials: none found: set one variable or the other, or a profile, or give "               \
    "the instance, the container or the pod a role"

static struct eidc_repeats r;

static const char *brief(const char *text, const char *source)
{
    static char out[EIDC_ERR_TEXT_MAX];

    return eidc_repeats_brief(&r, text, source, out);
}

static void test_a_long_cause_is_told_once(void **state)
{
    (void)state;
    assert_string_equal(brief("glue GetTables: " LONG, "a"), "glue GetTables: " LONG);
    assert_string_equal(brief("glue GetTables: " LONG, "b"),
                        "glue GetTables: as told of source a above");
    assert_string_equal(brief("athena ListX: " LONG, "c"),
                        "athena ListX: as told of source a above");
    eidc_repeats_free(&r);
    assert_string_equal(brief("glue GetTables: " LONG, "b"), "glue GetTables: " LONG);
    eidc_repeats_free(&r);
}

static void test_other_causes_are_told(void **state)
{
    (void)state;
    brief("glue GetTables: " LONG, "a");
    assert_string_equal(brief("glue GetTables: " LONG " or two", "b"),
                        "glue GetTables: " LONG " or two");
    assert_string_equal(brief("glue GetTables: " LONG, "b"),
                        "glue GetTables: as told of source a above");
    eidc_repeats_free(&r);
}

static void test_short_causes_are_told_again(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++)
        assert_string_equal(brief("glue GetTables: denied", "a"), "glue GetTables: denied");
    assert_int_equal(r.n, 0);
}

static void test_without_room_all_is_told(void **state)
{
    char text[256];

    (void)state;
    for (int i = 0; i < 2 * EIDC_REPEATS; i++) {
        snprintf(text, sizeof text, "glue GetTables: " LONG " %d", i);
        assert_string_equal(brief(text, "a"), text);
    }
    assert_int_equal(r.n, EIDC_REPEATS);
    assert_string_equal(brief("glue GetTables: " LONG " 0", "b"),
                        "glue GetTables: as told of source a above");
    assert_string_equal(brief(text, "b"), text);
    eidc_repeats_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_long_cause_is_told_once),
        cmocka_unit_test(test_other_causes_are_told),
        cmocka_unit_test(test_short_causes_are_told_again),
        cmocka_unit_test(test_without_room_all_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
