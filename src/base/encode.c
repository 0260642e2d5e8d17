#include "eidcached/base/encode.h"

static const char hex_digits[] = "0123456789abcdef";
static const char base32_digits[] = "abcdefghijklmnopqrstuvwxyz234567";
static const char base64url_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* The bits of `in` in groups of `width`, first bit first, the last group filled with zeros. */
static size_t encode_groups(const uint8_t *in, size_t n, unsigned width, const char *digits,
                            char *out)
{
    uint32_t pending = 0;
    unsigned bits = 0;
    size_t written = 0;
    for (size_t i = 0; i < n; i++) {
        pending = pending << 8 | in[i];
        for (bits += 8; bits >= width; bits -= width)
            out[written++] = digits[pending >> (bits - width) & ((1u << width) - 1)];
    }
    if (bits > 0)
        out[written++] = digits[pending << (width - bits) & ((1u << width) - 1)];
    return written;
}

size_t eidc_hex_encode(const uint8_t *in, size_t n, char *out)
{
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = hex_digits[in[i] >> 4];
        out[2 * i + 1] = hex_digits[in[i] & 15];
    }
    return 2 * n;
}

size_t eidc_base32_encode(const uint8_t *in, size_t n, char *out)
{
    return encode_groups(in, n, 5, base32_digits, out);
}

size_t eidc_base64url_encode(const uint8_t *in, size_t n, char *out)
{
    return encode_groups(in, n, 6, base64url_digits, out);
}

size_t eidc_base64_encode(const uint8_t *in, size_t n, char *out)
{
    size_t written = encode_groups(in, n, 6, base64_digits, out);
    while (written % 4 != 0)
        out[written++] = '=';
    return written;
}

/* Each returns the value of a digit, or -1. */
typedef uint8_t digit_vector __attribute__((vector_size(16)));
typedef uint16_t pair_vector __attribute__((vector_size(16)));
typedef uint64_t word_vector __attribute__((vector_size(16)));
typedef uint8_t byte_vector __attribute__((vector_size(8)));

/* Sixteen hex digits as eight bytes, side by side and without branches: which digits are letters
 * cannot be predicted, and every reverse look-up decodes an EID. Marks in *bad what is no digit. */
static inline byte_vector hex_decode_16(const char *digits, digit_vector *bad)
{
    digit_vector c;
    memcpy(&c, digits, sizeof c);
    digit_vector number = c - '0', letter = (c | 0x20) - 'a';
    digit_vector is_number = (digit_vector)(number < 10), is_letter = (digit_vector)(letter < 6);
    *bad |= ~(is_number | is_letter);
    digit_vector value = (c & 15) + (is_letter & 9);
    pair_vector pair;
    memcpy(&pair, &value, sizeof pair);
    const bool little = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
    pair = little ? pair << 4 | pair >> 8 : pair >> 4 | pair;
    return __builtin_convertvector(pair & 0xff, byte_vector);
}

static int base32_value(char c)
{
    if (c >= 'a' && c <= 'z')
        return c - 'a';
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    return c >= '2' && c <= '7' ? c - '2' + 26 : -1;
}

static int base64url_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '-')
        return 62;
    return c == '_' ? 63 : -1;
}

static bool decode_groups(struct eidc_str in, unsigned width, int (*value_of)(char), uint8_t *out,
                          size_t n)
{
    if (n > SIZE_MAX / 8 - 1 || in.n != (n * 8 + width - 1) / width)
        return false;
    uint32_t pending = 0;
    unsigned bits = 0;
    size_t written = 0;
    for (size_t i = 0; i < in.n; i++) {
        int value = value_of(in.p[i]);
        if (value < 0)
            return false;
        pending = pending << width | (uint32_t)value;
        bits += width;
        if (bits >= 8) {
            bits -= 8;
            out[written++] = (uint8_t)(pending >> bits);
        }
    }
    return (pending & ((1u << bits) - 1)) == 0;
}

/* Fewer bytes than go side by side. Apart, so that EIDs of whole steps do not pay for it. */
__attribute__((noinline)) static void hex_decode_rest(const char *digits, uint8_t *out, size_t n,
                                                      digit_vector *bad)
{
    char filled[sizeof *bad];
    memset(filled, '0', sizeof filled);
    memcpy(filled, digits, 2 * n);
    byte_vector bytes = hex_decode_16(filled, bad);
    memcpy(out, &bytes, n);
}

static inline bool none(digit_vector bad)
{
    word_vector wrong = (word_vector)bad;
    return (wrong[0] | wrong[1]) == 0;
}

static inline void hex_decode_step(const char *digits, uint8_t *out, digit_vector *bad)
{
    byte_vector bytes = hex_decode_16(digits, bad);
    memcpy(out, &bytes, sizeof bytes);
}

__attribute__((noinline)) static bool hex_decode_any(const char *digits, uint8_t *out, size_t n)
{
    digit_vector bad = {0};
    size_t i = 0;
    for (; n - i >= sizeof(byte_vector); i += sizeof(byte_vector))
        hex_decode_step(digits + 2 * i, out + i, &bad);
    if (i < n)
        hex_decode_rest(digits + 2 * i, out + i, n - i, &bad);
    return none(bad);
}

bool eidc_hex_decode(struct eidc_str in, uint8_t *out, size_t n)
{
    if (in.n / 2 != n || in.n % 2 != 0)
        return false;
    if (n != 2 * sizeof(byte_vector))
        return hex_decode_any(in.p, out, n);
    digit_vector bad = {0}; /* 128 bits, as EIDs have by default */
    hex_decode_step(in.p, out, &bad);
    hex_decode_step(in.p + sizeof bad, out + sizeof(byte_vector), &bad);
    return none(bad);
}

bool eidc_base32_decode(struct eidc_str in, uint8_t *out, size_t n)
{
    return decode_groups(in, 5, base32_value, out, n);
}

bool eidc_base64url_decode(struct eidc_str in, uint8_t *out, size_t n)
{
    return decode_groups(in, 6, base64url_value, out, n);
}

static bool is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

void eidc_percent_encode(struct eidc_buf *out, struct eidc_str s, const char *keep)
{
    static const char upper_digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (is_unreserved(c) || (c != '\0' && strchr(keep, c) != NULL)) {
            eidc_buf_add_byte(out, c);
            continue;
        }
        char escape[3] = {'%', upper_digits[(uint8_t)c >> 4], upper_digits[(uint8_t)c & 15]};
        eidc_buf_add(out, escape, sizeof(escape));
    }
}

bool eidc_percent_decode(struct eidc_buf *out, struct eidc_str s)
{
    size_t start = out->n, at = 0;
    while (at < s.n) {
        const char *percent = memchr(s.p + at, '%', s.n - at);
        size_t plain = percent != NULL ? (size_t)(percent - s.p) : s.n;
        eidc_buf_add(out, s.p + at, plain - at);
        if (percent == NULL)
            break;
        uint8_t byte;
        if (s.n - plain < 3 || !eidc_hex_decode((struct eidc_str){percent + 1, 2}, &byte, 1)) {
            eidc_buf_truncate(out, start);
            return false;
        }
        eidc_buf_add_byte(out, (char)byte);
        at = plain + 3;
    }
    return true;
}
