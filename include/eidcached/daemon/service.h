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
