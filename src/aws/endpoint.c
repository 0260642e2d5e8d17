#include "eidcached/aws/endpoint.h"

#include <ctype.h>
#include <strings.h>

#include "eidcached/aws/env.h"
#include "eidcached/base/mem.h"
#include "eidcached/net/url.h"

/* ---- what AWS has ---- */

static const struct partition {
    const char *region_prefix;
    const char *suffix, *dual_stack_suffix;
    const char *global_region; /* where its global services live */
} partitions[] = {
    {"cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn", "cn-northwest-1"},
    {"us-gov-", "amazonaws.com", "api.aws", "us-gov-west-1"},
    {"eusc-", "amazonaws.eu", "api.amazonwebservices.eu", "eusc-de-east-1"},
    {"us-iso-", "c2s.ic.gov", "api.aws.ic.gov", "us-iso-east-1"},
    {"us-isob-", "sc2s.sgov.gov", "api.aws.scloud", "us-isob-east-1"},
    {"eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk", "eu-isoe-west-1"},
    {"us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov", "us-isof-south-1"},
    {"", "amazonaws.com", "api.aws", "us-east-1"}, /* last: all others */
};

/* Services off the pattern "service[-fips].region.suffix". */
static const struct exception {
    const char *service;
    bool global;
    const char *fips, *dual_stack, *fips_dual_stack; /* host prefixes */
    bool plain_suffix; /* with the ordinary suffix also when dual-stack */
} exceptions[] = {
    {"organizations", true, "organizations-fips", "organizations", "organizations-fips", false},
    {"s3", false, "s3-fips", "s3.dualstack", "s3-fips.dualstack", true},
    {"api.ecr", false, "ecr-fips", "ecr", "ecr-fips", false},
    {"api.sagemaker", false, "api-fips.sagemaker", "sagemaker", "sagemaker-fips", false},
};

static const struct partition *partition_of(const char *region)
{
    const struct partition *partition = partitions;
    while (strncmp(region, partition->region_prefix, strlen(partition->region_prefix)) != 0)
        partition++;
    return partition;
}

static const struct exception *exception_of(const char *service)
{
    for (size_t i = 0; i < sizeof(exceptions) / sizeof(exceptions[0]); i++)
        if (strcmp(exceptions[i].service, service) == 0)
            return &exceptions[i];
    return NULL;
}

struct variant {
    bool fips, dual_stack;
};

static char *host_prefix(const char *service, const struct exception *exception,
                         struct variant variant)
{
    if (exception == NULL)
        return eidc_xprintf("%s%s", service, variant.fips ? "-fips" : "");
    if (variant.fips)
        return eidc_xstrdup(variant.dual_stack ? exception->fips_dual_stack : exception->fips);
    return eidc_xstrdup(variant.dual_stack ? exception->dual_stack : service);
}

static struct eidc_endpoint own_endpoint(const char *service, const char *region,
                                         struct variant variant)
{
    const struct partition *partition = partition_of(region);
    const struct exception *exception = exception_of(service);
    bool other_suffix = variant.dual_stack && (exception == NULL || !exception->plain_suffix);
    const char *home = exception != NULL && exception->global ? partition->global_region : region;
    char *prefix EIDC_AUTO_FREE = host_prefix(service, exception, variant);
    return (struct eidc_endpoint){
        .scheme = eidc_xstrdup("https"),
        .host = eidc_xprintf("%s.%s.%s", prefix, home,
                             other_suffix ? partition->dual_stack_suffix : partition->suffix),
        .base_path = eidc_xstrdup(""),
        .region = eidc_xstrdup(home),
    };
}

/* ---- what is configured ---- */

static bool custom_endpoint(const char *text, const char *from, const char *region,
                            struct eidc_endpoint *out, struct eidc_err *err)
{
    struct eidc_url url;
    if (!eidc_url_split(text, &url) || memchr(url.path.p, '?', url.path.n) != NULL)
        return eidc_fail(err, EIDC_ERR_INVALID,
                         "%s: not a plain http or https URL (no user, query or fragment)", from);
    size_t path_n = url.path.n;
    while (path_n > 0 && url.path.p[path_n - 1] == '/')
        path_n--;
    bool usual_port = url.port == (url.https ? 443 : 80);
    *out = (struct eidc_endpoint){
        .scheme = eidc_xstrdup(url.https ? "https" : "http"),
        .host = usual_port ? eidc_xstrndup(url.host.p, url.host.n)
                           : eidc_xprintf("%.*s:%u", EIDC_STR_ARG(url.host), (unsigned)url.port),
        .base_path = eidc_xstrndup(url.path.p, path_n),
        .region = eidc_xstrdup(region),
        .custom = true,
        .origin = eidc_xstrdup(from),
    };
    for (char *c = out->host; *c != '\0'; c++)
        *c = (char)tolower((unsigned char)*c);
    return true;
}

