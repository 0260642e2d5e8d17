#include "eidcached/core/image.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "eidcached/base/digest.h"
#include "eidcached/base/file.h"
#include "eidcached/base/name.h"
#include "eidcached/core/image_format.h"
#include "tests/support/build_image.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const struct test_entry small[] = {
    {"sales_prod", NULL, "eu"},
    {"sales_prod.orders", NULL, "eu"},
    {"alias/billing", "key-1", NULL},
    {"alias/audit", "key-1", NULL},
    {"both", NULL, "eu"},
    {"both", "111111111111", "us"},
    {"both", "000000000000", "eu"},
    {"\xc3\xa9t\xc3\xa9", NULL, "us"},
};

static struct eidc_str eid_of(const struct eidc_image *image, const struct eidc_record *record,
                              char out[static EIDC_EID_TEXT_MAX])
{
    return (struct eidc_str){out, eidc_record_print_eid(image, record, out)};
}

static void expect_names(const struct eidc_image *image, const char *eid, const char *const *names)
{
    struct eidc_hits hits;
    struct eidc_record record;
    assert_int_equal(eidc_image_reverse(image, eidc_str_of(eid), &hits), names[0] != NULL);
    for (; *names != NULL; names++) {
        assert_true(eidc_hits_next(&hits, &record));
        assert_true(eidc_str_eq(record.name, eidc_str_of(*names)));
    }
    assert_false(eidc_hits_next(&hits, &record));
}

static void expect_eids(const struct eidc_image *image, const char *name, const char *const *eids)
{
    struct eidc_hits hits;
    struct eidc_record record;
    char text[EIDC_EID_TEXT_MAX];
    assert_int_equal(eidc_image_forward(image, eidc_str_of(name), &hits), eids[0] != NULL);
    for (; *eids != NULL; eids++) {
        assert_true(eidc_hits_next(&hits, &record));
        assert_true(eidc_str_eq(record.name, eidc_str_of(name)));
        assert_true(eidc_str_eq(eid_of(image, &record, text), eidc_str_of(*eids)));
    }
    assert_false(eidc_hits_next(&hits, &record));
}
#define LIST(...)                                                                                  \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }
#define NONE ((const char *const[]){NULL})

static void both_directions_answer(void **state)
{
    (void)state;
    struct eidc_image *image = build_image(7, small, COUNT(small));
    const struct eidc_image_info *info = eidc_image_info(image);
    assert_int_equal(info->number, 7);
    assert_int_equal(info->entries, 8);
    assert_int_equal(info->names, 6);
    assert_int_equal(info->text_entries, 4);
    assert_int_equal(strlen(info->id), 16);

    /* printf %s both | sha256sum | cut -c1-32 */
    const char *both = "ff7772053abf7d817d6eec229a09e14f";
    expect_eids(image, "both", LIST(both, "000000000000", "111111111111"));
    expect_names(image, both, LIST("both"));
    expect_names(image, "key-1", LIST("alias/audit", "alias/billing"));
    expect_names(image, "111111111111", LIST("both"));
    expect_eids(image, "alias/audit", LIST("key-1"));
    char computed[65];
    eidc_sha256_hex(EIDC_STR("\xc3\xa9t\xc3\xa9"), computed);
    computed[32] = '\0';
    expect_eids(image, "\xc3\xa9t\xc3\xa9", LIST(computed));
    eidc_image_free(image);
}

static void what_is_not_there_is_a_miss(void **state)
{
    (void)state;
    struct eidc_image *image = build_image(7, small, COUNT(small));
    static const char *const names[] = {"",    "sales", "sales_prod.", "sales_prod.orderz",
                                        "bot", "key-1", "\xff"};
    for (size_t i = 0; i < COUNT(names); i++)
        expect_eids(image, names[i], NONE);
    static const char *const eids[] = {"",
                                       "key-",
                                       "key-11",
                                       "KEY-1",
                                       "0",
                                       "00000000000000000000000000000000",
                                       "0000000000000000000000000000000",
                                       "0000000000000000000000000000000z",
                                       "both"};
    for (size_t i = 0; i < COUNT(eids); i++)
        expect_names(image, eids[i], NONE);
    struct eidc_hits none = {0};
    struct eidc_record record;
    assert_false(eidc_hits_next(&none, &record));
    eidc_image_free(image);
}

