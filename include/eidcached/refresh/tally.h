#pragma once
/* What a generation holds of each source. */
#include "eidcached/core/current.h"
#include "eidcached/core/source.h"

struct eidc_tally {
    uint64_t names;
    uint32_t scopes;
    int64_t verified_at; /* the oldest of its scopes; 0: it has none */
};

/* One for each source, in their order; scopes of other sources, which were configured once, count
 * nowhere. Walks the whole image. The caller frees it. */
struct eidc_tally *eidc_tally_new(const struct eidc_generation *g,
                                  struct eidc_source *const *sources, size_t count);
