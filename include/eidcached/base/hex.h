#pragma once
/* Sixteen bytes as 32 hex digits and back, side by side and without branches: which digits are
 * letters cannot be predicted. Inline, for look-ups; encode.h has what takes any length. */
#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "eidcached/base/lanes.h"

#define EIDC_HEX_STEP 16 /* bytes */

typedef uint16_t eidc_hex_pairs __attribute__((vector_size(16)));
typedef uint8_t eidc_hex_half __attribute__((vector_size(8)));

/* Sixteen digits as eight bytes, each in two; clears in *good what is no digit. */
static inline eidc_hex_pairs eidc_hex_half_decode(const char *digits, eidc_lane_vector *good)
{
    eidc_lane_vector c;
    memcpy(&c, digits, sizeof c);
    eidc_lane_vector number = c - '0', letter = (c | 0x20) - 'a';
    eidc_lane_vector is_number = (eidc_lane_vector)(number < 10);
    eidc_lane_vector is_letter = (eidc_lane_vector)(letter < 6);
    *good &= is_number | is_letter;
    eidc_hex_pairs pair = (eidc_hex_pairs)((c & 15) + (is_letter & 9));
    const bool little = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
    return (little ? pair << 4 | pair >> 8 : pair >> 4 | pair) & 0xff;
}

/* Sixteen bytes as two little-endian numbers. */
struct eidc_words {
    uint64_t low, high;
};

/* False: not 32 hex digits, of either case. */
static inline bool eidc_hex_decode_words(const char *digits, struct eidc_words *out)
{
    eidc_lane_vector good = (eidc_lane_vector){0} - 1;
    eidc_hex_pairs first = eidc_hex_half_decode(digits, &good);
    eidc_hex_pairs second = eidc_hex_half_decode(digits + sizeof good, &good);
    uint64_t low = (uint64_t) __builtin_convertvector(first, eidc_hex_half);
    uint64_t high = (uint64_t) __builtin_convertvector(second, eidc_hex_half);
    *out = (struct eidc_words){le64toh(low), le64toh(high)};
    return eidc_lanes(good) == 0xffff;
}

static inline bool eidc_hex_decode_step(const char *digits, uint8_t out[static EIDC_HEX_STEP])
{
    struct eidc_words words;
    bool good = eidc_hex_decode_words(digits, &words);
    words = (struct eidc_words){htole64(words.low), htole64(words.high)};
    memcpy(out, &words, sizeof words);
    return good;
}

/* 32 digits, lower case. */
static inline void eidc_hex_encode_step(const uint8_t in[static EIDC_HEX_STEP], char *out)
{
    eidc_lane_vector bytes, high, low, digits[2];
    memcpy(&bytes, in, sizeof bytes);
    high = bytes >> 4;
    low = bytes & 15;
    digits[0] =
        __builtin_shufflevector(high, low, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    digits[1] = __builtin_shufflevector(high, low, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14,
                                        30, 15, 31);
    for (int i = 0; i < 2; i++)
        digits[i] += '0' + ((eidc_lane_vector)(digits[i] > 9) & ('a' - '0' - 10));
    memcpy(out, digits, sizeof digits);
}
