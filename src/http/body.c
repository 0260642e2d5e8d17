#include "eidcached/http/body.h"

#include "eidcached/base/clock.h"

#define DROPPED_MAX (8ul * 1024 * 1024) /* beyond the limit, before the connection is cut */
#define RATE_MIN    1024                /* bytes a second, once http.idle_timeout is over */
#define SMALL       (4ul * 1024)        /* always kept: small batches pass whatever large ones do */
#define TOGETHER    4                   /* times http.max_body, of all large bodies */

/* Room for `size` bytes more. They are counted as they come, not as they are announced: who only
 * announces takes nothing away from others. */
static bool hold(struct eidc_body *body, struct eidc_bodies *bodies, const struct eidc_request *r,
                 size_t size)
{
    uint64_t most = TOGETHER * r->service->config->http.max_body;
    uint64_t limit = most < bodies->max ? most : bodies->max;
    uint64_t whole = r->body.n + size;
    if (whole <= SMALL)
        return true;
    uint64_t more = whole - body->held;
    body->held = whole;
    return atomic_fetch_add(&bodies->held, more) + more <= limit;
}

static void let_go(struct eidc_body *body, struct eidc_bodies *bodies)
{
    if (body->held > 0)
        atomic_fetch_sub(&bodies->held, body->held);
    body->held = 0;
}

static void keep(struct eidc_body *body, struct eidc_bodies *bodies, struct eidc_request *r,
                 struct eidc_str piece)
{
    bool fits = piece.n <= r->body.limit - r->body.n;
    if (fits && hold(body, bodies, r, piece.n) && eidc_buf_add(&r->body, piece.p, piece.n))
        return;
    r->body_fate = fits ? EIDC_BODY_NO_ROOM : EIDC_BODY_TOO_LARGE;
    body->dropped = r->body.n;
    eidc_buf_free(&r->body);
    let_go(body, bodies);
}

/* Whoever sends a byte now and then is never idle, and never done. */
static bool drips(const struct eidc_body *body, const struct eidc_request *r)
{
    int64_t over_us = eidc_mono_us() - r->started_us - r->service->config->http.idle_timeout * 1000;
    return over_us > 0 && body->came < (uint64_t)over_us / 1000 * RATE_MIN / 1000;
}

static uint64_t read_max(const struct eidc_request *r)
{
    return r->service->config->http.max_body + DROPPED_MAX;
}

bool eidc_body_take(struct eidc_body *body, struct eidc_bodies *bodies, struct eidc_request *r,
                    bool wanted, struct eidc_str piece)
{
    body->came += piece.n;
    if (wanted && r->body_fate == EIDC_BODY_KEPT)
        keep(body, bodies, r, piece);
    if (!wanted || r->body_fate != EIDC_BODY_KEPT)
        body->dropped += piece.n;
    return body->dropped <= read_max(r) && !drips(body, r);
}

void eidc_body_end(struct eidc_body *body, struct eidc_bodies *bodies)
{
    let_go(body, bodies);
    *body = (struct eidc_body){0};
}

bool eidc_body_comes_first(const struct eidc_request *r)
{
    const struct eidc_request_headers *h = &r->headers;
    uint64_t length;
    return h->expect.p == NULL &&
           (h->content_length.p == NULL || eidc_str_u64(h->content_length, read_max(r), &length));
}
