#pragma once
/* What was logged at length in a round is referred to when it comes again: twenty sources without
 * credentials need not tell twenty times where none were found. */
#include <stddef.h>

#include "eidcached/base/err.h"

#define EIDC_REPEATS 8

/* Valid when zeroed. */
struct eidc_repeats {
    struct {
        char *text;
        const char *source; /* that it was told of; outlives this */
    } at[EIDC_REPEATS];
    size_t n;
};

/* The text to log of this source: the error's own, or its beginning ("glue GetTables: ") and whose
 * failure it repeats. out is where the latter is put. */
const char *eidc_repeats_brief(struct eidc_repeats *r, const char *text, const char *source,
                               char out[static EIDC_ERR_TEXT_MAX]);
void eidc_repeats_free(struct eidc_repeats *r); /* leaves it empty */
