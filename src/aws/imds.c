#include "eidcached/aws/imds.h"

#include <string.h>
#include <strings.h>

#include "eidcached/aws/env.h"
#include "eidcached/base/mem.h"
#include "eidcached/net/url.h"

#define TIMEOUT_DEFAULT_S 1
#define ATTEMPTS_DEFAULT  2

static bool read_number(const char *name, unsigned fallback, unsigned max, unsigned *out,
                        struct eidc_err *err)
{
    const char *text = eidc_env(name);
    uint64_t value = fallback;
    if (text != NULL && (!eidc_str_u64(eidc_str_of(text), max, &value) || value == 0))
        return eidc_fail(err, EIDC_ERR_INVALID, "%s is not a number from 1 to %u", name, max);
    *out = (unsigned)value;
    return true;
}

static bool read_endpoint(struct eidc_imds_settings *out, struct eidc_err *err)
{
    struct eidc_url url;
    const char *endpoint = eidc_env("AWS_EC2_METADATA_SERVICE_ENDPOINT");
    const char *mode = eidc_env("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");
    bool ipv6 = mode != NULL && strcasecmp(mode, "ipv6") == 0;
    if (mode != NULL && !ipv6 && strcasecmp(mode, "ipv4") != 0)
        return eidc_fail(err, EIDC_ERR_INVALID,
                         "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE is neither IPv4 nor IPv6");
    if (endpoint == NULL)
        endpoint = ipv6 ? "http://[fd00:ec2::254]" : "http://169.254.169.254";
    if (!eidc_url_split(endpoint, &url) || memchr(url.path.p, '?', url.path.n) != NULL)
        return eidc_fail(err, EIDC_ERR_INVALID,
                         "AWS_EC2_METADATA_SERVICE_ENDPOINT is not a plain http or https URL");
    out->endpoint = endpoint;
    out->endpoint_n = strlen(endpoint);
    while (out->endpoint[out->endpoint_n - 1] == '/')
        out->endpoint_n--;
    return true;
}

/* AWS's tools fall back unless this is true; here it must be said. */
static bool v1_is_asked_for(void)
{
    const char *disabled = eidc_env("AWS_EC2_METADATA_V1_DISABLED");
    return disabled != NULL && strcasecmp(disabled, "false") == 0;
}

bool eidc_imds_settings_read(struct eidc_imds_settings *out, struct eidc_err *err)
{
    unsigned timeout_s = 0;
    if (eidc_env_true("AWS_EC2_METADATA_DISABLED"))
        return eidc_fail(err, EIDC_ERR_NOT_FOUND, "AWS_EC2_METADATA_DISABLED is true");
    if (!read_number("AWS_METADATA_SERVICE_TIMEOUT", TIMEOUT_DEFAULT_S, 60, &timeout_s, err) ||
        !read_number("AWS_METADATA_SERVICE_NUM_ATTEMPTS", ATTEMPTS_DEFAULT, 10, &out->attempts,
                     err))
        return false;
    out->timeout_ms = timeout_s * 1000LL;
    out->v1_allowed = v1_is_asked_for();
    return read_endpoint(out, err);
}

char *eidc_imds_url(const struct eidc_imds_settings *settings, const char *path)
{
    return eidc_xprintf("%.*s%s", (int)settings->endpoint_n, settings->endpoint, path);
}
