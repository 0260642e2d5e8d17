#pragma once
/* Environment variables as AWS's tools read them. */
#include <stdbool.h>

/* NULL when unset or blank. */
const char *eidc_env(const char *name);
/* "true" in any case. */
bool eidc_env_true(const char *name);
