#pragma once
/*
 * The EidCache document of the job that eidcached replaces:
 *   {"forward_dict":{name:eid},"reverse_dict":{eid:name},"created_at":"...","request_count":0}
 * A name with several EIDs shows its checksum, or, without one, the first field EID in byte order;
 * an EID with several names shows the first of them in byte order. Both in byte order of the names,
 * so that it is reproducible. request_count is how many requests the listing took, 0 where that is
 * not known.
 */
#include "eidcached/core/image.h"

/* {.image = image, .request_count = n} starts; the rest is private. */
struct eidc_eid_cache {
    const struct eidc_image *image;
    uint64_t request_count;

    enum eidc_eid_cache_part {
        EIDC_EID_CACHE_BEGINNING,
        EIDC_EID_CACHE_FORWARD,
        EIDC_EID_CACHE_REVERSE,
        EIDC_EID_CACHE_END,
    } part;
    struct eidc_cursor at;
    struct eidc_str last; /* the name written last */
    bool any;             /* member of this object has been written */
};

/* Appends about `want` bytes more (less at the end), in constant memory. False when nothing is
 * left. A failed allocation shows in out->failed. */
bool eidc_eid_cache_write_some(struct eidc_eid_cache *doc, size_t want, struct eidc_buf *out);
