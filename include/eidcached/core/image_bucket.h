#pragma once
/* Home bucket and slots of an image's indexes. Private to src/core/image*.c. */
#include "eidcached/base/lanes.h"
#include "eidcached/core/image_hash.h"
#include "eidcached/core/image_parts.h"

static inline const uint8_t *eidc_bucket_home(const struct eidc_index *index, uint64_t hash)
{
    return index->buckets + eidc_hash_home(hash, index->count) * EIDC_BUCKET_BYTES;
}

_Static_assert(EIDC_BUCKET_SLOTS <= EIDC_BUCKET_STATE && EIDC_BUCKET_STATE < 16, "one load");

/* Bit i: slot i has the tag. A slot that is not in use may match, too: its record is compared and
 * is not the one, and the key's own slot is in front of it. */
static inline unsigned eidc_bucket_match(const uint8_t *bucket, uint8_t tag)
{
    eidc_lane_vector tags;
    memcpy(&tags, bucket, sizeof tags);
    return eidc_lanes((eidc_lane_vector)(tags == tag)) & ((1u << EIDC_BUCKET_SLOTS) - 1);
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
