#pragma once
/* Where a service of a region lives. */
#include "eidcached/aws/partition.h"
#include "eidcached/aws/settings.h"
#include "eidcached/base/err.h"

struct eidc_endpoint {
    char *scheme;    /* "https" or "http" */
    char *host;      /* as in the Host header: with the port when it is not the scheme's own */
    char *base_path; /* "" or "/x", without a trailing slash */
    char *region;    /* to sign for: the one asked for, or a global service's home */
    char *ca_bundle; /* settings->ca_bundle, AWS_CA_BUNDLE, the profile's ca_bundle, or NULL */
    char *service;   /* as asked for */
    struct eidc_endpoint_kind kind;
    bool custom;  /* configured, not one of AWS's own */
    char *origin; /* where it is configured, for errors: "AWS_ENDPOINT_URL_GLUE"; or NULL */
};
void eidc_endpoint_free(struct eidc_endpoint *endpoint);

/* service: the endpoint prefix ("glue", "s3", "api.ecr"); env_suffix: of AWS_ENDPOINT_URL_<...>
 * ("GLUE"). Order: settings->endpoint_url, AWS_ENDPOINT_URL_<SERVICE>, AWS_ENDPOINT_URL, the
 * profile's services section, its endpoint_url (these four unless
 * AWS_IGNORE_CONFIGURED_ENDPOINT_URLS or the profile's ignore_configured_endpoint_urls is true),
 * AWS's own by partition (aws, aws-cn, aws-us-gov, aws-eusc, aws-iso...), of the kind that
 * AWS_USE_FIPS_ENDPOINT, AWS_USE_DUALSTACK_ENDPOINT and AWS_STS_REGIONAL_ENDPOINTS, or the
 * profile's keys of the like names, ask for. */
bool eidc_endpoint_resolve(const struct eidc_aws_settings *settings, const char *service,
                           const char *env_suffix, const char *region, struct eidc_endpoint *out,
                           struct eidc_err *err);

/* The same service in another region: a custom endpoint keeps its host and only signs for the
 * other region. False: no region of the same partition, *out untouched. */
bool eidc_endpoint_move(const struct eidc_endpoint *from, const char *region,
                        struct eidc_endpoint *out);