static void hex_is_found_in_either_case(void **state)
{
    (void)state;
    struct eidc_image *image = build_image(7, small, COUNT(small));
    char eid[65];
    eidc_sha256_hex(EIDC_STR("sales_prod"), eid);
    eid[32] = '\0';
    for (char *p = eid; *p != '\0'; p++)
        *p = (char)(*p >= 'a' ? *p - 'a' + 'A' : *p);
    expect_names(image, eid, LIST("sales_prod"));
    eidc_image_free(image);
}

/* A field EID may read like another name's checksum: both are listed, in the order of names. */
static void checksum_and_text_hits_merge(void **state)
{
    (void)state;
    char eid[65];
    eidc_sha256_hex(EIDC_STR("m"), eid);
    eid[32] = '\0';
    const struct test_entry entries[] = {
        {"m", NULL, NULL}, {"a", eid, NULL}, {"z", eid, NULL}, {"n", "x", NULL}};
    struct eidc_image *image = build_image(1, entries, COUNT(entries));
    expect_names(image, eid, LIST("a", "m", "z"));
    eidc_image_free(image);

    const struct test_entry one_text[] = {{"m", NULL, NULL}, {"z", eid, NULL}};
    image = build_image(1, one_text, COUNT(one_text));
    expect_names(image, eid, LIST("m", "z"));
    eidc_image_free(image);
}

/* The same entry, said twice: to a client nothing tells them apart. */
static void a_field_that_reads_as_the_checksum_is_the_checksum(void **state)
{
    (void)state;
    char eid[65];
    eidc_sha256_hex(EIDC_STR("m"), eid);
    eid[32] = '\0';
    const struct test_entry entries[] = {{"m", NULL, "a"}, {"m", eid, "b"}};
    struct eidc_image *image = build_image(1, entries, COUNT(entries));
    expect_eids(image, "m", LIST(eid));
    expect_names(image, eid, LIST("m"));
    assert_int_equal(eidc_image_info(image)->text_entries, 0);
    eidc_image_free(image);
}

static void many_at_once_answer_as_one_by_one(void **state)
{
    (void)state;
    enum { N = 1000 };
    static struct test_entry entries[N];
    static char names[N][16], eids[N][8];
    for (size_t i = 0; i < N; i++) {
        snprintf(names[i], sizeof names[i], "name-%zu", i);
        snprintf(eids[i], sizeof eids[i], "e%zu", i % 90);
        entries[i] = (struct test_entry){names[i], i % 3 == 0 ? eids[i] : NULL, NULL};
    }
    struct eidc_image *image = build_image(1, entries, N);
    static struct eidc_str keys[N + 5], texts[N + 5];
    static struct eidc_hits hits[N + 5];
    static char printed[N + 5][EIDC_EID_TEXT_MAX];
    for (size_t i = 0; i < N + 5; i++)
        keys[i] = i < N ? eidc_str_of(names[i]) : EIDC_STR("missing");
    eidc_image_forward_many(image, keys, N + 5, hits);
    for (size_t i = 0; i < N + 5; i++) {
        struct eidc_record record;
        assert_int_equal(eidc_hits_next(&hits[i], &record), i < N);
        texts[i] = EIDC_STR("missing");
        if (i < N) {
            assert_true(eidc_str_eq(record.name, keys[i]));
            texts[i] = eid_of(image, &record, printed[i]);
        }
    }
    eidc_image_reverse_many(image, texts, N + 5, hits);
    for (size_t i = 0; i < N + 5; i++) {
        struct eidc_hits alone;
        struct eidc_record record, same;
        eidc_image_reverse(image, texts[i], &alone);
        while (eidc_hits_next(&alone, &record)) {
            assert_true(eidc_hits_next(&hits[i], &same));
            assert_ptr_equal(record.name.p, same.name.p);
        }
        assert_false(eidc_hits_next(&hits[i], &same));
    }
    eidc_image_free(image);
}

static void a_scan_is_in_order(void **state)
{
    (void)state;
    struct eidc_image *image = build_image(7, small, COUNT(small));
    static const char *const order[] = {
        "alias/audit",       "alias/billing",    "both", "both", "both", "sales_prod",
        "sales_prod.orders", "\xc3\xa9t\xc3\xa9"};
    struct eidc_cursor cursor = eidc_image_begin(image);
    struct eidc_record record;
    for (size_t i = 0; i < COUNT(order); i++) {
        assert_true(eidc_cursor_next(&cursor, &record));
        assert_true(eidc_str_eq(record.name, eidc_str_of(order[i])));
    }
    assert_false(eidc_cursor_next(&cursor, &record));
    assert_false(eidc_cursor_next(&cursor, &record));
    eidc_image_free(image);
}

