/* Damage: nothing faults, everything is noticed. Run under the sanitizers to mean it. */
#include <stdio.h>
#include <stdlib.h>

#include "eidcached/core/image_parts.h"
#include "tests/support/build_image.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const struct test_entry small[] = {
    {"sales", NULL, "eu"},     {"sales", NULL, "us"},   {"sales.orders", NULL, "eu"},
    {"a/billing", "k1", "eu"}, {"a/audit", "k1", "us"}, {"a/audit", "k2", "us"},
    {"b", "k2", "eu"},         {"b", NULL, "us"},
};
/* All EIDs are 32 hex digits: readers have a way of their own for that. */
static const struct test_entry plain[] = {
    {"sales", NULL, "eu"},
    {"sales", NULL, "us"},
    {"sales.orders", NULL, "eu"},
    {"a", NULL, "eu"},
    {"a name of more than 16 bytes", NULL, "us"},
};
#define SALES "e04eb29020eaa961e99d3162635e9fe9"
static const struct eidc_str no_key = {0};

typedef void trial_fn(const struct eidc_image *good);

static void with_each(trial_fn *trial)
{
    struct eidc_image *good[] = {build_image(1, small, COUNT(small)),
                                 build_image(1, plain, COUNT(plain))};
    for (size_t i = 0; i < COUNT(good); i++) {
        trial(good[i]);
        eidc_image_free(good[i]);
    }
}

static size_t use_hits(struct eidc_hits *hits)
{
    struct eidc_record record;
    size_t n = 0;
    for (; n < 10000 && eidc_hits_next(hits, &record); n++) {
        char text[EIDC_EID_TEXT_MAX];
        (void)eidc_record_print_eid(hits->image, &record, text);
        struct eidc_scope_cursor scopes = eidc_record_scopes(hits->image, &record);
        uint32_t scope;
        while (eidc_scope_cursor_next(&scopes, &scope))
            assert_true(scope < eidc_image_info(hits->image)->scopes);
    }
    assert_true(n < 10000);
    return n;
}

/* Everything a reader can be asked. What it answers does not matter, that it ends does. */
static void use(const struct eidc_image *image)
{
    static const char *const eids[] = {"k1", "k2", "none", SALES,
                                       "eb27c1ca0c5a0f10bdb1ef3d9b1ed94e"};
    struct eidc_hits hits;
    struct eidc_record record;
    for (size_t i = 0; i < COUNT(small); i++) {
        struct eidc_str name = eidc_str_of(small[i].name);
        if (eidc_image_forward(image, name, &hits))
            use_hits(&hits);
        eidc_image_forward_many(image, &name, 1, &hits);
        struct eidc_cursor cursor = eidc_image_seek(image, name);
        for (size_t n = 0; eidc_cursor_next(&cursor, &record); n++)
            assert_true(n < 10000);
    }
    for (size_t i = 0; i < COUNT(eids); i++) {
        struct eidc_str eid = eidc_str_of(eids[i]);
        if (eidc_image_reverse(image, eid, &hits))
            use_hits(&hits);
        eidc_image_reverse_many(image, &eid, 1, &hits);
    }
    struct eidc_scope scope;
    for (uint32_t i = 0; i < 4; i++)
        (void)eidc_image_scope(image, i, &scope);
    (void)eidc_image_find_scope(image, EIDC_STR("test"), EIDC_STR("us"));
}

/* A copy of exactly its size, so that a sanitizer sees the first byte behind it. */
static uint8_t *copy_of(struct eidc_str block, size_t n)
{
    uint8_t *copy = malloc(n > 0 ? n : 1);
    assert_non_null(copy);
    memcpy(copy, block.p, n);
    return copy;
}

