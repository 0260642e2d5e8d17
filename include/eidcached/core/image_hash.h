#pragma once
/* Key, hash, home bucket and tag of an image's indexes. Private to src/core/image*.c. */
#define XXH_INLINE_ALL /* short keys: the call would cost as much as the hash */
#include <xxhash.h>

#include "eidcached/base/buf.h"
#include "eidcached/core/image_format.h"

static inline uint64_t eidc_hash_name(struct eidc_str name, uint64_t seed)
{
    return XXH3_64bits_withSeed(name.p, name.n, seed);
}

static inline uint64_t eidc_hash_eid(struct eidc_str eid, bool is_text, uint64_t seed)
{
    return XXH3_64bits_withSeed(eid.p, eid.n, is_text ? seed + EIDC_TEXT_SEED : seed);
}

static inline uint64_t eidc_hash_home(uint64_t hash, uint64_t buckets)
{
    return (uint64_t)(((unsigned __int128)hash * buckets) >> 64);
}

static inline uint16_t eidc_hash_tag(uint64_t hash)
{
    return (uint16_t)(hash & EIDC_TAG_MASK);
}
