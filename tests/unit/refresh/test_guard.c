#include "eidcached/refresh/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/images.h"

#define NAMES(...)                                                                                 \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }

static struct eidc_guard guard_of(unsigned per_mille, unsigned confirmations)
{
    return (struct eidc_guard){.max_shrink = per_mille, .confirmations = confirmations};
}

/* What the guard makes of `after` following `before`: the image to publish, or NULL for `after`. */
static struct eidc_image *judge(struct eidc_guard *guard, struct eidc_generation *before,
                                struct eidc_image *after, bool accept)
{
    const struct eidc_build_options options = test_build_options();
    struct eidc_image *kept = NULL;
    struct eidc_err err = {0};

    assert_true(eidc_guard_judge(guard, before, after, accept, &options, &kept, &err));
    assert_true(guard->held == (kept != NULL));
    return kept;
}

static void test_small_shrink_passes(void **state)
{
    struct eidc_guard g = guard_of(100, 3);
    struct test_scope was = {"s", "a", 10, NAMES("t*100")};
    struct test_scope is = {"s", "a", 20, NAMES("t*90")};
    struct eidc_generation *before = test_generation(1, &was, 1);
    struct eidc_image *after = test_image(2, &is, 1);

    (void)state;
    assert_null(judge(&g, before, after, false)); /* exactly 10 % */
    eidc_image_free(after);
    eidc_generation_unpin(before);
    eidc_guard_free(&g);
}

static void test_ten_entries_may_always_vanish(void **state)
{
    struct eidc_guard g = guard_of(100, 3);
    struct test_scope was = {"s", "a", 10, NAMES("t*12")};
    struct test_scope is = {"s", "a", 20, NAMES("t*2")};
    struct eidc_generation *before = test_generation(1, &was, 1);
    struct eidc_image *after = test_image(2, &is, 1);

    (void)state;
    assert_null(judge(&g, before, after, false));
    eidc_image_free(after);
    eidc_generation_unpin(before);
    eidc_guard_free(&g);
}

static void test_large_shrink_is_held(void **state)
{
    struct eidc_guard g = guard_of(100, 3);
    struct test_scope was[] = {{"s", "a", 10, NAMES("t*100")}, {"s", "b", 10, NAMES("u*5")}};
    struct test_scope is[] = {{"s", "a", 20, NAMES("t*80", "fresh")}, {"s", "b", 20, NAMES("u*5")}};
    struct eidc_generation *before = test_generation(1, was, 2);
    struct eidc_image *after = test_image(2, is, 2);
    struct eidc_image *kept = judge(&g, before, after, false);
    struct eidc_scope scope;

    (void)state;
    assert_non_null(kept);
    assert_int_equal(g.removals, 20);
    assert_non_null(strstr(g.sample, "t0080"));
    assert_true(test_has(kept, "t0099")); /* stays */
    assert_true(test_has(kept, "fresh")); /* additions are published */
    assert_int_equal(eidc_image_info(kept)->names, 106);
    assert_int_equal(eidc_image_info(kept)->number, 2);
    /* the scope that holds some was not confirmed, the other one was */
    assert_true(eidc_image_scope(kept, 0, &scope));
    assert_int_equal(scope.as_of_ms, 10);
    assert_true(eidc_image_scope(kept, 1, &scope));
    assert_int_equal(scope.as_of_ms, 20);
    eidc_image_free(kept);
    eidc_image_free(after);
    eidc_generation_unpin(before);
    eidc_guard_free(&g);
}

static void test_operator_accepts(void **state)
{
    struct eidc_guard g = guard_of(100, 3);
    struct test_scope was = {"s", "a", 10, NAMES("t*100")};
    struct test_scope is = {"s", "a", 20, NAMES("t*50")};
    struct eidc_generation *before = test_generation(1, &was, 1);
    struct eidc_image *after = test_image(2, &is, 1);

    (void)state;
    eidc_image_free(judge(&g, before, after, false));
    assert_true(g.held);
    assert_null(judge(&g, before, after, true));
    assert_int_equal(g.removals, 0);
    eidc_image_free(after);
    eidc_generation_unpin(before);
    eidc_guard_free(&g);
}

