#include "eidcached/base/units.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void durations(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool good;
        uint64_t bare, ms;
    } cases[] = {
        {"2d", true, 0, 172800000},
        {"1h", true, 0, 3600000},
        {"5m", true, 0, 300000},
        {"30s", true, 0, 30000},
        {"500ms", true, 0, 500},
        {"0", true, 0, 0},
        {"0s", true, 0, 0},
        {"30", true, 1000, 30000},
        {"0", true, 1000, 0},
        {"30", false, 0, 0},
        {"", false, 1000, 0},
        {"s", false, 0, 0},
        {"-1s", false, 0, 0},
        {"+1s", false, 0, 0},
        {"1.5s", false, 0, 0},
        {"1 s", false, 0, 0},
        {" 1s", false, 0, 0},
        {"1S", false, 0, 0},
        {"1sec", false, 0, 0},
        {"213503982334d", true, 0, 18446744073657600000u},
        {"213503982335d", false, 0, 0},
        {"18446744073709551616ms", false, 0, 0},
        {"18446744073709551615", false, 1000, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint64_t ms = 0;
        bool good =
            eidc_units_parse(eidc_str_of(cases[i].text), eidc_duration_units, cases[i].bare, &ms);
        if (good != cases[i].good || (good && ms != cases[i].ms))
            fail_msg("'%s'", cases[i].text);
    }
}

static void a_unit_without_a_name_is_that_of_a_bare_number(void **state)
{
    (void)state;
    static const struct eidc_unit units[] = {{"K", 1024}, {"", 1}, {NULL, 0}};
    uint64_t n;
    assert_true(eidc_units_parse(EIDC_STR("7"), units, 0, &n));
    assert_int_equal(n, 7);
    assert_true(eidc_units_parse(EIDC_STR("7K"), units, 0, &n));
    assert_int_equal(n, 7168);
    assert_false(eidc_units_parse(EIDC_STR("7M"), units, 0, &n));
}

/* It ends where the view does. */
static void a_view_is_no_string(void **state)
{
    (void)state;
    uint64_t ms;
    assert_true(eidc_units_parse((struct eidc_str){"5m30s", 2}, eidc_duration_units, 0, &ms));
    assert_int_equal(ms, 300000);
    assert_true(eidc_units_parse((struct eidc_str){"530", 1}, eidc_duration_units, 1000, &ms));
    assert_int_equal(ms, 5000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations),
        cmocka_unit_test(a_unit_without_a_name_is_that_of_a_bare_number),
        cmocka_unit_test(a_view_is_no_string),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
