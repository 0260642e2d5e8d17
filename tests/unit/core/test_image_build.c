#include "eidcached/core/image_build.h"

#include <stdio.h>
#include <stdlib.h>

#include "eidcached/base/name.h"
#include "eidcached/core/image_format.h"
#include "tests/support/build_image.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static struct eidc_err err;

static struct eidc_builder *new_builder(const struct eidc_build_options *options)
{
    struct eidc_build_options given = {0};
    struct eidc_builder *builder;
    if (options != NULL)
        given = *options;
    if (given.scheme.bits == 0)
        default_scheme(&given.scheme);
    if (!eidc_builder_new(&given, &builder, &err))
        fail_msg("%s", err.text);
    return builder;
}

static void add(struct eidc_builder *builder, uint32_t scope, const char *name, const char *eid)
{
    struct eidc_names names = {0};
    assert_true(eidc_names_add(&names, eidc_str_of(name), eidc_str_of(eid), &err));
    assert_true(eidc_builder_add(builder, scope, &names, &err));
    assert_null(names.packed.p);
}

static uint32_t scope_of(struct eidc_builder *builder, const char *name, int64_t as_of)
{
    return eidc_builder_scope(builder, EIDC_STR("test"), eidc_str_of(name), as_of);
}

static struct eidc_image *finish(struct eidc_builder *builder, uint64_t number)
{
    struct eidc_image *image;
    if (!eidc_builder_finish(builder, number, 1000, &image, &err))
        fail_msg("%s", err.text);
    eidc_builder_free(builder);
    if (!eidc_image_verify(image, (struct eidc_str){0}, &err))
        fail_msg("%s", err.text);
    return image;
}

static void expect_scopes(const struct eidc_image *image, const char *name, const char *eid,
                          const char *scopes)
{
    struct eidc_hits hits;
    struct eidc_record record;
    assert_true(eidc_image_forward(image, eidc_str_of(name), &hits));
    while (eidc_hits_next(&hits, &record)) {
        char text[EIDC_EID_TEXT_MAX];
        struct eidc_str printed = {text, eidc_record_print_eid(image, &record, text)};
        if (eid != NULL && !eidc_str_eq(printed, eidc_str_of(eid)))
            continue;
        char listed[256] = "";
        uint32_t at;
        struct eidc_scope_cursor set = eidc_record_scopes(image, &record);
        while (eidc_scope_cursor_next(&set, &at)) {
            struct eidc_scope scope;
            assert_true(eidc_image_scope(image, at, &scope));
            strncat(listed, scope.name.p, scope.name.n);
        }
        assert_string_equal(listed, scopes);
        return;
    }
    fail_msg("%s has no %s", name, eid);
}

/* A pseudo-random order that is the same everywhere. */
static uint64_t next_random(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *seed >> 33;
}

struct item {
    unsigned scope, name;
    bool text;
};

static void item_name(const struct item *item, char out[static 64], char eid[static 16])
{
    snprintf(out, 64, "database_number_%u.table_%u", item->name % 7, item->name);
    snprintf(eid, 16, "eid-%u", item->name % 5);
    if (!item->text)
        eid[0] = '\0';
}

/* The same items in another order, cut into other listings, over scopes met in another order. */
static struct eidc_image *build_shuffled(struct item *items, size_t n, uint64_t seed)
{
    static const char *const scopes[] = {"a", "b", "c", "d"};
    uint32_t handles[COUNT(scopes)];
    struct eidc_builder *builder = new_builder(NULL);
    for (size_t i = 0; i < COUNT(scopes); i++) {
        size_t which = (i + seed) % COUNT(scopes);
        handles[which] = scope_of(builder, scopes[which], 5);
    }
    for (size_t i = n; i > 1; i--) {
        size_t j = next_random(&seed) % i;
        struct item swap = items[i - 1];
        items[i - 1] = items[j];
        items[j] = swap;
    }
    struct eidc_names names[COUNT(scopes)] = {0};
    for (size_t i = 0; i < n; i++) {
        char name[64], eid[16];
        unsigned scope = items[i].scope;
        item_name(&items[i], name, eid);
        assert_true(eidc_names_add(&names[scope], eidc_str_of(name), eidc_str_of(eid), &err));
        if (next_random(&seed) % 16 == 0)
            assert_true(eidc_builder_add(builder, handles[scope], &names[scope], &err));
    }
    for (size_t i = 0; i < COUNT(scopes); i++)
        assert_true(eidc_builder_add(builder, handles[i], &names[i], &err));
    return finish(builder, 3);
}

