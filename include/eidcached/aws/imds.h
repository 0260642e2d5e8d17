#pragma once
/* Where the instance metadata service is, and how it is asked. */
#include <stddef.h>
#include <stdint.h>

#include "eidcached/base/err.h"

#define EIDC_IMDS_TOKEN_PATH   "/latest/api/token"
#define EIDC_IMDS_TOKEN_HEADER "X-aws-ec2-metadata-token"
#define EIDC_IMDS_TTL_HEADER   "X-aws-ec2-metadata-token-ttl-seconds"
#define EIDC_IMDS_TTL_S        "21600"

struct eidc_imds_settings {
    const char *endpoint; /* of the environment, or static */
    size_t endpoint_n;    /* without slashes at its end */
    int64_t timeout_ms;
    unsigned attempts;
    bool v1_allowed; /* AWS_EC2_METADATA_V1_DISABLED=false */
};

/* AWS_EC2_METADATA_SERVICE_ENDPOINT and its like. NOT_FOUND: AWS_EC2_METADATA_DISABLED. */
bool eidc_imds_settings_read(struct eidc_imds_settings *out, struct eidc_err *err);
char *eidc_imds_url(const struct eidc_imds_settings *settings, const char *path); /* to be freed */