static void test_confirmed_by_repetition(void **state)
{
    struct eidc_guard g = guard_of(100, 3);
    struct test_scope was = {"s", "a", 10, NAMES("t*100")};
    struct test_scope is = {"s", "a", 20, NAMES("t*50")};
    struct eidc_generation *before = test_generation(1, &was, 1);
    struct eidc_image *after = test_image(2, &is, 1);

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct eidc_image *kept = judge(&g, before, after, false);
        assert_non_null(kept);
        eidc_image_free(kept);
    }
    assert_null(judge(&g, before, after, false)); /* the third in a row agrees */
    eidc_image_free(after);
    eidc_generation_unpin(before);
    eidc_guard_free(&g);
}

static void test_other_entries_start_their_own_count(void **state)
{
    struct eidc_guard g = guard_of(100, 2);
    struct test_scope was = {"s", "a", 10, NAMES("t*40", "u*40")};
    struct test_scope lost_t = {"s", "a", 20, NAMES("u*40")};
    struct test_scope lost_u = {"s", "a", 20, NAMES("t*40")};
    struct eidc_generation *before = test_generation(1, &was, 1);
    struct eidc_image *without_t = test_image(2, &lost_t, 1);
    struct eidc_image *without_u = test_image(2, &lost_u, 1);

    (void)state;
    eidc_image_free(judge(&g, before, without_t, false));
    /* a refresh that misses the others confirms nothing about the first */
    struct eidc_image *kept = judge(&g, before, without_u, false);
    assert_non_null(kept);
    assert_true(test_has(kept, "t0000"));
    assert_true(test_has(kept, "u0000"));
    eidc_image_free(kept);
    eidc_image_free(without_t);
    eidc_image_free(without_u);
    eidc_generation_unpin(before);
    eidc_guard_free(&g);
}

static void test_names_that_return_end_it(void **state)
{
    struct eidc_guard g = guard_of(100, 3);
    struct test_scope was = {"s", "a", 10, NAMES("t*100")};
    struct test_scope is = {"s", "a", 20, NAMES("t*50")};
    struct eidc_generation *before = test_generation(1, &was, 1);
    struct eidc_image *half = test_image(2, &is, 1), *all = test_image(3, &was, 1);

    (void)state;
    eidc_image_free(judge(&g, before, half, false));
    assert_null(judge(&g, before, all, false));
    assert_false(g.held);
    assert_string_equal(g.sample, "");
    eidc_image_free(judge(&g, before, half, false)); /* and the count starts anew */
    assert_true(g.held);
    eidc_image_free(half);
    eidc_image_free(all);
    eidc_generation_unpin(before);
    eidc_guard_free(&g);
}

static void test_scope_that_vanished_whole(void **state)
{
    struct eidc_guard g = guard_of(100, 3);
    struct test_scope was[] = {{"s", "a", 10, NAMES("t*20")}, {"s", "b", 10, NAMES("u*20")}};
    struct eidc_generation *before = test_generation(1, was, 2);
    struct eidc_image *after = test_image(2, was, 1);
    struct eidc_image *kept = judge(&g, before, after, false);

    (void)state;
    assert_non_null(kept);
    assert_int_equal(eidc_image_info(kept)->scopes, 2);
    assert_true(test_has(kept, "u0019"));
    eidc_image_free(kept);
    eidc_image_free(after);
    eidc_generation_unpin(before);
    eidc_guard_free(&g);
}

static void test_first_image_has_nothing_to_lose(void **state)
{
    struct eidc_guard g = guard_of(100, 3);
    struct test_scope is = {"s", "a", 20, NAMES("t*5")};
    struct eidc_image *after = test_image(1, &is, 1);

    (void)state;
    assert_null(judge(&g, NULL, after, false));
    eidc_image_free(after);
    eidc_guard_free(&g);
}

#define WINDOW ((int64_t)32 * 3600000)
#define NOON   ((int64_t)1795608000000)

