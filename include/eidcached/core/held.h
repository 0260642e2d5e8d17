#pragma once
/* How near the entries that the guard holds are to being let go, for people, as log and eidctl say
 * it. */
#include "eidcached/base/buf.h"

/* "1 of 3 refreshes agree", "2 of 3 refreshes agree; the next that does lets them go" */
void eidc_held_print(uint64_t agreed, uint64_t confirmations, struct eidc_buf *out);
