/* The linker puts this file's clock and dice in place of the real ones (--wrap). */
#include "eidcached/aws/creds_cache.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "eidcached/base/clock.h"
#include "eidcached/base/mem.h"
#include "tests/support/creds_get.h"

#define MINUTE_MS (60 * 1000LL)
#define START_MS  1700000000000LL

static int64_t now, mono;
static uint64_t dice;

int64_t __wrap_eidc_now_ms(void);
int64_t __wrap_eidc_now_ms(void)
{
    return now;
}

int64_t __wrap_eidc_mono_ms(void);
int64_t __wrap_eidc_mono_ms(void)
{
    return mono;
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
    enum eidc_err_kind fails; /* NONE: it gives a set */
    bool slow;                /* it tells when the test says so: inner_end() */
    bool same_key, strict;
    int64_t expires_at_ms;
    eidc_creds_done *done; /* of the get that is going on */
    void *arg;
};

static void inner_end(struct inner *inner)
{
    struct eidc_creds set = {.access_key = inner->same_key ? eidc_xstrdup("key")
                                                           : eidc_xprintf("key%u", inner->asked),
                             .secret_key = eidc_xstrdup("s"),
                             .expires_at_ms = inner->expires_at_ms,
                             .strict = inner->strict};
    struct eidc_err err;
    eidc_fail(&err, inner->fails, "failure %u", inner->asked);
    eidc_creds_done *done = inner->done;
    assert_non_null(done);
    inner->done = NULL;
    eidc_creds_tell(!inner->fails, &set, &err, done, inner->arg);
}

static void inner_get(struct eidc_creds_provider *self, eidc_creds_done *done, void *arg)
{
    struct inner *inner = (struct inner *)(void *)self;
    assert_null(inner->done); /* one at a time */
    inner->asked++;
    inner->done = done;
    inner->arg = arg;
    if (!inner->slow)
        inner_end(inner);
}

static void inner_cancel(struct eidc_creds_provider *self)
{
    struct inner *inner = (struct inner *)(void *)self;
    if (inner->done == NULL)
        return;
    inner->fails = EIDC_ERR_CANCELLED;
    inner_end(inner);
    inner->fails = EIDC_ERR_NONE;
}

static void inner_destroy(struct eidc_creds_provider *self)
{
    ((struct inner *)(void *)self)->asked = 1000;
}

static const struct eidc_creds_provider_ops inner_ops = {inner_get, inner_cancel, inner_destroy};

struct fixture {
    struct inner inner;
    struct eidc_creds_provider *cache;
};

static int setup(void **state)
{
    static struct fixture fixture;
    now = START_MS;
    mono = 1000000;
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
    if (!creds_get(f->cache, NULL, &creds, &err))
        fail_msg("%s", err.text);
    assert_string_equal(creds.access_key, expected);
    eidc_creds_wipe(&creds);
}

static void assert_failure(struct fixture *f, const char *expected)
{
    struct eidc_creds creds = {0};
    struct eidc_err err = {0};
    assert_false(creds_get(f->cache, NULL, &creds, &err));
    assert_string_equal(err.text, expected);
    assert_null(creds.access_key);
}

/* What is held is dropped. */
static void refuse(struct fixture *f)
{
    struct eidc_creds creds = {0};
    struct eidc_err err = {0};
    mono += 31000;
    if (creds_get(f->cache, NULL, &creds, &err))
        eidc_creds_cache_refused(f->cache, creds.access_key);
    eidc_creds_wipe(&creds);
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
        refuse(f);
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
    f->inner.fails = EIDC_ERR_UNAVAILABLE;
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
    f->inner.fails = EIDC_ERR_UNAVAILABLE;
    now += 60 * MINUTE_MS;
    assert_key(f, "key1");
    now += 5 * MINUTE_MS - 1;
    assert_key(f, "key1");
    assert_int_equal(f->inner.asked, 2);
    now += 1;
    f->inner.fails = EIDC_ERR_NONE;
    f->inner.expires_at_ms = now + 60 * MINUTE_MS;
    assert_key(f, "key3");
    assert_int_equal(f->inner.asked, 3);
}

static void a_strict_set_is_not_used_past_its_end(void **state)
{
    struct fixture *f = *state;
    int64_t end = f->inner.expires_at_ms = now + 60 * MINUTE_MS;
    f->inner.strict = true;
    assert_key(f, "key1");
    f->inner.fails = EIDC_ERR_UNAVAILABLE;
    now = end - 14 * MINUTE_MS;
    assert_key(f, "key1");
    now = end - 1; /* tried once more just before */
    assert_key(f, "key1");
    assert_int_equal(f->inner.asked, 3);
    now = end;
    assert_failure(f, "failure 4");
    now += 5000;
    f->inner.fails = EIDC_ERR_NONE;
    f->inner.expires_at_ms = end + 60 * MINUTE_MS;
    assert_key(f, "key5");
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
    f->inner.fails = EIDC_ERR_UNAVAILABLE;
    assert_failure(f, "failure 1");
    assert_failure(f, "failure 1");
    now += 4999;
    assert_failure(f, "failure 1");
    now += 1;
    assert_failure(f, "failure 2");
    f->inner.fails = EIDC_ERR_NONE;
    now += 5000;
    assert_key(f, "key3");
}

