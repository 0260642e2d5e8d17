#pragma once
/*
 * An open image taken apart, and the making of its indexes. Private to src/core/image*.c: reader,
 * verifier and builder share it.
 */
#include "eidcached/base/name.h"
#include "eidcached/core/image.h"
#include "eidcached/core/image_format.h"
#include "eidcached/core/image_memory.h"

struct eidc_part {
    const uint8_t *p;
    uint64_t n;
};

struct eidc_index {
    const uint8_t *buckets;
    uint64_t count; /* at least 1 in an open image */
    uint64_t seed, reach;
};

/* All that decoding a record needs. */
struct eidc_records {
    const uint8_t *p;
    uint64_t n;
    uint32_t raw_size; /* of a checksum EID */
    unsigned shift;    /* of the unit: records start at multiples of 1 << shift */
};

struct eidc_image {
    struct eidc_image_info info;
    struct eidc_records records;
    struct eidc_index forward, reverse;
    bool plain; /* all EIDs are 32 hex digits and nothing else, as by default */
    struct eidc_part part[EIDC_SECTION_COUNT];
    uint32_t scope_sets;
    const uint8_t *block;
    size_t size;
    void *owned; /* the block as it was given */
    eidc_image_release *release;
    void *release_arg;
};

static inline struct eidc_records eidc_records_of(const struct eidc_part *part,
                                                  const struct eidc_eid_scheme *scheme)
{
    return (struct eidc_records){part->p, part->n, (uint32_t)eidc_eid_raw_size(scheme),
                                 eidc_unit_shift(part->n)};
}

/* Decodes what is behind a record's two varints. */
static inline bool eidc_record_rest(const struct eidc_records *records, const uint8_t *p,
                                    uint64_t name_size, uint64_t set_and_kind,
                                    struct eidc_record *out, uint64_t *next)
{
    const uint8_t *end = records->p + records->n;
    bool text = set_and_kind & 1;
    if (text && p == end)
        return false;
    size_t eid_size = text ? *p++ : records->raw_size;
    uint64_t room = (uint64_t)(end - p);
    if (eid_size == 0 || name_size == 0 || name_size > EIDC_NAME_MAX || eid_size + name_size > room)
        return false;
    const char *bytes = (const char *)p;
    out->eid = (struct eidc_str){bytes, eid_size};
    out->name = (struct eidc_str){bytes + eid_size, name_size};
    out->eid_is_text = text;
    out->scope_set = (uint32_t)(set_and_kind >> 1);
    uint64_t unit = UINT64_C(1) << records->shift;
    *next = ((uint64_t)(p - records->p) + eid_size + name_size + (unit - 1)) & ~(unit - 1);
    return true;
}

/* Varints of any size. */
bool eidc_record_at_slow(const struct eidc_records *records, uint64_t at, struct eidc_record *out,
                         uint64_t *next);

/* Decodes the record at an offset; *next is where the one behind it is. False: there is none. */
static inline bool eidc_record_at(const struct eidc_records *records, uint64_t at,
                                  struct eidc_record *out, uint64_t *next)
{
    if (at >= records->n || records->n - at < 2)
        return false;
    const uint8_t *p = records->p + at;
    if ((p[0] | p[1]) < 0x80) /* both varints are one byte, as most are */
        return eidc_record_rest(records, p + 2, p[0], p[1], out, next);
    return eidc_record_at_slow(records, at, out, next);
}

/* The posting list at a word of its section: how many records, *first its first place. 0: there is
 * none. */
static inline uint64_t eidc_posting_list(const struct eidc_image *image, uint64_t at,
                                         uint64_t *first)
{
    const struct eidc_part *part = &image->part[EIDC_SECTION_POSTINGS];
    const uint64_t words = part->n / EIDC_POSTING_BYTES;
    if (at >= words)
        return 0;
    uint64_t count = eidc_load32(part->p + EIDC_POSTING_BYTES * at);
    *first = at + 1;
    return count < words - at ? count : 0;
}

/* The record at a place of a posting list. */
static inline uint64_t eidc_posting(const struct eidc_image *image, uint64_t place)
{
    const uint8_t *lists = image->part[EIDC_SECTION_POSTINGS].p;
    return (uint64_t)eidc_load32(lists + EIDC_POSTING_BYTES * place) << image->records.shift;
}

/* (key, value) pairs and their order: by key, equal keys as they were. scratch holds n too. */
struct eidc_pair {
    uint64_t key, value;
};
/* Looks at the key bytes that differ only; O(n), never quadratic. */
void eidc_pairs_sort(struct eidc_pair *pairs, struct eidc_pair *scratch, size_t n);

/* Two names that share a checksum EID. */
struct eidc_collision {
    bool found;
    struct eidc_str name[2];
};

/* The most bytes an index of so many keys takes. */
uint64_t eidc_index_bytes(uint64_t keys);
/* Write an index section over `entries` records to zeroed memory: forward takes
 * eidc_index_bytes(names); reverse at most eidc_index_bytes(entries), *bytes says how many, and
 * the posting lists go to *postings. Errors: NOMEM, CORRUPT (the records). */
bool eidc_index_forward(const struct eidc_records *records, uint64_t entries, uint8_t *to,
                        struct eidc_err *err);
bool eidc_index_reverse(const struct eidc_records *records, uint64_t entries, uint8_t *to,
                        uint64_t *bytes, struct eidc_buf *postings,
                        struct eidc_collision *collision, struct eidc_err *err);

/* The content, from EIDC_AT_CONTENT to the end of POSTINGS, and its SHA-256. Header filled in. */
struct eidc_str eidc_content_of(const uint8_t *block);
void eidc_content_sha256(const uint8_t *block, uint8_t out[static 32]);
/* Computes and stores the trailing hash. */
void eidc_image_seal(uint8_t *block, size_t size);
/* Opens a block of eidc_big_alloc, cut to its size; it is freed with the image, or on failure. */
bool eidc_image_adopt(uint8_t *block, size_t mapped, size_t size, struct eidc_image **out,
                      struct eidc_err *err);
