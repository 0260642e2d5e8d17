#include "eidcached/base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void printed(int64_t ms, const char *expected)
{
    char out[EIDC_TIME_TEXT];
    eidc_time_print(ms, out);
    assert_string_equal(out, expected);
}

static void test_print(void **state)
{
    (void)state;
    printed(0, "1970-01-01T00:00:00Z");
    printed(1, "1970-01-01T00:00:00.001Z");
    printed(-1, "1969-12-31T23:59:59.999Z");
    printed(951782400000, "2000-02-29T00:00:00Z");
    printed(1795371877120, "2026-11-22T18:24:37.120Z");
    printed(253402300799999, "9999-12-31T23:59:59.999Z");
    printed(-62135596800000, "0001-01-01T00:00:00Z");
}

static void test_print_out_of_range_is_clamped(void **state)
{
    (void)state;
    printed(253402300800000, "9999-12-31T23:59:59.999Z");
    printed(INT64_MAX, "9999-12-31T23:59:59.999Z");
    printed(INT64_MIN, "0000-01-01T00:00:00Z");
}

static void parsed(const char *text, int64_t expected)
{
    int64_t ms = -7;
    assert_true(eidc_time_parse(eidc_str_of(text), &ms));
    assert_int_equal(ms, expected);
}

static void test_parse(void **state)
{
    (void)state;
    parsed("1970-01-01T00:00:00Z", 0);
    parsed("1970-01-01t00:00:00z", 0);
    parsed("1970-01-01 00:00:00+00:00", 0);
    parsed("2026-11-22T18:24:37.120Z", 1795371877120);
    parsed("2026-11-22T19:24:37.12+01:00", 1795371877120);
    parsed("2026-11-22T13:54:37.120999999-04:30", 1795371877120);
    parsed("2000-02-29T00:00:00Z", 951782400000);
    parsed("2016-12-31T23:59:60Z", 1483228800000);
    parsed("0001-01-01T00:00:00Z", -62135596800000);
}

static void test_parse_is_the_inverse_of_print(void **state)
{
    (void)state;
    for (int i = 0; i < 2000; i++) {
        int64_t ms = (int64_t)eidc_random_below(253402300800000);
        char out[EIDC_TIME_TEXT];
        eidc_time_print(ms, out);
        parsed(out, ms);
    }
}

static void test_parse_refuses(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "2026",
        "2026-11-22",
        "2026-11-22T18:24:37",
        "2026-11-22T18:24Z",
        "2026-11-22T18:24:37Z ",
        " 2026-11-22T18:24:37Z",
        "2026-11-22T18:24:37.Z",
        "2026-11-22T18:24:37.1234567890Z",
        "2026-13-22T18:24:37Z",
        "2026-00-22T18:24:37Z",
        "2026-11-31T18:24:37Z",
        "2026-11-00T18:24:37Z",
        "2026-02-29T18:24:37Z",
        "1900-02-29T18:24:37Z",
        "2026-11-22T24:00:00Z",
        "2026-11-22T18:60:37Z",
        "2026-11-22T18:24:61Z",
        "2026-11-22T18:24:37+24:00",
        "2026-11-22T18:24:37+01:60",
        "2026-11-22T18:24:37+0100",
        "2026-11-22T18:24:37x",
        "2026/11/22T18:24:37Z",
        "-026-11-22T18:24:37Z",
        "+2026-11-22T18:24:37Z",
        "2026-1 -22T18:24:37Z",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int64_t ms = -7;
        if (eidc_time_parse(eidc_str_of(bad[i]), &ms))
            fail_msg("taken: %s", bad[i]);
        assert_int_equal(ms, -7);
    }
    int64_t ms;
    assert_false(eidc_time_parse(EIDC_STR("2026-11-22\0"
                                          "18:24:37Z"),
                                 &ms));
}

static void test_clocks_move_forward(void **state)
{
    (void)state;
    int64_t us = eidc_mono_us(), ms = eidc_mono_ms();
    assert_true(us / 1000 <= ms);
    assert_true(ms - us / 1000 < 10000);
    assert_true(eidc_mono_us() >= us);
    assert_true(eidc_now_ms() > 1700000000000);
}

static void test_random_covers_its_range(void **state)
{
    (void)state;
    unsigned seen[7] = {0};
    for (int i = 0; i < 7000; i++)
        seen[eidc_random_below(7)]++;
    for (int i = 0; i < 7; i++)
        assert_in_range(seen[i], 700, 1300);
    assert_int_equal(eidc_random_below(1), 0);
    assert_int_equal(eidc_random_below(0), 0);
}

static void test_backoff_grows_to_its_ceiling(void **state)
{
    (void)state;
    static const int64_t ceilings[] = {100, 200, 400, 800, 1000, 1000};
    for (unsigned attempt = 0; attempt < 6; attempt++) {
        int64_t most = 0;
        for (int i = 0; i < 2000; i++) {
            int64_t delay = eidc_backoff_ms(attempt, 100, 1000);
            assert_in_range(delay, 0, ceilings[attempt]);
            most = delay > most ? delay : most;
        }
        assert_true(most > ceilings[attempt] * 9 / 10);
    }
}

static void test_backoff_extremes(void **state)
{
    (void)state;
    assert_in_range(eidc_backoff_ms(UINT32_MAX, 1, 50), 0, 50);
    assert_true(eidc_backoff_ms(200, INT64_MAX / 2 + 1, INT64_MAX - 1) >= 0);
    assert_in_range(eidc_backoff_ms(0, 500, 50), 0, 50);
    assert_int_equal(eidc_backoff_ms(3, 0, 50), 0);
    assert_int_equal(eidc_backoff_ms(3, -1, 50), 0);
    assert_int_equal(eidc_backoff_ms(3, 10, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_print),
        cmocka_unit_test(test_print_out_of_range_is_clamped),
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_parse_is_the_inverse_of_print),
        cmocka_unit_test(test_parse_refuses),
        cmocka_unit_test(test_clocks_move_forward),
        cmocka_unit_test(test_random_covers_its_range),
        cmocka_unit_test(test_backoff_grows_to_its_ceiling),
        cmocka_unit_test(test_backoff_extremes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
