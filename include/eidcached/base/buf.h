#pragma once
/*
 * eidc_str: a view of bytes that someone else owns. Not NUL-terminated, may hold any byte.
 * eidc_buf: bytes that grow, up to a limit.
 *
 * Invariants of eidc_buf: valid when zeroed; p is NULL or p[n] == 0; n <= limit unless limit is 0
 * (no limit). An append that cannot be done whole is not done at all, sets `failed`, and every
 * later append fails too: write many, check once. Not thread-safe.
 */
#include <assert.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct eidc_str {
    const char *p;
    size_t n;
};

#define EIDC_STR(literal) ((struct eidc_str){(literal), sizeof(literal) - 1})
/* printf("%.*s", EIDC_STR_ARG(s)) */
#define EIDC_STR_ARG(s) (int)(s).n, (s).p

static inline struct eidc_str eidc_str_of(const char *z)
{
    return (struct eidc_str){z ? z : "", z ? strlen(z) : 0};
}

static inline bool eidc_str_eq(struct eidc_str a, struct eidc_str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* Byte order, the shorter first: <0, 0, >0. */
int eidc_str_cmp(struct eidc_str a, struct eidc_str b);
bool eidc_str_starts(struct eidc_str s, struct eidc_str prefix);
bool eidc_str_ends(struct eidc_str s, struct eidc_str tail);
/* Without blanks, tabs, CR and LF at both ends. */
struct eidc_str eidc_str_trim(struct eidc_str s);
/* Unsigned decimal of the whole view; false if empty, not digits, or over max. */
bool eidc_str_u64(struct eidc_str s, uint64_t max, uint64_t *out);

struct eidc_buf {
    char *p;
    size_t n, cap;
    size_t limit; /* bytes; 0 = none */
    bool failed;
};

char *eidc_buf_reserve_more(struct eidc_buf *b, size_t n); /* eidc_buf_reserve, the long way */

/* Room for n more bytes; returns where they go, NULL when over the limit or out of memory.
 * The caller writes there and then adds what it wrote to b->n with eidc_buf_commit. */
static inline char *eidc_buf_reserve(struct eidc_buf *b, size_t n)
{
    bool is_there = b->limit == 0 && !b->failed && n < b->cap - b->n;
    return is_there ? b->p + b->n : eidc_buf_reserve_more(b, n);
}

static inline void eidc_buf_commit(struct eidc_buf *b, size_t n)
{
    assert(b->n + n < b->cap || n == 0);
    b->n += n;
    if (b->p != NULL)
        b->p[b->n] = '\0';
}

static inline bool eidc_buf_add(struct eidc_buf *b, const void *data, size_t n)
{
    char *to = eidc_buf_reserve(b, n);
    if (to == NULL)
        return false;
    if (n > 0)
        memcpy(to, data, n);
    eidc_buf_commit(b, n);
    return true;
}

static inline bool eidc_buf_add_str(struct eidc_buf *b, struct eidc_str s)
{
    return eidc_buf_add(b, s.p, s.n);
}

static inline bool eidc_buf_add_byte(struct eidc_buf *b, char c)
{
    return eidc_buf_add(b, &c, 1);
}

bool eidc_buf_add_z(struct eidc_buf *b, const char *z);
bool eidc_buf_addf(struct eidc_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool eidc_buf_addv(struct eidc_buf *b, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));
void eidc_buf_truncate(struct eidc_buf *b, size_t n); /* back to n bytes; n <= b->n */
void eidc_buf_clear(struct eidc_buf *b);              /* n = 0, failed = false; keeps the memory */
void eidc_buf_free(struct eidc_buf *b);               /* back to zeroed, limit kept */
/* The same, of a secret: all of its memory is overwritten first. What it left behind when it grew
 * is not: reserve room for the whole secret at once. */
void eidc_buf_wipe(struct eidc_buf *b);

static inline struct eidc_str eidc_buf_view(const struct eidc_buf *b)
{
    return (struct eidc_str){b->p ? b->p : "", b->n};
}

#define EIDC_BUF_AUTO   __attribute__((cleanup(eidc_buf_free))) struct eidc_buf
#define EIDC_BUF_SECRET __attribute__((cleanup(eidc_buf_wipe))) struct eidc_buf
