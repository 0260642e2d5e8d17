#pragma once
/* Settings as AWS's tools find them: an environment variable, else a key of the chosen profile. A
 * blank one counts as none. */
#include "eidcached/aws/profile.h"
#include "eidcached/aws/settings.h"

struct eidc_shared {
    struct eidc_profiles *profiles;
    const char *profile;
};

/* Reads the files; *out must be closed. */
bool eidc_shared_open(const struct eidc_aws_settings *settings, struct eidc_shared *out,
                      struct eidc_err *err);
void eidc_shared_close(struct eidc_shared *shared);

/* Until closed; NULL: neither says anything. variable NULL: the profile alone is asked. */
const char *eidc_shared_get(const struct eidc_shared *shared, const char *variable,
                            const char *key);
/* "true" in any case. */
bool eidc_shared_true(const struct eidc_shared *shared, const char *variable, const char *key);
/* Of the section [services NAME] that the profile names: "glue", "endpoint_url". */
const char *eidc_shared_of_service(const struct eidc_shared *shared, const char *service,
                                   const char *key);
