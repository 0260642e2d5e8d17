#include "eidcached/aws/shared.h"

#include <strings.h>

#include "eidcached/aws/env.h"
#include "eidcached/base/mem.h"

bool eidc_shared_open(const struct eidc_aws_settings *settings, struct eidc_shared *out,
                      struct eidc_err *err)
{
    struct eidc_profiles *profiles = NULL;
    if (!eidc_profiles_load(&profiles, err))
        return false;
    *out = (struct eidc_shared){profiles, eidc_profiles_choose(settings->profile)};
    return true;
}

void eidc_shared_close(struct eidc_shared *shared)
{
    eidc_profiles_free(shared->profiles);
    *shared = (struct eidc_shared){0};
}

static const char *setting(const struct eidc_shared *shared, const char *section, const char *key)
{
    const char *value = eidc_profiles_get(shared->profiles, section, key);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

const char *eidc_shared_get(const struct eidc_shared *shared, const char *variable, const char *key)
{
    const char *value = variable != NULL ? eidc_env(variable) : NULL;
    return value != NULL ? value : setting(shared, shared->profile, key);
}

bool eidc_shared_true(const struct eidc_shared *shared, const char *variable, const char *key)
{
    const char *value = eidc_shared_get(shared, variable, key);
    return value != NULL && strcasecmp(value, "true") == 0;
}

const char *eidc_shared_of_service(const struct eidc_shared *shared, const char *service,
                                   const char *key)
{
    const char *services = setting(shared, shared->profile, "services");
    if (services == NULL)
        return NULL;
    char *section EIDC_AUTO_FREE = eidc_xprintf("services %s", services);
    char *nested EIDC_AUTO_FREE = eidc_xprintf("%s.%s", service, key);
    return setting(shared, section, nested);
}
