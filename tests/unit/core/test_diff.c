#include "eidcached/core/diff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/support/build_image.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

/* The difference as text: "+name=eid-name=eid". Checksum EIDs are cut to 4 characters. */
struct told {
    struct eidc_buf text;
    size_t stop_after; /* 0: never */
    size_t calls;
};

static bool tell(void *arg, enum eidc_change change, const struct eidc_image *of,
                 const struct eidc_record *record)
{
    struct told *told = arg;
    char eid[EIDC_EID_TEXT_MAX];
    size_t n = eidc_record_print_eid(of, record, eid);
    eidc_buf_add_byte(&told->text, change == EIDC_ADDED ? '+' : '-');
    eidc_buf_add_str(&told->text, record->name);
    eidc_buf_add_byte(&told->text, '=');
    eidc_buf_add(&told->text, eid, record->eid_is_text || n < 4 ? n : 4);
    return ++told->calls != told->stop_after;
}

static void expect(struct eidc_image *before, struct eidc_image *after, const char *text,
                   uint64_t added, uint64_t removed)
{
    struct told told = {0};
    struct eidc_diff_counts counts = {7, 7}, only = {7, 7};
    eidc_diff(before, after, tell, &told, &counts);
    eidc_diff(before, after, NULL, NULL, &only);
    assert_string_equal(eidc_buf_view(&told.text).p, text);
    assert_int_equal(counts.added, added);
    assert_int_equal(counts.removed, removed);
    assert_int_equal(only.added, added);
    assert_int_equal(only.removed, removed);
    eidc_buf_free(&told.text);
    eidc_image_free(before);
    eidc_image_free(after);
}

static const struct test_entry abc[] = {{.name = "a"}, {.name = "b"}, {.name = "c"}};

static void the_same(void **state)
{
    (void)state;
    expect(build_image(1, abc, 3), build_image(2, abc, 3), "", 0, 0);
    expect(build_image(1, abc, 0), build_image(2, abc, 0), "", 0, 0);
}

static void scopes_do_not_count(void **state)
{
    (void)state;
    static const struct test_entry moved[] = {
        {"a", NULL, "other"}, {"b", NULL, "other"}, {"c", NULL, "s"}};
    expect(build_image(1, abc, 3), build_image(2, moved, 3), "", 0, 0);
}

static void from_nothing_and_to_nothing(void **state)
{
    (void)state;
    expect(NULL, build_image(1, abc, 3), "+a=ca97+b=3e23+c=2e7d", 3, 0);
    expect(build_image(1, abc, 3), build_image(2, abc, 0), "-a=ca97-b=3e23-c=2e7d", 0, 3);
    expect(build_image(1, abc, 0), build_image(2, abc, 1), "+a=ca97", 1, 0);
}

static void in_byte_order_both_ways(void **state)
{
    (void)state;
    static const struct test_entry bd[] = {{.name = "d"}, {.name = "b"}, {.name = "B"}};
    expect(build_image(1, abc, 3), build_image(2, bd, 3), "+B=df7e-a=ca97-c=2e7d+d=18ac", 2, 2);
}

static void several_eids_of_one_name(void **state)
{
    (void)state;
    static const struct test_entry before[] = {
        {"n", "111", NULL}, {"n", "333", NULL}, {"n", "555", NULL}, {"z", NULL, NULL}};
    static const struct test_entry after[] = {{"n", "333", NULL},
                                              {"n", "444", NULL},
                                              {"n", "555", NULL},
                                              {"n", "666", NULL},
                                              {"z", NULL, NULL}};
    expect(build_image(1, before, COUNT(before)), build_image(2, after, COUNT(after)),
           "-n=111+n=444+n=666", 2, 1);
    expect(build_image(1, before, COUNT(before)), build_image(2, before, COUNT(before)), "", 0, 0);
}

/* sha256("n") starts with 1b16: between the field EIDs. */
static void a_checksum_among_field_eids(void **state)
{
    (void)state;
    static const struct test_entry before[] = {
        {"n", "0", NULL}, {"n", NULL, NULL}, {"n", "2", NULL}};
    static const struct test_entry after[] = {
        {"n", "0", NULL}, {"n", "1c", NULL}, {"n", "2", NULL}};
    expect(build_image(1, before, 3), build_image(2, after, 3), "-n=1b16+n=1c", 1, 1);
    expect(build_image(1, after, 3), build_image(2, before, 3), "+n=1b16-n=1c", 1, 1);
    expect(build_image(1, before, 3), build_image(2, before, 3), "", 0, 0);
    expect(NULL, build_image(2, before, 3), "+n=0+n=1b16+n=2", 3, 0);
}

/* A field that prints as the checksum does is the same entry. */
static void what_counts_is_the_printed_eid(void **state)
{
    (void)state;
    static const struct test_entry checksum[] = {{"sales", NULL, NULL}};
    static const struct test_entry field[] = {{"sales", "e04eb29020eaa961e99d3162635e9fe9", NULL}};
    expect(build_image(1, checksum, 1), build_image(2, field, 1), "", 0, 0);
}

static void another_scheme_changes_every_checksum(void **state)
{
    (void)state;
    static const struct test_entry entries[] = {{"a", NULL, NULL}, {"b", "field", NULL}};
    struct eidc_eid_scheme other;
    struct eidc_err err;
    assert_true(eidc_eid_scheme_make("sha256", 64, EIDC_EID_BASE32, "", (struct eidc_str){0},
                                     &other, &err));
    expect(build_image(1, entries, 2), build_image_of(&other, 2, entries, 2), "-a=ca97+a=zkly", 1,
           1);
}

static void stops_when_told(void **state)
{
    (void)state;
    struct eidc_image *image = build_image(1, abc, 3);
    for (size_t n = 1; n <= 3; n++) {
        struct told told = {.stop_after = n};
        struct eidc_diff_counts counts;
        eidc_diff(NULL, image, tell, &told, &counts);
        assert_int_equal(told.calls, n);
        assert_int_equal(counts.added, n);
        eidc_buf_free(&told.text);
    }
    eidc_image_free(image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same),
        cmocka_unit_test(scopes_do_not_count),
        cmocka_unit_test(from_nothing_and_to_nothing),
        cmocka_unit_test(in_byte_order_both_ways),
        cmocka_unit_test(several_eids_of_one_name),
        cmocka_unit_test(a_checksum_among_field_eids),
        cmocka_unit_test(what_counts_is_the_printed_eid),
        cmocka_unit_test(another_scheme_changes_every_checksum),
        cmocka_unit_test(stops_when_told),
    };
    return cmocka_run_group_tests_name("core.diff", tests, NULL, NULL);
}
