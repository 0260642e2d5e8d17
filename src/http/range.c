#include "eidcached/http/range.h"

#include <strings.h>

/* A position of any length: what does not fit is as good as the largest. False: not digits. */
static bool read_position(struct eidc_str digits, uint64_t *out)
{
    uint64_t value = 0;
    for (size_t i = 0; i < digits.n; i++) {
        unsigned digit = (unsigned char)digits.p[i] - (unsigned)'0';
        if (digit > 9)
            return false;
        value = value > (UINT64_MAX - digit) / 10 ? UINT64_MAX : value * 10 + digit;
    }
    *out = value;
    return digits.n > 0;
}

static enum eidc_range part(uint64_t first, uint64_t last, uint64_t size, uint64_t *from,
                            uint64_t *n)
{
    if (first >= size)
        return EIDC_RANGE_UNSATISFIABLE;
    *from = first;
    *n = (last < size ? last : size - 1) - first + 1;
    return EIDC_RANGE_PART;
}

/* The last `count` bytes. */
static enum eidc_range suffix(uint64_t count, uint64_t size, uint64_t *from, uint64_t *n)
{
    return count == 0 ? EIDC_RANGE_UNSATISFIABLE
                      : part(count < size ? size - count : 0, UINT64_MAX, size, from, n);
}

enum eidc_range eidc_range_read(struct eidc_str range, uint64_t size, uint64_t *from, uint64_t *n)
{
    const struct eidc_str unit = EIDC_STR("bytes=");
    uint64_t first, last = UINT64_MAX;
    if (range.p == NULL || range.n < unit.n || strncasecmp(range.p, unit.p, unit.n) != 0)
        return EIDC_RANGE_WHOLE;
    struct eidc_str set = eidc_str_trim((struct eidc_str){range.p + unit.n, range.n - unit.n});
    const char *dash = set.n > 0 ? memchr(set.p, '-', set.n) : NULL;
    if (dash == NULL)
        return EIDC_RANGE_WHOLE;
    struct eidc_str left = {set.p, (size_t)(dash - set.p)};
    struct eidc_str right = {dash + 1, set.n - left.n - 1};
    if (right.n > 0 && !read_position(right, &last))
        return EIDC_RANGE_WHOLE;
    if (left.n == 0)
        return right.n > 0 ? suffix(last, size, from, n) : EIDC_RANGE_WHOLE;
    if (!read_position(left, &first) || first > last)
        return EIDC_RANGE_WHOLE;
    return part(first, last, size, from, n);
}

bool eidc_if_range(struct eidc_str if_range, struct eidc_str etag)
{
    return if_range.p == NULL || eidc_str_eq(eidc_str_trim(if_range), etag);
}
