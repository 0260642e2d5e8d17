#pragma once
/* The retry quotas (retry.h) of whoever is asked, each identity and host for itself: an account or
 * a region that is down uses up its own tokens, not those of the others. For call.c. */
#include "eidcached/aws/retry.h"

struct eidc_creds_provider;

struct eidc_quotas {
    struct eidc_quota *first;
}; /* valid when zeroed */

/* identity NULL: unsigned. The quota stays where it is until all are freed. */
struct eidc_retry_quota *eidc_quotas_find(struct eidc_quotas *quotas,
                                          const struct eidc_creds_provider *identity,
                                          const char *host);
void eidc_quotas_free(struct eidc_quotas *quotas);
