#pragma once
/* The HTTP server's metrics, with their series kept: no lock on the way of a request. */
#include "eidcached/http/handlers.h"

void eidc_http_count_lookups(enum eidc_direction direction, uint64_t hits, uint64_t misses);
void eidc_http_count_request(const struct eidc_request *r, int64_t now_us);
void eidc_http_count_connection(int change);
/* A request that libmicrohttpd answered by itself: no handler saw it. */
void eidc_http_count_refused(unsigned status);
/* reason: head, slow, connections, host, origin, forwarded, token, body, memory, keys */
void eidc_http_count_rejected(const char *reason);
uint64_t eidc_http_lookups(enum eidc_direction direction); /* hits and misses, this process */
uint64_t eidc_http_misses(void);