static void flip_each_bit(const struct eidc_image *good)
{
    struct eidc_image *image;
    struct eidc_str block = eidc_image_block(good);
    uint8_t *copy = copy_of(block, block.n);
    for (size_t bit = 0; bit < 8 * block.n; bit++) {
        struct eidc_err err = {0};
        copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (eidc_image_open(copy, block.n, NULL, NULL, &image, &err)) {
            use(image);
            assert_false(eidc_image_check(image, &err));
            assert_false(eidc_image_verify(image, no_key, &err));
            eidc_image_free(image);
        }
        assert_int_equal(err.kind, EIDC_ERR_CORRUPT);
        copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    free(copy);
}

static void every_flipped_bit_is_noticed(void **state)
{
    (void)state;
    with_each(flip_each_bit);
}

/* Resealed: somebody damages on purpose and makes the trailing hash right again. */
static void flip_and_reseal(const struct eidc_image *good)
{
    struct eidc_image *image;
    struct eidc_str block = eidc_image_block(good);
    size_t envelope = (size_t)(good->part[EIDC_SECTION_STATE].p - (const uint8_t *)block.p);
    for (size_t bit = 0; bit < 8 * (block.n - EIDC_IMAGE_HASH_BYTES); bit++) {
        struct eidc_err err = {0};
        size_t byte = bit / 8;
        bool is_time = (byte >= EIDC_AT_NUMBER && byte < EIDC_AT_RESERVED) ||
                       (byte >= envelope && byte < envelope + good->part[EIDC_SECTION_STATE].n);
        uint8_t *copy = copy_of(block, block.n);
        copy[byte] ^= (uint8_t)(1u << bit % 8);
        eidc_image_seal(copy, block.n);
        if (eidc_image_open(copy, block.n, NULL, NULL, &image, &err)) {
            use(image);
            if (eidc_image_verify(image, no_key, &err) != is_time)
                fail_msg("bit %zu of byte %zu: %s", bit % 8, byte, err.text);
            eidc_image_free(image);
        }
        free(copy);
    }
}

static void every_resealed_flip_is_noticed(void **state)
{
    (void)state;
    with_each(flip_and_reseal);
}

static bool same_entries(const struct eidc_image *a, const struct eidc_image *b)
{
    struct eidc_cursor x = eidc_image_begin(a), y = eidc_image_begin(b);
    struct eidc_record p, q;
    while (eidc_cursor_next(&x, &p))
        if (!eidc_cursor_next(&y, &q) || !eidc_str_eq(p.name, q.name) || !eidc_str_eq(p.eid, q.eid))
            return false;
    return !eidc_cursor_next(&y, &q);
}

static bool has(const struct eidc_image *image, const struct eidc_record *record)
{
    struct eidc_hits hits;
    struct eidc_record other;
    if (!eidc_image_forward(image, record->name, &hits))
        return false;
    while (eidc_hits_next(&hits, &other))
        if (other.eid_is_text == record->eid_is_text && eidc_str_eq(other.eid, record->eid))
            return true;
    return false;
}

/* Whatever it holds is found both ways. */
static bool is_whole(const struct eidc_image *image)
{
    struct eidc_cursor cursor = eidc_image_begin(image);
    struct eidc_record record, other;
    struct eidc_hits hits;
    char text[EIDC_EID_TEXT_MAX];
    while (eidc_cursor_next(&cursor, &record)) {
        struct eidc_str eid = {text, eidc_record_print_eid(image, &record, text)};
        bool found = has(image, &record) && eidc_image_reverse(image, eid, &hits);
        for (bool same = false; found && !same; same = eidc_str_eq(other.name, record.name))
            found = eidc_hits_next(&hits, &other);
        if (!found)
            return false;
    }
    return true;
}

/* And even the content's SHA-256 is right: only what verify knows of records and indexes is left.
 * It cannot tell that another scope listed a record, or that a field's EID was another one whose
 * tags are the same: that is a good image, of other entries. */
static void flip_entries(const struct eidc_image *good)
{
    struct eidc_image *image;
    struct eidc_str block = eidc_image_block(good);
    const struct eidc_part *part = good->part;
    size_t records = (size_t)(part[EIDC_SECTION_RECORDS].p - (const uint8_t *)block.p);
    size_t end = (size_t)(part[EIDC_SECTION_STATE].p - (const uint8_t *)block.p);
    size_t verified = 0, others = 0;
    for (size_t bit = 8 * records; bit < 8 * end; bit++) {
        struct eidc_err err = {0};
        uint8_t *copy = copy_of(block, block.n);
        copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
        eidc_content_sha256(copy, copy + EIDC_AT_SHA256);
        eidc_image_seal(copy, block.n);
        if (eidc_image_open(copy, block.n, NULL, NULL, &image, &err)) {
            use(image);
            if (eidc_image_verify(image, no_key, &err)) {
                assert_true(is_whole(image));
                others += !same_entries(image, good);
                verified++;
            }
            eidc_image_free(image);
        }
        free(copy);
    }
    assert_true(verified <= 2 * COUNT(small)); /* one bit, or two, of each scope set */
    assert_true(others <= 1);
}

static void every_flip_of_entries_is_noticed_without_hashes(void **state)
{
    (void)state;
    with_each(flip_entries);
}

static void cut_anywhere(const struct eidc_image *good)
{
    struct eidc_image *image;
    struct eidc_str block = eidc_image_block(good);
    for (size_t n = 0; n < block.n; n++) {
        struct eidc_err err = {0};
        uint8_t *copy = copy_of(block, n);
        assert_false(eidc_image_open(copy, n, NULL, NULL, &image, &err));
        assert_int_equal(err.kind, EIDC_ERR_CORRUPT);
        if (n >= EIDC_IMAGE_HEADER + EIDC_IMAGE_HASH_BYTES) { /* and its size is right */
            eidc_store64(copy + EIDC_AT_SIZE, n);
            if (eidc_image_open(copy, n, NULL, NULL, &image, &err)) {
                use(image);
                eidc_image_free(image);
            }
        }
        free(copy);
    }
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    with_each(cut_anywhere);
}

static void put_random_bytes(const struct eidc_image *good)
{
    struct eidc_image *image;
    struct eidc_str block = eidc_image_block(good);
    uint64_t seed = 1;
    for (int round = 0; round < 10000; round++) {
        struct eidc_err err = {0};
        uint8_t *copy = copy_of(block, block.n);
        for (int i = 0; i < 1 + round % 32; i++) {
            seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            size_t at = EIDC_IMAGE_HEADER + (size_t)(seed >> 20) % (block.n - EIDC_IMAGE_HEADER);
            copy[at] = (uint8_t)((seed >> 12 & 3) == 0 ? 0xff : seed >> 56);
        }
        if (eidc_image_open(copy, block.n, NULL, NULL, &image, &err)) {
            use(image);
            eidc_content_sha256(copy, copy + EIDC_AT_SHA256);
            eidc_image_free(image);
            eidc_image_seal(copy, block.n);
            if (eidc_image_open(copy, block.n, NULL, NULL, &image, &err)) {
                (void)eidc_image_verify(image, no_key, &err);
                eidc_image_free(image);
            }
        }
        free(copy);
    }
}

static void random_bytes_never_fault(void **state)
{
    (void)state;
    with_each(put_random_bytes);
}

/* All buckets full, all overflowing, all tags alike: a look-up still ends. */
static void fill_the_indexes(const struct eidc_image *good)
{
    struct eidc_image *image;
    struct eidc_str block = eidc_image_block(good);
    struct eidc_err err = {0};
    uint8_t *copy = copy_of(block, block.n);
    for (int i = EIDC_SECTION_FORWARD; i <= EIDC_SECTION_REVERSE; i++) {
        uint8_t *buckets = copy + (good->part[i].p - (const uint8_t *)block.p) + EIDC_INDEX_HEADER;
        memset(buckets, 0xff, good->part[i].n - EIDC_INDEX_HEADER);
    }
    assert_true(eidc_image_open(copy, block.n, NULL, NULL, &image, &err));
    use(image);
    eidc_image_free(image);
    free(copy);
}

static void a_full_index_does_not_trap_a_reader(void **state)
{
    (void)state;
    with_each(fill_the_indexes);
}

/* What each section may not say, with both hashes right. */
static void what_is_not_canonical_is_named(void **state)
{
    (void)state;
    struct eidc_image *good = build_image(1, small, COUNT(small));
    struct eidc_str block = eidc_image_block(good);
    const struct eidc_part *part = good->part;
    const uint8_t *start = (const uint8_t *)block.p;
    const struct {
        const uint8_t *at;
        uint8_t value;
        const char *says;
    } forged[] = {
        {start + EIDC_AT_RESERVED, 1, "padding"},
        {part[EIDC_SECTION_SCHEME].p + EIDC_SCHEME_BYTES, 1, "padding"},
        {part[EIDC_SECTION_SCHEME].p + 31, 'x', "padding of the EID scheme"},
        {part[EIDC_SECTION_SCHEME].p + EIDC_SCHEME_FINGERPRINT, 1, "fingerprint"},
        {part[EIDC_SECTION_SCOPES].p, 1, "do not start at 0"},
        {part[EIDC_SECTION_SCOPES].p + 4, 200, "outside its section"},
        {part[EIDC_SECTION_SCOPES].p + part[EIDC_SECTION_SCOPES].n - 2, 'a', "not in order"},
        {part[EIDC_SECTION_SCOPE_SETS].p + part[EIDC_SECTION_SCOPE_SETS].n - 4, 0, "scope set"},
        {part[EIDC_SECTION_SCOPE_SETS].p, 1, "scope sets do not start"},
        {part[EIDC_SECTION_RECORDS].p, 0, "does not decode"},
        {part[EIDC_SECTION_RECORDS].p + 1, 9 << 1 | 1, "scope set does not exist"},
        {part[EIDC_SECTION_RECORDS].p + 5, 'z', "not in order"},
        {part[EIDC_SECTION_RECORDS].p + 3, '\n', "a field EID is not text"},
        {part[EIDC_SECTION_RECORDS].p + 6, '\n', "not a name"},
        {part[EIDC_SECTION_RECORDS].p + part[EIDC_SECTION_RECORDS].n - 1, 't', "not that of its"},
        {part[EIDC_SECTION_ORDER].p, 1, "order index"},
        {part[EIDC_SECTION_FORWARD].p + EIDC_INDEX_REACH + 1, 0, ""},
        {part[EIDC_SECTION_FORWARD].p + EIDC_INDEX_SEED, 1, "forward index"},
        {part[EIDC_SECTION_REVERSE].p + EIDC_INDEX_SEED, 1, "reverse index"},
        {part[EIDC_SECTION_POSTINGS].p, 1, "posting lists"},
        {start + EIDC_AT_NAMES, 1, ""},
        {start + EIDC_AT_TEXTS, 1, "counts"},
    };
    for (size_t i = 0; i < COUNT(forged); i++) {
        struct eidc_err err = {0};
        struct eidc_image *image;
        uint8_t *copy = copy_of(block, block.n);
        copy[forged[i].at - start] = forged[i].value;
        eidc_content_sha256(copy, copy + EIDC_AT_SHA256);
        eidc_image_seal(copy, block.n);
        assert_true(eidc_image_open(copy, block.n, NULL, NULL, &image, &err));
        bool same = memcmp(copy, start, block.n) == 0;
        assert_int_equal(eidc_image_verify(image, no_key, &err), same);
        if (strstr(err.text, forged[i].says) == NULL)
            fail_msg("%zu: %s", i, err.text);
        eidc_image_free(image);
        free(copy);
    }
    eidc_image_free(good);
}

static void a_keyed_image_needs_its_key_for_its_checksums(void **state)
{
    (void)state;
    static const struct test_entry entries[] = {{"n", NULL, NULL}, {"m", NULL, NULL}};
    struct eidc_build_options options = {.key = EIDC_STR("secret")};
    struct eidc_err err = {0};
    struct eidc_builder *builder;
    struct eidc_image *image;
    assert_true(
        eidc_eid_scheme_make("sha256", 128, EIDC_EID_HEX, "", options.key, &options.scheme, &err));
    assert_true(eidc_builder_new(&options, &builder, &err));
    uint32_t scope = eidc_builder_scope(builder, EIDC_STR("s"), EIDC_STR("s"), 1);
    for (size_t i = 0; i < COUNT(entries); i++) {
        struct eidc_names names = {0};
        assert_true(eidc_names_add(&names, eidc_str_of(entries[i].name), no_key, &err));
        assert_true(eidc_builder_add(builder, scope, &names, &err));
    }
    assert_true(eidc_builder_finish(builder, 1, 1, &image, &err));
    eidc_builder_free(builder);
    assert_true(eidc_image_verify(image, no_key, &err));
    assert_true(eidc_image_verify(image, options.key, &err));
    assert_false(eidc_image_verify(image, EIDC_STR("guess"), &err));
    eidc_image_free(image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_flipped_bit_is_noticed),
        cmocka_unit_test(every_resealed_flip_is_noticed),
        cmocka_unit_test(every_flip_of_entries_is_noticed_without_hashes),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(random_bytes_never_fault),
        cmocka_unit_test(a_full_index_does_not_trap_a_reader),
        cmocka_unit_test(what_is_not_canonical_is_named),
        cmocka_unit_test(a_keyed_image_needs_its_key_for_its_checksums),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