static void the_order_of_arrival_does_not_matter(void **state)
{
    (void)state;
    enum { N = 2000 };
    static struct item items[N];
    uint64_t seed = 42;
    for (size_t i = 0; i < N; i++)
        items[i] =
            (struct item){(unsigned)next_random(&seed) % 4, (unsigned)next_random(&seed) % (N / 2),
                          next_random(&seed) % 4 == 0};
    struct eidc_image *first = build_shuffled(items, N, 1);
    assert_true(eidc_image_info(first)->entries > N / 2);
    for (seed = 2; seed < 12; seed++) {
        struct eidc_image *other = build_shuffled(items, N, seed);
        struct eidc_str a = eidc_image_block(first), b = eidc_image_block(other);
        assert_int_equal(a.n, b.n);
        assert_memory_equal(a.p, b.p, a.n);
        eidc_image_free(other);
    }
    eidc_image_free(first);
}

static void other_content_has_another_id(void **state)
{
    (void)state;
    static const struct test_entry a[] = {{"n", NULL, "s"}}, b[] = {{"n", NULL, "t"}},
                                   c[] = {{"n", "e", "s"}}, d[] = {{"m", NULL, "s"}};
    struct eidc_image *images[] = {build_image(1, a, 1), build_image(1, b, 1), build_image(1, c, 1),
                                   build_image(1, d, 1)};
    for (size_t i = 0; i < COUNT(images); i++)
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(eidc_image_info(images[i])->id, eidc_image_info(images[j])->id);
    for (size_t i = 0; i < COUNT(images); i++)
        eidc_image_free(images[i]);
}

static void scopes_that_list_one_entry_are_a_set(void **state)
{
    (void)state;
    struct eidc_builder *builder = new_builder(NULL);
    uint32_t c = scope_of(builder, "c", 3), a = scope_of(builder, "a", 1),
             b = scope_of(builder, "b", 2);
    add(builder, c, "one", NULL);
    add(builder, c, "two", NULL);
    add(builder, a, "two", NULL);
    add(builder, a, "two", NULL); /* and again */
    add(builder, b, "three", NULL);
    add(builder, c, "three", NULL);
    add(builder, a, "three", NULL);
    add(builder, a, "three", "field");
    add(builder, b, "three", "field");
    struct eidc_image *image = finish(builder, 1);
    expect_scopes(image, "one", NULL, "c");
    expect_scopes(image, "two", NULL, "ac");
    expect_scopes(image, "three", "field", "ab");
    expect_scopes(image, "three", NULL, "abc");
    assert_int_equal(eidc_image_info(image)->entries, 4);
    eidc_image_free(image);
}

static void the_newer_time_of_a_scope_wins(void **state)
{
    (void)state;
    struct eidc_builder *builder = new_builder(NULL);
    uint32_t s = scope_of(builder, "s", 10);
    assert_int_equal(scope_of(builder, "s", 30), s);
    assert_int_equal(scope_of(builder, "s", 20), s);
    struct eidc_image *image = finish(builder, 1);
    struct eidc_scope scope;
    assert_int_equal(eidc_image_info(image)->scopes, 1);
    assert_true(eidc_image_scope(image, 0, &scope));
    assert_int_equal(scope.as_of_ms, 30);
    eidc_image_free(image);
}

