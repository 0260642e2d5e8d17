#include "eidcached/core/scope_clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define HOUR   ((int64_t)3600000)
#define START  ((int64_t)1795371877123) /* some day in 2026 */
#define SCOPES 2000

static bool is_due(unsigned i, int64_t as_of, int64_t now, int64_t interval)
{
    char scope[64];
    snprintf(scope, sizeof scope, "eu-west-1/database_%u", i);
    return eidc_scope_is_due(EIDC_STR("prod"), eidc_str_of(scope), as_of, now, interval);
}

/* Lists what is due at every step; most[0], most[1]: the fewest and the most listed in one step. */
static void live(int64_t *as_of, int64_t from, int64_t to, int64_t step, int64_t interval,
                 unsigned *listed, unsigned most[2])
{
    most[0] = SCOPES;
    most[1] = 0;
    for (int64_t now = from; now < to; now += step) {
        unsigned n = 0;
        for (unsigned i = 0; i < SCOPES; i++) {
            assert_true(now - as_of[i] <= interval + step);
            if (!is_due(i, as_of[i], now, interval))
                continue;
            as_of[i] = now;
            listed[i]++;
            n++;
        }
        most[0] = n < most[0] ? n : most[0];
        most[1] = n > most[1] ? n : most[1];
    }
}

static void each_is_listed_once_an_interval_and_evenly(void **state)
{
    (void)state;
    static int64_t as_of[SCOPES];
    static unsigned listed[SCOPES];
    unsigned most[2];
    for (unsigned i = 0; i < SCOPES; i++)
        as_of[i] = START; /* all at once, as a first refresh does */
    live(as_of, START + HOUR / 20, START + HOUR + HOUR / 20, HOUR / 20, HOUR, listed, most);
    for (unsigned i = 0; i < SCOPES; i++)
        assert_int_equal(listed[i], 1);
    assert_true(most[0] >= SCOPES / 20 / 2); /* 100 a step, give or take */
    assert_true(most[1] <= SCOPES / 20 * 2);
}

static void one_second_is_enough_of_a_step(void **state)
{
    (void)state;
    unsigned due = 0;
    for (unsigned i = 0; i < SCOPES; i++)
        due += is_due(i, START, START + HOUR / SCOPES, HOUR);
    assert_true(due < 10); /* one, give or take */
}

static void nothing_is_due_twice_in_a_tick(void **state)
{
    (void)state;
    for (unsigned i = 0; i < SCOPES; i++) {
        assert_false(is_due(i, START, START, HOUR));
        assert_true(is_due(i, START, START + HOUR, HOUR)); /* at most an interval later */
        assert_false(is_due(i, START + HOUR, START + HOUR, HOUR));
    }
}

/* A tick that passed while nobody ran is made up for once, by the age that the snapshot tells. */
static void a_restart_changes_nothing(void **state)
{
    (void)state;
    for (unsigned i = 0; i < SCOPES; i++) {
        assert_true(is_due(i, START, START + 30 * HOUR, HOUR));
        assert_false(is_due(i, START + 30 * HOUR, START + 30 * HOUR, HOUR));
    }
}

static void what_never_was_listed_is_due(void **state)
{
    (void)state;
    for (unsigned i = 0; i < SCOPES; i++)
        assert_true(is_due(i, 0, START, HOUR));
}

static void a_clock_that_goes_back(void **state)
{
    (void)state;
    static int64_t as_of[SCOPES];
    static unsigned listed[SCOPES];
    unsigned most[2];
    for (unsigned i = 0; i < SCOPES; i++) {
        as_of[i] = START;
        assert_true(is_due(i, as_of[i], START - 1, HOUR)); /* who knows how old it is */
    }
    live(as_of, START - 24 * HOUR, START - 22 * HOUR, HOUR / 20, HOUR, listed, most);
    for (unsigned i = 0; i < SCOPES; i++)
        assert_in_range(listed[i], 2, 3); /* at once, then as ever */
}

static void another_interval_holds_from_then_on(void **state)
{
    (void)state;
    static int64_t as_of[SCOPES];
    static unsigned listed[SCOPES];
    unsigned most[2], at_once = 0;
    for (unsigned i = 0; i < SCOPES; i++)
        as_of[i] = START - (int64_t)i * 6 * HOUR / SCOPES; /* ages of up to six hours */
    for (unsigned i = 0; i < SCOPES; i++) {
        bool due = is_due(i, as_of[i], START, 3 * HOUR);
        at_once += due;
        if (START - as_of[i] >= 3 * HOUR)
            assert_true(due); /* too old by the new rule */
        if (due)
            as_of[i] = START;
    }
    assert_in_range(at_once, SCOPES / 2, SCOPES - 1);
    live(as_of, START, START + 12 * HOUR, HOUR / 4, 12 * HOUR, listed, most); /* and longer */
    for (unsigned i = 0; i < SCOPES; i++)
        assert_in_range(listed[i], 0, 1);
}

static void sources_and_scopes_tick_apart(void **state)
{
    (void)state;
    unsigned differ = 0;
    for (unsigned i = 0; i < 48; i++) {
        int64_t now = START + i * HOUR / 2;
        differ += eidc_scope_is_due(EIDC_STR("a"), EIDC_STR("x"), START, now, 24 * HOUR) !=
                  eidc_scope_is_due(EIDC_STR("b"), EIDC_STR("x"), START, now, 24 * HOUR);
    }
    assert_true(differ > 0);
    assert_true(eidc_scope_is_due(EIDC_STR(""), EIDC_STR(""), START, START + HOUR, HOUR));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_listed_once_an_interval_and_evenly),
        cmocka_unit_test(one_second_is_enough_of_a_step),
        cmocka_unit_test(nothing_is_due_twice_in_a_tick),
        cmocka_unit_test(a_restart_changes_nothing),
        cmocka_unit_test(what_never_was_listed_is_due),
        cmocka_unit_test(a_clock_that_goes_back),
        cmocka_unit_test(another_interval_holds_from_then_on),
        cmocka_unit_test(sources_and_scopes_tick_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
