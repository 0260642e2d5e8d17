#include "eidcached/base/encode.h"

#include "eidcached/base/hex.h"

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
    size_t i = 0;
    for (; n - i >= EIDC_HEX_STEP; i += EIDC_HEX_STEP)
        eidc_hex_encode_step(in + i, out + 2 * i);
    for (; i < n; i++) {
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

/* Fewer bytes than go side by side: the digits, filled up with zeros. */
static bool hex_decode_rest(const char *digits, uint8_t *out, size_t n)
{
    char filled[2 * EIDC_HEX_STEP];
    uint8_t bytes[EIDC_HEX_STEP];
    memset(filled, '0', sizeof filled);
    memcpy(filled, digits, 2 * n);
    if (!eidc_hex_decode_step(filled, bytes))
        return false;
    memcpy(out, bytes, n);
    return true;
}

bool eidc_hex_decode(struct eidc_str in, uint8_t *out, size_t n)
{
    if (in.n / 2 != n || in.n % 2 != 0)
        return false;
    size_t i = 0;
    for (; n - i >= EIDC_HEX_STEP; i += EIDC_HEX_STEP)
        if (!eidc_hex_decode_step(in.p + 2 * i, out + i))
            return false;
    return i == n || hex_decode_rest(in.p + 2 * i, out + i, n - i);
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
