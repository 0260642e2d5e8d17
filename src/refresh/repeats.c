#include "eidcached/refresh/repeats.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eidcached/base/mem.h"

#define SHORT 100 /* what is no longer is told again */

/* Behind the service and its operation, which may differ where the cause is one. */
static const char *cause_of(const char *text)
{
    const char *colon = strstr(text, ": ");

    return colon != NULL ? colon + 2 : text;
}

/* NULL: it is new, and remembered if there is room. */
static const char *find_or_add(struct eidc_repeats *r, const char *cause, const char *source)
{
    for (size_t i = 0; i < r->n; i++)
        if (strcmp(r->at[i].text, cause) == 0)
            return r->at[i].source;
    if (r->n < EIDC_REPEATS) {
        r->at[r->n].text = eidc_xstrdup(cause);
        r->at[r->n++].source = source;
    }
    return NULL;
}

const char *eidc_repeats_brief(struct eidc_repeats *r, const char *text, const char *source,
                               char out[static EIDC_ERR_TEXT_MAX])
{
    const char *cause = cause_of(text);
    const char *of = strlen(cause) > SHORT ? find_or_add(r, cause, source) : NULL;

    if (of == NULL)
        return text;
    snprintf(out, EIDC_ERR_TEXT_MAX, "%.*sas told of source %s above", (int)(cause - text), text,
             of);
    return out;
}

void eidc_repeats_free(struct eidc_repeats *r)
{
    for (size_t i = 0; i < r->n; i++)
        free(r->at[i].text);
    *r = (struct eidc_repeats){0};
}
