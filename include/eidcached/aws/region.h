#pragma once
/* Which region, where the configuration names none. */
#include "eidcached/aws/settings.h"
#include "eidcached/base/err.h"
#include "eidcached/net/http_client.h"

/* settings->region, AWS_REGION, AWS_DEFAULT_REGION, the profile's region, and what
 * eidc_region_find learnt. NOT_FOUND: none of them says one; the error says where a region can be
 * set. The result is checked to be a host label; the caller frees it. */
bool eidc_region_resolve(const struct eidc_aws_settings *settings, char **out,
                         struct eidc_err *err);

/* The same, or else the region of the EC2 instance that this is: waits for the metadata service, a
 * second at most where there is none (AWS_METADATA_SERVICE_TIMEOUT), and remembers what it said for
 * the life of the process. INVALID: no region anywhere. */
bool eidc_region_find(const struct eidc_aws_settings *settings, struct eidc_http_client *http,
                      char **out, struct eidc_err *err);

/* A host label: nothing else may go into a host name. */
bool eidc_region_is_label(const char *text);
