#include "eidcached/http/http_metrics.h"

#include <stdatomic.h>
#include <stdio.h>

#include "eidcached/base/metrics.h"
#include "eidcached/http/routes.h"

typedef _Atomic(struct eidc_series *) kept_series;

static const uint16_t codes[] = {200, 202, 206, 304, 400, 401, 403, 404, 405,
                                 410, 413, 414, 415, 416, 431, 503, 0 /* any other */};
#define CODES (sizeof(codes) / sizeof(codes[0]))

static kept_series requests[EIDC_ROUTES_MAX + 1][CODES];
static kept_series durations[EIDC_ROUTES_MAX + 1];
static kept_series lookups[2][2]; /* direction, miss or hit */
static kept_series connections;
static kept_series rejected[EIDC_REJECTED_COUNT];

/* Making a series twice gives the same one, so that a race here is harmless. */
static struct eidc_series *keep(kept_series *place, struct eidc_series *made)
{
    atomic_store_explicit(place, made, memory_order_release);
    return made;
}

static struct eidc_series *kept(kept_series *place)
{
    return atomic_load_explicit(place, memory_order_acquire);
}

static struct eidc_series *lookup_series(enum eidc_direction direction, bool hit)
{
    static const char *const directions[] = {"forward", "reverse"};
    kept_series *place = &lookups[direction][hit];
    struct eidc_series *s = kept(place);
    return s != NULL ? s
                     : keep(place, eidc_metric(EIDC_METRIC_LOOKUPS, directions[direction],
                                               hit ? "hit" : "miss"));
}

void eidc_http_count_lookups(enum eidc_direction direction, uint64_t hits, uint64_t misses)
{
    if (hits > 0)
        eidc_metric_add(lookup_series(direction, true), (int64_t)hits);
    if (misses > 0)
        eidc_metric_add(lookup_series(direction, false), (int64_t)misses);
}

static size_t code_index(unsigned status)
{
    size_t i = 0;
    while (i < CODES - 1 && codes[i] != status)
        i++;
    return i;
}

static struct eidc_series *request_series(size_t route, unsigned status)
{
    size_t code = code_index(status);
    struct eidc_series *s = kept(&requests[route][code]);
    if (s != NULL)
        return s;
    char text[8] = "other";
    if (codes[code] != 0)
        snprintf(text, sizeof(text), "%u", status);
    return keep(&requests[route][code],
                eidc_metric(EIDC_METRIC_HTTP_REQUESTS, eidc_route_name(route), text));
}

static struct eidc_series *duration_series(size_t route)
{
    struct eidc_series *s = kept(&durations[route]);
    return s != NULL ? s
                     : keep(&durations[route],
                            eidc_metric(EIDC_METRIC_HTTP_DURATION, eidc_route_name(route)));
}

void eidc_http_count_request(const struct eidc_request *r, int64_t now_us)
{
    size_t route = eidc_route_index(r->route);
    eidc_metric_add(request_series(route, r->answer.status), 1);
    eidc_metric_observe(duration_series(route), (double)(now_us - r->started_us) / 1e6);
}

void eidc_http_count_refused(unsigned status)
{
    eidc_metric_add(request_series(eidc_route_index(NULL), status), 1);
    eidc_http_count_rejected(EIDC_REJECTED_HEAD);
}

void eidc_http_count_connection(int change)
{
    struct eidc_series *s = kept(&connections);
    if (s == NULL)
        s = keep(&connections, eidc_metric(EIDC_METRIC_HTTP_CONNECTIONS));
    eidc_metric_add(s, change);
}

static struct eidc_series *rejected_series(enum eidc_rejected reason)
{
    static const char *const reasons[EIDC_REJECTED_COUNT] = {
        [EIDC_REJECTED_HEAD] = "head",
        [EIDC_REJECTED_SLOW] = "slow",
        [EIDC_REJECTED_CONNECTIONS] = "connections",
        [EIDC_REJECTED_HOST] = "host",
        [EIDC_REJECTED_ORIGIN] = "origin",
        [EIDC_REJECTED_FORWARDED] = "forwarded",
        [EIDC_REJECTED_TOKEN] = "token",
        [EIDC_REJECTED_BODY] = "body",
        [EIDC_REJECTED_MEMORY] = "memory",
        [EIDC_REJECTED_KEYS] = "keys",
    };
    struct eidc_series *s = kept(&rejected[reason]);
    return s != NULL
               ? s
               : keep(&rejected[reason], eidc_metric(EIDC_METRIC_HTTP_REJECTED, reasons[reason]));
}

void eidc_http_count_rejected(enum eidc_rejected reason)
{
    eidc_metric_add(rejected_series(reason), 1);
}

void eidc_http_metrics_start(void)
{
    for (enum eidc_rejected reason = 0; reason < EIDC_REJECTED_COUNT; reason++)
        rejected_series(reason);
}

uint64_t eidc_http_lookups(enum eidc_direction direction)
{
    return (uint64_t)(eidc_metric_value(lookup_series(direction, true)) +
                      eidc_metric_value(lookup_series(direction, false)));
}

uint64_t eidc_http_misses(void)
{
    return (uint64_t)(eidc_metric_value(lookup_series(EIDC_FORWARD, false)) +
                      eidc_metric_value(lookup_series(EIDC_REVERSE, false)));
}
