#pragma once
/* Byte ranges (RFC 9110 section 14). Pure. */
#include "eidcached/base/buf.h"

enum eidc_range {
    EIDC_RANGE_WHOLE, /* no range, or one that we do not serve (several, other units) or understand:
                         all of it is sent */
    EIDC_RANGE_PART,
    EIDC_RANGE_UNSATISFIABLE,
};

/* range: the header, p is NULL when there is none. PART: *from and *n > 0, inside of size. */
enum eidc_range eidc_range_read(struct eidc_str range, uint64_t size, uint64_t *from, uint64_t *n);

/* Whether If-Range lets the range count: there is none, or it is this strong tag. */
bool eidc_if_range(struct eidc_str if_range, struct eidc_str etag);
