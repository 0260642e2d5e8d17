#include "eidcached/base/utf8.h"

#include "eidcached/base/lanes.h"

/* What follows a lead byte: how many bytes, and the range of the first of them. That range is
 * where overlong forms, surrogates and code points above U+10FFFF fall out. */
struct lead {
    uint8_t first, last; /* lead bytes */
    uint8_t follow;      /* continuation bytes */
    uint8_t second_min, second_max;
};

static const struct lead leads[] = {
    {0xc2, 0xdf, 1, 0x80, 0xbf}, {0xe0, 0xe0, 2, 0xa0, 0xbf}, {0xe1, 0xec, 2, 0x80, 0xbf},
    {0xed, 0xed, 2, 0x80, 0x9f}, {0xee, 0xef, 2, 0x80, 0xbf}, {0xf0, 0xf0, 3, 0x90, 0xbf},
    {0xf1, 0xf3, 3, 0x80, 0xbf}, {0xf4, 0xf4, 3, 0x80, 0x8f},
};

static const struct lead *find_lead(uint8_t byte)
{
    for (size_t i = 0; i < sizeof(leads) / sizeof(leads[0]); i++)
        if (byte >= leads[i].first && byte <= leads[i].last)
            return &leads[i];
    return NULL;
}

/* Length of the character of more than one byte at p; 0 if it is not one. */
static size_t long_character(const uint8_t *p, size_t n)
{
    const struct lead *lead = find_lead(p[0]);
    if (lead == NULL || n <= lead->follow || p[1] < lead->second_min || p[1] > lead->second_max)
        return 0;
    for (size_t i = 2; i <= lead->follow; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    return (size_t)lead->follow + 1;
}

/* Bit i: byte i of a vector is beyond ASCII. */
static inline unsigned beyond_ascii(const uint8_t *p)
{
    eidc_signed_lanes bytes = (eidc_signed_lanes)eidc_lanes_load(p);
    return eidc_lanes((eidc_lane_vector)(bytes < 0));
}

static size_t skip_ascii(const uint8_t *p, size_t at, size_t n)
{
    const size_t step = sizeof(eidc_lane_vector);
    for (; n - at >= step; at += step) {
        unsigned beyond = beyond_ascii(p + at);
        if (beyond != 0)
            return at + (unsigned)__builtin_ctz(beyond);
    }
    if (n >= step && beyond_ascii(p + n - step) == 0)
        return n;
    while (at < n && p[at] < 0x80)
        at++;
    return at;
}

size_t eidc_utf8_valid_prefix(struct eidc_str s)
{
    const uint8_t *p = (const uint8_t *)s.p;
    size_t at = skip_ascii(p, 0, s.n);
    while (at < s.n) {
        size_t length = long_character(p + at, s.n - at);
        if (length == 0)
            break;
        at = skip_ascii(p, at + length, s.n);
    }
    return at;
}

size_t eidc_utf8_encode(uint32_t code_point, char out[static 4])
{
    if (code_point < 0x80) {
        out[0] = (char)code_point;
        return 1;
    }
    static const uint8_t marks[] = {0, 0, 0xc0, 0xe0, 0xf0};
    size_t n = code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (code_point & 0x3f));
        code_point >>= 6;
    }
    out[0] = (char)(marks[n] | code_point);
    return n;
}

/* The length of the control character that s begins with; 0: it begins with none. */
static size_t control_length(struct eidc_str s)
{
    uint8_t c = (uint8_t)s.p[0];
    if (c < 0x20 || c == 0x7f)
        return 1;
    return c == 0xc2 && s.n > 1 && (uint8_t)s.p[1] < 0xa0 ? 2 : 0;
}

void eidc_utf8_add_visible(struct eidc_str text, struct eidc_buf *out)
{
    size_t valid = eidc_utf8_valid_prefix(text);
    for (size_t at = 0; at < text.n;) {
        struct eidc_str rest = {text.p + at, text.n - at};
        size_t control = at < valid ? control_length(rest) : 1;
        eidc_buf_add_byte(out, control > 0 ? '?' : text.p[at]);
        at += control > 0 ? control : 1;
        if (at > valid)
            valid = at + eidc_utf8_valid_prefix((struct eidc_str){text.p + at, text.n - at});
    }
}
