#pragma once
/* Comparing short keys inline: memcmp's call costs more than the comparison. No branch depends on
 * the bytes, only on how many they are. Private to src/core/image_find*.c. */
#include "eidcached/core/image_format.h"

typedef uint64_t eidc_word_pair __attribute__((vector_size(16)));

static inline eidc_word_pair eidc_differing(const uint8_t *a, const uint8_t *b)
{
    eidc_word_pair x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return x ^ y;
}

static inline eidc_word_pair eidc_differing_32(const uint8_t *a, const uint8_t *b)
{
    return eidc_differing(a, b) | eidc_differing(a + 16, b + 16);
}

/* 16 bytes and more: some of them twice rather than one by one. */
static inline bool eidc_same_long(const uint8_t *a, const uint8_t *b, size_t n)
{
    eidc_word_pair all;
    if (n < 32) {
        all = eidc_differing(a, b) | eidc_differing(a + n - 16, b + n - 16);
    } else {
        const uint8_t *last = a + n - 32;
        all = eidc_differing_32(last, b + n - 32);
        for (; a < last; a += 32, b += 32)
            all |= eidc_differing_32(a, b);
    }
    return (all[0] | all[1]) == 0;
}

/* Fewer than 16. No call: it would cost the long ones their registers. */
static inline bool eidc_same_few(const uint8_t *a, const uint8_t *b, size_t n)
{
    if (n >= 8)
        return ((eidc_load64(a) ^ eidc_load64(b)) |
                (eidc_load64(a + n - 8) ^ eidc_load64(b + n - 8))) == 0;
    if (n >= 4)
        return ((eidc_load32(a) ^ eidc_load32(b)) |
                (eidc_load32(a + n - 4) ^ eidc_load32(b + n - 4))) == 0;
    uint8_t all = 0;
    for (size_t i = 0; i < n; i++)
        all |= a[i] ^ b[i];
    return all == 0;
}

static inline bool eidc_same_bytes(const uint8_t *a, const char *b, size_t n)
{
    const uint8_t *bytes = (const uint8_t *)b;
    return n >= sizeof(eidc_word_pair) ? eidc_same_long(a, bytes, n) : eidc_same_few(a, bytes, n);
}
