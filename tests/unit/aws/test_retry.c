#include "eidcached/aws/retry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "eidcached/base/file.h"
#include "tests/support/aws_env.h"

/* In standard mode; hint_ms -1: none. */
static bool next(struct eidc_retry_quota *quota, enum eidc_retry_class cls, unsigned tries,
                 unsigned max_attempts, int64_t hint_ms, int64_t *delay_ms)
{
    const struct eidc_retry_rules rules = {.max_attempts = max_attempts};
    const struct eidc_retry_try failed = {.cls = cls, .tries = tries, .hint_ms = hint_ms};
    unsigned cost;
    return eidc_retry_next(quota, &rules, &failed, delay_ms, &cost);
}

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
            assert_true(next(&quota, EIDC_RETRY_TRANSIENT, attempt, 99, -1, &delay));
            assert_in_range(delay, 0, transient_max < 20000 ? transient_max : 20000);
            assert_true(next(&quota, EIDC_RETRY_THROTTLE, attempt, 99, -1, &delay));
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
        assert_true(next(&quota, EIDC_RETRY_THROTTLE, 5, 99, -1, &delay));
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
    assert_true(next(&quota, EIDC_RETRY_TRANSIENT, 1, 3, 1500, &delay));
    assert_int_equal(delay, 1500);
    assert_true(next(&quota, EIDC_RETRY_TRANSIENT, 1, 3, 600000, &delay));
    assert_in_range(delay, 5000, 5050); /* own delay + 5 s */
    assert_true(next(&quota, EIDC_RETRY_TRANSIENT, 1, 3, 0, &delay));
    assert_in_range(delay, 0, 50);
}

static void what_was_put_right_waits_for_nothing(void **state)
{
    (void)state;
    struct eidc_retry_quota quota = {0};
    int64_t delay = -1;
    assert_true(next(&quota, EIDC_RETRY_AUTH, 1, 3, -1, &delay));
    assert_int_equal(delay, 0);
    assert_true(next(&quota, EIDC_RETRY_SKEW, 2, 3, -1, &delay));
    assert_int_equal(delay, 0);
}

static void attempts_end(void **state)
{
    (void)state;
    struct eidc_retry_quota quota = {0};
    int64_t delay = 77;
    assert_true(next(&quota, EIDC_RETRY_TRANSIENT, 2, 3, -1, &delay));
    delay = 77;
    assert_false(next(&quota, EIDC_RETRY_TRANSIENT, 3, 3, -1, &delay));
    assert_false(next(&quota, EIDC_RETRY_TRANSIENT, 3, 0, -1, &delay)); /* 0: 3 */
    assert_false(next(&quota, EIDC_RETRY_NO, 1, 3, -1, &delay));
    assert_int_equal(delay, 77);
}

static unsigned retries_until_empty(struct eidc_retry_quota *quota, enum eidc_retry_class cls)
{
    int64_t delay;
    unsigned n = 0;
    while (n < 1000 && next(quota, cls, 1, 3, -1, &delay))
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
    eidc_retry_success(&quota, 5);
    assert_int_equal(retries_until_empty(&quota, EIDC_RETRY_THROTTLE), 1);
    for (int i = 0; i < 5; i++)
        eidc_retry_success(&quota, 0);
    assert_int_equal(retries_until_empty(&quota, EIDC_RETRY_THROTTLE), 1);
    eidc_retry_success(&quota, 14);
    assert_int_equal(retries_until_empty(&quota, EIDC_RETRY_TRANSIENT), 1);
}

static void the_quota_has_a_top(void **state)
{
    (void)state;
    struct eidc_retry_quota quota = {0};
    int64_t delay;
    eidc_retry_success(&quota, 0);
    assert_true(next(&quota, EIDC_RETRY_THROTTLE, 1, 3, -1, &delay));
    for (int i = 0; i < 1000; i++)
        eidc_retry_success(&quota, 14);
    assert_int_equal(retries_until_empty(&quota, EIDC_RETRY_THROTTLE), 100);
}

static void what_a_retry_costs(void **state)
{
    (void)state;
    static const struct {
        enum eidc_retry_class cls;
        bool adaptive;
        unsigned cost;
    } cases[] = {{EIDC_RETRY_THROTTLE, false, 5},
                 {EIDC_RETRY_TRANSIENT, false, 14},
                 {EIDC_RETRY_AUTH, false, 14},
                 {EIDC_RETRY_THROTTLE, true, 0},
                 {EIDC_RETRY_TRANSIENT, true, 14}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct eidc_retry_rules rules = {.adaptive = cases[i].adaptive};
        const struct eidc_retry_try failed = {.cls = cases[i].cls, .tries = 1, .hint_ms = -1};
        struct eidc_retry_quota quota = {0};
        int64_t delay;
        unsigned cost = 99;
        assert_true(eidc_retry_next(&quota, &rules, &failed, &delay, &cost));
        assert_int_equal(cost, cases[i].cost);
        assert_int_equal(quota.tokens, 500 - cases[i].cost);
    }
}

static bool adaptive_next(struct eidc_retry_quota *quota, enum eidc_retry_class cls, unsigned tries,
                          unsigned throttled)
{
    const struct eidc_retry_rules rules = {.adaptive = true};
    const struct eidc_retry_try failed = {
        .cls = cls, .tries = tries, .throttled = throttled, .hint_ms = -1};
    int64_t delay;
    unsigned cost;
    return eidc_retry_next(quota, &rules, &failed, &delay, &cost);
}