/* Around every edge of the order index's steps of 64. */
static void seek_finds_the_first_name_not_before(void **state)
{
    (void)state;
    static char names[300][8];
    static struct test_entry entries[300];
    for (size_t n = 0; n <= 300; n = n < 4 ? n + 1 : n + 31) {
        for (size_t i = 0; i < n; i++) {
            snprintf(names[i], sizeof names[i], "%05zu", 2 * i + 1);
            entries[i] = (struct test_entry){names[i], NULL, NULL};
        }
        struct eidc_image *image = build_image(1, entries, n);
        for (size_t key = 0; key <= 2 * n + 1; key++) {
            char text[8];
            snprintf(text, sizeof text, "%05zu", key);
            struct eidc_cursor cursor = eidc_image_seek(image, eidc_str_of(text));
            struct eidc_record record;
            size_t first = key / 2; /* the index of the name 2 * first + 1 >= key */
            for (size_t i = first; i < n; i++) {
                assert_true(eidc_cursor_next(&cursor, &record));
                assert_true(eidc_str_eq(record.name, eidc_str_of(names[i])));
            }
            assert_false(eidc_cursor_next(&cursor, &record));
        }
        struct eidc_record record;
        struct eidc_cursor first = eidc_image_seek(image, EIDC_STR(""));
        assert_int_equal(eidc_cursor_next(&first, &record), n > 0);
        struct eidc_cursor last = eidc_image_seek(image, EIDC_STR("\xff"));
        assert_false(eidc_cursor_next(&last, &record));
        eidc_image_free(image);
    }
}

static void seek_finds_the_first_entry_of_a_name_with_many(void **state)
{
    (void)state;
    static char eids[200][8];
    static struct test_entry entries[202];
    entries[200] = (struct test_entry){"a", NULL, NULL};
    entries[201] = (struct test_entry){"z", NULL, NULL};
    for (size_t i = 0; i < 200; i++) {
        snprintf(eids[i], sizeof eids[i], "%zu", 1000 + i);
        entries[i] = (struct test_entry){"m", eids[i], NULL};
    }
    struct eidc_image *image = build_image(1, entries, COUNT(entries));
    struct eidc_cursor cursor = eidc_image_seek(image, EIDC_STR("m"));
    struct eidc_record record;
    for (size_t i = 0; i < 200; i++) {
        assert_true(eidc_cursor_next(&cursor, &record));
        assert_true(eidc_str_eq(record.eid, eidc_str_of(eids[i])));
    }
    struct eidc_hits hits;
    size_t count = 0;
    assert_true(eidc_image_forward(image, EIDC_STR("m"), &hits));
    while (eidc_hits_next(&hits, &record))
        count++;
    assert_int_equal(count, 200);
    assert_int_equal(eidc_image_info(image)->names, 3);
    eidc_image_free(image);
}

static void scopes_are_found_by_name(void **state)
{
    (void)state;
    struct eidc_image *image = build_image(7, small, COUNT(small));
    struct eidc_scope scope;
    assert_int_equal(eidc_image_info(image)->scopes, 3);
    static const char *const order[] = {"eu", "s", "us"};
    for (uint32_t i = 0; i < 3; i++) {
        assert_true(eidc_image_scope(image, i, &scope));
        assert_true(eidc_str_eq(scope.source, EIDC_STR("test")));
        assert_true(eidc_str_eq(scope.name, eidc_str_of(order[i])));
        assert_int_equal(scope.as_of_ms, 1000);
        assert_int_equal(eidc_image_find_scope(image, scope.source, scope.name), i);
    }
    assert_false(eidc_image_scope(image, 3, &scope));
    assert_int_equal(eidc_image_find_scope(image, EIDC_STR("test"), EIDC_STR("e")), UINT32_MAX);
    assert_int_equal(eidc_image_find_scope(image, EIDC_STR("zest"), EIDC_STR("eu")), UINT32_MAX);
    uint32_t none;
    static const struct eidc_record damaged[] = {{.scope_set = 3}, {.scope_set = UINT32_MAX}};
    for (size_t i = 0; i < COUNT(damaged); i++) {
        struct eidc_scope_cursor scopes = eidc_record_scopes(image, &damaged[i]);
        assert_false(eidc_scope_cursor_next(&scopes, &none));
    }
    eidc_image_free(image);
}

