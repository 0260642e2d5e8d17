/*
 * Records of more bytes than an index slot can count start at multiples of a larger unit. Real
 * slots count 2^32; here core is built with slots that count 2^10, so that a small image shows it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "eidcached/core/image_parts.h"
#include "tests/support/build_image.h"

_Static_assert(EIDC_UNITS_BITS == 10, "the build says so");

#define N 400
static char names[N][32];
static struct test_entry entries[N + 3];

/* n names, three EIDs more for the last of them, one of which is that of another. */
static struct eidc_image *make(size_t n)
{
    for (size_t i = 0; i < n; i++) {
        snprintf(names[i], sizeof names[i], "table_%zu%.*s", i, (int)(i % 9), "xxxxxxxxx");
        entries[i] = (struct test_entry){names[i], i == 0 ? "shared" : NULL, NULL};
    }
    static const char *const eids[] = {"shared", "second", "third"};
    for (size_t i = 0; i < 3; i++)
        entries[n + i] = (struct test_entry){names[n - 1], eids[i], NULL};
    return build_image(1, entries, n + 3);
}

static void found_both_ways(const struct eidc_image *image, const struct test_entry *entry)
{
    struct eidc_hits hits;
    struct eidc_record record;
    char eid[EIDC_EID_TEXT_MAX];
    assert_true(eidc_image_forward(image, eidc_str_of(entry->name), &hits));
    assert_true(eidc_hits_next(&hits, &record));
    assert_true(eidc_str_eq(record.name, eidc_str_of(entry->name)));
    struct eidc_str printed = {eid, eidc_record_print_eid(image, &record, eid)};
    assert_true(eidc_image_reverse(image, printed, &hits));
    assert_true(eidc_hits_next(&hits, &record));
    assert_true(eidc_str_eq(record.name, eidc_str_of(entry->name)));
}

static size_t count(struct eidc_hits hits)
{
    struct eidc_record record;
    size_t n = 0;
    while (eidc_hits_next(&hits, &record))
        n++;
    return n;
}

static void check(size_t n, unsigned shift)
{
    struct eidc_image *image = make(n);
    struct eidc_err err;
    struct eidc_hits hits;
    assert_int_equal(image->records.shift, shift);
    assert_true(image->records.n <= UINT64_C(1) << (EIDC_UNITS_BITS + shift));
    assert_int_equal(eidc_image_info(image)->entries, n + 3);
    if (!eidc_image_verify(image, (struct eidc_str){0}, &err))
        fail_msg("%s", err.text);
    for (size_t i = 0; i < n; i++)
        found_both_ways(image, &entries[i]);
    assert_true(eidc_image_forward(image, eidc_str_of(names[n - 1]), &hits));
    assert_int_equal(count(hits), 4);
    assert_true(eidc_image_reverse(image, EIDC_STR("shared"), &hits));
    assert_int_equal(count(hits), 2);
    struct eidc_cursor cursor = eidc_image_seek(image, eidc_str_of(names[n / 2]));
    struct eidc_record record;
    assert_true(eidc_cursor_next(&cursor, &record));
    assert_true(eidc_str_eq(record.name, eidc_str_of(names[n / 2])));
    eidc_image_free(image);
}

static void units_grow_with_the_records(void **state)
{
    (void)state;
    check(10, 0);
    check(40, 1);
    check(100, 2);
    check(400, 4);
}

static void padding_is_zero(void **state)
{
    (void)state;
    struct eidc_image *good = make(100), *image;
    struct eidc_str block = eidc_image_block(good);
    struct eidc_record record;
    struct eidc_err err = {0};
    uint64_t next;
    size_t padded = 0;
    for (uint64_t at = 0; at < good->records.n; at = next) {
        assert_true(eidc_record_at(&good->records, at, &record, &next));
        const char *end = record.name.p + record.name.n;
        if (end == (const char *)good->records.p + next)
            continue;
        char *copy = malloc(block.n);
        assert_non_null(copy);
        memcpy(copy, block.p, block.n);
        copy[end - block.p] = 1;
        eidc_content_sha256((uint8_t *)copy, (uint8_t *)copy + EIDC_AT_SHA256);
        eidc_image_seal((uint8_t *)copy, block.n);
        assert_true(eidc_image_open(copy, block.n, NULL, NULL, &image, &err));
        assert_false(eidc_image_verify(image, (struct eidc_str){0}, &err));
        eidc_image_free(image);
        free(copy);
        padded++;
    }
    assert_true(padded > 10);
    eidc_image_free(good);
}

static void records_beyond_the_largest_unit_are_refused(void **state)
{
    (void)state;
    struct eidc_build_options options = {0};
    struct eidc_builder *builder;
    struct eidc_image *image;
    struct eidc_names many = {0};
    struct eidc_err err = {0};
    default_scheme(&options.scheme);
    assert_true(eidc_builder_new(&options, &builder, &err));
    for (size_t i = 0; i < 20000; i++) {
        char name[32];
        struct eidc_str text = {name, (size_t)snprintf(name, sizeof name, "name_%zu", i)};
        assert_true(eidc_names_add(&many, text, (struct eidc_str){0}, &err));
    }
    uint32_t scope = eidc_builder_scope(builder, EIDC_STR("s"), EIDC_STR("s"), 1);
    assert_true(eidc_builder_add(builder, scope, &many, &err));
    assert_false(eidc_builder_finish(builder, 1, 1, &image, &err));
    assert_int_equal(err.kind, EIDC_ERR_LIMIT);
    eidc_builder_free(builder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(units_grow_with_the_records),
        cmocka_unit_test(padding_is_zero),
        cmocka_unit_test(records_beyond_the_largest_unit_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
