/* The linker puts this file's clock and dice in place of the real ones (--wrap). */
#include "eidcached/aws/creds.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "eidcached/base/clock.h"
#include "eidcached/base/mem.h"

#define MINUTE_MS (60 * 1000LL)
#define START_MS  1700000000000LL

static int64_t now;
static uint64_t dice;

int64_t __wrap_eidc_now_ms(void);
int64_t __wrap_eidc_now_ms(void)
{
    return now;
}

uint64_t __wrap_eidc_random_below(uint64_t below);
uint64_t __wrap_eidc_random_below(uint64_t below)
{
    assert_true(dice < below);
    return dice;
}

/* ---- a provider that says what it is told ---- */

struct inner {
    struct eidc_creds_provider base;
    unsigned asked;
    bool fails;
    int64_t expires_at_ms;
};

static bool inner_get(struct eidc_creds_provider *self, struct eidc_creds *out,
                      struct eidc_err *err)
{
    struct inner *inner = (struct inner *)(void *)self;
    inner->asked++;
    if (inner->fails)
        return eidc_fail(err, EIDC_ERR_UNAVAILABLE, "failure %u", inner->asked);
    *out = (struct eidc_creds){.access_key = eidc_xprintf("key%u", inner->asked),
                               .secret_key = eidc_xstrdup("s"),
                               .expires_at_ms = inner->expires_at_ms};
    return true;
}

static void inner_destroy(struct eidc_creds_provider *self)
{
    ((struct inner *)(void *)self)->asked = 1000;
}

static const struct eidc_creds_provider_ops inner_ops = {inner_get, inner_destroy};

struct fixture {
    struct inner inner;
    struct eidc_creds_provider *cache;
};

static int setup(void **state)
{
    static struct fixture fixture;
    now = START_MS;
    dice = 0;
    fixture.inner = (struct inner){.base = {.ops = &inner_ops, .name = "inner"}};
    fixture.cache = eidc_creds_cache_new(&fixture.inner.base);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    f->cache->ops->destroy(f->cache);
    return f->inner.asked == 1000 ? 0 : 1; /* it takes the inner one along */
}

static void assert_key(struct fixture *f, const char *expected)
{
    struct eidc_creds creds = {0};
    struct eidc_err err = {0};
    if (!f->cache->ops->get(f->cache, &creds, &err))
        fail_msg("%s", err.text);
    assert_string_equal(creds.access_key, expected);
    eidc_creds_wipe(&creds);
}

static void assert_failure(struct fixture *f, const char *expected)
{
    struct eidc_creds creds = {0};
    struct eidc_err err = {0};
    assert_false(f->cache->ops->get(f->cache, &creds, &err));
    assert_int_equal(err.kind, EIDC_ERR_UNAVAILABLE);
    assert_string_equal(err.text, expected);
    assert_null(creds.access_key);
}

/* ---- */

static void keys_without_an_end_are_kept(void **state)
{
    struct fixture *f = *state;
    assert_key(f, "key1");
    now += 10LL * 365 * 24 * 60 * MINUTE_MS;
    assert_key(f, "key1");
    assert_int_equal(f->inner.asked, 1);
}

static void refreshed_by_the_windows(void **state)
{
    struct fixture *f = *state;
    static const struct {
        int64_t life_min, window_min;
    } cases[] = {{10, 5}, {19, 5}, {20, 15}, {60, 15}, {89, 15}, {90, 60}, {360, 60}, {720, 60}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        now = START_MS;
        f->inner.expires_at_ms = now + cases[i].life_min * MINUTE_MS;
        eidc_creds_cache_invalidate(f->cache);
        f->inner.asked = 0;
        assert_key(f, "key1");
        now = f->inner.expires_at_ms - cases[i].window_min * MINUTE_MS - 1;
        assert_key(f, "key1");
        now += 1;
        assert_key(f, "key2");
    }
}