static void an_image_may_be_empty(void **state)
{
    (void)state;
    struct eidc_image *image = build_image(0, NULL, 0);
    struct eidc_record record;
    struct eidc_err err = {0};
    struct eidc_cursor cursor = eidc_image_begin(image);
    assert_int_equal(eidc_image_info(image)->names, 0);
    assert_false(eidc_cursor_next(&cursor, &record));
    expect_eids(image, "a", NONE);
    expect_names(image, "ca978112ca1bbdcafac231b39a23dc4d", NONE);
    assert_true(eidc_image_verify(image, (struct eidc_str){0}, &err));
    eidc_image_free(image);
}

/* Every length, so that every way the hash takes and every varint is met. */
static void names_of_every_length_are_found(void **state)
{
    (void)state;
    static char text[EIDC_NAME_MAX + 1];
    static struct eidc_str lengths[EIDC_NAME_MAX];
    struct eidc_names names = {0};
    struct eidc_err err = {0};
    for (size_t i = 0; i < EIDC_NAME_MAX; i++) {
        text[i] = (char)('a' + i % 23);
        lengths[i] = (struct eidc_str){text, i + 1};
        assert_true(eidc_names_add(&names, lengths[i], (struct eidc_str){0}, &err));
    }
    struct eidc_build_options options = {0};
    struct eidc_builder *builder;
    struct eidc_image *image;
    default_scheme(&options.scheme);
    assert_true(eidc_builder_new(&options, &builder, &err));
    uint32_t scope = eidc_builder_scope(builder, EIDC_STR("s"), EIDC_STR("x"), 1);
    assert_true(eidc_builder_add(builder, scope, &names, &err));
    assert_true(eidc_builder_finish(builder, 1, 1, &image, &err));
    eidc_builder_free(builder);
    for (size_t i = 0; i < EIDC_NAME_MAX; i++) {
        struct eidc_hits hits;
        struct eidc_record record;
        assert_true(eidc_image_forward(image, lengths[i], &hits));
        assert_true(eidc_hits_next(&hits, &record));
        assert_int_equal(record.name.n, i + 1);
    }
    assert_true(eidc_image_verify(image, (struct eidc_str){0}, &err));
    eidc_image_free(image);
}

static void an_image_is_used_from_a_file(void **state)
{
    (void)state;
    char path[] = "/tmp/eidc-image-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    struct eidc_image *image = build_image(7, small, COUNT(small)), *mapped;
    struct eidc_err err = {0};
    assert_true(eidc_file_write(path, eidc_image_block(image), 0600, &err));
    assert_true(eidc_image_map_file(path, &mapped, &err));
    assert_true(eidc_image_check(mapped, &err));
    expect_names(mapped, "key-1", LIST("alias/audit", "alias/billing"));
    assert_string_equal(eidc_image_info(mapped)->id, eidc_image_info(image)->id);
    eidc_image_free(mapped);

    assert_true(eidc_file_write(path, EIDC_STR("EIDCIMG1"), 0600, &err));
    assert_false(eidc_image_map_file(path, &mapped, &err));
    assert_int_equal(err.kind, EIDC_ERR_CORRUPT);
    assert_non_null(strstr(err.text, path));
    unlink(path);
    assert_false(eidc_image_map_file(path, &mapped, &err));
    assert_int_equal(err.kind, EIDC_ERR_NOT_FOUND);
    eidc_image_free(image);
}

static void count_release(void *block, size_t size, void *arg)
{
    (void)block;
    (void)size;
    ++*(int *)arg;
}

static void a_block_is_released_with_its_image_only(void **state)
{
    (void)state;
    struct eidc_image *image = build_image(7, small, COUNT(small)), *copy = NULL;
    struct eidc_str block = eidc_image_block(image);
    struct eidc_err err = {0};
    int released = 0;
    char *odd = malloc(block.n + 1); /* no alignment is asked of a block */
    assert_non_null(odd);
    memcpy(odd + 1, block.p, block.n);
    assert_true(eidc_image_open(odd + 1, block.n, count_release, &released, &copy, &err));
    expect_names(copy, "key-1", LIST("alias/audit", "alias/billing"));
    eidc_image_free(copy);
    assert_int_equal(released, 1);
    odd[1] = 'x';
    assert_false(eidc_image_open(odd + 1, block.n, count_release, &released, &copy, &err));
    assert_int_equal(released, 1);
    eidc_image_free(NULL);
    free(odd);
    eidc_image_free(image);
}

