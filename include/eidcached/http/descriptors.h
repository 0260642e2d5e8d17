#pragma once
/* Open files: each connection is one. */
#include <stdint.h>

/* Makes room for so many connections beside what the process has open otherwise, up to its hard
 * limit. How many there is room for: less is logged with what to do, and is no failure. */
uint64_t eidc_descriptors_need(uint64_t connections);
