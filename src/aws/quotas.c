#include "eidcached/aws/quotas.h"

#include <stdlib.h>
#include <string.h>

#include "eidcached/base/mem.h"

struct eidc_quota {
    struct eidc_quota *next;
    const struct eidc_creds_provider *identity;
    char *host;
    struct eidc_retry_quota quota;
};

static struct eidc_quota *make(struct eidc_quotas *quotas,
                               const struct eidc_creds_provider *identity, const char *host)
{
    struct eidc_quota *quota = eidc_xcalloc(1, sizeof(*quota));
    quota->identity = identity;
    quota->host = eidc_xstrdup(host);
    quota->next = quotas->first;
    quotas->first = quota;
    return quota;
}

struct eidc_retry_quota *eidc_quotas_find(struct eidc_quotas *quotas,
                                          const struct eidc_creds_provider *identity,
                                          const char *host)
{
    struct eidc_quota *quota = quotas->first;
    while (quota && (quota->identity != identity || strcmp(quota->host, host) != 0))
        quota = quota->next;
    if (!quota)
        quota = make(quotas, identity, host);
    return &quota->quota;
}

void eidc_quotas_free(struct eidc_quotas *quotas)
{
    for (struct eidc_quota *quota = quotas->first, *next; quota; quota = next) {
        next = quota->next;
        free(quota->host);
        free(quota);
    }
    quotas->first = NULL;
}
