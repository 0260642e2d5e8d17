#include "eidcached/core/scope_clock.h"

#include <xxhash.h>

/* The number of ticks up to and with t; the first one is at `offset`. */
static int64_t ticks(int64_t t, int64_t offset, int64_t interval)
{
    return t < offset ? 0 : (t - offset) / interval + 1;
}

bool eidc_scope_is_due(struct eidc_str source, struct eidc_str scope, int64_t as_of_ms,
                       int64_t now_ms, int64_t interval_ms)
{
    const uint64_t hash = XXH3_64bits_withSeed(scope.p, scope.n, XXH3_64bits(source.p, source.n));
    const int64_t offset = (int64_t)(hash % (uint64_t)interval_ms);

    return as_of_ms > now_ms ||
           ticks(as_of_ms, offset, interval_ms) < ticks(now_ms, offset, interval_ms);
}
