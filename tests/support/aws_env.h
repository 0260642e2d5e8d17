#pragma once
/* An environment without a trace of AWS, whatever the machine's own is; a cmocka set-up function.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static inline int aws_env_clear(void **state)
{
    (void)state;
    for (char **at = environ; at != NULL && *at != NULL;) {
        if (strncmp(*at, "AWS_", 4) != 0) {
            at++;
            continue;
        }
        char *name = strndup(*at, strcspn(*at, "="));
        unsetenv(name);
        free(name);
        at = environ; /* it may have moved */
    }
    return setenv("HOME", "/proc/nonexistent", 1);
}
