#include "eidcached/base/buf.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define FIRST_CAPACITY 64

int eidc_str_cmp(struct eidc_str a, struct eidc_str b)
{
    size_t shorter = a.n < b.n ? a.n : b.n;
    int order = shorter > 0 ? memcmp(a.p, b.p, shorter) : 0;
    return order != 0 ? order : (a.n > b.n) - (a.n < b.n);
}

bool eidc_str_starts(struct eidc_str s, struct eidc_str prefix)
{
    return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

bool eidc_str_ends(struct eidc_str s, struct eidc_str tail)
{
    return s.n >= tail.n && eidc_str_eq((struct eidc_str){s.p + s.n - tail.n, tail.n}, tail);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct eidc_str eidc_str_trim(struct eidc_str s)
{
    while (s.n > 0 && is_space(s.p[s.n - 1]))
        s.n--;
    while (s.n > 0 && is_space(s.p[0]))
        s.p++, s.n--;
    return s;
}

bool eidc_str_u64(struct eidc_str s, uint64_t max, uint64_t *out)
{
    uint64_t value = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
        uint64_t digit = (uint64_t)(s.p[i] - '0');
        if (value > (UINT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    if (s.n == 0 || value > max)
        return false;
    *out = value;
    return true;
}

/* The capacity to aim for: half as much again, so that appending n bytes costs O(n). */
static size_t next_capacity(const struct eidc_buf *b, size_t needed)
{
    size_t grown = b->cap < FIRST_CAPACITY ? FIRST_CAPACITY : b->cap;
    grown += b->cap / 2;
    if (b->limit > 0 && grown > b->limit)
        grown = b->limit + 1;
    return grown > needed ? grown : needed;
}

static bool grow(struct eidc_buf *b, size_t needed)
{
    size_t capacity = next_capacity(b, needed);
    char *p = realloc(b->p, capacity);
    if (p == NULL && capacity > needed) {
        capacity = needed;
        p = realloc(b->p, capacity);
    }
    if (p == NULL)
        return false;
    b->p = p;
    b->cap = capacity;
    b->p[b->n] = '\0';
    return true;
}

char *eidc_buf_reserve_more(struct eidc_buf *b, size_t n)
{
    if (b->failed)
        return NULL;
    size_t most = b->limit > 0 && b->limit < PTRDIFF_MAX ? b->limit : PTRDIFF_MAX - 1;
    bool fits = b->n <= most && n <= most - b->n;
    size_t needed = b->n + n + 1; /* and the NUL */
    if (!fits || (needed > b->cap && !grow(b, needed))) {
        b->failed = true;
        return NULL;
    }
    return b->p + b->n;
}

bool eidc_buf_add_z(struct eidc_buf *b, const char *z)
{
    return eidc_buf_add(b, z, strlen(z));
}

bool eidc_buf_addf(struct eidc_buf *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    bool added = eidc_buf_addv(b, fmt, ap);
    va_end(ap);
    return added;
}

bool eidc_buf_addv(struct eidc_buf *b, const char *fmt, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    /* The analyzer takes a va_list that came from a caller for uninitialised. */
    int n = vsnprintf(NULL, 0, fmt, again); // NOLINT(clang-analyzer-valist.Uninitialized)
    va_end(again);
    if (n < 0)
        b->failed = true;
    char *to = n < 0 ? NULL : eidc_buf_reserve(b, (size_t)n);
    if (to == NULL)
        return false;
    vsnprintf(to, (size_t)n + 1, fmt, ap);
    eidc_buf_commit(b, (size_t)n);
    return true;
}

void eidc_buf_truncate(struct eidc_buf *b, size_t n)
{
    assert(n <= b->n);
    b->n = n;
    if (b->p != NULL)
        b->p[n] = '\0';
}

void eidc_buf_clear(struct eidc_buf *b)
{
    eidc_buf_truncate(b, 0);
    b->failed = false;
}

void eidc_buf_free(struct eidc_buf *b)
{
    free(b->p);
    *b = (struct eidc_buf){.limit = b->limit};
}

void eidc_buf_wipe(struct eidc_buf *b)
{
    if (b->p != NULL)
        explicit_bzero(b->p, b->cap);
    eidc_buf_free(b);
}
