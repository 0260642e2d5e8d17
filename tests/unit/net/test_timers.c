#include "eidcached/net/timers.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "eidcached/base/buf.h"

static char fired[64];

static void note(void *arg)
{
    size_t n = strlen(fired);
    fired[n] = *(const char *)arg;
    fired[n + 1] = '\0';
}

static int reset(void **state)
{
    (void)state;
    fired[0] = '\0';
    return 0;
}

static void fires_in_order(void **state)
{
    (void)state;
    struct eidc_timers timers = {0};
    static char names[] = "abcdefghijklmnopqrst";
    /* 7 and 20 have no common factor: every due time from 0 to 19 once. */
    for (int64_t i = 0; i < 20; i++)
        eidc_timers_add(&timers, i * 7 % 20, note, &names[i * 7 % 20]);
    assert_int_equal(eidc_timers_next(&timers), 0);
    assert_true(eidc_timers_run(&timers, 9));
    assert_string_equal(fired, "abcdefghij");
    assert_int_equal(eidc_timers_next(&timers), 10);
    assert_true(eidc_timers_run(&timers, 1000));
    assert_string_equal(fired, names);
    eidc_timers_clear(&timers);
}

static void keeps_the_order_of_equals(void **state)
{
    (void)state;
    struct eidc_timers timers = {0};
    static char names[] = "abcdef";
    for (size_t i = 0; i < 6; i++)
        eidc_timers_add(&timers, 5, note, &names[i]);
    eidc_timers_run(&timers, 5);
    assert_string_equal(fired, names);
    eidc_timers_clear(&timers);
}

static void nothing_fires_early(void **state)
{
    (void)state;
    struct eidc_timers timers = {0};
    static char name = 'x';
    assert_int_equal(eidc_timers_next(&timers), INT64_MAX);
    assert_false(eidc_timers_run(&timers, 1000));
    eidc_timers_add(&timers, 10, note, &name);
    assert_false(eidc_timers_run(&timers, 9));
    assert_string_equal(fired, "");
    eidc_timers_clear(&timers);
    assert_false(eidc_timers_run(&timers, 10));
    assert_string_equal(fired, "");
}

static void again(void *arg)
{
    static char plus = '+';
    struct eidc_timers *timers = arg;
    note(&plus);
    eidc_timers_add(timers, 0, again, timers);
}

static void an_added_one_waits_for_the_next_run(void **state)
{
    (void)state;
    struct eidc_timers timers = {0};
    eidc_timers_add(&timers, 0, again, &timers);
    eidc_timers_run(&timers, 100);
    assert_string_equal(fired, "+");
    eidc_timers_run(&timers, 100);
    assert_string_equal(fired, "++");
    eidc_timers_clear(&timers);
}

static void clear(void *arg)
{
    eidc_timers_clear(arg);
    again(arg);
}

static void clearing_inside_a_run(void **state)
{
    (void)state;
    struct eidc_timers timers = {0};
    static char name = 'x';
    eidc_timers_add(&timers, 0, clear, &timers);
    eidc_timers_add(&timers, 0, note, &name);
    eidc_timers_run(&timers, 100);
    assert_string_equal(fired, "+");
    eidc_timers_clear(&timers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(fires_in_order, reset),
        cmocka_unit_test_setup(keeps_the_order_of_equals, reset),
        cmocka_unit_test_setup(nothing_fires_early, reset),
        cmocka_unit_test_setup(an_added_one_waits_for_the_next_run, reset),
        cmocka_unit_test_setup(clearing_inside_a_run, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
