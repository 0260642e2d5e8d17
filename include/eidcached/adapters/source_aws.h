#pragma once
/*
 * Names from an AWS list operation, over all configured regions. A plain row is one scope a region
 * ("eu-west-1"), of a global service one in all ("global"). A row with rows above it first lists
 * these, then is one scope for each of what they hold ("eu-west-1/sales_prod"; see lineage.h);
 * these are listed in parallel within the engine's concurrency, the pages of one scope in order.
 */
#include "eidcached/adapters/filter.h"
#include "eidcached/aws/call.h"
#include "eidcached/aws/listing.h"
#include "eidcached/core/source.h"

struct eidc_source_aws_options {
    const char *name; /* of the source */
    const struct eidc_listing *listing;
    const char *name_template;               /* NULL: the row's default */
    const char *eid_field;                   /* JSON pointer ("/Id"), or NULL: checksum */
    const struct eidc_listing_given *params; /* of the row; checked */
    size_t param_count;
    char **regions; /* empty: the resolved default region */
    size_t region_count;
    struct eidc_filter filter;
    struct eidc_aws_settings aws; /* with the source's overrides merged in */
    uint64_t max_names;
    size_t max_response;
};

/* Resolves regions, endpoints and the credential chain; asks nothing of AWS yet. Errors name the
 * option to set. options' strings must outlive the source. */
bool eidc_source_aws_new(const struct eidc_source_aws_options *options, struct eidc_aws *aws,
                         struct eidc_source **out, struct eidc_err *err);
