#pragma once
/* Open files: each connection is one. */
#include <stdint.h>

/* Makes room for so many connections beside what the process has open otherwise, up to its hard
 * limit. Too little is logged with what to do, and is no failure: fewer connections are served. */
void eidc_descriptors_need(uint64_t connections);
