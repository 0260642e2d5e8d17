#pragma once
/*
 * Credentials: one provider a file behind a two-function vtable; the chain is itself a provider,
 * and so is the cache. Order of the chain: environment, profile, container, IMDSv2. Providers may
 * do HTTP through the client they were made with (never through a proxy) and wait for it: call
 * them only from the thread that steps that client, and never again while a get() is waiting.
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

struct eidc_creds_provider;
struct eidc_creds_provider_ops {
    /* NOT_FOUND: this provider is not configured here, the chain asks the next. Any other error
     * ends the chain: a configured provider that fails must not be papered over. */
    bool (*get)(struct eidc_creds_provider *self, struct eidc_creds *out, struct eidc_err *err);
    void (*destroy)(struct eidc_creds_provider *self);
};
struct eidc_creds_provider {
    const struct eidc_creds_provider_ops *ops;
    const char *name;
};

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

/* Keeps what `inner` gave until shortly before it expires (AWS.md, the 2026 windows); a refresh
 * that fails keeps the old set in use, even past its expiry, and tries again after 5 to 10
 * minutes. Takes inner. */
struct eidc_creds_provider *eidc_creds_cache_new(struct eidc_creds_provider *inner);
/* A service refused the cached set: it is dropped, the next get asks again. */
void eidc_creds_cache_invalidate(struct eidc_creds_provider *cache);
