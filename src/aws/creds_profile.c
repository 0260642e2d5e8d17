#include "eidcached/aws/creds.h"
#include "eidcached/aws/env.h"
#include "eidcached/aws/profile.h"
#include "eidcached/base/mem.h"

struct profile_provider {
    struct eidc_creds_provider base;
    char *profile; /* NULL: AWS_PROFILE or "default" */
};

static struct profile_provider *provider_of(struct eidc_creds_provider *self)
{
    return (struct profile_provider *)(void *)self;
}

/* Kinds of profiles we cannot use. In AWS's tools some outrank static keys in the same profile. */
static const struct kind {
    const char *key, *what;
    bool outranks_keys;
} unsupported[] = {
    {"role_arn", "a role to assume (role_arn)", true},
    {"web_identity_token_file", "a web identity (web_identity_token_file)", true},
    {"sso_session", "IAM Identity Center (sso_session)", true},
    {"sso_start_url", "IAM Identity Center (sso_start_url)", true},
    {"login_session", "a console login (login_session)", false},
    {"credential_process", "a process (credential_process)", false},
};

static bool check_kind(const struct eidc_profiles *profiles, const char *profile, bool has_keys,
                       struct eidc_err *err)
{
    for (size_t i = 0; i < sizeof(unsupported) / sizeof(unsupported[0]); i++)
        if (eidc_profiles_get(profiles, profile, unsupported[i].key) != NULL &&
            (unsupported[i].outranks_keys || !has_keys))
            return eidc_fail(err, EIDC_ERR_INVALID,
                             "profile \"%s\" asks for %s, which is not supported; "
                             "use static keys, the environment, a container or an instance role",
                             profile, unsupported[i].what);
    return true;
}

static bool static_keys(const struct eidc_profiles *profiles, const char *profile,
                        struct eidc_creds *out, struct eidc_err *err)
{
    const char *access_key = eidc_profiles_get(profiles, profile, "aws_access_key_id");
    const char *secret_key = eidc_profiles_get(profiles, profile, "aws_secret_access_key");
    const char *token = eidc_profiles_get(profiles, profile, "aws_session_token");
    if (!check_kind(profiles, profile, access_key != NULL, err))
        return false;
    if (access_key == NULL || access_key[0] == '\0')
        return eidc_fail(err, EIDC_ERR_NOT_FOUND, "\"%s\" has no aws_access_key_id", profile);
    if (secret_key == NULL || secret_key[0] == '\0')
        return eidc_fail(err, EIDC_ERR_INVALID,
                         "profile \"%s\" has aws_access_key_id but no aws_secret_access_key",
                         profile);
    *out = (struct eidc_creds){
        .access_key = eidc_xstrdup(access_key),
        .secret_key = eidc_xstrdup(secret_key),
        .session_token = token != NULL && token[0] != '\0' ? eidc_xstrdup(token) : NULL,
        .provider = "profile",
    };
    return true;
}

static void no_profile(const char *profile, bool chosen, struct eidc_err *err)
{
    EIDC_BUF_AUTO files = {0};
    eidc_profiles_name_files(&files);
    eidc_fail(err, chosen ? EIDC_ERR_INVALID : EIDC_ERR_NOT_FOUND,
              "there is no profile \"%s\" in %.*s", profile, EIDC_STR_ARG(eidc_buf_view(&files)));
}

static bool read_profile(const char *wanted, struct eidc_creds *out, struct eidc_err *err)
{
    const char *profile = eidc_profiles_choose(wanted);
    bool chosen = wanted != NULL || eidc_env("AWS_PROFILE") != NULL;
    struct eidc_profiles *profiles = NULL;
    if (!eidc_profiles_load(&profiles, err))
        return false;
    bool ok = false;
    if (eidc_profiles_has(profiles, profile))
        ok = static_keys(profiles, profile, out, err);
    else
        no_profile(profile, chosen, err);
    eidc_profiles_free(profiles);
    return ok;
}

static void profile_get(struct eidc_creds_provider *self, eidc_creds_done *done, void *arg)
{
    struct eidc_creds creds = {0};
    struct eidc_err err;
    eidc_creds_tell(read_profile(provider_of(self)->profile, &creds, &err), &creds, &err, done,
                    arg);
}

static void profile_destroy(struct eidc_creds_provider *self)
{
    free(provider_of(self)->profile);
    free(provider_of(self));
}

static const struct eidc_creds_provider_ops profile_ops = {profile_get, NULL, profile_destroy};

struct eidc_creds_provider *eidc_creds_profile_new(const char *profile)
{
    struct profile_provider *provider = eidc_xcalloc(1, sizeof(*provider));
    provider->base = (struct eidc_creds_provider){.ops = &profile_ops, .name = "profile"};
    provider->profile = eidc_xstrdup(profile);
    return &provider->base;
}
