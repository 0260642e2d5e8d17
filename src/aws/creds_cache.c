#include "eidcached/aws/creds_cache.h"

#include <assert.h>
#include <sys/queue.h>

#include "eidcached/base/clock.h"
#include "eidcached/base/log.h"
#include "eidcached/base/mem.h"

#define MINUTE_MS (60 * 1000LL)

/* So long before its end a set is no longer given out without a try to get a fresh one. */
#define MANDATORY_MS (1 * MINUTE_MS)

/* Many callers share one failure, rather than each waiting for a time-out of its own. */
#define FAILURE_KEPT_MS 5000
#define REFUSED_KEPT_MS 30000

/* How long before its end a set is refreshed, by the life it had when it came. */
static const struct window {
    int64_t life_below_ms, advisory_ms;
} windows[] = {
    {20 * MINUTE_MS, 5 * MINUTE_MS},
    {90 * MINUTE_MS, 15 * MINUTE_MS},
    {INT64_MAX, 60 * MINUTE_MS},
};

struct waiter {
    STAILQ_ENTRY(waiter) next;
    eidc_creds_done *done;
    void *arg;
};
STAILQ_HEAD(waiters, waiter);

struct cache {
    struct eidc_creds_provider base;
    struct eidc_creds_provider *inner;
    struct eidc_creds set; /* access_key NULL: none */
    int64_t refresh_at_ms; /* of the set; INT64_MAX: never */
    struct eidc_err failure;
    int64_t failure_until_ms;
    bool refreshing;
    struct waiters waiters; /* for the end of the refresh */
    size_t waiting;
    char *refused_key; /* the last one, and when */
    int64_t refused_at_ms;
};

static struct cache *cache_of(struct eidc_creds_provider *self)
{
    return (struct cache *)(void *)self;
}

/* ---- when ---- */

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

/* Good enough to be given out while a fresh one is on its way. */
static bool is_fresh(const struct cache *cache, int64_t now_ms)
{
    return cache->set.access_key != NULL &&
           (cache->set.expires_at_ms == 0 || now_ms < cache->set.expires_at_ms - MANDATORY_MS);
}

static bool is_over(const struct cache *cache, int64_t now_ms)
{
    return cache->set.strict && cache->set.expires_at_ms != 0 && now_ms >= cache->set.expires_at_ms;
}

static bool is_due(const struct cache *cache, int64_t now_ms)
{
    return cache->set.access_key == NULL || now_ms >= cache->refresh_at_ms ||
           is_over(cache, now_ms);
}

/* ---- telling ---- */

/* err NULL: with the set. Whoever is told may ask again, which waits for the next refresh; the set
 * may be dropped meanwhile; and a cancel in the middle tells those who are left. */
static void tell_waiters(struct cache *cache, const struct eidc_err *err)
{
    struct eidc_creds set = {0};
    if (err == NULL)
        eidc_creds_copy(&set, &cache->set);
    for (size_t n = cache->waiting; n > 0 && !STAILQ_EMPTY(&cache->waiters); n--) {
        struct waiter *waiter = STAILQ_FIRST(&cache->waiters);
        STAILQ_REMOVE_HEAD(&cache->waiters, next);
        cache->waiting--;
        struct eidc_creds copy = {0};
        if (err == NULL)
            eidc_creds_copy(&copy, &set);
        waiter->done(waiter->arg, err == NULL ? &copy : NULL, err);
        eidc_creds_wipe(&copy);
        free(waiter);
    }
    eidc_creds_wipe(&set);
}

/* ---- refreshing ---- */

static void take(struct cache *cache, struct eidc_creds *fresh)
{
    eidc_creds_wipe(&cache->set);
    cache->set = *fresh;
    *fresh = (struct eidc_creds){0};
    cache->refresh_at_ms = first_refresh(eidc_now_ms(), cache->set.expires_at_ms);
    cache->failure_until_ms = 0;
}

static void keep_old(struct cache *cache, const struct eidc_err *err)
{
    int64_t now = eidc_now_ms();
    cache->refresh_at_ms = next_try(now, cache->set.expires_at_ms);
    eidc_warn("credentials: refresh failed, the old set stays in use, next try in %lld s: %s",
              (long long)((cache->refresh_at_ms - now) / 1000), err->text);
}

static void keep_failure(struct cache *cache, const struct eidc_err *err)
{
    eidc_creds_wipe(&cache->set);
    cache->failure = *err;
    cache->failure_until_ms = eidc_now_ms() + FAILURE_KEPT_MS;
}

