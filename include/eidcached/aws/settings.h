#pragma once
/* What the configuration says about AWS: once for all, and once a source with its overrides.
 * NULL and 0 mean "not set". Strings are owned by the configuration. */
#include <stdint.h>

enum eidc_s3_addressing { EIDC_S3_AUTO, EIDC_S3_VIRTUAL, EIDC_S3_PATH };

enum eidc_retry_mode { EIDC_RETRY_MODE_AUTO, EIDC_RETRY_MODE_STANDARD, EIDC_RETRY_MODE_ADAPTIVE };

struct eidc_aws_settings {
    const char *region, *profile, *role_arn, *external_id, *endpoint_url, *ca_bundle;
    unsigned max_attempts;
    unsigned retry_mode; /* enum eidc_retry_mode */
    int64_t connect_timeout_ms, timeout_ms;
};
