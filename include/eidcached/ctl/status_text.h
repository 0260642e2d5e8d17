#pragma once
/* /v1/status for people. */
#include <cjson/cJSON.h>

#include "eidcached/base/buf.h"

/* now_ms: what ages are counted from. Members that are missing are left out. */
void eidc_ctl_status_text(const cJSON *status, int64_t now_ms, struct eidc_buf *out);
/* How near what the guard holds is to being let go, as in " (1 of 3 refreshes agree)"; nothing when
 * the status or the outcome of a refresh does not say. */
void eidc_ctl_agreement_text(const cJSON *held, struct eidc_buf *out);
