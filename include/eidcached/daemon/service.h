#pragma once
/* What request handlers see of the daemon. Made by app.c, outlives the HTTP server. */
#include <stdatomic.h>

#include "eidcached/daemon/config.h"
#include "eidcached/daemon/refresh.h"
#include "eidcached/daemon/report.h"

struct eidc_service {
    const struct eidc_config *config; /* as it was when the HTTP server started */
    struct eidc_report *report;
    _Atomic(struct eidc_refresh *) refresh; /* see eidc_service_request_refresh */
    pthread_rwlock_t refresh_lock; /* held for reading while a handler uses refresh; a reload
                                      that replaces it holds it for writing */
    int64_t started_at_ms;
    atomic_bool draining; /* SIGTERM came: /readyz is 503 */
};

/* The two below keep a reload from replacing the refresher meanwhile. */
/* Asks for a refresh; false: there is no refresher (now). */
bool eidc_service_request_refresh(struct eidc_service *service, bool accept_shrink,
                                  uint64_t *ticket);
/* Waits for at most slice_ms, which should be short: a reload waits as long. False: not yet. */
bool eidc_service_wait_refresh(struct eidc_service *service, uint64_t ticket, int64_t slice_ms,
                               struct eidc_round_report *out);