/* The times are envelope: they do not make another id. */
static void times_and_numbers_are_not_content(void **state)
{
    (void)state;
    struct eidc_image *images[2];
    for (int i = 0; i < 2; i++) {
        struct eidc_builder *builder = new_builder(NULL);
        add(builder, scope_of(builder, "s", 100 + i), "n", NULL);
        images[i] = finish(builder, (uint64_t)i);
    }
    assert_string_equal(eidc_image_info(images[0])->id, eidc_image_info(images[1])->id);
    eidc_image_free(images[0]);
    eidc_image_free(images[1]);
}

static void ten_thousand_names_share_a_text_eid(void **state)
{
    (void)state;
    enum { N = 10000 };
    struct eidc_builder *builder = new_builder(NULL);
    uint32_t scope = scope_of(builder, "s", 1);
    struct eidc_names names = {0};
    char name[16];
    for (int i = N; i-- > 0;) {
        snprintf(name, sizeof name, "n%05d", i);
        assert_true(eidc_names_add(&names, eidc_str_of(name), EIDC_STR("one"), &err));
    }
    assert_true(eidc_builder_add(builder, scope, &names, &err));
    struct eidc_image *image = finish(builder, 1);
    struct eidc_hits hits;
    struct eidc_record record;
    assert_true(eidc_image_reverse(image, EIDC_STR("one"), &hits));
    for (int i = 0; i < N; i++) {
        snprintf(name, sizeof name, "n%05d", i);
        assert_true(eidc_hits_next(&hits, &record));
        assert_true(eidc_str_eq(record.name, eidc_str_of(name)));
    }
    assert_false(eidc_hits_next(&hits, &record));
    eidc_image_free(image);
}

static void carried_entries_stay_as_they_were(void **state)
{
    (void)state;
    static const struct test_entry entries[] = {
        {"n", NULL, "a"}, {"n", NULL, "b"}, {"n", "text", "b"}, {"m", NULL, "a"}};
    struct eidc_image *old = build_image(1, entries, COUNT(entries));
    struct eidc_builder *builder = new_builder(NULL);
    uint32_t handles[2] = {scope_of(builder, "a", 1000), scope_of(builder, "b", 1000)};
    assert_true(eidc_builder_carry_all(builder, old, handles, &err));
    struct eidc_image *image = finish(builder, 2);
    assert_string_equal(eidc_image_info(image)->id, eidc_image_info(old)->id);

    /* a scope left out, and the records with it that no other one lists */
    builder = new_builder(NULL);
    handles[0] = EIDC_NO_SCOPE;
    handles[1] = scope_of(builder, "b", 1000);
    assert_true(eidc_builder_carry_all(builder, old, handles, &err));
    struct eidc_image *half = finish(builder, 2);
    assert_int_equal(eidc_image_info(half)->entries, 2);
    expect_scopes(half, "n", NULL, "b");
    eidc_image_free(half);

    /* and beside the same names listed again */
    builder = new_builder(NULL);
    handles[0] = scope_of(builder, "a", 1000);
    handles[1] = scope_of(builder, "b", 1000);
    add(builder, handles[0], "n", NULL);
    add(builder, handles[0], "m", NULL);
    struct eidc_cursor cursor = eidc_image_begin(old);
    struct eidc_record record;
    while (eidc_cursor_next(&cursor, &record))
        if (eidc_str_eq(record.name, EIDC_STR("n")))
            assert_true(eidc_builder_carry(builder, handles[1], &record, &err));
    struct eidc_image *mixed = finish(builder, 3);
    assert_string_equal(eidc_image_info(mixed)->id, eidc_image_info(old)->id);
    eidc_image_free(mixed);
    eidc_image_free(image);
    eidc_image_free(old);
}

