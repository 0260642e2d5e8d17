#include "eidcached/aws/endpoint.h"

#include <ctype.h>
#include <strings.h>

#include "eidcached/aws/env.h"
#include "eidcached/aws/partition.h"
#include "eidcached/aws/region.h"
#include "eidcached/aws/shared.h"
#include "eidcached/base/mem.h"
#include "eidcached/net/url.h"

/* ---- what AWS has ---- */

static struct eidc_endpoint own_endpoint(const char *service, const char *region,
                                         struct eidc_endpoint_kind kind)
{
    struct eidc_endpoint out = {
        .scheme = eidc_xstrdup("https"),
        .base_path = eidc_xstrdup(""),
        .service = eidc_xstrdup(service),
        .kind = kind,
    };
    eidc_partition_endpoint(service, region, kind, &out.host, &out.region);
    return out;
}

/* ---- what is configured ---- */

static bool custom_endpoint(const char *text, const char *from, const char *service,
                            const char *region, struct eidc_endpoint *out, struct eidc_err *err)
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
        .service = eidc_xstrdup(service),
        .custom = true,
        .origin = eidc_xstrdup(from),
    };
    for (char *c = out->host; *c != '\0'; c++)
        *c = (char)tolower((unsigned char)*c);
    return true;
}

/* The configured URL and, for errors, where it stands (the caller frees it); NULL: none. */
static const char *configured_url(const struct eidc_shared *shared, const char *env_suffix,
                                  char **from)
{
    char *variable EIDC_AUTO_FREE = eidc_xprintf("AWS_ENDPOINT_URL_%s", env_suffix);
    const struct {
        const char *url, *from;
    } places[] = {
        {eidc_env(variable), variable},
        {eidc_env("AWS_ENDPOINT_URL"), "AWS_ENDPOINT_URL"},
        {eidc_shared_of_service(shared, env_suffix, "endpoint_url"),
         "endpoint_url of the profile's services"},
        {eidc_shared_get(shared, NULL, "endpoint_url"), "endpoint_url of the profile"},
    };
    if (eidc_shared_true(shared, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
                         "ignore_configured_endpoint_urls"))
        return NULL;
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (places[i].url != NULL) {
            *from = eidc_xstrdup(places[i].from);
            return places[i].url;
        }
    }
    return NULL;
}

static bool is_legacy(const char *value)
{
    return value != NULL && strcasecmp(value, "legacy") == 0;
}

static struct eidc_endpoint_kind kind_wanted(const struct eidc_shared *shared)
{
    return (struct eidc_endpoint_kind){
        .fips = eidc_shared_true(shared, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint"),
        .dual_stack =
            eidc_shared_true(shared, "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint"),
        .global_sts = is_legacy(
            eidc_shared_get(shared, "AWS_STS_REGIONAL_ENDPOINTS", "sts_regional_endpoints")),
    };
}

static bool find_endpoint(const struct eidc_aws_settings *settings, const char *service,
                          const char *env_suffix, const char *region,
                          const struct eidc_shared *shared, struct eidc_endpoint *out,
                          struct eidc_err *err)
{
    if (settings->endpoint_url != NULL)
        return custom_endpoint(settings->endpoint_url, "aws.endpoint_url", service, region, out,
                               err);
    char *from EIDC_AUTO_FREE = NULL;
    const char *url = configured_url(shared, env_suffix, &from);
    if (url != NULL)
        return custom_endpoint(url, from, service, region, out, err);
    *out = own_endpoint(service, region, kind_wanted(shared));
    return true;
}

bool eidc_endpoint_resolve(const struct eidc_aws_settings *settings, const char *service,
                           const char *env_suffix, const char *region, struct eidc_endpoint *out,
                           struct eidc_err *err)
{
    struct eidc_shared shared;
    struct eidc_endpoint found = {0};
    if (!eidc_region_is_label(region))
        return eidc_fail(err, EIDC_ERR_INVALID, "region \"%s\" is not a host label", region);
    if (!eidc_shared_open(settings, &shared, err))
        return eidc_wrap(err, "endpoint of %s", service);
    bool ok = find_endpoint(settings, service, env_suffix, region, &shared, &found, err);
    if (ok) {
        found.ca_bundle = eidc_xstrdup(
            settings->ca_bundle != NULL ? settings->ca_bundle
                                        : eidc_shared_get(&shared, "AWS_CA_BUNDLE", "ca_bundle"));
        *out = found;
    }
    eidc_shared_close(&shared);
    return ok;
}

bool eidc_endpoint_move(const struct eidc_endpoint *from, const char *region,
                        struct eidc_endpoint *out)
{
    if (!eidc_region_is_label(region) || !eidc_partition_same(from->region, region))
        return false;
    struct eidc_endpoint moved = {
        .scheme = eidc_xstrdup(from->scheme),
        .base_path = eidc_xstrdup(from->base_path),
        .service = eidc_xstrdup(from->service),
        .kind = from->kind,
        .custom = from->custom,
        .origin = eidc_xstrdup(from->origin),
        .ca_bundle = eidc_xstrdup(from->ca_bundle),
    };
    if (from->custom) {
        moved.host = eidc_xstrdup(from->host);
        moved.region = eidc_xstrdup(region);
    } else {
        eidc_partition_endpoint(from->service, region, from->kind, &moved.host, &moved.region);
    }
    *out = moved;
    return true;
}

void eidc_endpoint_free(struct eidc_endpoint *endpoint)
{
    free(endpoint->scheme);
    free(endpoint->host);
    free(endpoint->base_path);
    free(endpoint->region);
    free(endpoint->service);
    free(endpoint->ca_bundle);
    free(endpoint->origin);
    *endpoint = (struct eidc_endpoint){0};
}
