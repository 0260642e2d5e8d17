#pragma once
/* The HTTP server's metrics, with their series kept: no lock on the way of a request. */
#include "eidcached/http/handlers.h"

enum eidc_rejected {
    EIDC_REJECTED_HEAD,
    EIDC_REJECTED_SLOW,
    EIDC_REJECTED_CONNECTIONS,
    EIDC_REJECTED_HOST,
    EIDC_REJECTED_ORIGIN,
    EIDC_REJECTED_FORWARDED,
    EIDC_REJECTED_TOKEN,
    EIDC_REJECTED_BODY,
    EIDC_REJECTED_MEMORY,
    EIDC_REJECTED_KEYS,
};
#define EIDC_REJECTED_COUNT (EIDC_REJECTED_KEYS + 1)

/* Makes what is counted under other locks, so that there it takes none: the rejected ones. */
void eidc_http_metrics_start(void);
void eidc_http_count_lookups(enum eidc_direction direction, uint64_t hits, uint64_t misses);
void eidc_http_count_request(const struct eidc_request *r, int64_t now_us);
void eidc_http_count_connection(int change);
/* A request that libmicrohttpd answered by itself: no handler saw it. */
void eidc_http_count_refused(unsigned status);
void eidc_http_count_rejected(enum eidc_rejected reason);
uint64_t eidc_http_lookups(enum eidc_direction direction); /* hits and misses, this process */
uint64_t eidc_http_misses(void);
