#include "eidcached/http/freshness.h"

#include <inttypes.h>

#include "eidcached/base/clock.h"
#include "eidcached/http/negotiate.h"

/* Whole seconds; never negative. */
static int64_t age_s(int64_t then_ms, int64_t now_ms)
{
    return now_ms > then_ms ? (now_ms - then_ms) / 1000 : 0;
}

/* As far as it is known. */
static int64_t refreshed_at(const struct eidc_generation *g)
{
    int64_t refreshed = atomic_load_explicit(&g->refreshed_at, memory_order_relaxed);
    if (refreshed != 0)
        return refreshed;
    /* a generation from before times were kept beside it: the refresh that made it */
    int64_t created = eidc_image_info(g->image)->created_at_ms;
    int64_t verified = atomic_load_explicit(&g->verified_at, memory_order_relaxed);
    return created > verified ? created : verified;
}

bool eidc_is_stale(const struct eidc_generation *g, int64_t max_stale_ms, int64_t now_ms)
{
    return max_stale_ms > 0 && now_ms - refreshed_at(g) > max_stale_ms;
}

void eidc_tell_stale(const struct eidc_generation *g, int64_t max_stale_ms, int64_t now_ms,
                     struct eidc_buf *out)
{
    eidc_buf_addf(out,
                  "the last refresh was %" PRId64 " seconds ago, refresh.max_stale is %" PRId64,
                  age_s(refreshed_at(g), now_ms), max_stale_ms / 1000);
}

bool eidc_fresh_enough(struct eidc_request *r, const struct eidc_generation *g, int64_t now_ms)
{
    const int64_t max_stale_ms = atomic_load(&r->service->max_stale_ms);
    if (!atomic_load(&r->service->refuse_stale) || !eidc_is_stale(g, max_stale_ms, now_ms))
        return true;
    EIDC_BUF_AUTO stale = {0};
    eidc_tell_stale(g, max_stale_ms, now_ms, &stale);
    eidc_answer_unavailable(r, "%s, and refresh.stale_answers is refuse", stale.p);
    return false;
}

void eidc_answer_generation(struct eidc_request *r, const struct eidc_generation *g,
                            int64_t as_of_ms, int64_t now_ms)
{
    const struct eidc_image_info *info = eidc_image_info(g->image);
    struct eidc_answer *a = &r->answer;
    size_t n = strlen(info->id);
    a->etag[0] = '"';
    memcpy(a->etag + 1, info->id, n);
    memcpy(a->etag + 1 + n, "\"", 2);
    a->has_generation = true;
    a->generation = info->number;
    a->age_s = age_s(as_of_ms, now_ms);
    a->now_s = now_ms / 1000;
}

bool eidc_young_enough(struct eidc_request *r)
{
    uint64_t max_age;
    if (!eidc_max_age(r->headers.cache_control, &max_age) || (uint64_t)r->answer.age_s <= max_age)
        return true;
    eidc_answer_unavailable(r, "this answer is %" PRId64 " seconds old, max-age is %" PRIu64,
                            r->answer.age_s, max_age);
    return false;
}

bool eidc_answer_from(struct eidc_request *r, const struct eidc_generation *g)
{
    int64_t now = eidc_now_ms();
    if (g == NULL) {
        eidc_answer_unavailable(r, EIDC_NO_GENERATION);
        return false;
    }
    if (!eidc_fresh_enough(r, g, now))
        return false;
    eidc_answer_generation(r, g, atomic_load_explicit(&g->verified_at, memory_order_relaxed), now);
    return eidc_young_enough(r);
}

bool eidc_not_modified(struct eidc_request *r)
{
    if (r->method == EIDC_POST ||
        !eidc_none_match(r->headers.if_none_match, eidc_str_of(r->answer.etag)))
        return false;
    eidc_buf_clear(&r->out);
    r->answer.status = 304;
    r->answer.content_type = NULL;
    return true;
}
