#include "eidcached/aws/env.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *eidc_env(const char *name)
{
    const char *value = getenv(name);
    return value == NULL || value[strspn(value, " \t\r\n")] == '\0' ? NULL : value;
}

bool eidc_env_true(const char *name)
{
    const char *value = eidc_env(name);
    return value != NULL && strcasecmp(value, "true") == 0;
}
