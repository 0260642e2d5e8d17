#pragma once
/*
 * Hash, home bucket and slots of an image's indexes. Private to src/core/image*.c. Inline: a
 * look-up is so few instructions that the processor works on several at a time, and each one
 * saved lets it look further ahead, to the next look-up's cache misses.
 */
#define XXH_INLINE_ALL
#include <xxhash.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "eidcached/core/image_parts.h"

uint64_t eidc_hash_seeded(struct eidc_str key, uint64_t seed);

/* The seed is 0 unless somebody chose his names to collide. With a constant the hash is shorter. */
static inline uint64_t eidc_hash_name(struct eidc_str name, uint64_t seed)
{
    if (__builtin_expect(seed != 0, 0))
        return eidc_hash_seeded(name, seed);
    return XXH3_64bits(name.p, name.n);
}

static inline uint64_t eidc_hash_eid(struct eidc_str eid, bool is_text, uint64_t seed)
{
    return eidc_hash_name(eid, is_text ? seed + EIDC_TEXT_SEED : seed);
}

static inline uint64_t eidc_hash_home(uint64_t hash, uint64_t buckets)
{
    return (uint64_t)(((unsigned __int128)hash * buckets) >> 64);
}

static inline uint8_t eidc_hash_tag(uint64_t hash)
{
    return (uint8_t)hash;
}

static inline const uint8_t *eidc_bucket_home(const struct eidc_index *index, uint64_t hash)
{
    return index->buckets + eidc_hash_home(hash, index->count) * EIDC_BUCKET_BYTES;
}

typedef uint8_t eidc_tag_vector __attribute__((vector_size(16)));

/* Bit i: lane i is not zero; lanes are 0 or 255. */
#ifdef __SSE2__
static inline unsigned eidc_lanes(eidc_tag_vector lanes)
{
    return (unsigned)_mm_movemask_epi8((__m128i)lanes);
}
#else
static inline unsigned eidc_lanes_8(const uint8_t *p)
{
    uint64_t ones = eidc_load64(p) & UINT64_C(0x0101010101010101);
    return (unsigned)(ones * UINT64_C(0x0102040810204080) >> 56);
}

static inline unsigned eidc_lanes(eidc_tag_vector lanes)
{
    uint8_t bytes[sizeof lanes];
    memcpy(bytes, &lanes, sizeof lanes);
    return eidc_lanes_8(bytes) | eidc_lanes_8(bytes + 8) << 8;
}
#endif

_Static_assert(EIDC_BUCKET_SLOTS <= EIDC_BUCKET_STATE && EIDC_BUCKET_STATE < 16, "one load");

/* Bit i: slot i has the tag. A slot that is not in use may match, too: its record is compared and
 * is not the one, and the key's own slot is in front of it. */
static inline unsigned eidc_bucket_match(const uint8_t *bucket, uint8_t tag)
{
    eidc_tag_vector tags;
    memcpy(&tags, bucket, sizeof tags);
    return eidc_lanes((eidc_tag_vector)(tags == tag)) & ((1u << EIDC_BUCKET_SLOTS) - 1);
}

static inline uint32_t eidc_bucket_state(const uint8_t *bucket)
{
    return eidc_load32(bucket + EIDC_BUCKET_STATE);
}

/* What a slot says, in units of records or words of posting lists. */
static inline uint64_t eidc_bucket_offset(const uint8_t *bucket, unsigned slot)
{
    return eidc_load32(bucket + EIDC_BUCKET_OFFSETS + (size_t)4 * slot);
}

static inline bool eidc_bucket_several(const uint8_t *bucket, unsigned slot)
{
    return (eidc_bucket_state(bucket) >> slot & 1) != 0;
}