/* One after the other, each losing 4 % of what there was at first; those let go. */
static unsigned dwindle(struct eidc_guard *g, int64_t step_ms, unsigned steps)
{
    static const char *const left[] = {"t*100", "t*96", "t*92", "t*88", "t*84", "t*80"};
    unsigned let_go = 0;

    for (unsigned i = 0; i < steps; i++) {
        struct test_scope was = {"s", "a", 10, NAMES(left[i])};
        struct test_scope is = {"s", "a", 20, NAMES(left[i + 1])};
        struct eidc_generation *before = test_generation(1, &was, 1);
        struct eidc_image *after = test_image_at(NOON + i * step_ms, 2, &is, 1);
        struct eidc_image *kept = judge(g, before, after, false);
        let_go += kept == NULL;
        eidc_image_free(kept);
        eidc_image_free(after);
        eidc_generation_unpin(before);
    }
    return let_go;
}

static void test_a_catalog_does_not_vanish_a_little_at_a_time(void **state)
{
    struct eidc_guard g = guard_of(100, 3);

    (void)state;
    assert_int_equal(dwindle(&g, 600000, 5), 5); /* without scopes that wait for their turn */
    g.window_ms = WINDOW;
    assert_int_equal(dwindle(&g, 600000, 5), 2); /* 8 of 100 */
    assert_true(g.held);
    eidc_guard_free(&g);
}

static void test_what_was_let_go_is_forgotten_in_time(void **state)
{
    struct eidc_guard g = guard_of(100, 3);

    (void)state;
    g.window_ms = WINDOW;
    assert_int_equal(dwindle(&g, WINDOW / 2 + WINDOW / 16, 5), 5); /* at most two in a window */
    eidc_guard_free(&g);
}

static void test_accepting_starts_the_window_anew(void **state)
{
    struct eidc_guard g = guard_of(100, 3);
    struct test_scope was = {"s", "a", 10, NAMES("t*100")};
    struct test_scope is = {"s", "a", 20, NAMES("t*80")};
    struct eidc_generation *before = test_generation(1, &was, 1);
    struct eidc_image *after = test_image_at(NOON, 2, &is, 1);

    (void)state;
    g.window_ms = WINDOW;
    assert_int_equal(dwindle(&g, 0, 2), 2);
    assert_null(judge(&g, before, after, true));
    assert_int_equal(dwindle(&g, 0, 3), 2);
    eidc_image_free(after);
    eidc_generation_unpin(before);
    eidc_guard_free(&g);
}

static void test_the_window_is_inherited(void **state)
{
    struct eidc_guard old = guard_of(100, 3), same = guard_of(100, 3), other = guard_of(100, 3);

    (void)state;
    old.window_ms = same.window_ms = WINDOW;
    other.window_ms = 2 * WINDOW;
    assert_int_equal(dwindle(&old, 0, 2), 2);
    eidc_guard_inherit(&same, &old);
    eidc_guard_inherit(&other, &old);
    assert_int_equal(dwindle(&same, 0, 1), 0);
    assert_int_equal(dwindle(&other, 0, 1), 1); /* slots of another width say nothing */
    eidc_guard_free(&same);
    eidc_guard_free(&other);
    eidc_guard_free(&old);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small_shrink_passes),
        cmocka_unit_test(test_ten_entries_may_always_vanish),
        cmocka_unit_test(test_large_shrink_is_held),
        cmocka_unit_test(test_operator_accepts),
        cmocka_unit_test(test_confirmed_by_repetition),
        cmocka_unit_test(test_other_entries_start_their_own_count),
        cmocka_unit_test(test_names_that_return_end_it),
        cmocka_unit_test(test_scope_that_vanished_whole),
        cmocka_unit_test(test_first_image_has_nothing_to_lose),
        cmocka_unit_test(test_a_catalog_does_not_vanish_a_little_at_a_time),
        cmocka_unit_test(test_what_was_let_go_is_forgotten_in_time),
        cmocka_unit_test(test_accepting_starts_the_window_anew),
        cmocka_unit_test(test_the_window_is_inherited),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