static void a_failed_refresh_keeps_the_old_set(void **state)
{
    struct fixture *f = *state;
    f->inner.expires_at_ms = now + 60 * MINUTE_MS;
    assert_key(f, "key1");
    f->inner.fails = true;
    now += 45 * MINUTE_MS;
    dice = 5 * MINUTE_MS; /* the longest wait: 10 minutes */
    assert_key(f, "key1");
    assert_int_equal(f->inner.asked, 2);
    now += 10 * MINUTE_MS - 1;
    assert_key(f, "key1");
    assert_int_equal(f->inner.asked, 2);
    now += 1;
    dice = 0; /* the shortest: 5 minutes; but one minute before the end it must try */
    assert_key(f, "key1");
    assert_int_equal(f->inner.asked, 3);
    now = f->inner.expires_at_ms - MINUTE_MS - 1;
    assert_key(f, "key1");
    assert_int_equal(f->inner.asked, 3);
    now += 1;
    assert_key(f, "key1");
    assert_int_equal(f->inner.asked, 4);
}

static void an_expired_set_stays_in_use(void **state)
{
    struct fixture *f = *state;
    f->inner.expires_at_ms = now + 10 * MINUTE_MS;
    assert_key(f, "key1");
    f->inner.fails = true;
    now += 60 * MINUTE_MS;
    assert_key(f, "key1");
    now += 5 * MINUTE_MS - 1;
    assert_key(f, "key1");
    assert_int_equal(f->inner.asked, 2);
    now += 1;
    f->inner.fails = false;
    f->inner.expires_at_ms = now + 60 * MINUTE_MS;
    assert_key(f, "key3");
    assert_int_equal(f->inner.asked, 3);
}

static void a_set_that_comes_expired_is_not_asked_for_all_the_time(void **state)
{
    struct fixture *f = *state;
    f->inner.expires_at_ms = now - 1;
    assert_key(f, "key1");
    now += 5 * MINUTE_MS - 1;
    assert_key(f, "key1");
    now += 1;
    assert_key(f, "key2");
}

static void a_set_that_comes_late_is_tried_again_before_its_end(void **state)
{
    struct fixture *f = *state;
    f->inner.expires_at_ms = now + 4 * MINUTE_MS;
    assert_key(f, "key1");
    now += 3 * MINUTE_MS - 1;
    assert_key(f, "key1");
    now += 1;
    assert_key(f, "key2");
}

static void a_first_failure_is_shared_briefly(void **state)
{
    struct fixture *f = *state;
    f->inner.fails = true;
    assert_failure(f, "failure 1");
    assert_failure(f, "failure 1");
    now += 4999;
    assert_failure(f, "failure 1");
    now += 1;
    assert_failure(f, "failure 2");
    f->inner.fails = false;
    now += 5000;
    assert_key(f, "key3");
}

static void an_invalidated_set_is_not_used_again(void **state)
{
    struct fixture *f = *state;
    assert_key(f, "key1");
    eidc_creds_cache_invalidate(f->cache);
    assert_key(f, "key2");
    eidc_creds_cache_invalidate(f->cache);
    f->inner.fails = true;
    assert_failure(f, "failure 3");
    f->inner.fails = false;
    eidc_creds_cache_invalidate(f->cache); /* asks at once, whatever was remembered */
    assert_key(f, "key4");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(keys_without_an_end_are_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(refreshed_by_the_windows, setup, teardown),
        cmocka_unit_test_setup_teardown(a_failed_refresh_keeps_the_old_set, setup, teardown),
        cmocka_unit_test_setup_teardown(an_expired_set_stays_in_use, setup, teardown),
        cmocka_unit_test_setup_teardown(a_set_that_comes_expired_is_not_asked_for_all_the_time,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_set_that_comes_late_is_tried_again_before_its_end, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_first_failure_is_shared_briefly, setup, teardown),
        cmocka_unit_test_setup_teardown(an_invalidated_set_is_not_used_again, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
