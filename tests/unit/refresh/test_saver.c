#include "eidcached/refresh/saver.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "eidcached/base/mem.h"
#include "eidcached/refresh/publish.h"
#include "tests/support/images.h"

/* A store in memory, with one failure to order. */
struct fake {
    struct eidc_store store;
    uint64_t number; /* of CURRENT */
    char id[EIDC_IMAGE_ID_TEXT];
    int saves, touches, fail_next;
    bool lies;
    char summary[32]; /* the last one put */
};

static bool put(struct fake *f, const struct eidc_snapshot *s, uint64_t *winner,
                struct eidc_err *err)
{
    const struct eidc_image_info *info = eidc_image_info(s->image);

    if (f->fail_next > 0) {
        f->fail_next--;
        return eidc_fail(err, EIDC_ERR_UNAVAILABLE, "no route");
    }
    if (f->lies)
        return eidc_fail(err, EIDC_ERR_CONFLICT, "behind");
    if (f->number >= info->number && strcmp(f->id, info->id) != 0) {
        *winner = f->number;
        return eidc_fail(err, EIDC_ERR_CONFLICT, "behind");
    }
    f->number = info->number;
    snprintf(f->summary, sizeof f->summary, "%.*s", EIDC_STR_ARG(s->summary));
    memcpy(f->id, info->id, sizeof f->id);
    return true;
}

static bool save(struct eidc_store *self, const struct eidc_snapshot *s, uint64_t *winner,
                 struct eidc_err *err)
{
    ((struct fake *)self)->saves++;
    return put((struct fake *)self, s, winner, err);
}

static bool touch(struct eidc_store *self, const struct eidc_snapshot *s, uint64_t *winner,
                  struct eidc_err *err)
{
    ((struct fake *)self)->touches++;
    return put((struct fake *)self, s, winner, err);
}

static bool put_summary(struct eidc_store *self, struct eidc_str summary, struct eidc_err *err)
{
    struct fake *f = (struct fake *)self;

    if (f->fail_next > 0) {
        f->fail_next--;
        return eidc_fail(err, EIDC_ERR_UNAVAILABLE, "no route");
    }
    snprintf(f->summary, sizeof f->summary, "%.*s", EIDC_STR_ARG(summary));
    return true;
}

static const struct eidc_store_ops fake_ops = {
    .save = save, .touch = touch, .summarize = put_summary};

static void summarize(void *arg, uint64_t number, struct eidc_buf *out)
{
    (void)arg;
    eidc_buf_addf(out, "%llu", (unsigned long long)number);
}

static struct fake fakes[2];
static struct eidc_store *stores[2];
static struct eidc_report report;
static struct eidc_saver saver;
static struct eidc_err err;

static int set_up(void **state)
{
    struct eidc_store_report *rows = eidc_xcalloc(2, sizeof *rows);

    (void)state;
    memset(fakes, 0, sizeof fakes);
    err = (struct eidc_err){0};
    eidc_report_init(&report);
    for (size_t i = 0; i < 2; i++) {
        fakes[i].store = (struct eidc_store){&fake_ops, i == 0 ? "one" : "two"};
        stores[i] = &fakes[i].store;
        rows[i] = (struct eidc_store_report){.url = eidc_xstrdup(stores[i]->url), .role = "x"};
    }
    eidc_report_assign(&report, NULL, 0, rows, 2);
    saver = (struct eidc_saver){
        .stores = stores, .store_count = 2, .report = &report, .summarize = summarize};
    eidc_saver_init(&saver);
    eidc_saver_told(&saver, 0);
    eidc_saver_told(&saver, 1);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    eidc_saver_free(&saver);
    eidc_report_free(&report);
    eidc_current_publish(NULL);
    return 0;
}

static void publish(uint64_t number, const char *name)
{
    const struct test_scope scope = {"s", "a", 10, NAMES(name)};

    eidc_publish(test_generation(number, &scope, 1), NULL);
}

static uint64_t served(void)
{
    struct eidc_generation *g = eidc_current_pin();
    uint64_t number = eidc_image_info(g->image)->number;

    eidc_generation_unpin(g);
    return number;
}

static void test_saves_then_touches(void **state)
{
    (void)state;
    publish(1, "a");
    assert_true(eidc_saver_save(&saver, true, &err));
    assert_true(eidc_saver_save(&saver, false, &err));
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(fakes[i].saves, 1);
        assert_int_equal(fakes[i].touches, 1);
        assert_int_equal(fakes[i].number, 1);
        assert_true(report.stores[i].last_saved_at_ms > 0);
    }
}

static void test_failed_save_is_made_up_for(void **state)
{
    (void)state;
    publish(1, "a");
    fakes[0].fail_next = 1;
    assert_false(eidc_saver_save(&saver, true, &err));
    assert_string_equal(err.text, "not saved to one: no route");
    assert_string_equal(report.stores[0].error, "no route");
    assert_null(report.stores[1].error);
    assert_int_equal(fakes[1].number, 1); /* the other one has it */
    /* nothing changed, but the first store still owes the image */
    assert_true(eidc_saver_save(&saver, false, &err));
    assert_int_equal(fakes[0].saves, 2);
    assert_int_equal(fakes[0].number, 1);
    assert_null(report.stores[0].error);
}

