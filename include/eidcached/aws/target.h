#pragma once
/* Where and how a service of a region is called, from the settings and from where AWS's tools look.
 */
#include "eidcached/aws/call.h"

/* Fills all but creds; service is the signing name, the others as for eidc_endpoint_resolve.
 * service must outlive it; eidc_endpoint_free(&out->endpoint) frees what it holds. */
bool eidc_aws_target_resolve(const struct eidc_aws_settings *settings, const char *service,
                             const char *endpoint, const char *env_suffix, const char *region,
                             struct eidc_aws_target *out, struct eidc_err *err);
