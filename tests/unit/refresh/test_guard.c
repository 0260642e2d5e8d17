#include "eidcached/refresh/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/images.h"

/* A guard of 10 % and three refreshes, what it compares with, and what it has held in the end. */
static struct eidc_guard g;
static struct eidc_generation *before;
static struct eidc_image *kept; /* NULL: nothing */

static int set_up(void **state)
{
    (void)state;
    g = (struct eidc_guard){.max_shrink = 100, .confirmations = 3};
    return 0;
}

static void have_scopes(const struct test_scope *scopes, size_t n)
{
    eidc_generation_unpin(before);
    before = test_generation(1, scopes, n);
}

static void have(const char *const *names)
{
    have_scopes(&(struct test_scope){"s", "a", 10, names}, 1);
}

/* The guard judges what was listed after that: whether it holds something. */
static bool judge(struct eidc_image *listed, bool accept)
{
    const struct eidc_build_options options = test_build_options();
    struct eidc_err err = {0};

    eidc_image_free(kept);
    assert_true(eidc_guard_judge(&g, before, listed, accept, &options, &kept, &err));
    assert_true(g.held == (kept != NULL));
    eidc_image_free(listed);
    return g.held;
}

static bool holds_after(const char *const *names)
{
    return judge(test_image(2, &(struct test_scope){"s", "a", 20, names}, 1), false);
}

static int tear_down(void **state)
{
    (void)state;
    eidc_image_free(kept);
    eidc_generation_unpin(before);
    eidc_guard_free(&g);
    kept = NULL;
    before = NULL;
    return 0;
}

static void test_small_shrink_passes(void **state)
{
    (void)state;
    have(NAMES("t*200"));
    assert_false(holds_after(NAMES("t*180"))); /* exactly 10 % */
    assert_true(holds_after(NAMES("t*179")));
}

static void test_ten_entries_may_always_vanish(void **state)
{
    (void)state;
    have(NAMES("t*12"));
    assert_false(holds_after(NAMES("t*2")));
}

static void test_large_shrink_is_held(void **state)
{
    struct test_scope was[] = {{"s", "a", 10, NAMES("t*100")}, {"s", "b", 10, NAMES("u*5")}};
    struct test_scope is[] = {{"s", "a", 20, NAMES("t*80", "fresh")}, {"s", "b", 20, NAMES("u*5")}};
    struct eidc_scope scope;

    (void)state;
    have_scopes(was, 2);
    assert_true(judge(test_image(2, is, 2), false));
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
}

static void test_operator_accepts(void **state)
{
    struct test_scope half = {"s", "a", 20, NAMES("t*50")};

    (void)state;
    have(NAMES("t*100"));
    assert_true(judge(test_image(2, &half, 1), false));
    assert_false(judge(test_image(2, &half, 1), true));
    assert_int_equal(g.removals, 0);
}

static void test_confirmed_by_repetition(void **state)
{
    (void)state;
    have(NAMES("t*100"));
    for (unsigned i = 1; i <= 2; i++) {
        assert_true(holds_after(NAMES("t*50")));
        assert_int_equal(g.agreed, i);
        assert_int_equal(g.let_go_confirmed, 0);
    }
    assert_false(holds_after(NAMES("t*50"))); /* the third in a row agrees */
    assert_int_equal(g.agreed, 0);
    assert_int_equal(g.let_go_confirmed, 50);
    assert_false(holds_after(NAMES("t*95"))); /* few enough: nobody had to agree */
    assert_int_equal(g.let_go_confirmed, 0);
}

static void test_other_entries_start_their_own_count(void **state)
{
    (void)state;
    g.confirmations = 2;
    have(NAMES("t*40", "u*40"));
    assert_true(holds_after(NAMES("u*40")));
    /* a refresh that misses the others confirms nothing about the first */
    assert_true(holds_after(NAMES("t*40")));
    assert_true(test_has(kept, "t0000"));
    assert_true(test_has(kept, "u0000"));
}

/* It is as near to the end as its youngest entry; the older ones go when their time has come. */
static void test_the_youngest_is_what_counts(void **state)
{
    (void)state;
    have(NAMES("t*40", "u*40"));
    assert_true(holds_after(NAMES("u*40")));
    assert_true(holds_after(NAMES("u*20")));
    assert_int_equal(g.removals, 60);
    assert_int_equal(g.agreed, 1);
    assert_true(holds_after(NAMES("u*20")));
    assert_int_equal(g.let_go_confirmed, 40);
    assert_int_equal(g.removals, 20);
    assert_int_equal(g.agreed, 2);
}

