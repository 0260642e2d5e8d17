#pragma once
/* AWS's own endpoints: partitions, their domains, and the services that are off the pattern
 * "service[-fips].region.suffix". Pure. */
#include <stdbool.h>

struct eidc_endpoint_kind {
    bool fips, dual_stack;
    /* The one STS for all of the older regions (AWS_STS_REGIONAL_ENDPOINTS=legacy). FIPS and
     * dual-stack endpoints are always regional. */
    bool global_sts;
};

/* *host: where service (the endpoint prefix: "glue", "api.ecr") of region is; *signing_region:
 * what to sign for. The caller frees both. */
void eidc_partition_endpoint(const char *service, const char *region,
                             struct eidc_endpoint_kind kind, char **host, char **signing_region);
/* May credentials of one be good in the other? */
bool eidc_partition_same(const char *region, const char *other);
