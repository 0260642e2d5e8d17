#pragma once
/* The scheme that a configuration without an eid section means. */
#include "eidcached/core/eid.h"

static inline void default_scheme(struct eidc_eid_scheme *out)
{
    *out = (struct eidc_eid_scheme){.algorithm = "sha256", .bits = 128, .encoding = EIDC_EID_HEX};
}
