#pragma once
/* /v1/status for people. */
#include <cjson/cJSON.h>

#include "eidcached/base/buf.h"

/* now_ms: what ages are counted from. Members that are missing are left out. */
void eidc_ctl_status_text(const cJSON *status, int64_t now_ms, struct eidc_buf *out);