/* Opening says what is wrong, not just that something is. */
static void what_cannot_be_an_image_is_refused(void **state)
{
    (void)state;
    static const struct {
        size_t at, n;
        uint64_t value;
        const char *says;
    } forged[] = {
        {EIDC_AT_MAGIC, 1, 'e', "does not start with EIDCIMG1"},
        {EIDC_AT_MARK, 4, EIDC_IMAGE_MARK_FOREIGN, "big-endian"},
        {EIDC_AT_MARK, 4, 0, "byte order mark"},
        {EIDC_AT_VERSION, 4, 2, "format version 2; this program reads version 1"},
        {EIDC_AT_SIZE, 8, 1, "its header says 1"},
        {EIDC_AT_ENTRIES, 8, UINT64_MAX, "more entries than bytes"},
        {EIDC_AT_NAMES, 8, 9, "more entries than bytes"},
        {EIDC_AT_ENTRIES, 8, 65, "order index"},
        {EIDC_AT_SCOPES, 4, 4, "the scopes"},
        {EIDC_AT_SCOPES, 4, UINT32_MAX, "the scopes"},
        {EIDC_AT_SCOPE_SETS, 4, UINT32_MAX, "the scopes"},
        {EIDC_AT_SECTIONS, 8, 1, "section 0"},
        {EIDC_AT_SECTIONS, 8, UINT64_MAX - 63, "section 0"},
        {EIDC_AT_SECTIONS + 8, 8, UINT64_MAX, "section 0"},
        {EIDC_AT_SECTIONS + 8, 8, 95, "the EID scheme"},
        {EIDC_AT_SECTIONS + 16 * EIDC_SECTION_REVERSE, 8, 0, "section 6"},
        {EIDC_AT_SECTIONS + 16 * EIDC_SECTION_FORWARD + 8, 8, 0, "an index"},
        {EIDC_AT_SECTIONS + 16 * EIDC_SECTION_STATE + 8, 8, 8, "the scopes"},
        {EIDC_IMAGE_HEADER + EIDC_SCHEME_BITS, 2, 12, "no EID scheme"},
        {EIDC_IMAGE_HEADER + EIDC_SCHEME_BITS, 2, 24, "no EID scheme"},
        {EIDC_IMAGE_HEADER + EIDC_SCHEME_BITS, 2, 520, "no EID scheme"},
        {EIDC_IMAGE_HEADER + EIDC_SCHEME_ENCODING, 1, 3, "no EID scheme"},
        {EIDC_IMAGE_HEADER + EIDC_SCHEME_KEYED, 1, 2, "no EID scheme"},
    };
    struct eidc_image *image = build_image(7, small, COUNT(small)), *opened;
    struct eidc_str block = eidc_image_block(image);
    uint8_t *copy = malloc(block.n);
    assert_non_null(copy);
    for (size_t i = 0; i < COUNT(forged); i++) {
        struct eidc_err err = {0};
        uint8_t value[8];
        memcpy(copy, block.p, block.n);
        eidc_store64(value, forged[i].value);
        memcpy(copy + forged[i].at, value, forged[i].n);
        assert_false(eidc_image_open(copy, block.n, NULL, NULL, &opened, &err));
        assert_int_equal(err.kind, EIDC_ERR_CORRUPT);
        if (strstr(err.text, forged[i].says) == NULL)
            fail_msg("%zu: %s", i, err.text);
    }
    free(copy);
    eidc_image_free(image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_directions_answer),
        cmocka_unit_test(what_is_not_there_is_a_miss),
        cmocka_unit_test(hex_is_found_in_either_case),
        cmocka_unit_test(checksum_and_text_hits_merge),
        cmocka_unit_test(a_field_that_reads_as_the_checksum_is_the_checksum),
        cmocka_unit_test(many_at_once_answer_as_one_by_one),
        cmocka_unit_test(a_scan_is_in_order),
        cmocka_unit_test(seek_finds_the_first_name_not_before),
        cmocka_unit_test(seek_finds_the_first_entry_of_a_name_with_many),
        cmocka_unit_test(scopes_are_found_by_name),
        cmocka_unit_test(an_image_may_be_empty),
        cmocka_unit_test(names_of_every_length_are_found),
        cmocka_unit_test(an_image_is_used_from_a_file),
        cmocka_unit_test(a_block_is_released_with_its_image_only),
        cmocka_unit_test(what_cannot_be_an_image_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
