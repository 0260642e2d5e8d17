#pragma once
/*
 * Small control structures come from the x-functions, which end the process with a message when
 * memory is out: there is no useful way on. Whatever grows with the data (names, bodies, images)
 * is allocated where the failure can be reported: eidc_buf, eidc_image_build.
 */
#include <stddef.h>
#include <stdlib.h>

void *eidc_xcalloc(size_t count, size_t size);           /* zeroed */
void *eidc_xrealloc(void *p, size_t count, size_t size); /* checks count * size for overflow */
char *eidc_xstrdup(const char *s);                       /* NULL in, NULL out */
char *eidc_xstrndup(const char *s, size_t n);
char *eidc_xprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static inline void eidc_free_p(void *p)
{
    free(*(void **)p);
}
/* char *s EIDC_AUTO_FREE = ...; freed on every return */
#define EIDC_AUTO_FREE __attribute__((cleanup(eidc_free_p)))
