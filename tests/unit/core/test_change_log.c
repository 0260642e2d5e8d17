#include "eidcached/core/change_log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/support/build_image.h"

static struct eidc_change_log log_ = {.lock = PTHREAD_MUTEX_INITIALIZER};
static struct eidc_image *last;

static int set_up(void **state)
{
    (void)state;
    last = NULL;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    if (last != NULL)
        eidc_change_log_add(&log_, NULL, last, NULL); /* forgets what was before */
    eidc_image_free(last);
    assert_int_equal(log_.bytes, 0);
    assert_int_equal(log_.count, 0);
    return 0;
}

/* The next image, of entries NAME=EID; "" is none. */
static struct eidc_diff_counts add(uint64_t number, const char *entries)
{
    struct test_entry at[16];
    struct eidc_diff_counts counts;
    char text[256], *save = NULL;
    size_t n = 0;
    snprintf(text, sizeof(text), "%s", entries);
    for (char *one = strtok_r(text, " ", &save); one != NULL; one = strtok_r(NULL, " ", &save)) {
        char *eid = strchr(one, '=');
        *eid = '\0';
        at[n++] = (struct test_entry){one, eid + 1, NULL};
    }
    struct eidc_image *image = build_image(number, at, n);
    eidc_change_log_add(&log_, last, image, &counts);
    eidc_image_free(last);
    last = image;
    return counts;
}

static void expect(uint64_t from, uint64_t to, const char *expected)
{
    EIDC_BUF_AUTO text = {0};
    struct eidc_changed one;
    struct eidc_changes *changes = eidc_changes_between(&log_, from, to);
    if (expected == NULL) {
        assert_null(changes);
        return;
    }
    assert_non_null(changes);
    for (int pass = 0; pass < 2; pass++) { /* the same after a rewind */
        eidc_buf_clear(&text);
        eidc_buf_add(&text, "", 0);
        while (eidc_changes_next(changes, &one))
            eidc_buf_addf(&text, "%c%.*s=%.*s ", one.change == EIDC_ADDED ? '+' : '-',
                          EIDC_STR_ARG(one.name), EIDC_STR_ARG(one.eid));
        assert_string_equal(text.n > 0 ? text.p : "", expected);
        eidc_changes_rewind(changes);
    }
    eidc_changes_free(changes);
}

static void one_step(void **state)
{
    (void)state;
    add(1, "a=1 b=2");
    struct eidc_diff_counts counts = add(2, "b=2 c=3");
    assert_int_equal(counts.added, 1);
    assert_int_equal(counts.removed, 1);
    expect(1, 2, "-a=1 +c=3 ");
    expect(2, 2, "");
}

static void what_is_not_known(void **state)
{
    (void)state;
    expect(1, 2, NULL);
    assert_int_equal(add(5, "a=1").added, 1);
    expect(4, 5, NULL);
    add(6, "a=2");
    add(9, "a=3");
    expect(5, 9, "-a=1 +a=3 ");
    expect(7, 9, NULL); /* there was none of that number */
    expect(5, 8, NULL);
    expect(9, 5, NULL);
    expect(0, 9, NULL);
}

static void only_what_is_left_of_several(void **state)
{
    (void)state;
    add(1, "a=1 b=2 d=4");
    add(2, "b=2 c=3 d=5");
    add(3, "a=1 b=2 d=4 e=6");
    add(4, "a=1 b=2 d=4");
    add(5, "a=1 b=2 c=3 d=4");
    expect(1, 3, "+e=6 ");
    expect(1, 4, "");
    expect(1, 5, "+c=3 ");
    expect(2, 5, "+a=1 +d=4 -d=5 ");
    expect(2, 4, "+a=1 -c=3 +d=4 -d=5 ");
    expect(3, 5, "+c=3 -e=6 ");
}

static void another_number_is_a_step_without_changes(void **state)
{
    (void)state;
    add(1, "a=1");
    add(7, "a=1");
    add(8, "a=1 b=2");
    expect(1, 7, "");
    expect(1, 8, "+b=2 ");
    expect(7, 8, "+b=2 ");
}

static void a_new_start_forgets(void **state)
{
    (void)state;
    add(1, "a=1");
    add(2, "a=2");
    eidc_image_free(last);
    last = NULL;
    add(3, "a=3");
    expect(1, 2, NULL);
    expect(2, 3, NULL);
    add(4, "a=4");
    expect(3, 4, "-a=3 +a=4 ");
}

static struct eidc_image *many(uint64_t number, const char *prefix, size_t n)
{
    struct test_entry *entries = calloc(n, sizeof(*entries));
    char(*names)[64] = calloc(n, sizeof(*names));
    for (size_t i = 0; i < n; i++) {
        snprintf(names[i], sizeof(names[i]), "%s_a_name_of_some_length_%zu", prefix, i);
        entries[i] = (struct test_entry){names[i], NULL, NULL};
    }
    struct eidc_image *image = build_image(number, entries, n);
    free(entries);
    free(names);
    return image;
}

/* Each step is some 400 KB: three do not fit. One of 1.5 MB does not fit at all, but is counted. */
static void it_is_bounded(void **state)
{
    (void)state;
    const char *const prefixes[] = {"a", "b", "c", "d"};
    struct eidc_diff_counts counts;
    struct eidc_image *before = NULL;
    for (uint64_t i = 0; i < 4; i++) {
        struct eidc_image *after = many(i + 1, prefixes[i], 3000);
        eidc_change_log_add(&log_, before, after, &counts);
        eidc_image_free(before);
        before = after;
        assert_int_equal(counts.added, 3000);
    }
    assert_true(log_.bytes <= (1u << 20) + eidc_image_block(before).n / 8);
    struct eidc_changes *kept = eidc_changes_between(&log_, 3, 4);
    struct eidc_changed one;
    size_t n = 0;
    assert_non_null(kept);
    expect(1, 4, NULL);
    struct eidc_image *after = many(5, "e", 20000);
    eidc_change_log_add(&log_, before, after, &counts);
    assert_int_equal(counts.added, 20000);
    assert_int_equal(counts.removed, 3000);
    expect(4, 5, NULL);
    expect(3, 4, NULL);
    while (eidc_changes_next(kept, &one)) /* whoever reads has them still */
        n++;
    assert_int_equal(n, 6000);
    eidc_changes_free(kept);
    eidc_image_free(before);
    eidc_image_free(after);
}

static void the_ring_goes_round(void **state)
{
    (void)state;
    const uint64_t end = EIDC_CHANGE_LOG_STEPS + 100;
    for (uint64_t i = 1; i <= end; i++)
        add(i, i % 2 == 0 ? "a=1 b=2" : "a=1");
    expect(end - EIDC_CHANGE_LOG_STEPS - 1, end, NULL);
    expect(end - EIDC_CHANGE_LOG_STEPS, end, "");
    expect(end - EIDC_CHANGE_LOG_STEPS + 1, end, "+b=2 ");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_step),
        TEST(what_is_not_known),
        TEST(only_what_is_left_of_several),
        TEST(another_number_is_a_step_without_changes),
        TEST(a_new_start_forgets),
        TEST(it_is_bounded),
        TEST(the_ring_goes_round),
    };
    return cmocka_run_group_tests_name("core.change_log", tests, NULL, NULL);
}
