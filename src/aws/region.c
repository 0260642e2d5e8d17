#include "eidcached/aws/region.h"

#include <pthread.h>
#include <string.h>

#include "eidcached/aws/env.h"
#include "eidcached/aws/imds.h"
#include "eidcached/aws/shared.h"
#include "eidcached/base/log.h"
#include "eidcached/base/mem.h"

#define REGION_PATH "/latest/meta-data/placement/region"
#define ANSWER_MAX  1024

/* The instance's, once it was asked for. */
static char *learnt;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

bool eidc_region_is_label(const char *text)
{
    size_t n = strlen(text);
    size_t good = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-");
    return n > 0 && n <= 63 && good == n && text[0] != '-' && text[n - 1] != '-';
}

static char *what_was_learnt(void)
{
    pthread_mutex_lock(&lock);
    char *region = eidc_xstrdup(learnt);
    pthread_mutex_unlock(&lock);
    return region;
}

static char *from_profile(const struct eidc_aws_settings *settings, struct eidc_err *err)
{
    struct eidc_shared shared;
    if (!eidc_shared_open(settings, &shared, err)) {
        eidc_wrap(err, "region");
        return NULL;
    }
    char *found = eidc_xstrdup(eidc_shared_get(&shared, NULL, "region"));
    if (found == NULL)
        found = what_was_learnt();
    if (found == NULL)
        eidc_fail(err, EIDC_ERR_NOT_FOUND,
                  "no region: set aws.region, AWS_REGION, AWS_DEFAULT_REGION or the region of the "
                  "profile \"%s\"",
                  shared.profile);
    eidc_shared_close(&shared);
    return found;
}

/* NULL: err says why. The caller frees it. */
static char *find_region(const struct eidc_aws_settings *settings, struct eidc_err *err)
{
    const char *region = settings->region;
    if (region == NULL)
        region = eidc_env("AWS_REGION");
    if (region == NULL)
        region = eidc_env("AWS_DEFAULT_REGION");
    return region != NULL ? eidc_xstrdup(region) : from_profile(settings, err);
}

bool eidc_region_resolve(const struct eidc_aws_settings *settings, char **out, struct eidc_err *err)
{
    char *region = find_region(settings, err);
    if (region == NULL)
        return false;
    if (!eidc_region_is_label(region)) {
        eidc_fail(err, EIDC_ERR_INVALID, "region \"%s\" is not a host label", region);
        free(region);
        return false;
    }
    *out = region;
    return true;
}

/* ---- the instance's ---- */

/* One request, waited for; *text is its answer. Nothing is tried again: who is not on EC2 should
 * not wait. */
static bool ask(const struct eidc_imds_settings *settings, struct eidc_http_client *http,
                const char *method, const char *path, const char *header, const char *value,
                char **text, struct eidc_err *err)
{
    char *url EIDC_AUTO_FREE = eidc_imds_url(settings, path);
    struct eidc_http_headers headers = {0};
    struct eidc_http_response response = {0};
    if (value != NULL)
        eidc_http_headers_add(&headers, header, eidc_str_of(value));
    const struct eidc_http_request request = {
        .method = method,
        .url = url,
        .headers = &headers,
        .connect_timeout_ms = settings->timeout_ms,
        .timeout_ms = settings->timeout_ms,
        .max_response = ANSWER_MAX,
        .no_proxy = true,
    };
    bool ok = eidc_http_perform(http, &request, &response, err);
    if (ok && response.status != 200)
        ok = eidc_fail(err, EIDC_ERR_NOT_FOUND, "status %d", response.status);
    if (ok)
        *text = eidc_xstrndup(response.body.p ? response.body.p : "", response.body.n);
    eidc_http_headers_free(&headers);
    eidc_http_response_free(&response);
    return ok;
}

static bool ask_instance(struct eidc_http_client *http, char **out, struct eidc_err *err)
{
    struct eidc_imds_settings settings;
    char *token EIDC_AUTO_FREE = NULL;
    char *region = NULL;
    if (!eidc_imds_settings_read(&settings, err) ||
        (!ask(&settings, http, "PUT", EIDC_IMDS_TOKEN_PATH, EIDC_IMDS_TTL_HEADER, EIDC_IMDS_TTL_S,
              &token, err) &&
         !settings.v1_allowed) ||
        !ask(&settings, http, "GET", REGION_PATH, EIDC_IMDS_TOKEN_HEADER, token, &region, err))
        return false;
    if (!eidc_region_is_label(region)) {
        free(region);
        return eidc_fail(err, EIDC_ERR_CORRUPT, "what it says is no region");
    }
    *out = region;
    return true;
}

static void learn(const char *region)
{
    pthread_mutex_lock(&lock);
    free(learnt);
    learnt = eidc_xstrdup(region);
    pthread_mutex_unlock(&lock);
    eidc_info("region %s, this instance's: nothing else says one", region);
}

bool eidc_region_find(const struct eidc_aws_settings *settings, struct eidc_http_client *http,
                      char **out, struct eidc_err *err)
{
    struct eidc_err none = {0}, why = {0};
    if (eidc_region_resolve(settings, out, &none)) {
        return true;
    } else if (none.kind != EIDC_ERR_NOT_FOUND) {
        *err = none;
        return false;
    } else if (!ask_instance(http, out, &why)) {
        return eidc_fail(err, EIDC_ERR_INVALID, "%s; EC2's metadata service says none: %s",
                         none.text, why.text);
    }
    learn(*out);
    return true;
}