static void a_refused_set_is_not_used_again(void **state)
{
    struct fixture *f = *state;
    assert_key(f, "key1");
    eidc_creds_cache_refused(f->cache, "key1");
    assert_key(f, "key2");
    eidc_creds_cache_refused(f->cache, "key1"); /* of a call that was sent before */
    assert_key(f, "key2");
    eidc_creds_cache_refused(f->cache, "key2");
    f->inner.fails = EIDC_ERR_UNAVAILABLE;
    assert_failure(f, "failure 3");
}

static void a_key_that_comes_back_is_not_asked_for_by_every_call(void **state)
{
    struct fixture *f = *state;
    f->inner.same_key = true;
    assert_key(f, "key");
    eidc_creds_cache_refused(f->cache, "key");
    assert_key(f, "key");
    mono += 29999;
    eidc_creds_cache_refused(f->cache, "key");
    assert_key(f, "key");
    assert_int_equal(f->inner.asked, 2);
    mono += 1;
    eidc_creds_cache_refused(f->cache, "key");
    assert_key(f, "key");
    assert_int_equal(f->inner.asked, 3);
}

static void a_refusal_is_told_at_once_and_takes_the_old_set_back(void **state)
{
    struct fixture *f = *state;
    static const enum eidc_err_kind kinds[] = {EIDC_ERR_DENIED, EIDC_ERR_INVALID};
    for (size_t i = 0; i < 2; i++) {
        f->inner.fails = EIDC_ERR_NONE;
        f->inner.expires_at_ms = now + 60 * MINUTE_MS;
        f->inner.asked = 0;
        assert_key(f, "key1");
        now += 46 * MINUTE_MS;
        f->inner.fails = kinds[i];
        assert_failure(f, "failure 2");
        now += 4999;
        assert_failure(f, "failure 2");
        now += 1;
        f->inner.fails = EIDC_ERR_NONE;
        f->inner.expires_at_ms = now + 60 * MINUTE_MS;
        assert_key(f, "key3");
        refuse(f);
    }
}

/* ---- while it waits ---- */

static void all_who_ask_wait_for_one_refresh(void **state)
{
    struct fixture *f = *state;
    struct creds_got got[3] = {0};
    f->inner.slow = true;
    for (size_t i = 0; i < 3; i++)
        f->cache->ops->get(f->cache, creds_got_done, &got[i]);
    assert_int_equal(f->inner.asked, 1);
    assert_true(eidc_creds_cache_is_busy(f->cache));
    assert_int_equal(got[0].told, 0);
    inner_end(&f->inner);
    assert_false(eidc_creds_cache_is_busy(f->cache));
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(got[i].told, 1);
        assert_string_equal(got[i].creds.access_key, "key1"); /* a copy each */
        eidc_creds_wipe(&got[i].creds);
    }
}

static void a_failure_is_told_to_all_who_wait(void **state)
{
    struct fixture *f = *state;
    struct creds_got got[2] = {0};
    f->inner.slow = true;
    f->inner.fails = EIDC_ERR_TIMEOUT;
    f->cache->ops->get(f->cache, creds_got_done, &got[0]);
    f->cache->ops->get(f->cache, creds_got_done, &got[1]);
    inner_end(&f->inner);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(got[i].told, 1);
        assert_false(got[i].ok);
        assert_string_equal(got[i].err.text, "failure 1");
    }
}

static void the_old_set_serves_while_a_fresh_one_comes(void **state)
{
    struct fixture *f = *state;
    int64_t end = f->inner.expires_at_ms = now + 60 * MINUTE_MS;
    assert_key(f, "key1");
    f->inner.slow = true;
    now = end - 15 * MINUTE_MS;
    assert_key(f, "key1"); /* starts it */
    assert_key(f, "key1");
    assert_int_equal(f->inner.asked, 2);
    now = end - MINUTE_MS - 1;
    assert_key(f, "key1");
    now = end - MINUTE_MS; /* from here on one waits */
    struct creds_got got = {0};
    f->cache->ops->get(f->cache, creds_got_done, &got);
    assert_int_equal(got.told, 0);
    f->inner.expires_at_ms = now + 60 * MINUTE_MS;
    inner_end(&f->inner);
    assert_string_equal(got.creds.access_key, "key2");
    eidc_creds_wipe(&got.creds);
    assert_key(f, "key2");
    assert_int_equal(f->inner.asked, 2);
}

