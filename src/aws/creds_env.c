#include "eidcached/aws/creds.h"
#include "eidcached/aws/env.h"
#include "eidcached/base/clock.h"
#include "eidcached/base/mem.h"

#define NAME "environment"

static bool read_expiration(int64_t *expires_at_ms, struct eidc_err *err)
{
    const char *text = eidc_env("AWS_CREDENTIAL_EXPIRATION");
    if (text == NULL)
        return true;
    if (!eidc_time_parse(eidc_str_of(text), expires_at_ms))
        return eidc_fail(err, EIDC_ERR_INVALID, "AWS_CREDENTIAL_EXPIRATION is no RFC 3339 time");
    if (*expires_at_ms <= eidc_now_ms())
        return eidc_fail(err, EIDC_ERR_DENIED, "expired at %s (AWS_CREDENTIAL_EXPIRATION)", text);
    return true;
}

static bool read_env(struct eidc_creds *out, struct eidc_err *err)
{
    const char *access_key = eidc_env("AWS_ACCESS_KEY_ID");
    const char *secret_key = eidc_env("AWS_SECRET_ACCESS_KEY");
    const char *token = eidc_env("AWS_SESSION_TOKEN");
    int64_t expires_at_ms = 0;
    if (access_key == NULL)
        return eidc_fail(err, EIDC_ERR_NOT_FOUND, "AWS_ACCESS_KEY_ID is not set");
    if (secret_key == NULL)
        return eidc_fail(err, EIDC_ERR_INVALID,
                         "AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not");
    if (!read_expiration(&expires_at_ms, err))
        return false;

    *out = (struct eidc_creds){
        .access_key = eidc_xstrdup(access_key),
        .secret_key = eidc_xstrdup(secret_key),
        .session_token = eidc_xstrdup(token != NULL ? token : eidc_env("AWS_SECURITY_TOKEN")),
        .expires_at_ms = expires_at_ms,
        .provider = NAME,
    };
    return true;
}

static void env_get(struct eidc_creds_provider *self, eidc_creds_done *done, void *arg)
{
    struct eidc_creds creds = {0};
    struct eidc_err err;
    (void)self;
    eidc_creds_tell(read_env(&creds, &err), &creds, &err, done, arg);
}

static void env_destroy(struct eidc_creds_provider *self)
{
    free(self);
}

static const struct eidc_creds_provider_ops env_ops = {env_get, NULL, env_destroy};

struct eidc_creds_provider *eidc_creds_env_new(void)
{
    struct eidc_creds_provider *env = eidc_xcalloc(1, sizeof(*env));
    *env = (struct eidc_creds_provider){.ops = &env_ops, .name = NAME};
    return env;
}
