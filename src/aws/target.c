#include "eidcached/aws/target.h"

bool eidc_aws_target_resolve(const struct eidc_aws_settings *settings, const char *service,
                             const char *endpoint, const char *env_suffix, const char *region,
                             struct eidc_aws_target *out, struct eidc_err *err)
{
    struct eidc_aws_target target = {
        .service = service,
        .connect_timeout_ms = settings->connect_timeout_ms,
        .timeout_ms = settings->timeout_ms,
    };
    if (!eidc_retry_rules_resolve(settings, service, &target.retry, err) ||
        !eidc_endpoint_resolve(settings, endpoint, env_suffix, region, &target.endpoint, err))
        return false;
    target.region = target.endpoint.region; /* a global service signs for its home */
    target.ca_bundle = target.endpoint.ca_bundle;
    *out = target;
    return true;
}
