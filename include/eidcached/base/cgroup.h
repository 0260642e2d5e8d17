#pragma once
/* What the control group of this process may use (Linux, version 2 and 1). */
#include <stdint.h>

/* Bytes of memory, of the nearest group upwards that has a limit; UINT64_MAX: none is known.
 * root: "", or a folder in the place of /. */
uint64_t eidc_cgroup_memory_limit(const char *root);