static void test_store_ahead_makes_the_number_grow(void **state)
{
    (void)state;
    publish(3, "a");
    fakes[1].number = 41;
    strcpy(fakes[1].id, "0000000000000000");
    assert_true(eidc_saver_save(&saver, true, &err));
    assert_int_equal(served(), 42);
    assert_int_equal(fakes[1].number, 42);
    assert_int_equal(fakes[0].number, 42); /* the earlier store follows */
    assert_string_equal(fakes[0].summary, "42");
    assert_string_equal(fakes[1].summary, "42");
}

static void test_every_store_ends_at_one_number(void **state)
{
    (void)state;
    publish(3, "a");
    fakes[0].number = 50;
    fakes[1].number = 41;
    assert_true(eidc_saver_save(&saver, true, &err));
    assert_int_equal(served(), 51);
    assert_int_equal(fakes[0].number, 51);
    assert_int_equal(fakes[1].number, 51);
    /* and the other way round: the second store makes the first one save again */
    publish(52, "b");
    fakes[1].number = 60;
    assert_true(eidc_saver_save(&saver, true, &err));
    assert_int_equal(fakes[0].number, 61);
    assert_int_equal(fakes[1].number, 61);
}

static void test_store_that_told_nothing_is_not_written(void **state)
{
    (void)state;
    publish(3, "a");
    eidc_fail(&err, EIDC_ERR_DENIED, "AccessDenied");
    eidc_saver_silent(&saver, 1, &err);
    assert_false(eidc_saver_save(&saver, true, &err));
    assert_int_equal(fakes[0].number, 3);
    assert_int_equal(fakes[1].saves, 0);
    assert_non_null(strstr(report.stores[1].error, "not written over: AccessDenied"));
    eidc_saver_told(&saver, 1);
    assert_true(eidc_saver_save(&saver, false, &err));
    assert_int_equal(fakes[1].number, 3);
}

static void test_a_number_never_shrinks_nor_overflows(void **state)
{
    (void)state;
    publish(7, "a");
    fakes[0].lies = true; /* a conflict that names no winner */
    assert_false(eidc_saver_save(&saver, true, &err));
    assert_int_equal(served(), 7);
    fakes[0].lies = false;
    const uint64_t absurd[] = {EIDC_GENERATION_MAX, EIDC_GENERATION_MAX - 1,
                               EIDC_GENERATION_MAX / 2};
    for (size_t i = 0; i < sizeof absurd / sizeof absurd[0]; i++) {
        fakes[0].number = absurd[i];
        assert_false(eidc_saver_save(&saver, true, &err));
        assert_int_equal(err.kind, EIDC_ERR_CORRUPT);
        assert_int_equal(served(), 7);
    }
}

static void test_same_content_elsewhere_is_fine(void **state)
{
    (void)state;
    publish(3, "a");
    struct eidc_generation *g = eidc_current_pin();
    fakes[0].number = 9;
    memcpy(fakes[0].id, eidc_image_info(g->image)->id, sizeof fakes[0].id);
    eidc_generation_unpin(g);
    assert_true(eidc_saver_save(&saver, true, &err));
    assert_int_equal(served(), 3);
}

static void test_ages_survive_a_new_number(void **state)
{
    (void)state;
    publish(3, "a");
    struct eidc_generation *g = eidc_current_pin();
    eidc_generation_confirm(g, 0, 77);
    eidc_generation_settle(g, 0);
    atomic_store(&g->refreshed_at, 99);
    eidc_generation_unpin(g);
    fakes[0].number = 8;
    assert_true(eidc_saver_save(&saver, true, &err));
    g = eidc_current_pin();
    assert_int_equal(eidc_image_info(g->image)->number, 9);
    assert_int_equal(atomic_load(&g->as_of[0]), 77);
    assert_int_equal(atomic_load(&g->verified_at), 77);
    assert_int_equal(atomic_load(&g->refreshed_at), 99);
    eidc_generation_unpin(g);
}

static void test_a_failed_refresh_leaves_only_its_summary(void **state)
{
    (void)state;
    eidc_saver_summarize(&saver, 7); /* nothing is served, maybe */
    assert_string_equal(fakes[0].summary, "7");
    assert_string_equal(fakes[1].summary, "7");
    assert_int_equal(fakes[0].saves + fakes[0].touches, 0);
    fakes[0].fail_next = 1; /* costs the other one nothing */
    eidc_saver_summarize(&saver, 8);
    assert_string_equal(fakes[0].summary, "7");
    assert_string_equal(fakes[1].summary, "8");
    eidc_fail(&err, EIDC_ERR_UNAVAILABLE, "no answer");
    eidc_saver_silent(&saver, 1, &err); /* nor would it answer now */
    eidc_saver_summarize(&saver, 9);
    assert_string_equal(fakes[0].summary, "9");
    assert_string_equal(fakes[1].summary, "8");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_saves_then_touches),
        TEST(test_failed_save_is_made_up_for),
        TEST(test_store_ahead_makes_the_number_grow),
        TEST(test_every_store_ends_at_one_number),
        TEST(test_store_that_told_nothing_is_not_written),
        TEST(test_a_number_never_shrinks_nor_overflows),
        TEST(test_same_content_elsewhere_is_fine),
        TEST(test_ages_survive_a_new_number),
        TEST(test_a_failed_refresh_leaves_only_its_summary),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
