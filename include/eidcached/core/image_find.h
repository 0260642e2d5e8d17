#pragma once
/*
 * The short way of a look-up. Nearly every one ends at the first slot with the tag in the home
 * bucket: one cache line of index and one record. That way is here, inline, for one key
 * (image_find.c) and for many (image_find_many.c); everything else takes its time
 * (image_find_any.c). What is known of a record before it is compared is checked in one comparison,
 * so that no branch that waits for memory goes either way. Private to src/core/image_find*.c.
 */
#include "eidcached/base/hex.h"
#include "eidcached/core/image_bucket.h"
#include "eidcached/core/image_same.h"

/* Any key in any image. */
bool eidc_find_forward_any(const struct eidc_image *image, struct eidc_str name,
                           struct eidc_hits *hits);
bool eidc_find_reverse_any(const struct eidc_image *image, struct eidc_str eid,
                           struct eidc_hits *hits);

/* No hits yet. */
static inline void eidc_hits_set_none(struct eidc_hits *hits, const struct eidc_image *image)
{
    hits->image = image;
    hits->has_first = hits->has_more = false;
}

/* One hit, and no more. The name lies behind the EID. */
static inline void eidc_hits_set_one(struct eidc_hits *hits, const struct eidc_image *image,
                                     const struct eidc_record *first)
{
    hits->image = image;
    hits->eid = first->eid.p;
    hits->eid_size = (uint32_t)first->eid.n;
    hits->name_size = (uint32_t)first->name.n;
    hits->scope_set = first->scope_set;
    hits->eid_is_text = first->eid_is_text;
    hits->has_first = true;
    hits->has_more = hits->same_name = false;
}

/* A record as most are: both varints one byte, its EID a checksum. The two bytes can be read where
 * a record could start, as other sections follow. */
#define EIDC_SHORT_HEAD 2u
_Static_assert(EIDC_SECTION_RECORDS < EIDC_SECTION_FORWARD, "an index header follows, at least");

static inline struct eidc_record eidc_short_record(const uint8_t *p, size_t eid_size,
                                                   size_t name_size)
{
    const char *eid = (const char *)p + EIDC_SHORT_HEAD;
    return (struct eidc_record){{eid + eid_size, name_size}, {eid, eid_size}, false, p[1] >> 1};
}

/* Is there such a record with this name, of at most EIDC_SHORT_NAME bytes? */
#define EIDC_SHORT_NAME 0x7fu
static inline bool eidc_short_named(const struct eidc_records *records, uint64_t at,
                                    struct eidc_str name, struct eidc_record *out)
{
    if (at >= records->n)
        return false;
    const uint8_t *p = records->p + at;
    const size_t eid_size = records->raw_size, front = EIDC_SHORT_HEAD + eid_size;
    if ((eidc_load16(p) & 0x81ff) != name.n || front + name.n > records->n - at ||
        !eidc_same_bytes(p + front, name.p, name.n))
        return false;
    *out = eidc_short_record(p, eid_size, name.n);
    return true;
}

static inline bool eidc_find_forward(const struct eidc_image *image, const uint8_t *bucket,
                                     uint64_t hash, struct eidc_str name, struct eidc_hits *hits)
{
    unsigned match = eidc_bucket_match(bucket, eidc_hash_tag(hash));
    if (match == 0 && !(eidc_bucket_state(bucket) & EIDC_BUCKET_OVERFLOW)) {
        eidc_hits_set_none(hits, image);
        return false;
    }
    if (match == 0)
        return eidc_find_forward_any(image, name, hits);
    unsigned slot = (unsigned)__builtin_ctz(match);
    uint64_t at = eidc_bucket_offset(bucket, slot) << image->records.shift;
    struct eidc_record record;
    if (eidc_bucket_several(bucket, slot) || !eidc_short_named(&image->records, at, name, &record))
        return eidc_find_forward_any(image, name, hits);
    eidc_hits_set_one(hits, image, &record);
    return true;
}

/* Is there such a record with this EID? */
static inline bool eidc_short_of(const struct eidc_records *records, uint64_t at,
                                 struct eidc_words eid, struct eidc_record *out)
{
    if (at >= records->n)
        return false;
    const uint8_t *p = records->p + at;
    const uint32_t head = eidc_load16(p), name_size = head & 0x7f;
    const uint64_t differing = (eidc_load64(p + EIDC_SHORT_HEAD) ^ eid.low) |
                               (eidc_load64(p + EIDC_SHORT_HEAD + 8) ^ eid.high);
    if ((head & 0x8180) != 0 || name_size == 0 || differing != 0 ||
        EIDC_SHORT_HEAD + EIDC_HEX_STEP + name_size > records->n - at)
        return false;
    *out = eidc_short_record(p, EIDC_HEX_STEP, name_size);
    return true;
}

/* An image of plain EIDs: 32 hex digits, parsed by the caller. */
static inline bool eidc_find_reverse(const struct eidc_image *image, const uint8_t *bucket,
                                     uint64_t hash, struct eidc_words raw, struct eidc_str eid,
                                     struct eidc_hits *hits)
{
    unsigned match = eidc_bucket_match(bucket, eidc_hash_tag(hash));
    if (match == 0 && !(eidc_bucket_state(bucket) & EIDC_BUCKET_OVERFLOW)) {
        eidc_hits_set_none(hits, image);
        return false;
    }
    if (match == 0)
        return eidc_find_reverse_any(image, eid, hits);
    unsigned slot = (unsigned)__builtin_ctz(match);
    uint64_t at = eidc_bucket_offset(bucket, slot) << image->records.shift;
    struct eidc_record record;
    if (eidc_bucket_several(bucket, slot) || !eidc_short_of(&image->records, at, raw, &record))
        return eidc_find_reverse_any(image, eid, hits);
    eidc_hits_set_one(hits, image, &record);
    return true;
}
