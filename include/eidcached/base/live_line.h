#pragma once
/* One line at the bottom of a terminal that is written over: how far something long has come. There
 * is at most one, and whatever else is written wipes it first (the log does by itself). For one
 * thread. */
#include <stdio.h>

#include "eidcached/base/buf.h"

/* Whether the last one is old enough to be written over: ten a second can be read at best. */
bool eidc_live_line_due(int64_t mono_ms);
/* Longer than the terminal is wide, it would leave its beginning behind: it is cut to 79 bytes. */
void eidc_live_line_show(FILE *to, struct eidc_str text, int64_t mono_ms);
void eidc_live_line_wipe(void); /* fine when there is none */
