#pragma once
/* Where a service of a region lives, and which region. */
#include "eidcached/aws/profile.h"
#include "eidcached/aws/settings.h"
#include "eidcached/base/err.h"

struct eidc_endpoint {
    char *scheme;    /* "https" or "http" */
    char *host;      /* as in the Host header: with the port when it is not the scheme's own */
    char *base_path; /* "" or "/x", without a trailing slash */
    char *region;    /* to sign for: the one asked for, or a global service's home */
    bool custom;     /* configured, not one of AWS's own */
    char *origin;    /* where it is configured, for errors: "AWS_ENDPOINT_URL_GLUE"; or NULL */
};
void eidc_endpoint_free(struct eidc_endpoint *endpoint);

/* service: the endpoint prefix ("glue", "s3", "api.ecr"); env_suffix: of AWS_ENDPOINT_URL_<...>
 * ("GLUE"). Order: settings->endpoint_url, AWS_ENDPOINT_URL_<SERVICE>, AWS_ENDPOINT_URL, the
 * profile's services section, its endpoint_url (these four unless
 * AWS_IGNORE_CONFIGURED_ENDPOINT_URLS is true), AWS's own by partition (aws, aws-cn, aws-us-gov,
 * aws-eusc, aws-iso...), of the kind that AWS_USE_FIPS_ENDPOINT and AWS_USE_DUALSTACK_ENDPOINT ask
 * for. */
bool eidc_endpoint_resolve(const struct eidc_aws_settings *settings, const char *service,
                           const char *env_suffix, const char *region, struct eidc_endpoint *out,
                           struct eidc_err *err);

/* settings->region, AWS_REGION, AWS_DEFAULT_REGION, the profile's region. The error says where a
 * region can be set. The result is checked to be a host label; the caller frees it. */
bool eidc_region_resolve(const struct eidc_aws_settings *settings, char **out,
                         struct eidc_err *err);
