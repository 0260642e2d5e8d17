#pragma once
/* What changed from one image to another: a linear merge of their ordered entries. */
#include "eidcached/core/image.h"

enum eidc_change { EIDC_ADDED, EIDC_REMOVED };

/* Called for each difference, in byte order. Return false to stop early. */
typedef bool eidc_diff_fn(void *arg, enum eidc_change change, const struct eidc_image *of,
                          const struct eidc_record *record);

struct eidc_diff_counts {
    uint64_t added, removed;
};

/* before may be NULL (everything is added). fn may be NULL (only count). An entry is the same when
 * name and printed EID are: scopes do not count. */
void eidc_diff(const struct eidc_image *before, const struct eidc_image *after, eidc_diff_fn *fn,
               void *arg, struct eidc_diff_counts *counts);
