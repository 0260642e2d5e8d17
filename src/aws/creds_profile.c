/* The files are read and planned at each get; the providers of the plan live until the next one. */
#include "eidcached/aws/call.h"
#include "eidcached/aws/creds_cache.h"
#include "eidcached/aws/creds_process.h"
#include "eidcached/aws/creds_role.h"
#include "eidcached/aws/env.h"
#include "eidcached/aws/profile_plan.h"
#include "eidcached/base/mem.h"

#define NAME "profile"

struct profile_provider {
    struct eidc_creds_provider base;
    struct eidc_aws *aws;
    const struct eidc_aws_settings *settings;
    struct eidc_creds_provider *planned; /* of the last get; NULL: none */
};

static struct profile_provider *provider_of(struct eidc_creds_provider *self)
{
    return (struct profile_provider *)(void *)self;
}

/* ---- keys in the file ---- */

struct keys {
    struct eidc_creds_provider base;
    struct eidc_creds creds;
};

static void keys_get(struct eidc_creds_provider *self, eidc_creds_done *done, void *arg)
{
    struct eidc_creds copy;
    eidc_creds_copy(&copy, &((struct keys *)(void *)self)->creds);
    eidc_creds_tell(true, &copy, NULL, done, arg);
}

static void keys_destroy(struct eidc_creds_provider *self)
{
    eidc_creds_wipe(&((struct keys *)(void *)self)->creds);
    free(self);
}

static struct eidc_creds_provider *keys_new(const struct eidc_plan *plan)
{
    static const struct eidc_creds_provider_ops ops = {keys_get, NULL, keys_destroy};
    struct keys *keys = eidc_xcalloc(1, sizeof(*keys));
    keys->base = (struct eidc_creds_provider){.ops = &ops, .name = NAME};
    keys->creds = (struct eidc_creds){.access_key = eidc_xstrdup(plan->access_key),
                                      .secret_key = eidc_xstrdup(plan->secret_key),
                                      .session_token = eidc_xstrdup(plan->session_token),
                                      .provider = NAME};
    return &keys->base;
}

/* ---- the plan as providers ---- */

static struct eidc_sts_role role_of(const struct eidc_plan_role *role)
{
    return (struct eidc_sts_role){role->arn, role->session_name, role->external_id,
                                  role->duration_s};
}

static struct eidc_creds_provider *base_new(const struct profile_provider *provider,
                                            const struct eidc_plan *plan)
{
    struct eidc_http_client *http = eidc_aws_http(provider->aws);
    const struct eidc_sts_role web_role = role_of(&plan->web_role);
    switch (plan->base) {
    case EIDC_PLAN_WEB_IDENTITY:
        return eidc_creds_web_identity_new(provider->aws, provider->settings, &web_role,
                                           plan->token_file);
    case EIDC_PLAN_PROCESS:
        return eidc_creds_process_new(http, plan->command);
    case EIDC_PLAN_ENVIRONMENT:
        return eidc_creds_env_new();
    case EIDC_PLAN_IMDS:
        return eidc_creds_imds_new(http);
    case EIDC_PLAN_CONTAINER:
        return eidc_creds_container_new(http);
    case EIDC_PLAN_KEYS:
    default:
        return keys_new(plan);
    }
}

static struct eidc_creds_provider *plan_new(const struct profile_provider *provider,
                                            const struct eidc_plan *plan)
{
    struct eidc_creds_provider *made = base_new(provider, plan);
    for (size_t i = plan->role_count; i > 0; i--) {
        const struct eidc_sts_role role = role_of(&plan->roles[i - 1]);
        made = eidc_creds_role_new(provider->aws, provider->settings, &role,
                                   eidc_creds_cache_new(made), true);
    }
    return made;
}

/* ---- all of it ---- */

static void drop_planned(struct profile_provider *provider)
{
    if (provider->planned != NULL)
        provider->planned->ops->destroy(provider->planned);
    provider->planned = NULL;
}

static bool no_profile(const char *profile, bool chosen, struct eidc_err *err)
{
    EIDC_BUF_AUTO files = {0};
    eidc_profiles_name_files(&files);
    return eidc_fail(err, chosen ? EIDC_ERR_INVALID : EIDC_ERR_NOT_FOUND,
                     "there is no profile \"%s\" in %.*s", profile,
                     EIDC_STR_ARG(eidc_buf_view(&files)));
}

static bool make_planned(struct profile_provider *provider, struct eidc_err *err)
{
    const char *wanted = provider->settings->profile;
    const char *profile = eidc_profiles_choose(wanted);
    bool chosen = wanted != NULL || eidc_env("AWS_PROFILE") != NULL;
    struct eidc_profiles *profiles = NULL;
    struct eidc_plan plan;
    if (!eidc_profiles_load(&profiles, err))
        return false;
    bool ok = eidc_profiles_has(profiles, profile) ? eidc_plan_make(profiles, profile, &plan, err)
                                                   : no_profile(profile, chosen, err);
    if (ok)
        provider->planned = plan_new(provider, &plan);
    eidc_profiles_free(profiles);
    return ok;
}

static void profile_get(struct eidc_creds_provider *self, eidc_creds_done *done, void *arg)
{
    struct profile_provider *provider = provider_of(self);
    struct eidc_err err;
    drop_planned(provider);
    if (make_planned(provider, &err))
        provider->planned->ops->get(provider->planned, done, arg);
    else
        done(arg, NULL, &err);
}

static void profile_cancel(struct eidc_creds_provider *self)
{
    const struct profile_provider *provider = provider_of(self);
    if (provider->planned != NULL)
        eidc_creds_cancel(provider->planned);
}

static void profile_destroy(struct eidc_creds_provider *self)
{
    drop_planned(provider_of(self));
    free(provider_of(self));
}

static const struct eidc_creds_provider_ops profile_ops = {profile_get, profile_cancel,
                                                           profile_destroy};

struct eidc_creds_provider *eidc_creds_profile_new(struct eidc_aws *aws,
                                                   const struct eidc_aws_settings *settings)
{
    struct profile_provider *provider = eidc_xcalloc(1, sizeof(*provider));
    provider->base = (struct eidc_creds_provider){.ops = &profile_ops, .name = NAME};
    provider->aws = aws;
    provider->settings = settings;
    return &provider->base;
}