static void what_cannot_be_carried_is_refused(void **state)
{
    (void)state;
    static const char eid[16] = "0123456789abcdef";
    const struct {
        struct eidc_record record;
        const char *says;
    } bad[] = {
        {{.name = EIDC_STR("n"), .eid = {eid, 8}}, "an EID of another scheme"},
        {{.name = {"a\0b", 3}, .eid = {eid, 16}}, "name holds a NUL"},
        {{.name = {"\xff", 1}, .eid = {eid, 16}, .eid_is_text = true}, "name is not valid UTF-8"},
    };
    struct eidc_builder *builder = new_builder(NULL);
    uint32_t scope = scope_of(builder, "s", 1);
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_false(eidc_builder_carry(builder, scope, &bad[i].record, &err));
        assert_int_equal(err.kind, EIDC_ERR_INVALID);
        assert_string_equal(err.text, bad[i].says);
    }
    eidc_builder_free(builder);
}

/* With 32 bits, 80,000 names are enough that two of them meet: searched, not looked up. */
struct short_eid {
    uint32_t eid, name;
};

static int compare_short(const void *a, const void *b)
{
    const struct short_eid *x = a, *y = b;
    return (x->eid > y->eid) - (x->eid < y->eid);
}

static void find_collision(const struct eidc_eid_scheme *scheme, char names[2][32])
{
    enum { N = 300000 };
    struct short_eid *all = calloc(N, sizeof *all);
    struct eidc_eid_hasher *hasher;
    assert_non_null(all);
    assert_true(eidc_eid_hasher_new(scheme, (struct eidc_str){0}, &hasher, &err));
    for (uint32_t i = 0; i < N; i++) {
        uint8_t raw[EIDC_EID_RAW_MAX];
        snprintf(names[0], 32, "name-%u", i);
        assert_true(eidc_eid_compute(hasher, eidc_str_of(names[0]), raw));
        all[i] = (struct short_eid){eidc_load32(raw), i};
    }
    qsort(all, N, sizeof *all, compare_short);
    size_t i = 1;
    while (i < N && all[i].eid != all[i - 1].eid)
        i++;
    assert_true(i < N);
    snprintf(names[0], 32, "name-%u", all[i - 1].name);
    snprintf(names[1], 32, "name-%u", all[i].name);
    eidc_eid_hasher_free(hasher);
    free(all);
}

static void a_collision_fails_or_is_kept(void **state)
{
    (void)state;
    struct eidc_build_options options = {0};
    char names[2][32];
    struct eidc_image *image = NULL;
    assert_true(eidc_eid_scheme_make("sha256", 32, EIDC_EID_HEX, "", (struct eidc_str){0},
                                     &options.scheme, &err));
    find_collision(&options.scheme, names);
    for (int keep = 0; keep < 2; keep++) {
        options.keep_collisions = keep;
        struct eidc_builder *builder = new_builder(&options);
        uint32_t scope = scope_of(builder, "s", 1);
        add(builder, scope, names[0], NULL);
        add(builder, scope, names[1], NULL);
        add(builder, scope, "innocent", NULL);
        if (keep) {
            image = finish(builder, 1);
            break;
        }
        assert_false(eidc_builder_finish(builder, 1, 1, &image, &err));
        assert_int_equal(err.kind, EIDC_ERR_CONFLICT);
        assert_non_null(strstr(err.text, names[0]));
        assert_non_null(strstr(err.text, names[1]));
        eidc_builder_free(builder);
    }
    struct eidc_hits hits;
    struct eidc_record record;
    char eid[EIDC_EID_TEXT_MAX];
    assert_true(eidc_image_forward(image, eidc_str_of(names[0]), &hits));
    assert_true(eidc_hits_next(&hits, &record));
    struct eidc_str text = {eid, eidc_record_print_eid(image, &record, eid)};
    assert_true(eidc_image_reverse(image, text, &hits));
    assert_true(eidc_hits_next(&hits, &record));
    struct eidc_str first = record.name;
    assert_true(eidc_hits_next(&hits, &record));
    assert_true(eidc_str_cmp(first, record.name) < 0);
    assert_false(eidc_hits_next(&hits, &record));
    eidc_image_free(image);
}