static void who_waited_for_a_failed_refresh_has_the_old_set(void **state)
{
    struct fixture *f = *state;
    int64_t end = f->inner.expires_at_ms = now + 60 * MINUTE_MS;
    struct creds_got got = {0};
    assert_key(f, "key1");
    f->inner.slow = true;
    f->inner.fails = EIDC_ERR_UNAVAILABLE;
    now = end + MINUTE_MS;
    f->cache->ops->get(f->cache, creds_got_done, &got);
    assert_int_equal(got.told, 0);
    inner_end(&f->inner);
    assert_true(got.ok);
    assert_string_equal(got.creds.access_key, "key1");
    eidc_creds_wipe(&got.creds);
}

static void a_cancel_ends_the_wait_and_says_nothing_about_the_set(void **state)
{
    struct fixture *f = *state;
    int64_t end = f->inner.expires_at_ms = now + 60 * MINUTE_MS;
    struct creds_got got[2] = {0};
    f->inner.slow = true;
    f->cache->ops->get(f->cache, creds_got_done, &got[0]);
    f->cache->ops->cancel(f->cache);
    assert_int_equal(got[0].told, 1);
    assert_int_equal(got[0].err.kind, EIDC_ERR_CANCELLED);
    f->cache->ops->cancel(f->cache); /* nothing to do */

    f->inner.slow = false;
    assert_key(f, "key2"); /* the end was not kept as a failure */
    f->inner.slow = true;
    now = end - 10 * MINUTE_MS;
    assert_key(f, "key2");
    now = end;
    f->cache->ops->get(f->cache, creds_got_done, &got[1]);
    f->cache->ops->cancel(f->cache);
    assert_int_equal(got[1].err.kind, EIDC_ERR_CANCELLED);
    f->inner.slow = false;
    f->inner.expires_at_ms = end + 60 * MINUTE_MS;
    assert_key(f, "key4"); /* asked at once: there was no failure to wait after */
}

struct again {
    struct fixture *f;
    struct creds_got got;
    bool cancels;
};

static void ask_again(void *arg, struct eidc_creds *creds, const struct eidc_err *err)
{
    struct again *again = arg;
    (void)creds;
    (void)err;
    if (again->cancels)
        again->f->cache->ops->cancel(again->f->cache);
    else
        again->f->cache->ops->get(again->f->cache, creds_got_done, &again->got);
}

static void who_is_told_may_ask_again(void **state)
{
    struct fixture *f = *state;
    struct again again = {.f = f};
    f->inner.slow = true;
    f->cache->ops->get(f->cache, ask_again, &again);
    inner_end(&f->inner);
    assert_int_equal(again.got.told, 1); /* from the set */
    assert_string_equal(again.got.creds.access_key, "key1");
    eidc_creds_wipe(&again.got.creds);
}

static void who_is_told_may_cancel_the_others(void **state)
{
    struct fixture *f = *state;
    struct again again = {.f = f, .cancels = true};
    struct creds_got got = {0};
    f->inner.slow = true;
    f->cache->ops->get(f->cache, ask_again, &again);
    f->cache->ops->get(f->cache, creds_got_done, &got);
    inner_end(&f->inner);
    assert_int_equal(got.told, 1);
    assert_int_equal(got.err.kind, EIDC_ERR_CANCELLED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(keys_without_an_end_are_kept),
        TEST(refreshed_by_the_windows),
        TEST(a_failed_refresh_keeps_the_old_set),
        TEST(an_expired_set_stays_in_use),
        TEST(a_strict_set_is_not_used_past_its_end),
        TEST(a_set_that_comes_expired_is_not_asked_for_all_the_time),
        TEST(a_set_that_comes_late_is_tried_again_before_its_end),
        TEST(a_first_failure_is_shared_briefly),
        TEST(a_refused_set_is_not_used_again),
        TEST(a_key_that_comes_back_is_not_asked_for_by_every_call),
        TEST(a_refusal_is_told_at_once_and_takes_the_old_set_back),
        TEST(all_who_ask_wait_for_one_refresh),
        TEST(a_failure_is_told_to_all_who_wait),
        TEST(the_old_set_serves_while_a_fresh_one_comes),
        TEST(who_waited_for_a_failed_refresh_has_the_old_set),
        TEST(a_cancel_ends_the_wait_and_says_nothing_about_the_set),
        TEST(who_is_told_may_ask_again),
        TEST(who_is_told_may_cancel_the_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
