#pragma once
/*
 * When a scope is listed again, if not at every refresh. Each scope has a clock of its own that
 * ticks once an interval, at an offset that is a hash of its name: so any number of scopes spreads
 * evenly over the interval, and nothing has to be remembered but the age of each.
 */
#include <stdbool.h>
#include <stdint.h>

#include "eidcached/base/buf.h"

/* Whether a tick lies after as_of, up to and with now; also when as_of is in the future (the clock
 * was set back), which says nothing. So a scope that is listed when it is due is never older than
 * interval_ms (> 0) and the time to the next refresh. */
bool eidc_scope_is_due(struct eidc_str source, struct eidc_str scope, int64_t as_of_ms,
                       int64_t now_ms, int64_t interval_ms);
