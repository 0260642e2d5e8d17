#pragma once
/* The process_* metrics that Prometheus clients usually have, from /proc/self, which is there even
 * with ProcSubset=pid. What cannot be read is left out. */
#include "eidcached/base/buf.h"

void eidc_metrics_process_write(struct eidc_buf *out);

/* Appends a number as the text format has it: "42", "0.05", "1.5e-05", "+Inf". */
void eidc_metrics_number(struct eidc_buf *out, double value);
