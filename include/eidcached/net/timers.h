#pragma once
/* Timers of an event loop, earliest first; the clock is the caller's. Those due at the same time
 * fire in the order they were added. Valid when zeroed. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "eidcached/net/http_client.h"

struct eidc_timer {
    int64_t due;
    uint64_t order;
    eidc_http_timer *fire;
    void *arg;
};

struct eidc_timers {
    struct eidc_timer *heap;
    size_t n, cap;
    uint64_t added;
};

void eidc_timers_add(struct eidc_timers *timers, int64_t due, eidc_http_timer *fire, void *arg);
int64_t eidc_timers_next(const struct eidc_timers *timers); /* INT64_MAX: none */
/* Fires what is due, but nothing that was added meanwhile. True when something fired. */
bool eidc_timers_run(struct eidc_timers *timers, int64_t now);
void eidc_timers_clear(struct eidc_timers *timers); /* drops all; fine inside run */
