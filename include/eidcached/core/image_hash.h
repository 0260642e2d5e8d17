#pragma once
/*
 * The hash of an image's indexes (docs/image-format.md). Private to src/core/image*.c. Sixteen
 * bytes a step, each a multiplication of 64 by 64 bits folded to 64. As short as can be: the
 * fewer instructions a look-up has, the more of them a processor has under way at a time.
 */
#include "eidcached/base/buf.h"
#include "eidcached/base/hex.h"
#include "eidcached/core/image_format.h"

static inline uint64_t eidc_hash_fold(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t eidc_hash_end(uint64_t a, uint64_t b, uint64_t state, size_t n)
{
    unsigned __int128 product = (unsigned __int128)(a ^ EIDC_HASH_A) * (b ^ state);
    return eidc_hash_fold((uint64_t)product ^ EIDC_HASH_B ^ n,
                          (uint64_t)(product >> 64) ^ EIDC_HASH_A);
}

/* Fewer than 16 bytes. */
static inline uint64_t eidc_hash_few(const uint8_t *p, size_t n, uint64_t state)
{
    if (n >= 8)
        return eidc_hash_end(eidc_load64(p), eidc_load64(p + n - 8), state, n);
    if (n >= 4)
        return eidc_hash_end(eidc_load32(p), eidc_load32(p + n - 4), state, n);
    uint64_t bytes = n > 0 ? p[0] | (uint64_t)p[n / 2] << 8 | (uint64_t)p[n - 1] << 16 : 0;
    return eidc_hash_end(bytes, 0, state, n);
}

static inline uint64_t eidc_hash(struct eidc_str key, uint64_t seed)
{
    const uint8_t *p = (const uint8_t *)key.p;
    uint64_t state = seed ^ EIDC_HASH_B;
    if (key.n < 16)
        return eidc_hash_few(p, key.n, state);
    const uint8_t *last = p + key.n - 16; /* some of its bytes may be hashed for the second time */
    for (; p < last; p += 16)
        state = eidc_hash_fold(eidc_load64(p) ^ EIDC_HASH_A, eidc_load64(p + 8) ^ state);
    return eidc_hash_end(eidc_load64(last), eidc_load64(last + 8), state, key.n);
}

/* As eidc_hash of 16 bytes that are in registers. */
static inline uint64_t eidc_hash_words(struct eidc_words words, uint64_t seed)
{
    return eidc_hash_end(words.low, words.high, seed ^ EIDC_HASH_B, 16);
}

static inline uint64_t eidc_hash_eid(struct eidc_str eid, bool is_text, uint64_t seed)
{
    return eidc_hash(eid, is_text ? seed + EIDC_TEXT_SEED : seed);
}

static inline uint64_t eidc_hash_home(uint64_t hash, uint64_t buckets)
{
    return (uint64_t)(((unsigned __int128)hash * buckets) >> 64);
}

static inline uint8_t eidc_hash_tag(uint64_t hash)
{
    return (uint8_t)hash;
}
