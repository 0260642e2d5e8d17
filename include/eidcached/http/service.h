#pragma once
/* What request handlers see of the process. Made by daemon/app_serve.c, outlives the HTTP server.
 */
#include <stdatomic.h>

#include "eidcached/config/config.h"
#include "eidcached/refresh/refresh.h"
#include "eidcached/refresh/report.h"

struct eidc_service {
    const struct eidc_config *config; /* as it was when the HTTP server started */
    struct eidc_report *report;
    _Atomic(struct eidc_refresh *) refresh; /* see eidc_service_request_refresh */
    pthread_rwlock_t refresh_lock; /* held for reading while a handler uses refresh, for writing
                                      while eidc_service_replace_refresh replaces it */
    int64_t started_at_ms;
    atomic_bool draining; /* SIGTERM came: /readyz is 503 */

    /* what a reload may change while requests are answered; see eidc_service_adopt */
    _Atomic int64_t max_stale_ms; /* 0: never stale */
    atomic_bool refuse_stale;
};

/* Takes over what follows the configuration of the refresher, at start and at a reload. */
void eidc_service_adopt(struct eidc_service *service, const struct eidc_config *config);

/* Puts the next refresher in the place of one that has stopped, whose tickets and requests it
 * inherits: what is asked for meanwhile waits, and is asked of the next one. */
void eidc_service_replace_refresh(struct eidc_service *service, struct eidc_refresh *next);

/* The two below keep a reload from replacing the refresher meanwhile. */
/* Asks for a refresh; false: there is no refresher (now). */
bool eidc_service_request_refresh(struct eidc_service *service, bool accept_shrink,
                                  uint64_t *ticket);
/* Whether it has ended, and how. Does not wait. */
bool eidc_service_refresh_ended(struct eidc_service *service, uint64_t ticket,
                                struct eidc_round_report *out);