static void renumbering_changes_the_envelope_only(void **state)
{
    (void)state;
    static const struct test_entry entries[] = {{"n", NULL, "a"}, {"m", "t", "b"}};
    struct eidc_image *image = build_image(1, entries, COUNT(entries)), *renumbered;
    assert_true(eidc_image_renumber(image, 99, &renumbered, &err));
    assert_int_equal(eidc_image_info(renumbered)->number, 99);
    assert_string_equal(eidc_image_info(renumbered)->id, eidc_image_info(image)->id);
    assert_true(eidc_image_verify(renumbered, (struct eidc_str){0}, &err));
    struct eidc_str a = eidc_image_block(image), b = eidc_image_block(renumbered);
    assert_int_equal(a.n, b.n);
    assert_memory_equal(a.p + EIDC_AT_CREATED, b.p + EIDC_AT_CREATED,
                        a.n - EIDC_AT_CREATED - EIDC_IMAGE_HASH_BYTES);
    eidc_image_free(renumbered);
    eidc_image_free(image);
}

/* Names that share long beginnings, end inside each other, and meet at every depth of the sort. */
static void names_are_sorted_whatever_they_share(void **state)
{
    (void)state;
    struct eidc_builder *builder = new_builder(NULL);
    uint32_t scopes[2] = {scope_of(builder, "a", 1), scope_of(builder, "b", 1)};
    uint64_t seed = 7;
    for (int i = 0; i < 5000; i++) {
        char name[80];
        size_t n = 1 + next_random(&seed) % 40;
        memset(name, 'a', n);
        for (int j = 0; j < 3; j++)
            name[next_random(&seed) % n] = (char)(1 + next_random(&seed) % 9 + 0x30);
        name[n] = '\0';
        add(builder, scopes[i % 2], name, NULL);
    }
    struct eidc_image *image = finish(builder, 1); /* verifies the order */
    assert_true(eidc_image_info(image)->names > 3000);
    eidc_image_free(image);
}

/* 20 bytes a name beside the name and its EID. */
static void overhead_is_as_promised(void **state)
{
    (void)state;
    enum { N = 100000 };
    struct eidc_builder *builder = new_builder(NULL);
    struct eidc_names names = {0};
    size_t bytes = 0;
    for (int i = 0; i < N; i++) {
        char name[32];
        bytes += (size_t)snprintf(name, sizeof name, "db_%d.table_%d", i % 100, i);
        assert_true(eidc_names_add(&names, eidc_str_of(name), (struct eidc_str){0}, &err));
    }
    assert_true(eidc_builder_add(builder, scope_of(builder, "s", 1), &names, &err));
    struct eidc_image *image = finish(builder, 1);
    assert_true(eidc_image_block(image).n - bytes <= (size_t)N * (16 + 20));
    eidc_image_free(image);
}

static void a_scheme_that_cannot_be_is_refused(void **state)
{
    (void)state;
    struct eidc_build_options options = {0};
    struct eidc_builder *builder;
    default_scheme(&options.scheme);
    memcpy(options.scheme.algorithm, "nonsense", 9);
    assert_false(eidc_builder_new(&options, &builder, &err));
    eidc_builder_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_order_of_arrival_does_not_matter),
        cmocka_unit_test(other_content_has_another_id),
        cmocka_unit_test(scopes_that_list_one_entry_are_a_set),
        cmocka_unit_test(the_newer_time_of_a_scope_wins),
        cmocka_unit_test(times_and_numbers_are_not_content),
        cmocka_unit_test(ten_thousand_names_share_a_text_eid),
        cmocka_unit_test(carried_entries_stay_as_they_were),
        cmocka_unit_test(what_cannot_be_carried_is_refused),
        cmocka_unit_test(a_collision_fails_or_is_kept),
        cmocka_unit_test(renumbering_changes_the_envelope_only),
        cmocka_unit_test(names_are_sorted_whatever_they_share),
        cmocka_unit_test(overhead_is_as_promised),
        cmocka_unit_test(a_scheme_that_cannot_be_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
