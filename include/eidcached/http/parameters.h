#pragma once
/* Parameters that several routes take. False, with a 400 in r: one is not what it should be. */
#include "eidcached/http/http_request.h"

/* A text, decoded; none there: `to` stays as it is. */
bool eidc_parameter_text(struct eidc_request *r, const char *name, struct eidc_buf *to);

/* How many entries a page may have: `limit`, from 1 to 10,000, 100 if none is there. */
bool eidc_parameter_limit(struct eidc_request *r, uint64_t *limit);

/* How long to wait for what is asked for: `wait`, 0 if none is there. */
bool eidc_parameter_wait(struct eidc_request *r, int64_t *wait_ms);
