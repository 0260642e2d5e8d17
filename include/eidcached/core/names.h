#pragma once
/*
 * What a listing yields before it is an image: names, each with an optional field EID, packed
 * into one buffer. A source fills one for each scope. Valid when zeroed; not thread-safe.
 * Packed form: u16 name length, u8 EID length (0: checksum), name, EID; little-endian.
 */
#include "eidcached/base/buf.h"
#include "eidcached/base/err.h"

#define EIDC_PACKED_HEAD 3u /* bytes of both lengths */

struct eidc_names {
    struct eidc_buf packed;
    uint64_t count;
};

/* eid.n == 0: the EID is the checksum. Errors: INVALID (not a name; an EID over 255 bytes, not
 * UTF-8, or with a NUL or newline), NOMEM, LIMIT (packed.limit). */
bool eidc_names_add(struct eidc_names *names, struct eidc_str name, struct eidc_str eid,
                    struct eidc_err *err);
/* *at starts at 0; false at the end. */
bool eidc_names_next(const struct eidc_names *names, size_t *at, struct eidc_str *name,
                     struct eidc_str *eid);
void eidc_names_free(struct eidc_names *names);