/* Asking again would give the same, and the old set is not to outlive what took it back. */
static bool is_refusal(const struct eidc_err *err)
{
    return err->kind == EIDC_ERR_DENIED || err->kind == EIDC_ERR_INVALID;
}

/* CANCELLED says nothing about what is to be had. */
static void on_refreshed(void *arg, struct eidc_creds *fresh, const struct eidc_err *err)
{
    struct cache *cache = arg;
    cache->refreshing = false;
    if (fresh == NULL && err->kind == EIDC_ERR_CANCELLED) {
        tell_waiters(cache, err);
        return;
    }
    if (fresh != NULL)
        take(cache, fresh);
    else if (cache->set.access_key != NULL && !is_refusal(err) && !is_over(cache, eidc_now_ms()))
        keep_old(cache, err);
    else
        keep_failure(cache, err);
    tell_waiters(cache, cache->set.access_key != NULL ? NULL : err);
}

static void add_waiter(struct cache *cache, eidc_creds_done *done, void *arg)
{
    struct waiter *waiter = eidc_xcalloc(1, sizeof(*waiter));
    waiter->done = done;
    waiter->arg = arg;
    STAILQ_INSERT_TAIL(&cache->waiters, waiter, next);
    cache->waiting++;
}

/* A refresh that ended at once may have taken the set away. */
static void give(const struct cache *cache, eidc_creds_done *done, void *arg)
{
    const struct eidc_err failure = cache->failure;
    struct eidc_creds copy = {0};
    bool there = cache->set.access_key != NULL;
    if (there)
        eidc_creds_copy(&copy, &cache->set);
    done(arg, there ? &copy : NULL, there ? NULL : &failure);
    eidc_creds_wipe(&copy);
}

static void cache_get(struct eidc_creds_provider *self, eidc_creds_done *done, void *arg)
{
    struct cache *cache = cache_of(self);
    int64_t now = eidc_now_ms();
    if (cache->set.access_key == NULL && !cache->refreshing && now < cache->failure_until_ms) {
        give(cache, done, arg);
        return;
    }
    bool due = is_due(cache, now);
    bool waits = due && !is_fresh(cache, now);
    if (waits)
        add_waiter(cache, done, arg);
    if (due && !cache->refreshing) {
        cache->refreshing = true;
        cache->inner->ops->get(cache->inner, on_refreshed, cache);
    }
    if (!waits)
        give(cache, done, arg);
}

/* The inner one's end tells them first; those it does not know of, because what it waits for is not
 * cancelled, are told all the same. */
static void cache_cancel(struct eidc_creds_provider *self)
{
    struct cache *cache = cache_of(self);
    struct eidc_err err;
    if (cache->refreshing)
        eidc_creds_cancel(cache->inner);
    eidc_fail(&err, EIDC_ERR_CANCELLED, "cancelled");
    tell_waiters(cache, &err);
}

void eidc_creds_cache_refused(struct eidc_creds_provider *self, const char *access_key)
{
    struct cache *cache = cache_of(self);
    int64_t now = eidc_mono_ms();
    if (cache->set.access_key == NULL || strcmp(cache->set.access_key, access_key) != 0)
        return; /* replaced already */
    if (cache->refused_key != NULL && strcmp(cache->refused_key, access_key) == 0 &&
        now - cache->refused_at_ms < REFUSED_KEPT_MS)
        return;
    free(cache->refused_key);
    cache->refused_key = eidc_xstrdup(access_key);
    cache->refused_at_ms = now;
    eidc_creds_wipe(&cache->set);
}

bool eidc_creds_cache_is_busy(const struct eidc_creds_provider *self)
{
    return ((const struct cache *)(const void *)self)->refreshing;
}

static void cache_destroy(struct eidc_creds_provider *self)
{
    struct cache *cache = cache_of(self);
    assert(!cache->refreshing && cache->waiting == 0);
    cache->inner->ops->destroy(cache->inner);
    eidc_creds_wipe(&cache->set);
    free(cache->refused_key);
    free(cache);
}

static const struct eidc_creds_provider_ops cache_ops = {cache_get, cache_cancel, cache_destroy};

struct eidc_creds_provider *eidc_creds_cache_new(struct eidc_creds_provider *inner)
{
    struct cache *cache = eidc_xcalloc(1, sizeof(*cache));
    cache->base = (struct eidc_creds_provider){.ops = &cache_ops, .name = inner->name};
    cache->inner = inner;
    STAILQ_INIT(&cache->waiters);
    return &cache->base;
}
