#include "eidcached/aws/limiter.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "eidcached/base/file.h"

#define SECOND_US INT64_C(1000000)

/* ---- as botocore has it (tests/support/make_limiter_golden.py) ---- */

static void assert_near(double is, double should, double tolerance, const char *what, size_t line)
{
    if (fabs(is - should) > tolerance)
        fail_msg("line %zu: %s is %.12g, not %.12g", line, what, is, should);
}

/* microseconds, event, limited, fill rate, measured rate, tokens, microseconds to wait */
static void play(struct eidc_limiter *limiter, char *text, size_t line)
{
    char *field[7];
    for (size_t i = 0; i < sizeof(field) / sizeof(field[0]); i++)
        assert_non_null(field[i] = strsep(&text, "\t"));
    int64_t now = strtoll(field[0], NULL, 10), wait = 0;
    if (strcmp(field[1], "send") == 0)
        assert_int_equal(eidc_limiter_take(limiter, now, &wait), strcmp(field[6], "0") == 0);
    else
        eidc_limiter_answered(limiter, strcmp(field[1], "throttle") == 0, now);
    assert_int_equal(limiter->enabled, strcmp(field[2], "1") == 0);
    assert_near(limiter->fill_rate, strtod(field[3], NULL), 1e-6, "the rate", line);
    assert_near(limiter->measured_rate, strtod(field[4], NULL), 1e-6, "the measured rate", line);
    assert_near(limiter->capacity, strtod(field[5], NULL), 1e-6, "the number of tokens", line);
    assert_near((double)wait, strtod(field[6], NULL), 2, "the time to wait", line); /* whole us */
}

static void step_by_step_as_botocore(void **state)
{
    (void)state;
    EIDC_BUF_AUTO text = {0};
    struct eidc_err err;
    struct eidc_limiter limiter = {0};
    size_t line_number = 0, events = 0;
    const char *path = EIDC_TEST_SOURCE_DIR "/tests/unit/aws/limiter_golden.tsv";
    if (!eidc_file_read(path, 1 << 20, &text, &err))
        fail_msg("%s", err.text);
    for (char *line, *rest = text.p; (line = strsep(&rest, "\n")) != NULL;) {
        line_number++;
        if (line[0] == '#') {
            const char *start = strrchr(line, '\t');
            if (start != NULL)
                eidc_limiter_start(&limiter, strtoll(start, NULL, 10));
        } else if (line[0] != '\0') {
            play(&limiter, line, line_number);
            events++;
        }
    }
    assert_true(events > 1000);
}

/* ---- in words ---- */

static void nothing_is_limited_before_the_first_throttling(void **state)
{
    (void)state;
    struct eidc_limiter limiter;
    int64_t wait;
    eidc_limiter_start(&limiter, 0);
    for (int64_t now = 0; now < 5 * SECOND_US; now += 100) {
        assert_true(eidc_limiter_take(&limiter, now, &wait));
        eidc_limiter_answered(&limiter, false, now);
    }
}

/* So many calls, as fast as allowed, all answered alike, until the time is up. */
static unsigned send_until(struct eidc_limiter *limiter, int64_t *now, int64_t until,
                           bool throttled)
{
    unsigned sent = 0;
    int64_t wait;
    while (*now < until) {
        if (!eidc_limiter_take(limiter, *now, &wait)) {
            *now += wait;
            continue;
        }
        sent++;
        *now += 1000;
        eidc_limiter_answered(limiter, throttled, *now);
    }
    return sent;
}

static void the_rate_falls_to_the_floor_and_not_below(void **state)
{
    (void)state;
    struct eidc_limiter limiter;
    int64_t now = 0;
    eidc_limiter_start(&limiter, now);
    send_until(&limiter, &now, 2 * SECOND_US, false);
    send_until(&limiter, &now, 60 * SECOND_US, true);
    assert_true(limiter.fill_rate == 0.5);
    unsigned sent = send_until(&limiter, &now, 160 * SECOND_US, true);
    assert_in_range(sent, 48, 51); /* one each 2 s, for ever */
}

static void it_recovers_from_the_floor(void **state)
{
    (void)state;
    struct eidc_limiter limiter;
    int64_t now = 0;
    eidc_limiter_start(&limiter, now);
    send_until(&limiter, &now, 60 * SECOND_US, true);
    send_until(&limiter, &now, 90 * SECOND_US, false);
    assert_true(limiter.fill_rate > 20);
}

static void an_idle_time_saves_up_a_second_at_most(void **state)
{
    (void)state;
    struct eidc_limiter limiter;
    int64_t now = 0, wait;
    unsigned burst = 0;
    eidc_limiter_start(&limiter, now);
    send_until(&limiter, &now, 5 * SECOND_US, false);
    eidc_limiter_answered(&limiter, true, now);
    double rate = limiter.fill_rate;
    now += 3600 * SECOND_US;
    while (eidc_limiter_take(&limiter, now, &wait))
        burst++;
    assert_true(burst <= rate && burst + 1 > rate);
    assert_true(wait >= 1);
}

static void a_clock_that_stands_still_ends_no_wait(void **state)
{
    (void)state;
    struct eidc_limiter limiter;
    int64_t first, again;
    eidc_limiter_start(&limiter, 7);
    eidc_limiter_answered(&limiter, true, 7);
    assert_false(eidc_limiter_take(&limiter, 7, &first));
    assert_false(eidc_limiter_take(&limiter, 7, &again));
    assert_int_equal(first, again);
    assert_false(eidc_limiter_take(&limiter, 7 + first - 1, &again));
    assert_true(eidc_limiter_take(&limiter, 7 + first, &again));
}

/* A server that takes 5 a second, with a second's worth saved up, and ten callers that each wait
 * 20 ms for an answer. */
static void many_callers_keep_to_what_a_server_takes(void **state)
{
    (void)state;
    enum { CALLERS = 10 };
    struct eidc_limiter limiter;
    int64_t answer_at[CALLERS] = {0}, server_at = 0;
    bool throttled[CALLERS] = {false}, waiting[CALLERS] = {false};
    double tokens = 5;
    unsigned sent = 0, refused = 0;
    eidc_limiter_start(&limiter, 0);
    for (int64_t now = 0; now < 300 * SECOND_US; now += 1000) {
        for (size_t i = 0; i < CALLERS; i++) {
            int64_t wait;
            if (waiting[i] && answer_at[i] <= now) {
                eidc_limiter_answered(&limiter, throttled[i], now);
                waiting[i] = false;
            }
            if (waiting[i] || !eidc_limiter_take(&limiter, now, &wait))
                continue;
            tokens = fmin(5, tokens + (double)(now - server_at) / 1e6 * 5);
            server_at = now;
            throttled[i] = tokens < 1;
            tokens -= throttled[i] ? 0 : 1;
            waiting[i] = true;
            answer_at[i] = now + 20000;
            if (now < 20 * SECOND_US)
                continue; /* warm-up */
            sent++;
            refused += throttled[i];
        }
    }
    if (refused * 10 > sent || sent < 280 * 4)
        fail_msg("%u of %u calls were throttled", refused, sent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(step_by_step_as_botocore),
        cmocka_unit_test(nothing_is_limited_before_the_first_throttling),
        cmocka_unit_test(the_rate_falls_to_the_floor_and_not_below),
        cmocka_unit_test(it_recovers_from_the_floor),
        cmocka_unit_test(an_idle_time_saves_up_a_second_at_most),
        cmocka_unit_test(a_clock_that_stands_still_ends_no_wait),
        cmocka_unit_test(many_callers_keep_to_what_a_server_takes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
