#include "eidcached/aws/identity.h"

#include "eidcached/aws/creds_cache.h"
#include "eidcached/base/mem.h"

#define KEYS 6

struct identity {
    struct identity *next;
    char *keys[KEYS]; /* NULL: not set */
    struct eidc_creds_provider *creds;
};

struct eidc_identities {
    struct eidc_aws *aws;
    struct identity *first;
};

struct eidc_identities *eidc_identities_new(struct eidc_aws *aws)
{
    struct eidc_identities *identities = eidc_xcalloc(1, sizeof(*identities));
    identities->aws = aws;
    return identities;
}

static void read_keys(const struct eidc_aws_settings *settings, const char *keys[static KEYS])
{
    const char *const all[KEYS] = {settings->profile, settings->role_arn,     settings->external_id,
                                   settings->region,  settings->endpoint_url, settings->ca_bundle};
    memcpy(keys, all, sizeof(all));
}

static bool is_same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool matches(const struct identity *identity, const char *const keys[static KEYS])
{
    for (size_t i = 0; i < KEYS; i++)
        if (!is_same(identity->keys[i], keys[i]))
            return false;
    return true;
}

static struct identity *make(struct eidc_identities *identities,
                             const struct eidc_aws_settings *settings,
                             const char *const keys[static KEYS])
{
    struct identity *identity = eidc_xcalloc(1, sizeof(*identity));
    for (size_t i = 0; i < KEYS; i++)
        identity->keys[i] = eidc_xstrdup(keys[i]);
    identity->creds =
        eidc_creds_cache_new(eidc_creds_default_new(settings, eidc_aws_http(identities->aws)));
    identity->next = identities->first;
    identities->first = identity;
    return identity;
}

struct eidc_creds_provider *eidc_identities_get(struct eidc_identities *identities,
                                                const struct eidc_aws_settings *settings)
{
    const char *keys[KEYS];
    read_keys(settings, keys);
    struct identity *identity = identities->first;
    while (identity != NULL && !matches(identity, keys))
        identity = identity->next;
    if (identity == NULL)
        identity = make(identities, settings, keys);
    return identity->creds;
}

void eidc_identities_cancel(struct eidc_identities *identities)
{
    for (struct identity *i = identities->first; i != NULL; i = i->next)
        eidc_creds_cancel(i->creds);
}

bool eidc_identities_are_busy(const struct eidc_identities *identities)
{
    for (const struct identity *i = identities->first; i != NULL; i = i->next)
        if (eidc_creds_cache_is_busy(i->creds))
            return true;
    return false;
}

void eidc_identities_free(struct eidc_identities *identities)
{
    for (struct identity *i = identities->first, *next; i != NULL; i = next) {
        next = i->next;
        i->creds->ops->destroy(i->creds);
        for (size_t k = 0; k < KEYS; k++)
            free(i->keys[k]);
        free(i);
    }
    free(identities);
}
