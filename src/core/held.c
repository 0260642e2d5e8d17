#include "eidcached/core/held.h"

#include <inttypes.h>

void eidc_held_print(uint64_t agreed, uint64_t confirmations, struct eidc_buf *out)
{
    eidc_buf_addf(out, "%" PRIu64 " of %" PRIu64 " refreshes agree%s", agreed, confirmations,
                  agreed + 1 == confirmations ? "; the next that does lets them go" : "");
}
