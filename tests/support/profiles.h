#pragma once
/* Profiles from texts in place of files. */
#include "eidcached/aws/profile.h"
#include "eidcached/base/mem.h"
#include "src/aws/profile_data.h"

static inline bool profiles_parse(const char *config, const char *credentials,
                                  struct eidc_profiles **out, struct eidc_err *err)
{
    struct eidc_profiles *profiles = eidc_xcalloc(1, sizeof *profiles);
    if (!eidc_profiles_read(profiles, "config", false, eidc_str_of(config), err) ||
        !eidc_profiles_read(profiles, "credentials", true, eidc_str_of(credentials), err)) {
        eidc_profiles_free(profiles);
        return false;
    }
    *out = profiles;
    return true;
}
