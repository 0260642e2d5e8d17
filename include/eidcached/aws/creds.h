#pragma once
/*
 * Credentials: one provider a file behind a small vtable; the chain is itself a provider, and so
 * is the cache. Nothing waits: who asks is called back. Providers may do HTTP through the client
 * they were made with (never through a proxy), and call STS by the engine. One thread, the one that
 * steps that client. Settings are borrowed and must outlive the provider.
 */
#include "eidcached/aws/settings.h"
#include "eidcached/net/http_client.h"

struct eidc_aws; /* call.h */

struct eidc_creds {
    char *access_key, *secret_key;
    char *session_token;   /* NULL: long-term keys */
    int64_t expires_at_ms; /* 0: never */
    bool strict;           /* not to be used past that, even when there is no newer set */
    /* Static text: "environment", "profile", "container", "imds", "process", "assume-role",
     * "web-identity" */
    const char *provider;
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
    /* After the client's cancel: ends a get that waits for something else than a request, from
     * here. Nothing when none does; NULL: none ever does. */
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
/* The profile chosen by settings->profile, AWS_PROFILE or "default", in all its forms: static keys,
 * a role with source_profile or credential_source, a web identity, a process. The files are read at
 * each get. IAM Identity Center (sso...) and login_session are errors that name the alternatives.
 */
struct eidc_creds_provider *eidc_creds_profile_new(struct eidc_aws *aws,
                                                   const struct eidc_aws_settings *settings);
struct eidc_creds_provider *eidc_creds_container_new(struct eidc_http_client *http);
struct eidc_creds_provider *eidc_creds_imds_new(struct eidc_http_client *http);

/* Asks each in turn; takes them. When all are NOT_FOUND the error says what to do and lists what
 * was looked at. Errors are for "credentials: " to be put in front. */
struct eidc_creds_provider *eidc_creds_chain_new(struct eidc_creds_provider **links, size_t n);
/* The default chain: environment, profile, web identity, container, IMDSv2; without the environment
 * when settings->profile names a profile. The container is not configured, or it decides: IMDS is
 * never asked where its variables are set. */
struct eidc_creds_provider *eidc_creds_default_new(struct eidc_aws *aws,
                                                   const struct eidc_aws_settings *settings);
