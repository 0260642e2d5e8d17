#pragma once
/*
 * The EidCache document of the job that eidcached replaces:
 *   {"forward_dict":{name:eid},"reverse_dict":{eid:name},"created_at":"...","request_count":0}
 * A name with several EIDs shows its checksum, or, without one, the first field EID in byte order;
 * an EID with several names shows the first of them in byte order.
 */
#include "eidcached/core/image.h"

/* Appends the document. Keys in byte order of the printed text, so that it is reproducible. */
bool eidc_eid_cache_write(const struct eidc_image *image, uint64_t request_count,
                          struct eidc_buf *out, struct eidc_err *err);
