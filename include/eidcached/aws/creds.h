#pragma once
/*
 * Credentials: one provider a file behind a small vtable; the chain is itself a provider, and so
 * is the cache. Nothing waits: who asks is called back. Providers may do HTTP through the client
 * they were made with (never through a proxy). One thread, the one that steps that client.
 */
#include "eidcached/aws/settings.h"
#include "eidcached/net/http_client.h"

struct eidc_creds {
    char *access_key, *secret_key;
    char *session_token;   /* NULL: long-term keys */
    int64_t expires_at_ms; /* 0: never */
    const char *provider;  /* "environment", "profile", "container", "imds": static text */
};
void eidc_creds_wipe(struct eidc_creds *creds); /* zeroes the memory, then frees */
void eidc_creds_copy(struct eidc_creds *to, const struct eidc_creds *from);

/* creds NULL: there are none, err says why. Else the callee may move them out (and zero *creds);
 * what it leaves is wiped. */
typedef void eidc_creds_done(void *arg, struct eidc_creds *creds, const struct eidc_err *err);

/* For providers: the end of a get; wipes what done leaves. */
void eidc_creds_tell(bool ok, struct eidc_creds *creds, const struct eidc_err *err,
                     eidc_creds_done *done, void *arg);

struct eidc_creds_provider;
struct eidc_creds_provider_ops {
    /* Calls done exactly once: before it returns, from the client's step(), or from its cancel()
     * (then with CANCELLED). NOT_FOUND: this provider is not configured here, the chain asks the
     * next. Any other error ends the chain: a configured provider that fails must not be papered
     * over. Only a cache may be asked again while a get is going on. */
    void (*get)(struct eidc_creds_provider *self, eidc_creds_done *done, void *arg);
    /* Ends a get that waits for something else than a request of the client, from here. Nothing
     * when none does; NULL: none ever does. */
    void (*cancel)(struct eidc_creds_provider *self);
    void (*destroy)(struct eidc_creds_provider *self); /* when no get is going on */
};
struct eidc_creds_provider {
    const struct eidc_creds_provider_ops *ops;
    const char *name;
};
static inline void eidc_creds_cancel(struct eidc_creds_provider *provider)
{
    if (provider->ops->cancel)
        provider->ops->cancel(provider);
}

struct eidc_creds_provider *eidc_creds_env_new(void);
/* Static keys of the profile chosen by settings->profile, AWS_PROFILE or "default". A profile
 * of a kind not supported (role_arn, sso, ...) is an error that says so. */
struct eidc_creds_provider *eidc_creds_profile_new(const char *profile);
struct eidc_creds_provider *eidc_creds_container_new(struct eidc_http_client *http);
struct eidc_creds_provider *eidc_creds_imds_new(struct eidc_http_client *http);

/* Asks each in turn; takes them. When all are NOT_FOUND the error says what to do and lists what
 * was looked at. Errors are for "credentials: " to be put in front. */
struct eidc_creds_provider *eidc_creds_chain_new(struct eidc_creds_provider **links, size_t n);
/* The default chain; without the environment when settings->profile names a profile. */
struct eidc_creds_provider *eidc_creds_default_new(const struct eidc_aws_settings *settings,
                                                   struct eidc_http_client *http);
