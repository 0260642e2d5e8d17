#include "eidcached/base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Writes with write(2), because stdio may allocate. */
static _Noreturn void out_of_memory(void)
{
    static const char message[] = "eidcached: out of memory\n";
    ssize_t ignored = write(STDERR_FILENO, message, sizeof(message) - 1);
    (void)ignored;
    abort();
}

void *eidc_xcalloc(size_t count, size_t size)
{
    void *p = calloc(count > 0 ? count : 1, size > 0 ? size : 1);
    if (p == NULL)
        out_of_memory();
    return p;
}

void *eidc_xrealloc(void *p, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        out_of_memory();
    void *grown = realloc(p, bytes > 0 ? bytes : 1);
    if (grown == NULL)
        out_of_memory();
    return grown;
}

char *eidc_xstrdup(const char *s)
{
    return s != NULL ? eidc_xstrndup(s, strlen(s)) : NULL;
}

char *eidc_xstrndup(const char *s, size_t n)
{
    if (s == NULL)
        return NULL;
    char *copy = strndup(s, n);
    if (copy == NULL)
        out_of_memory();
    return copy;
}

char *eidc_xprintf(const char *fmt, ...)
{
    char *text = NULL;
    va_list ap;
    va_start(ap, fmt);
    int n = vasprintf(&text, fmt, ap);
    va_end(ap);
    if (n < 0)
        out_of_memory();
    return text;
}
