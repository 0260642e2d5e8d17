#include "eidcached/aws/identity.h"

#include "eidcached/aws/creds_cache.h"
#include "eidcached/aws/creds_role.h"
#include "eidcached/base/mem.h"

enum key { PROFILE, ROLE_ARN, EXTERNAL_ID, REGION, ENDPOINT_URL, CA_BUNDLE, KEYS };

struct identity {
    struct identity *next;
    char *keys[KEYS];                  /* NULL: not set */
    struct eidc_aws_settings settings; /* made of them */
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
    keys[PROFILE] = settings->profile;
    keys[ROLE_ARN] = settings->role_arn;
    keys[EXTERNAL_ID] = settings->external_id;
    keys[REGION] = settings->region;
    keys[ENDPOINT_URL] = settings->endpoint_url;
    keys[CA_BUNDLE] = settings->ca_bundle;
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

/* A role is assumed with what the same settings without it give, shared by all such roles. */
static struct eidc_creds_provider *make_provider(struct eidc_identities *identities,
                                                 const struct eidc_aws_settings *settings)
{
    if (settings->role_arn == NULL)
        return eidc_creds_default_new(identities->aws, settings);
    const struct eidc_sts_role role = {.arn = settings->role_arn,
                                       .external_id = settings->external_id};
    struct eidc_aws_settings without = *settings;
    without.role_arn = without.external_id = NULL;
    return eidc_creds_role_new(identities->aws, settings, &role,
                               eidc_identities_get(identities, &without), false);
}

static struct identity *make(struct eidc_identities *identities,
                             const struct eidc_aws_settings *settings,
                             const char *const keys[static KEYS])
{
    struct identity *identity = eidc_xcalloc(1, sizeof(*identity));
    for (size_t i = 0; i < KEYS; i++)
        identity->keys[i] = eidc_xstrdup(keys[i]);
    char *const *own = identity->keys;
    identity->settings = *settings;
    identity->settings.profile = own[PROFILE];
    identity->settings.role_arn = own[ROLE_ARN];
    identity->settings.external_id = own[EXTERNAL_ID];
    identity->settings.region = own[REGION];
    identity->settings.endpoint_url = own[ENDPOINT_URL];
    identity->settings.ca_bundle = own[CA_BUNDLE];
    identity->creds = eidc_creds_cache_new(make_provider(identities, &identity->settings));
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
