#include "eidcached/aws/retry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void classes_of_codes(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *code;
        enum eidc_retry_class cls;
    } cases[] = {
        {400, "ThrottlingException", EIDC_RETRY_THROTTLE},
        {400, "Throttling", EIDC_RETRY_THROTTLE},
        {503, "SlowDown", EIDC_RETRY_THROTTLE}, /* the code speaks before the status */
        {400, "ProvisionedThroughputExceededException", EIDC_RETRY_THROTTLE},
        {429, "", EIDC_RETRY_THROTTLE},
        {500, "InternalServiceException", EIDC_RETRY_TRANSIENT},
        {502, "", EIDC_RETRY_TRANSIENT},
        {503, "ServiceUnavailable", EIDC_RETRY_TRANSIENT},
        {504, "", EIDC_RETRY_TRANSIENT},
        {400, "RequestTimeout", EIDC_RETRY_TRANSIENT},
        {0, "", EIDC_RETRY_TRANSIENT},
        {400, "ExpiredTokenException", EIDC_RETRY_AUTH},
        {403, "InvalidAccessKeyId", EIDC_RETRY_AUTH},
        {403, "RequestTimeTooSkewed", EIDC_RETRY_SKEW},
        {403, "InvalidSignatureException", EIDC_RETRY_SKEW},
        {501, "NotImplemented", EIDC_RETRY_NO},
        {400, "ValidationException", EIDC_RETRY_NO},
        {400, "AccessDeniedException", EIDC_RETRY_NO},
        {403, "AccessDenied", EIDC_RETRY_NO},
        {404, "NoSuchKey", EIDC_RETRY_NO},
        {412, "PreconditionFailed", EIDC_RETRY_NO},
        {304, "", EIDC_RETRY_NO},
        {400, "throttling", EIDC_RETRY_NO}, /* codes are compared as they are */
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (eidc_retry_classify(cases[i].status, cases[i].code) != cases[i].cls)
            fail_msg("%d %s", cases[i].status, cases[i].code);
    }
}

static void delays_grow_within_their_bounds(void **state)
{
    (void)state;
    for (unsigned attempt = 1; attempt < 12; attempt++) {
        int64_t transient_max = 50LL << (attempt - 1), throttle_max = 1000LL << (attempt - 1);
        for (int i = 0; i < 200; i++) {
            struct eidc_retry_quota quota = {0};
            int64_t delay = -1;
            assert_true(eidc_retry_next(&quota, EIDC_RETRY_TRANSIENT, attempt, 99, -1, &delay));
            assert_in_range(delay, 0, transient_max < 20000 ? transient_max : 20000);
            assert_true(eidc_retry_next(&quota, EIDC_RETRY_THROTTLE, attempt, 99, -1, &delay));
            assert_in_range(delay, 0, throttle_max < 20000 ? throttle_max : 20000);
        }
    }
}

static void delays_are_jittered(void **state)
{
    (void)state;
    int64_t low = INT64_MAX, high = 0;
    for (int i = 0; i < 500; i++) {
        struct eidc_retry_quota quota = {0};
        int64_t delay;
        assert_true(eidc_retry_next(&quota, EIDC_RETRY_THROTTLE, 5, 99, -1, &delay));
        low = delay < low ? delay : low;
        high = delay > high ? delay : high;
    }
    assert_true(low < 4000 && high > 12000); /* of 16 s */
}

static void the_servers_hint_is_clamped(void **state)
{
    (void)state;
    struct eidc_retry_quota quota = {0};
    int64_t delay;
    assert_true(eidc_retry_next(&quota, EIDC_RETRY_TRANSIENT, 1, 3, 1500, &delay));
    assert_int_equal(delay, 1500);
    assert_true(eidc_retry_next(&quota, EIDC_RETRY_TRANSIENT, 1, 3, 600000, &delay));
    assert_in_range(delay, 5000, 5050); /* own delay + 5 s */
    assert_true(eidc_retry_next(&quota, EIDC_RETRY_TRANSIENT, 1, 3, 0, &delay));
    assert_in_range(delay, 0, 50);
}