static void test_names_that_return_end_it(void **state)
{
    (void)state;
    have(NAMES("t*100"));
    assert_true(holds_after(NAMES("t*50")));
    assert_false(holds_after(NAMES("t*100")));
    assert_string_equal(g.sample, "");
    for (int i = 0; i < 2; i++)
        assert_true(holds_after(NAMES("t*50"))); /* and the count starts anew */
}

static void test_scope_that_vanished_whole(void **state)
{
    struct test_scope was[] = {{"s", "a", 10, NAMES("t*20")}, {"s", "b", 10, NAMES("u*20")}};

    (void)state;
    have_scopes(was, 2);
    assert_true(judge(test_image(2, was, 1), false));
    assert_int_equal(eidc_image_info(kept)->scopes, 2);
    assert_true(test_has(kept, "u0019"));
}

static void test_first_image_has_nothing_to_lose(void **state)
{
    (void)state;
    assert_false(holds_after(NAMES("t*5")));
}

#define WINDOW ((int64_t)32 * 3600000)
#define NOON   ((int64_t)1795608000000)

/* One after the other, each losing 4 % of what there was at first; those let go. */
static unsigned dwindle(int64_t step_ms, unsigned steps)
{
    static const char *const left[] = {"t*100", "t*96", "t*92", "t*88", "t*84", "t*80"};
    unsigned let_go = 0;

    for (unsigned i = 0; i < steps; i++) {
        struct test_scope is = {"s", "a", 20, NAMES(left[i + 1])};
        have(NAMES(left[i]));
        let_go += !judge(test_image_at(NOON + i * step_ms, 2, &is, 1), false);
    }
    return let_go;
}

static void test_a_catalog_does_not_vanish_a_little_at_a_time(void **state)
{
    (void)state;
    assert_int_equal(dwindle(600000, 5), 5); /* without scopes that wait for their turn */
    g.window_ms = WINDOW;
    assert_int_equal(dwindle(600000, 5), 2); /* 8 of 100 */
    assert_true(g.held);
}

static void test_what_was_let_go_is_forgotten_in_time(void **state)
{
    (void)state;
    g.window_ms = WINDOW;
    assert_int_equal(dwindle(WINDOW / 2 + WINDOW / 16, 5), 5); /* at most two in a window */
}

static void test_accepting_starts_the_window_anew(void **state)
{
    struct test_scope is = {"s", "a", 20, NAMES("t*80")};

    (void)state;
    g.window_ms = WINDOW;
    assert_int_equal(dwindle(0, 2), 2);
    have(NAMES("t*100"));
    assert_false(judge(test_image_at(NOON, 2, &is, 1), true));
    assert_int_equal(dwindle(0, 3), 2);
}

static void test_the_window_is_inherited(void **state)
{
    struct eidc_guard same = g, other = g;

    (void)state;
    g.window_ms = same.window_ms = WINDOW;
    other.window_ms = 2 * WINDOW;
    assert_int_equal(dwindle(0, 2), 2);
    eidc_guard_inherit(&same, &g);
    eidc_guard_inherit(&other, &g);
    g = same;
    assert_int_equal(dwindle(0, 1), 0);
    eidc_guard_free(&g);
    g = other;
    assert_int_equal(dwindle(0, 1), 1); /* slots of another width say nothing */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_small_shrink_passes),
        TEST(test_ten_entries_may_always_vanish),
        TEST(test_large_shrink_is_held),
        TEST(test_operator_accepts),
        TEST(test_confirmed_by_repetition),
        TEST(test_other_entries_start_their_own_count),
        TEST(test_the_youngest_is_what_counts),
        TEST(test_names_that_return_end_it),
        TEST(test_scope_that_vanished_whole),
        TEST(test_first_image_has_nothing_to_lose),
        TEST(test_a_catalog_does_not_vanish_a_little_at_a_time),
        TEST(test_what_was_let_go_is_forgotten_in_time),
        TEST(test_accepting_starts_the_window_anew),
        TEST(test_the_window_is_inherited),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
