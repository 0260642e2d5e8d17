#pragma once
/* Sixteen bytes as 32 hex digits and back, side by side and without branches: which digits are
 * letters cannot be predicted. Inline, for look-ups; encode.h has what takes any length. */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define EIDC_HEX_STEP 16 /* bytes */

typedef uint8_t eidc_hex_vector __attribute__((vector_size(16)));
typedef uint16_t eidc_hex_pairs __attribute__((vector_size(16)));
typedef uint8_t eidc_hex_half __attribute__((vector_size(8)));

/* Sixteen digits as eight bytes; marks in *bad what is no digit. */
static inline eidc_hex_half eidc_hex_half_decode(const char *digits, eidc_hex_vector *bad)
{
    eidc_hex_vector c;
    memcpy(&c, digits, sizeof c);
    eidc_hex_vector number = c - '0', letter = (c | 0x20) - 'a';
    eidc_hex_vector is_number = (eidc_hex_vector)(number < 10);
    eidc_hex_vector is_letter = (eidc_hex_vector)(letter < 6);
    *bad |= ~(is_number | is_letter);
    eidc_hex_pairs pair = (eidc_hex_pairs)((c & 15) + (is_letter & 9));
    const bool little = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
    pair = little ? pair << 4 | pair >> 8 : pair >> 4 | pair;
    return __builtin_convertvector(pair & 0xff, eidc_hex_half);
}

static inline bool eidc_hex_none(eidc_hex_vector bad)
{
    uint64_t wrong[2];
    memcpy(wrong, &bad, sizeof wrong);
    return (wrong[0] | wrong[1]) == 0;
}

/* False: not 32 hex digits, of either case. */
static inline bool eidc_hex_decode_step(const char *digits, uint8_t out[static EIDC_HEX_STEP])
{
    eidc_hex_vector bad = {0};
    eidc_hex_half first = eidc_hex_half_decode(digits, &bad);
    eidc_hex_half second = eidc_hex_half_decode(digits + sizeof bad, &bad);
    memcpy(out, &first, sizeof first);
    memcpy(out + sizeof first, &second, sizeof second);
    return eidc_hex_none(bad);
}

/* 32 digits, lower case. */
static inline void eidc_hex_encode_step(const uint8_t in[static EIDC_HEX_STEP], char *out)
{
    eidc_hex_vector bytes, high, low, digits[2];
    memcpy(&bytes, in, sizeof bytes);
    high = bytes >> 4;
    low = bytes & 15;
    digits[0] =
        __builtin_shufflevector(high, low, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    digits[1] = __builtin_shufflevector(high, low, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14,
                                        30, 15, 31);
    for (int i = 0; i < 2; i++)
        digits[i] += '0' + ((eidc_hex_vector)(digits[i] > 9) & ('a' - '0' - 10));
    memcpy(out, digits, sizeof digits);
}