static void what_was_put_right_waits_for_nothing(void **state)
{
    (void)state;
    struct eidc_retry_quota quota = {0};
    int64_t delay = -1;
    assert_true(eidc_retry_next(&quota, EIDC_RETRY_AUTH, 1, 3, -1, &delay));
    assert_int_equal(delay, 0);
    assert_true(eidc_retry_next(&quota, EIDC_RETRY_SKEW, 2, 3, -1, &delay));
    assert_int_equal(delay, 0);
}

static void attempts_end(void **state)
{
    (void)state;
    struct eidc_retry_quota quota = {0};
    int64_t delay = 77;
    assert_true(eidc_retry_next(&quota, EIDC_RETRY_TRANSIENT, 2, 3, -1, &delay));
    delay = 77;
    assert_false(eidc_retry_next(&quota, EIDC_RETRY_TRANSIENT, 3, 3, -1, &delay));
    assert_false(eidc_retry_next(&quota, EIDC_RETRY_TRANSIENT, 3, 0, -1, &delay)); /* 0: 3 */
    assert_false(eidc_retry_next(&quota, EIDC_RETRY_NO, 1, 3, -1, &delay));
    assert_int_equal(delay, 77);
}

static unsigned retries_until_empty(struct eidc_retry_quota *quota, enum eidc_retry_class cls)
{
    int64_t delay;
    unsigned n = 0;
    while (n < 1000 && eidc_retry_next(quota, cls, 1, 3, -1, &delay))
        n++;
    return n;
}

static void the_quota_runs_out(void **state)
{
    (void)state;
    struct eidc_retry_quota transient = {0}, throttle = {0};
    assert_int_equal(retries_until_empty(&transient, EIDC_RETRY_TRANSIENT), 500 / 14);
    assert_int_equal(retries_until_empty(&throttle, EIDC_RETRY_THROTTLE), 500 / 5);
}

static void successes_fill_the_quota_again(void **state)
{
    (void)state;
    struct eidc_retry_quota quota = {0};
    retries_until_empty(&quota, EIDC_RETRY_THROTTLE);
    eidc_retry_success(&quota, EIDC_RETRY_THROTTLE);
    assert_int_equal(retries_until_empty(&quota, EIDC_RETRY_THROTTLE), 1);
    for (int i = 0; i < 5; i++)
        eidc_retry_success(&quota, EIDC_RETRY_NO);
    assert_int_equal(retries_until_empty(&quota, EIDC_RETRY_THROTTLE), 1);
    eidc_retry_success(&quota, EIDC_RETRY_TRANSIENT);
    assert_int_equal(retries_until_empty(&quota, EIDC_RETRY_TRANSIENT), 1);
}

static void the_quota_has_a_top(void **state)
{
    (void)state;
    struct eidc_retry_quota quota = {0};
    int64_t delay;
    eidc_retry_success(&quota, EIDC_RETRY_NO);
    assert_true(eidc_retry_next(&quota, EIDC_RETRY_THROTTLE, 1, 3, -1, &delay));
    for (int i = 0; i < 1000; i++)
        eidc_retry_success(&quota, EIDC_RETRY_TRANSIENT);
    assert_int_equal(retries_until_empty(&quota, EIDC_RETRY_THROTTLE), 100);
}

static void names_are_for_metrics(void **state)
{
    (void)state;
    assert_string_equal(eidc_retry_class_name(EIDC_RETRY_THROTTLE), "throttle");
    assert_string_equal(eidc_retry_class_name(EIDC_RETRY_TRANSIENT), "transient");
    assert_string_equal(eidc_retry_class_name(EIDC_RETRY_AUTH), "auth");
    assert_string_equal(eidc_retry_class_name(EIDC_RETRY_SKEW), "skew");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes_of_codes),
        cmocka_unit_test(delays_grow_within_their_bounds),
        cmocka_unit_test(delays_are_jittered),
        cmocka_unit_test(the_servers_hint_is_clamped),
        cmocka_unit_test(what_was_put_right_waits_for_nothing),
        cmocka_unit_test(attempts_end),
        cmocka_unit_test(the_quota_runs_out),
        cmocka_unit_test(successes_fill_the_quota_again),
        cmocka_unit_test(the_quota_has_a_top),
        cmocka_unit_test(names_are_for_metrics),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
