#include "eidcached/core/image_verify.h"
#include "eidcached/base/digest.h"
#include "eidcached/base/utf8.h"
#include "eidcached/core/image_parts.h"

/*
 * An image has exactly one canonical form. What the records say is checked one by one; the
 * indexes are then built again from them and compared byte for byte: so every name and EID is
 * found, and nothing else is.
 */

bool eidc_verify_fail(struct eidc_err *err, const char *what)
{
    return eidc_fail(err, EIDC_ERR_CORRUPT, "image: %s", what);
}

static bool all_zero(const uint8_t *p, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++)
        if (p[i] != 0)
            return false;
    return true;
}

/* Sections follow each other without gaps, padded with zeros; then comes the hash. */
static bool verify_layout(const struct eidc_image *image, struct eidc_err *err)
{
    uint64_t end = EIDC_IMAGE_HEADER;
    for (size_t i = 0; i < EIDC_SECTION_COUNT; i++) {
        uint64_t start = eidc_align64(end);
        if ((uint64_t)(image->part[i].p - image->block) != start)
            return eidc_verify_fail(err, "a section is not directly behind the one before it");
        if (!all_zero(image->block + end, start - end))
            return eidc_verify_fail(err, "padding is not zero");
        end = start + image->part[i].n;
    }
    uint64_t start = eidc_align64(end);
    if (start + EIDC_IMAGE_HASH_BYTES != image->size)
        return eidc_verify_fail(err, "the hash is not directly behind the last section");
    if (!all_zero(image->block + end, start - end) ||
        eidc_load64(image->block + EIDC_AT_RESERVED) != 0)
        return eidc_verify_fail(err, "padding is not zero");
    return true;
}

static bool verify_sha256(const struct eidc_image *image, struct eidc_err *err)
{
    uint8_t sha256[sizeof image->info.content_sha256];
    if (!eidc_sha256_try(eidc_content_of(image->block), sha256))
        return eidc_fail(err, EIDC_ERR_NOMEM, "no memory for the SHA-256 of its content");
    if (memcmp(sha256, image->info.content_sha256, sizeof sha256) != 0)
        return eidc_verify_fail(err, "the SHA-256 of its content is not what it says");
    return true;
}

static bool verify_scheme(const struct eidc_image *image, struct eidc_err *err)
{
    const struct eidc_eid_scheme *s = &image->info.scheme;
    const uint8_t *p = image->part[EIDC_SECTION_SCHEME].p;
    size_t algorithm = strlen(s->algorithm), prefix = strlen(s->prefix);
    if (!all_zero(p + EIDC_SCHEME_ALGORITHM + algorithm, EIDC_SCHEME_PREFIX - algorithm) ||
        !all_zero(p + EIDC_SCHEME_PREFIX + prefix,
                  EIDC_SCHEME_BITS - EIDC_SCHEME_PREFIX - prefix) ||
        eidc_load32(p + EIDC_SCHEME_RESERVED) != 0)
        return eidc_verify_fail(err, "padding of the EID scheme is not zero");
    if (!s->keyed && !all_zero(s->fingerprint, sizeof s->fingerprint))
        return eidc_verify_fail(err, "an EID scheme without key has a key's fingerprint");
    return true;
}

static bool verify_scopes(const struct eidc_image *image, struct eidc_err *err)
{
    struct eidc_scope scope, last = {0};
    const struct eidc_part *part = &image->part[EIDC_SECTION_SCOPES];
    if (eidc_load32(part->p) != 0)
        return eidc_verify_fail(err, "the scopes' texts do not start at 0");
    for (uint32_t i = 0; i < image->info.scopes; i++, last = scope) {
        if (!eidc_image_scope(image, i, &scope))
            return eidc_verify_fail(err, "a scope's text is outside its section");
        int order = i == 0 ? -1 : eidc_str_cmp(last.source, scope.source);
        if (order == 0)
            order = eidc_str_cmp(last.name, scope.name);
        if (order >= 0)
            return eidc_verify_fail(err, "scopes are not in order");
    }
    uint64_t texts = 2 * (uint64_t)image->info.scopes;
    if (4 * (texts + 1) + eidc_load32(part->p + 4 * texts) != part->n)
        return eidc_verify_fail(err, "the scopes' texts do not fill their section");
    return true;
}