/* A blank setting counts as none. */
static const char *profile_setting(const struct eidc_profiles *profiles, const char *profile,
                                   const char *key)
{
    const char *value = eidc_profiles_get(profiles, profile, key);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

static const char *from_services(const struct eidc_profiles *profiles, const char *profile,
                                 const char *env_suffix)
{
    const char *services = profile_setting(profiles, profile, "services");
    if (services == NULL)
        return NULL;
    char *section EIDC_AUTO_FREE = eidc_xprintf("services %s", services);
    char *key EIDC_AUTO_FREE = eidc_xprintf("%s.endpoint_url", env_suffix);
    return profile_setting(profiles, section, key);
}

struct lookup {
    struct eidc_profiles *profiles;
    const char *profile;
};

/* The configured URL and, for errors, where it stands (the caller frees it); NULL: none. */
static const char *configured_url(const struct lookup *lookup, const char *env_suffix, char **from)
{
    char *variable EIDC_AUTO_FREE = eidc_xprintf("AWS_ENDPOINT_URL_%s", env_suffix);
    const struct {
        const char *url, *from;
    } places[] = {
        {eidc_env(variable), variable},
        {eidc_env("AWS_ENDPOINT_URL"), "AWS_ENDPOINT_URL"},
        {from_services(lookup->profiles, lookup->profile, env_suffix),
         "endpoint_url of the profile's services"},
        {profile_setting(lookup->profiles, lookup->profile, "endpoint_url"),
         "endpoint_url of the profile"},
    };
    if (eidc_env_true("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"))
        return NULL;
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (places[i].url != NULL) {
            *from = eidc_xstrdup(places[i].from);
            return places[i].url;
        }
    }
    return NULL;
}

static bool wants(const struct lookup *lookup, const char *variable, const char *key)
{
    const char *value = eidc_env(variable);
    if (value == NULL)
        value = profile_setting(lookup->profiles, lookup->profile, key);
    return value != NULL && strcasecmp(value, "true") == 0;
}

static bool is_host_label(const char *text)
{
    size_t n = strlen(text);
    size_t good = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-");
    return n > 0 && n <= 63 && good == n && text[0] != '-' && text[n - 1] != '-';
}

bool eidc_endpoint_resolve(const struct eidc_aws_settings *settings, const char *service,
                           const char *env_suffix, const char *region, struct eidc_endpoint *out,
                           struct eidc_err *err)
{
    if (!is_host_label(region))
        return eidc_fail(err, EIDC_ERR_INVALID, "region \"%s\" is not a host label", region);
    if (settings->endpoint_url != NULL)
        return custom_endpoint(settings->endpoint_url, "aws.endpoint_url", region, out, err);

    struct lookup lookup = {.profile = eidc_profiles_choose(settings->profile)};
    if (!eidc_profiles_load(&lookup.profiles, err))
        return eidc_wrap(err, "endpoint of %s", service);
    char *from EIDC_AUTO_FREE = NULL;
    const char *url = configured_url(&lookup, env_suffix, &from);
    bool ok = true;
    if (url != NULL)
        ok = custom_endpoint(url, from, region, out, err);
    else
        *out =
            own_endpoint(service, region,
                         (struct variant){
                             .fips = wants(&lookup, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint"),
                             .dual_stack = wants(&lookup, "AWS_USE_DUALSTACK_ENDPOINT",
                                                 "use_dualstack_endpoint"),
                         });
    eidc_profiles_free(lookup.profiles);
    return ok;
}

void eidc_endpoint_free(struct eidc_endpoint *endpoint)
{
    free(endpoint->scheme);
    free(endpoint->host);
    free(endpoint->base_path);
    free(endpoint->region);
    free(endpoint->origin);
    *endpoint = (struct eidc_endpoint){0};
}

/* ---- the region ---- */

/* NULL: err says why. The caller frees it. */
static char *find_region(const struct eidc_aws_settings *settings, struct eidc_err *err)
{
    const char *region = settings->region;
    if (region == NULL)
        region = eidc_env("AWS_REGION");
    if (region == NULL)
        region = eidc_env("AWS_DEFAULT_REGION");
    if (region != NULL)
        return eidc_xstrdup(region);

    struct eidc_profiles *profiles = NULL;
    const char *profile = eidc_profiles_choose(settings->profile);
    if (!eidc_profiles_load(&profiles, err)) {
        eidc_wrap(err, "region");
        return NULL;
    }
    char *found = eidc_xstrdup(profile_setting(profiles, profile, "region"));
    eidc_profiles_free(profiles);
    if (found == NULL)
        eidc_fail(err, EIDC_ERR_INVALID,
                  "no region: set aws.region, AWS_REGION, AWS_DEFAULT_REGION or the region of the "
                  "profile \"%s\"",
                  profile);
    return found;
}

bool eidc_region_resolve(const struct eidc_aws_settings *settings, char **out, struct eidc_err *err)
{
    char *region = find_region(settings, err);
    if (region == NULL)
        return false;
    if (!is_host_label(region)) {
        eidc_fail(err, EIDC_ERR_INVALID, "region \"%s\" is not a host label", region);
        free(region);
        return false;
    }
    *out = region;
    return true;
}
