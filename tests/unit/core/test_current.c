#include "eidcached/core/current.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/support/build_image.h"

static struct eidc_generation *generation(uint64_t number, const struct test_entry *entries,
                                          size_t n)
{
    return eidc_generation_new(build_image(number, entries, n));
}

static void nothing_published(void **state)
{
    (void)state;
    assert_null(eidc_current_enter());
    eidc_current_leave();
    assert_null(eidc_current_pin());
    eidc_generation_unpin(NULL);
    eidc_current_publish(NULL);
}

static void published_seen_and_replaced(void **state)
{
    (void)state;
    static const struct test_entry a[] = {{.name = "a"}}, b[] = {{.name = "b"}};
    struct eidc_hits hits;
    eidc_current_publish(generation(1, a, 1));
    const struct eidc_generation *g = eidc_current_enter();
    assert_non_null(g);
    assert_int_equal(eidc_image_info(g->image)->number, 1);
    assert_true(eidc_image_forward(g->image, EIDC_STR("a"), &hits));
    eidc_current_leave();

    eidc_current_publish(generation(2, b, 1));
    g = eidc_current_enter();
    assert_int_equal(eidc_image_info(g->image)->number, 2);
    assert_false(eidc_image_forward(g->image, EIDC_STR("a"), &hits));
    assert_true(eidc_image_forward(g->image, EIDC_STR("b"), &hits));
    eidc_current_leave();

    eidc_current_publish(NULL);
    assert_null(eidc_current_enter());
    eidc_current_leave();
}

static void a_pinned_generation_outlives_its_successor(void **state)
{
    (void)state;
    static const struct test_entry a[] = {{.name = "a"}}, b[] = {{.name = "b"}};
    struct eidc_hits hits;
    eidc_current_publish(generation(1, a, 1));
    struct eidc_generation *one = eidc_current_pin(), *same = eidc_current_pin();
    assert_ptr_equal(one, same);
    eidc_current_publish(generation(2, b, 1));
    eidc_current_publish(NULL);
    eidc_generation_unpin(same);
    assert_true(eidc_image_forward(one->image, EIDC_STR("a"), &hits));
    eidc_generation_unpin(one);
}

static void ages(void **state)
{
    (void)state;
    static const struct test_entry entries[] = {
        {"both", NULL, "s0"}, {"both", NULL, "s1"}, {"one", NULL, "s1"}};
    struct eidc_generation *g = generation(1, entries, 3);
    struct eidc_hits hits;
    struct eidc_record both, one;
    assert_int_equal(g->refreshed_at, 0);
    assert_int_equal(g->verified_at, 1000); /* as build_image_of has it */
    assert_false(g->partial);
    assert_true(eidc_image_forward(g->image, EIDC_STR("both"), &hits));
    assert_true(eidc_hits_next(&hits, &both));
    assert_true(eidc_image_forward(g->image, EIDC_STR("one"), &hits));
    assert_true(eidc_hits_next(&hits, &one));

    uint32_t s0 = eidc_image_find_scope(g->image, EIDC_STR("test"), EIDC_STR("s0"));
    eidc_generation_confirm(g, s0, 5000);
    assert_int_equal(g->verified_at, 1000); /* not before it is settled */
    eidc_generation_settle(g, 77);
    assert_int_equal(g->verified_at, 1000); /* s1 is the oldest */
    assert_int_equal(eidc_generation_record_as_of(g, &both), 5000);
    assert_int_equal(eidc_generation_record_as_of(g, &one), 1000);

    eidc_generation_confirm(g, 1 - s0, 6000);
    eidc_generation_confirm(g, 2, 1); /* there is none */
    eidc_generation_settle(g, 77);
    assert_int_equal(g->verified_at, 5000);
    assert_int_equal(eidc_generation_record_as_of(g, &both), 6000);
    eidc_generation_unpin(g);
}

static void a_clock_that_was_put_back(void **state)
{
    (void)state;
    static const struct test_entry entries[] = {{"a", NULL, "s0"}, {"b", NULL, "s1"}};
    struct eidc_generation *g = generation(1, entries, 2);
    assert_false(eidc_generation_not_after(g, 1000));
    atomic_store(&g->refreshed_at, 6000);
    eidc_generation_confirm(g, 0, 6000);
    eidc_generation_confirm(g, 1, 3000);
    eidc_generation_settle(g, 77);
    assert_true(eidc_generation_not_after(g, 4000));
    assert_int_equal(g->refreshed_at, 4000);
    assert_int_equal(g->as_of[0], 4000);
    assert_int_equal(g->as_of[1], 3000);
    assert_int_equal(g->verified_at, 3000);
    assert_true(eidc_generation_not_after(g, 2000));
    assert_int_equal(g->verified_at, 2000);
    eidc_generation_unpin(g);
}

