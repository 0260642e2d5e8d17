#include "eidcached/core/image_parts.h"

/* The hits of a look-up behind the first: records that follow each other (forward), or those of
 * two posting lists, checksum and text, merged by offset (reverse). */

static uint64_t lane_offset(const struct eidc_hits *hits, unsigned lane)
{
    if (hits->left[lane] == 0)
        return UINT64_MAX;
    return hits->posting[lane] ? eidc_posting(hits->image, hits->at[lane]) : hits->at[lane];
}

bool eidc_hits_more(struct eidc_hits *hits, struct eidc_record *out)
{
    uint64_t at[2] = {lane_offset(hits, 0), lane_offset(hits, 1)}, next;
    unsigned lane = at[1] < at[0];
    struct eidc_record record;
    if (hits->left[lane] == 0)
        return false;
    if (!eidc_record_at(&hits->image->records, at[lane], &record, &next) ||
        (hits->same_name && !eidc_str_eq(record.name, eidc_hits_first(hits).name))) {
        hits->left[lane] = 0;
        return false;
    }
    hits->at[lane] = hits->posting[lane] ? hits->at[lane] + 1 : next;
    hits->left[lane]--;
    *out = record;
    return true;
}
