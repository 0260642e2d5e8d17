#pragma once
/* Numbers with a unit, as people write them. */
#include "eidcached/base/buf.h"

/* Largest first; ends with a name of NULL. */
struct eidc_unit {
    const char *name;
    uint64_t factor;
};
extern const struct eidc_unit eidc_duration_units[]; /* d, h, m, s and ms, in milliseconds */

/* "5m". A bare number counts in the unit "", or else in bare; 0: only nothing goes without a unit.
 * False also where the product overflows. */
bool eidc_units_parse(struct eidc_str text, const struct eidc_unit *units, uint64_t bare,
                      uint64_t *out);