static void ages_without_scopes(void **state)
{
    (void)state;
    struct eidc_generation *g = generation(1, NULL, 0);
    assert_int_equal(g->verified_at, 1795371877120); /* when it was built */
    eidc_generation_settle(g, 77);
    assert_int_equal(g->verified_at, 77);
    eidc_generation_unpin(g);
}

static void a_name_that_many_scopes_list(void **state)
{
    (void)state;
    enum { SCOPES = 100 };
    static char scopes[SCOPES][8];
    struct test_entry entries[SCOPES];
    struct eidc_hits hits;
    struct eidc_record record;
    for (size_t i = 0; i < SCOPES; i++) {
        snprintf(scopes[i], sizeof scopes[i], "s%02zu", i);
        entries[i] = (struct test_entry){"default", NULL, scopes[i]};
    }
    struct eidc_generation *g = generation(1, entries, SCOPES);
    assert_true(eidc_image_forward(g->image, EIDC_STR("default"), &hits));
    assert_true(eidc_hits_next(&hits, &record));
    eidc_generation_confirm(g, SCOPES - 1, 9000);
    assert_int_equal(eidc_generation_record_as_of(g, &record), 9000);
    eidc_generation_unpin(g);
}

/*
 * Readers while a writer publishes. Generation N holds the names n0 to n7 with the field EID "N":
 * a reader that sees two numbers at once, or a freed image, has found a fault.
 */
enum { READERS = 4, NAMES = 8, GENERATIONS = 300 };

static atomic_bool stop;
static atomic_uint mixed;
static const char *const names[NAMES] = {"n0", "n1", "n2", "n3", "n4", "n5", "n6", "n7"};

static struct eidc_generation *numbered(uint64_t number)
{
    struct test_entry entries[NAMES];
    char eid[24];
    snprintf(eid, sizeof eid, "%llu", (unsigned long long)number);
    for (size_t i = 0; i < NAMES; i++)
        entries[i] = (struct test_entry){names[i], eid, NULL};
    return generation(number, entries, NAMES);
}

static bool agrees(const struct eidc_generation *g)
{
    uint64_t number = eidc_image_info(g->image)->number;
    for (size_t i = 0; i < NAMES; i++) {
        struct eidc_hits hits;
        struct eidc_record record;
        uint64_t eid;
        if (!eidc_image_forward(g->image, eidc_str_of(names[i]), &hits) ||
            !eidc_hits_next(&hits, &record) || !record.eid_is_text ||
            !eidc_str_u64(record.eid, UINT64_MAX, &eid) || eid != number)
            return false;
    }
    return eidc_generation_record_as_of(g, &(struct eidc_record){0}) >= 1000;
}

static void *reader(void *arg)
{
    bool pins = *(const bool *)arg;
    uint64_t last = 0;
    while (!atomic_load(&stop)) {
        struct eidc_generation *g = pins ? eidc_current_pin() : eidc_current_enter();
        uint64_t number = g != NULL ? eidc_image_info(g->image)->number : 0;
        if (g == NULL || !agrees(g) || number < last)
            atomic_fetch_add(&mixed, 1);
        last = number;
        if (pins)
            eidc_generation_unpin(g);
        else
            eidc_current_leave();
    }
    return NULL;
}

static void readers_never_see_a_mix(void **state)
{
    (void)state;
    static const bool pins[READERS] = {false, true, false, true};
    pthread_t threads[READERS];
    eidc_current_publish(numbered(1));
    for (size_t i = 0; i < READERS; i++) {
        void *arg = (void *)(uintptr_t)&pins[i];
        assert_int_equal(pthread_create(&threads[i], NULL, reader, arg), 0);
    }
    for (uint64_t n = 2; n <= GENERATIONS; n++) {
        struct eidc_generation *g = numbered(n);
        eidc_current_publish(g);
        eidc_generation_confirm(g, 0, 1000 + (int64_t)n); /* the ages move while it is read */
        eidc_generation_settle(g, 0);
    }
    atomic_store(&stop, true);
    for (size_t i = 0; i < READERS; i++)
        pthread_join(threads[i], NULL);
    eidc_current_publish(NULL);
    assert_int_equal(mixed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_published),
        cmocka_unit_test(published_seen_and_replaced),
        cmocka_unit_test(a_pinned_generation_outlives_its_successor),
        cmocka_unit_test(ages),
        cmocka_unit_test(a_clock_that_was_put_back),
        cmocka_unit_test(ages_without_scopes),
        cmocka_unit_test(a_name_that_many_scopes_list),
        cmocka_unit_test(readers_never_see_a_mix),
    };
    return cmocka_run_group_tests_name("core.current", tests, NULL, NULL);
}