static void adaptive_mode_counts_throttled_tries_apart(void **state)
{
    (void)state;
    struct eidc_retry_quota quota = {.started = true}; /* empty */
    assert_true(adaptive_next(&quota, EIDC_RETRY_THROTTLE, 3, 3));
    assert_true(adaptive_next(&quota, EIDC_RETRY_THROTTLE, 9, 9));
    assert_false(adaptive_next(&quota, EIDC_RETRY_THROTTLE, 10, 10));
    assert_true(adaptive_next(&quota, EIDC_RETRY_THROTTLE, 11, 9));  /* after 2 failures */
    assert_false(adaptive_next(&quota, EIDC_RETRY_TRANSIENT, 4, 3)); /* no tokens */
    quota.tokens = 500;
    assert_true(adaptive_next(&quota, EIDC_RETRY_TRANSIENT, 5, 3));
    assert_false(adaptive_next(&quota, EIDC_RETRY_TRANSIENT, 6, 3)); /* the third failure */
}

static void dynamodb_starts_from_25_ms(void **state)
{
    (void)state;
    const struct eidc_retry_rules rules = {.transient_base_ms = 25};
    const struct eidc_retry_try failed = {.cls = EIDC_RETRY_TRANSIENT, .tries = 2, .hint_ms = -1};
    int64_t high = 0;
    for (int i = 0; i < 500; i++) {
        struct eidc_retry_quota quota = {0};
        int64_t delay;
        unsigned cost;
        assert_true(eidc_retry_next(&quota, &rules, &failed, &delay, &cost));
        assert_in_range(delay, 0, 50);
        high = delay > high ? delay : high;
    }
    assert_true(high > 40);
}

/* --- where the rules come from --------------------------------------------------------------- */

static char config_path[64];

static int with_config(void **state)
{
    struct eidc_err err;
    snprintf(config_path, sizeof(config_path), "/tmp/eidc-retry-%ld.config", (long)getpid());
    aws_env_clear(state);
    assert_true(eidc_file_write(config_path,
                                EIDC_STR("[default]\nretry_mode = adaptive\nmax_attempts = 5\n"
                                         "[profile old]\nretry_mode = legacy\n"
                                         "[profile bad]\nretry_mode = eager\n"),
                                0600, &err));
    return setenv("AWS_CONFIG_FILE", config_path, 1);
}

static int without_config(void **state)
{
    (void)state;
    return unlink(config_path);
}

static void assert_rules(const struct eidc_aws_settings *settings, const char *service,
                         unsigned max_attempts, bool adaptive)
{
    struct eidc_retry_rules rules;
    struct eidc_err err;
    if (!eidc_retry_rules_resolve(settings, service, &rules, &err))
        fail_msg("%s", err.text);
    assert_int_equal(rules.max_attempts, max_attempts);
    assert_int_equal(rules.adaptive, adaptive);
    assert_int_equal(rules.transient_base_ms, strcmp(service, "dynamodb") == 0 ? 25 : 0);
}

static void rules_without_settings(void **state)
{
    (void)state;
    const struct eidc_aws_settings settings = {0};
    assert_rules(&settings, "glue", 0, false);
    assert_rules(&settings, "dynamodb", 4, false);
}

static void the_nearest_setting_wins(void **state)
{
    (void)state;
    struct eidc_aws_settings settings = {0};
    assert_rules(&settings, "glue", 5, true);
    assert_rules(&settings, "dynamodb", 5, true);
    setenv("AWS_RETRY_MODE", "Standard", 1);
    setenv("AWS_MAX_ATTEMPTS", "7", 1);
    assert_rules(&settings, "glue", 7, false);
    settings.retry_mode = EIDC_RETRY_MODE_ADAPTIVE;
    settings.max_attempts = 2;
    assert_rules(&settings, "dynamodb", 2, true);
    setenv("AWS_RETRY_MODE", "adaptive", 1);
    settings.retry_mode = EIDC_RETRY_MODE_STANDARD;
    assert_rules(&settings, "glue", 2, false);
}

static void legacy_mode_is_standard(void **state)
{
    (void)state;
    const struct eidc_aws_settings settings = {.profile = "old"};
    assert_rules(&settings, "glue", 0, false);
}

static void bad_settings_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *variable, *value, *profile, *text;
    } cases[] = {{"AWS_MAX_ATTEMPTS", "0", NULL, "AWS_MAX_ATTEMPTS"},
                 {"AWS_MAX_ATTEMPTS", "many", NULL, "\"many\""},
                 {"AWS_RETRY_MODE", "fast", NULL, "AWS_RETRY_MODE"},
                 {"AWS_MAX_ATTEMPTS", "3", "bad", "\"eager\""}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct eidc_aws_settings settings = {.profile = cases[i].profile};
        struct eidc_retry_rules rules = {.max_attempts = 77};
        struct eidc_err err;
        unsetenv("AWS_RETRY_MODE");
        unsetenv("AWS_MAX_ATTEMPTS");
        setenv(cases[i].variable, cases[i].value, 1);
        assert_false(eidc_retry_rules_resolve(&settings, "glue", &rules, &err));
        assert_int_equal(err.kind, EIDC_ERR_INVALID);
        assert_non_null(strstr(err.text, cases[i].text));
        assert_int_equal(rules.max_attempts, 77);
    }
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
        cmocka_unit_test(what_a_retry_costs),
        cmocka_unit_test(adaptive_mode_counts_throttled_tries_apart),
        cmocka_unit_test(dynamodb_starts_from_25_ms),
        cmocka_unit_test_setup(rules_without_settings, aws_env_clear),
        cmocka_unit_test_setup_teardown(the_nearest_setting_wins, with_config, without_config),
        cmocka_unit_test_setup_teardown(legacy_mode_is_standard, with_config, without_config),
        cmocka_unit_test_setup_teardown(bad_settings_are_named, with_config, without_config),
        cmocka_unit_test(names_are_for_metrics),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