static int compare_sets(const uint8_t *a, uint32_t n, const uint8_t *b, uint32_t m)
{
    for (uint32_t i = 0; i < n && i < m; i++) {
        uint32_t x = eidc_load32(a + 4 * (size_t)i), y = eidc_load32(b + 4 * (size_t)i);
        if (x != y)
            return x < y ? -1 : 1;
    }
    return (n > m) - (n < m);
}

/* One set: two and more scopes, ascending. */
static bool verify_set(const uint8_t *members, uint32_t n, uint32_t scopes)
{
    for (uint32_t i = 0; i < n; i++) {
        uint32_t scope = eidc_load32(members + 4 * (size_t)i);
        if (scope >= scopes || (i > 0 && scope <= eidc_load32(members + 4 * (size_t)(i - 1))))
            return false;
    }
    return n >= 2;
}

static bool verify_sets(const struct eidc_image *image, struct eidc_err *err)
{
    const struct eidc_part *part = &image->part[EIDC_SECTION_SCOPE_SETS];
    uint64_t offsets = 4 * ((uint64_t)image->scope_sets + 1);
    const uint8_t *members = part->p + offsets, *last = NULL;
    uint32_t from = eidc_load32(part->p), last_count = 0;
    if (from != 0)
        return eidc_verify_fail(err, "the scope sets do not start at 0");
    for (uint32_t i = 0; i < image->scope_sets; i++) {
        uint32_t to = eidc_load32(part->p + 4 * ((size_t)i + 1));
        const uint8_t *set = members + 4 * (size_t)from;
        if (to < from || to > (part->n - offsets) / 4 ||
            !verify_set(set, to - from, image->info.scopes))
            return eidc_verify_fail(err, "a scope set is not two and more scopes in order");
        if (last != NULL && compare_sets(last, last_count, set, to - from) >= 0)
            return eidc_verify_fail(err, "scope sets are not in order");
        last = set;
        last_count = to - from;
        from = to;
    }
    if (offsets + 4 * (uint64_t)from != part->n)
        return eidc_verify_fail(err, "the scope sets do not fill their section");
    return true;
}

/* Builds both indexes again, into one block. */
static bool verify_indexes(const struct eidc_image *image, uint8_t *block, struct eidc_err *err)
{
    const struct eidc_part *part = image->part;
    uint64_t entries = image->info.entries;
    uint64_t forward_bytes = eidc_index_bytes(image->info.names), reverse_bytes;
    uint8_t *reverse = block + forward_bytes;
    EIDC_BUF_AUTO postings = {0};
    struct eidc_collision collision = {0};
    if (!eidc_index_forward(&image->records, entries, block, err) ||
        !eidc_index_reverse(&image->records, entries, reverse, &reverse_bytes, &postings,
                            &collision, err))
        return false;
    if (part[EIDC_SECTION_FORWARD].n != forward_bytes ||
        memcmp(part[EIDC_SECTION_FORWARD].p, block, forward_bytes) != 0)
        return eidc_verify_fail(err, "the forward index is not that of its records");
    if (part[EIDC_SECTION_REVERSE].n != reverse_bytes ||
        memcmp(part[EIDC_SECTION_REVERSE].p, reverse, reverse_bytes) != 0)
        return eidc_verify_fail(err, "the reverse index is not that of its records");
    struct eidc_str lists = {(const char *)part[EIDC_SECTION_POSTINGS].p,
                             part[EIDC_SECTION_POSTINGS].n};
    if (!eidc_str_eq(lists, eidc_buf_view(&postings)))
        return eidc_verify_fail(err, "the posting lists are not those of its records");
    return true;
}

static bool rebuild_indexes(const struct eidc_image *image, struct eidc_err *err)
{
    size_t room = eidc_index_bytes(image->info.names) + eidc_index_bytes(image->info.entries);
    uint8_t *block = eidc_big_alloc(room);
    if (block == NULL)
        return eidc_fail(err, EIDC_ERR_NOMEM, "no memory to build the indexes again");
    bool same = verify_indexes(image, block, err);
    eidc_big_free(block, room);
    return same;
}

bool eidc_image_verify(const struct eidc_image *image, struct eidc_str key, struct eidc_err *err)
{
    return eidc_image_check(image, err) && verify_layout(image, err) && verify_sha256(image, err) &&
           verify_scheme(image, err) && verify_scopes(image, err) && verify_sets(image, err) &&
           eidc_verify_records(image, key, err) && rebuild_indexes(image, err);
}
