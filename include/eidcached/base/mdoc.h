#pragma once
/* Text in manual pages that the programs make of their tables, in mdoc(7). */
#include "eidcached/base/buf.h"

/* Text as roff takes it literally, in short lines: no escapes, no line that looks like a request;
 * a sentence begins a line, as mdoc wants it. */
void eidc_mdoc_add_text(struct eidc_buf *out, const char *text);
/* The lines as they are, for a literal display. */
void eidc_mdoc_add_lines(struct eidc_buf *out, const char *lines);
