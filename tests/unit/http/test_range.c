#include "eidcached/http/range.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SIZE 1000

static void ranges(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t from, n;
    } rows[] = {
        {"bytes=0-0", 0, 1},
        {"bytes=0-999", 0, 1000},
        {"bytes=0-1000", 0, 1000},
        {"bytes=999-", 999, 1},
        {"bytes=10-19", 10, 10},
        {"Bytes= 10-19 ", 10, 10},
        {"bytes=-1", 999, 1},
        {"bytes=-1000", 0, 1000},
        {"bytes=-1001", 0, 1000},
        {"bytes=5-18446744073709551615", 5, 995},
        {"bytes=5-99999999999999999999999", 5, 995},
        {"bytes=-99999999999999999999999", 0, 1000},
        {"bytes=0000000000000000000000000005-6", 5, 2},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint64_t from = 0, n = 0;
        if (eidc_range_read(eidc_str_of(rows[i].text), SIZE, &from, &n) != EIDC_RANGE_PART ||
            from != rows[i].from || n != rows[i].n)
            fail_msg("%s: %ju, %ju", rows[i].text, (uintmax_t)from, (uintmax_t)n);
    }
}

static void beyond_the_end(void **state)
{
    (void)state;
    static const char *const rows[] = {"bytes=1000-", "bytes=1000-1000", "bytes=-0",
                                       "bytes=99999999999999999999999-",
                                       "bytes=18446744073709551615-18446744073709551615"};
    uint64_t from, n;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (eidc_range_read(eidc_str_of(rows[i]), SIZE, &from, &n) != EIDC_RANGE_UNSATISFIABLE)
            fail_msg("%s", rows[i]);
    }
}

static void what_is_passed_over(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",           "bytes",         "bytes=",      "bytes=-",   "bytes=5",
        "bytes=6-5",  "bytes=0-1,5-6", "bytes=0-1,",  "bytes=a-b", "bytes=1-b",
        "bytes=--5",  "bytes=+1-2",    "bytes=1 - 2", "items=0-1", "bytes 0-1",
        "bytes=0-1;x"};
    uint64_t from, n;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (eidc_range_read(eidc_str_of(rows[i]), SIZE, &from, &n) != EIDC_RANGE_WHOLE)
            fail_msg("%s", rows[i]);
    }
    assert_int_equal(eidc_range_read((struct eidc_str){0}, SIZE, &from, &n), EIDC_RANGE_WHOLE);
}

static void if_range(void **state)
{
    (void)state;
    const struct eidc_str tag = EIDC_STR("\"0123\"");
    assert_true(eidc_if_range((struct eidc_str){0}, tag));
    assert_true(eidc_if_range(EIDC_STR("\"0123\""), tag));
    assert_true(eidc_if_range(EIDC_STR(" \"0123\" "), tag));
    assert_false(eidc_if_range(EIDC_STR("\"0124\""), tag));
    assert_false(eidc_if_range(EIDC_STR("W/\"0123\""), tag));
    assert_false(eidc_if_range(EIDC_STR("\"0123\", \"0124\""), tag));
    assert_false(eidc_if_range(EIDC_STR("*"), tag));
    assert_false(eidc_if_range(EIDC_STR(""), tag));
    assert_false(eidc_if_range(EIDC_STR("Wed, 21 Oct 2015 07:28:00 GMT"), tag));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges),
        cmocka_unit_test(beyond_the_end),
        cmocka_unit_test(what_is_passed_over),
        cmocka_unit_test(if_range),
    };
    return cmocka_run_group_tests_name("daemon.range", tests, NULL, NULL);
}
