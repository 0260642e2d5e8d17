#pragma once
/* The whole document at once, which the program only makes in pieces. */
#include "eidcached/core/eid_cache.h"

static inline bool eid_cache_whole(const struct eidc_image *image, uint64_t request_count,
                                   struct eidc_buf *out)
{
    struct eidc_eid_cache doc = {.image = image, .request_count = request_count};
    while (eidc_eid_cache_write_some(&doc, SIZE_MAX, out))
        continue;
    return !out->failed;
}
