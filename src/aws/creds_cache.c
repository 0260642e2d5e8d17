#include "eidcached/aws/creds.h"
#include "eidcached/base/clock.h"
#include "eidcached/base/log.h"
#include "eidcached/base/mem.h"

#define MINUTE_MS (60 * 1000LL)

/* So long before its end a set is refreshed for good, whatever was planned. */
#define MANDATORY_MS (1 * MINUTE_MS)

/* Many callers share one failure, rather than each waiting for a time-out of its own. */
#define FAILURE_KEPT_MS 5000

/* How long before its end a set is refreshed, by the life it had when it came. */
static const struct window {
    int64_t life_below_ms, advisory_ms;
} windows[] = {
    {20 * MINUTE_MS, 5 * MINUTE_MS},
    {90 * MINUTE_MS, 15 * MINUTE_MS},
    {INT64_MAX, 60 * MINUTE_MS},
};

struct cache {
    struct eidc_creds_provider base;
    struct eidc_creds_provider *inner;
    struct eidc_creds set; /* access_key NULL: none */
    int64_t refresh_at_ms; /* of the set; INT64_MAX: never */
    struct eidc_err failure;
    int64_t failure_until_ms;
};

static struct cache *cache_of(struct eidc_creds_provider *self)
{
    return (struct cache *)(void *)self;
}

/* In 5 to 10 minutes, so that a fleet does not ask in step; but once more just before the end. */
static int64_t next_try(int64_t now_ms, int64_t expires_at_ms)
{
    int64_t at = now_ms + 5 * MINUTE_MS + (int64_t)eidc_random_below(5 * MINUTE_MS + 1);
    int64_t mandatory = expires_at_ms - MANDATORY_MS;
    return mandatory > now_ms && mandatory < at ? mandatory : at;
}

static int64_t first_refresh(int64_t now_ms, int64_t expires_at_ms)
{
    if (expires_at_ms == 0)
        return INT64_MAX;
    const struct window *window = windows;
    while (expires_at_ms - now_ms >= window->life_below_ms)
        window++;
    int64_t at = expires_at_ms - window->advisory_ms;
    return at > now_ms ? at : next_try(now_ms, expires_at_ms);
}

static void take(struct cache *cache, struct eidc_creds *fresh)
{
    eidc_creds_wipe(&cache->set);
    cache->set = *fresh;
    cache->refresh_at_ms = first_refresh(eidc_now_ms(), fresh->expires_at_ms);
    cache->failure_until_ms = 0;
}

static void keep_old(struct cache *cache, const struct eidc_err *err)
{
    int64_t now = eidc_now_ms();
    cache->refresh_at_ms = next_try(now, cache->set.expires_at_ms);
    eidc_warn("credentials: refresh failed, the old set stays in use, next try in %lld s: %s",
              (long long)((cache->refresh_at_ms - now) / 1000), err->text);
}

static bool refresh(struct cache *cache, struct eidc_err *err)
{
    struct eidc_creds fresh = {0};
    if (cache->inner->ops->get(cache->inner, &fresh, err)) {
        take(cache, &fresh);
        return true;
    }
    if (cache->set.access_key != NULL) {
        keep_old(cache, err);
        return true;
    }
    cache->failure = *err;
    cache->failure_until_ms = eidc_now_ms() + FAILURE_KEPT_MS;
    return false;
}

static bool cache_get(struct eidc_creds_provider *self, struct eidc_creds *out,
                      struct eidc_err *err)
{
    struct cache *cache = cache_of(self);
    int64_t now = eidc_now_ms();
    if (cache->set.access_key == NULL && now < cache->failure_until_ms) {
        *err = cache->failure;
        return false;
    }
    bool due = cache->set.access_key == NULL || now >= cache->refresh_at_ms;
    if (due && !refresh(cache, err))
        return false;
    eidc_creds_copy(out, &cache->set);
    return true;
}

void eidc_creds_cache_invalidate(struct eidc_creds_provider *self)
{
    struct cache *cache = cache_of(self);
    eidc_creds_wipe(&cache->set);
    cache->failure_until_ms = 0;
}

static void cache_destroy(struct eidc_creds_provider *self)
{
    struct cache *cache = cache_of(self);
    cache->inner->ops->destroy(cache->inner);
    eidc_creds_wipe(&cache->set);
    free(cache);
}

static const struct eidc_creds_provider_ops cache_ops = {cache_get, cache_destroy};

struct eidc_creds_provider *eidc_creds_cache_new(struct eidc_creds_provider *inner)
{
    struct cache *cache = eidc_xcalloc(1, sizeof(*cache));
    cache->base = (struct eidc_creds_provider){.ops = &cache_ops, .name = inner->name};
    cache->inner = inner;
    return &cache->base;
}
