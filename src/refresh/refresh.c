#include "eidcached/refresh/refresh.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "eidcached/base/clock.h"
#include "eidcached/base/log.h"
#include "eidcached/base/mem.h"
#include "eidcached/refresh/fd_store.h"
#include "eidcached/refresh/publish.h"
#include "refresh_internal.h"

#define IDLE_STEP_MS     1000 /* a sign of life at least this often */
#define BACKOFF_FLOOR_MS 100

bool eidc_refresh_new(const struct eidc_config *config, struct eidc_report *report,
                      struct eidc_refresh **out, struct eidc_err *err)
{
    struct eidc_refresh *r = eidc_xcalloc(1, sizeof *r);
    pthread_condattr_t attr;

    r->config = config;
    r->report = report;
    r->timeout_ms = config->refresh.timeout;
    atomic_store(&r->heartbeat, eidc_mono_ms());
    pthread_mutex_init(&r->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&r->changed, &attr);
    pthread_condattr_destroy(&attr);
    if (!eidc_refresh_setup(r, err)) {
        eidc_refresh_free(r);
        return false;
    }
    *out = r;
    return true;
}

void eidc_refresh_free(struct eidc_refresh *r)
{
    if (r == NULL)
        return;
    if (r->running) {
        eidc_refresh_stop_begin(r);
        pthread_join(r->thread, NULL);
    }
    eidc_refresh_teardown(r);
    pthread_cond_destroy(&r->changed);
    pthread_mutex_destroy(&r->lock);
    free(r);
}

#define CLOCK_SKEW_MS 60000 /* between the writer of a snapshot and us */

/* A time that a snapshot tells. One in the future says nothing about how old the data is: then it
 * is as old as the image, and an image from the future as old as can be. */
static int64_t past(int64_t told_ms, int64_t created_at_ms)
{
    const int64_t now = eidc_now_ms();

    if (told_ms <= now)
        return told_ms;
    if (told_ms <= now + CLOCK_SKEW_MS)
        return now;
    return created_at_ms <= now ? created_at_ms : 1;
}

/* The generation of what a store had. What CURRENT says was verified later than the image knows. */
static struct eidc_generation *revive(struct eidc_image *image, const struct eidc_pointer *pointer)
{
    struct eidc_generation *g = eidc_generation_new(image);
    const struct eidc_image_info *info = eidc_image_info(image);
    const int64_t created = past(info->created_at_ms, 1);
    const int64_t verified = past(pointer->verified_at_ms, created);

    for (uint32_t i = 0; i < info->scopes; i++) {
        int64_t as_of = past(atomic_load(&g->as_of[i]), created);
        eidc_generation_confirm(g, i, verified > as_of ? verified : as_of);
    }
    eidc_generation_settle(g, verified ? verified : created);
    atomic_store(&g->refreshed_at,
                 pointer->refreshed_at_ms ? past(pointer->refreshed_at_ms, created) : created);
    return g;
}

/* Takes the image. NULL: its EIDs are made otherwise than ours, *err says how. */
static struct eidc_generation *adopt(const struct eidc_refresh *r, struct eidc_image *image,
                                     const struct eidc_pointer *pointer, struct eidc_err *err)
{
    char theirs[128], ours[128];

    if (eidc_eid_scheme_equal(&eidc_image_info(image)->scheme, &r->build.scheme))
        return revive(image, pointer);
    eidc_eid_scheme_describe(&eidc_image_info(image)->scheme, theirs);
    eidc_eid_scheme_describe(&r->build.scheme, ours);
    eidc_image_free(image);
    eidc_fail(err, EIDC_ERR_NOT_FOUND,
              "its image has EIDs by %s, the configuration says %s: not used", theirs, ours);
    return NULL;
}

/* NULL: *err says why. */
static struct eidc_generation *load_from(const struct eidc_refresh *r, struct eidc_store *store,
                                         struct eidc_err *err)
{
    struct eidc_image *image = NULL;
    struct eidc_pointer pointer = {0};
    struct eidc_generation *g = NULL;

    if (store->ops->load(store, &image, &pointer, err))
        g = adopt(r, image, &pointer, err);
    if (g == NULL)
        eidc_wrap(err, "%s", store->url);
    return g;
}

/* What the service manager kept over a restart. NULL: nothing of use. */
static struct eidc_generation *load_kept(const struct eidc_refresh *r)
{
    struct eidc_image *image = NULL;
    struct eidc_pointer pointer = {0};
    struct eidc_err err = {0};
    struct eidc_generation *g = NULL;

    if (eidc_fd_store_load(&image, &pointer, &err))
        g = adopt(r, image, &pointer, &err);
    if (g == NULL && err.kind != EIDC_ERR_NOT_FOUND)
        eidc_warn("%s", err.text);
    return g;
}

static void serve(struct eidc_generation *g, const char *from)
{
    const struct eidc_image_info *info = eidc_image_info(g->image);

    eidc_info("serving generation %llu (%s, %llu names) from %s", (unsigned long long)info->number,
              info->id, (unsigned long long)info->names, from);
    eidc_publish(g, NULL);
}

/* Whether a store is of this machine: quick, so that it is asked before anything is served. */
static bool is_local(const struct eidc_store *store)
{
    return strncmp(store->url, "file:", 5) == 0;
}

/* Whether the local directory holds something newer than what was kept: the service ran without
 * the descriptor store meanwhile. */
static bool is_behind(const struct eidc_generation *kept, struct eidc_store *local)
{
    struct eidc_err ignored = {0};
    uint64_t number = 0;

    return local->ops->peek(local, &number, &ignored) &&
           number > eidc_image_info(kept->image)->number;
}

bool eidc_refresh_warm_start(struct eidc_refresh *r, struct eidc_err *err)
{
    struct eidc_store *local = r->store_count > 0 && is_local(r->stores[0]) ? r->stores[0] : NULL;
    struct eidc_generation *kept = load_kept(r), *saved = NULL;

    if (local != NULL)
        r->saver.unread[0].kind = EIDC_ERR_NONE; /* what cannot be read here now never can */
    if (local != NULL && (kept == NULL || is_behind(kept, local)))
        saved = load_from(r, local, err);
    else if (kept == NULL)
        return eidc_fail(err, EIDC_ERR_NOT_FOUND, "no local snapshot directory is configured");
    if (saved != NULL) {
        eidc_generation_unpin(kept);
        serve(saved, local->url);
    } else if (kept != NULL) {
        serve(kept, "the service manager's descriptor store");
    }
    eidc_fd_store_keep();
    return saved != NULL || kept != NULL;
}

/* Takes what the store holds, if it is newer than what is served. */
static bool catch_up_with(struct eidc_refresh *r, struct eidc_store *store, struct eidc_err *err)
{
    const uint64_t ours = eidc_served_number();
    uint64_t theirs = 0;

    if (ours > 0 && (!store->ops->peek(store, &theirs, err) || theirs == 0))
        return err->kind == EIDC_ERR_NONE;
    if (ours > 0 && theirs <= ours && !r->baseless)
        return true;
    struct eidc_generation *g = load_from(r, store, err);
    if (g == NULL)
        return false;
    if (!r->baseless) {
        serve(g, store->url);
        return true;
    }
    /* newer names are served than this holds: the next refresh follows on it instead */
    eidc_generation_unpin(r->baseline);
    r->baseline = g;
    return true;
}

/* Stores across the network may know something newer, or be the only ones that know anything.
 * One that does not answer is asked again before the next refresh, and not written before that. */
static void catch_up(struct eidc_refresh *r)
{
    for (size_t i = 0; i < r->store_count && !atomic_load(&r->stop); i++) {
        struct eidc_err *unread = &r->saver.unread[i];
        if (unread->kind == EIDC_ERR_NONE)
            continue;
        struct eidc_err err = {0};
        bool ok = catch_up_with(r, r->stores[i], &err);
        if (!ok && err.kind != EIDC_ERR_NOT_FOUND)
            eidc_warn("store %s: %s", r->stores[i]->url, err.text);
        *unread = err;
        if (ok || err.kind == EIDC_ERR_NOT_FOUND || err.kind == EIDC_ERR_CORRUPT)
            unread->kind = EIDC_ERR_NONE;
    }
    /* whatever is published now, while a store is silent, is published without knowing it */
    for (size_t i = 0; i < r->store_count; i++)
        r->baseless =
            r->baseless || (r->saver.unread[i].kind != EIDC_ERR_NONE && eidc_served_number() == 0);
}

static bool run_one(struct eidc_refresh *r, bool asked, bool accept_shrink,
                    struct eidc_round_report *out)
{
    eidc_report_state(r->report, EIDC_REFRESH_RUNNING, 0);
    catch_up(r);
    eidc_refresh_watch_begin(r);
    bool ran = eidc_refresh_run(r, r->started, asked, accept_shrink, out);
    eidc_refresh_watch_end(r);
    if (!ran)
        return false;
    eidc_report_add_round(r->report, out);
    return true;
}

void eidc_refresh_once(struct eidc_refresh *r, bool accept_shrink, struct eidc_round_report *out)
{
    eidc_refresh_adopt_report(r);
    r->started++;
    r->watch.live = r->config->log.format == EIDC_LOG_TEXT && isatty(STDERR_FILENO);
    run_one(r, false, accept_shrink, out);
    r->ended = r->started;
}

void eidc_refresh_limit(struct eidc_refresh *r, int64_t timeout_ms)
{
    const int64_t configured = r->config->refresh.timeout;

    r->timeout_ms = timeout_ms < configured ? timeout_ms : configured;
}

/* How long until the next refresh; counts the failures in a row. */
static int64_t pause_after(const struct eidc_refresh *r, enum eidc_refresh_result result,
                           unsigned *failures)
{
    int64_t interval = r->config->refresh.interval;
    int64_t jitter = r->config->refresh.jitter;

    if (result != EIDC_RESULT_FAILED) {
        *failures = 0;
        return interval + (int64_t)eidc_random_below((uint64_t)jitter + 1);
    }
    int64_t pause =
        eidc_backoff_ms((*failures)++, r->config->refresh.retry_min, r->config->refresh.retry_max);
    return pause < BACKOFF_FLOOR_MS ? BACKOFF_FLOOR_MS : pause;
}

static struct timespec after_ms(int64_t ms)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += ms / 1000;
    t.tv_nsec += ms % 1000 * 1000000;
    if (t.tv_nsec >= 1000000000) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000;
    }
    return t;
}

/* Waits for the time, a request or the end; lock held. */
static void wait_until(struct eidc_refresh *r, int64_t due_mono_ms)
{
    while (!atomic_load(&r->stop) && r->wanted <= r->ended) {
        int64_t left = due_mono_ms - eidc_mono_ms();
        if (left <= 0)
            return;
        struct timespec t = after_ms(left < IDLE_STEP_MS ? left : IDLE_STEP_MS);
        pthread_cond_timedwait(&r->changed, &r->lock, &t);
        r->http->ops->step(r->http, 0); /* credentials still may be on their way */
        atomic_store(&r->heartbeat, eidc_mono_ms());
    }
}

static void *run_thread(void *arg)
{
    struct eidc_refresh *r = arg;
    unsigned failures = 0;

    pthread_mutex_lock(&r->lock);
    while (!atomic_load(&r->stop)) {
        struct eidc_round_report round;
        bool accept_shrink = r->accept_shrink;
        r->accept_shrink = false;
        r->started++;
        bool asked = r->wanted >= r->started;
        pthread_mutex_unlock(&r->lock);
        bool ran = run_one(r, asked, accept_shrink, &round);
        if (!ran) { /* stopped: whoever follows on runs it (eidc_refresh_inherit) */
            pthread_mutex_lock(&r->lock);
            r->started--;
            r->accept_shrink = r->accept_shrink || accept_shrink;
            break;
        }
        int64_t pause = pause_after(r, round.result, &failures);
        eidc_report_state(r->report, failures ? EIDC_REFRESH_BACKING_OFF : EIDC_REFRESH_IDLE,
                          eidc_now_ms() + pause);
        pthread_mutex_lock(&r->lock);
        r->ended = r->started;
        pthread_cond_broadcast(&r->changed);
        wait_until(r, eidc_mono_ms() + pause);
    }
    pthread_mutex_unlock(&r->lock);
    return NULL;
}

bool eidc_refresh_start(struct eidc_refresh *r, struct eidc_err *err)
{
    eidc_refresh_adopt_report(r);
    errno = pthread_create(&r->thread, NULL, run_thread, r);
    if (errno != 0)
        return eidc_fail_errno(err, "cannot start the refresher's thread");
    r->running = true;
    return true;
}

void eidc_refresh_stop_begin(struct eidc_refresh *r)
{
    pthread_mutex_lock(&r->lock);
    atomic_store(&r->stop, true);
    pthread_cond_broadcast(&r->changed);
    pthread_mutex_unlock(&r->lock);
    r->http->ops->wake(r->http);
}

bool eidc_refresh_stopped(struct eidc_refresh *r)
{
    if (r->running && pthread_tryjoin_np(r->thread, NULL) == 0)
        r->running = false;
    return !r->running;
}

void eidc_refresh_inherit(struct eidc_refresh *r, struct eidc_refresh *from)
{
    r->started = from->started;
    r->ended = from->ended;
    r->wanted = from->wanted;
    r->accept_shrink = from->accept_shrink;
    eidc_guard_inherit(&r->guard, &from->guard);
    r->baseless = from->baseless;
    r->baseline = from->baseline;
    from->baseline = NULL;
}

uint64_t eidc_refresh_request(struct eidc_refresh *r, bool accept_shrink)
{
    pthread_mutex_lock(&r->lock);
    uint64_t ticket = r->started + 1;
    r->wanted = ticket;
    r->accept_shrink = r->accept_shrink || accept_shrink;
    pthread_cond_broadcast(&r->changed);
    pthread_mutex_unlock(&r->lock);
    return ticket;
}

bool eidc_refresh_ended(struct eidc_refresh *r, uint64_t ticket, struct eidc_round_report *out)
{
    pthread_mutex_lock(&r->lock);
    bool ended = r->ended >= ticket;
    pthread_mutex_unlock(&r->lock);
    return ended && (eidc_report_round(r->report, ticket, out) ||
                     eidc_report_last(r->report, out)); /* long ago: forgotten */
}

const struct eidc_eid_scheme *eidc_refresh_scheme(const struct eidc_refresh *r)
{
    return &r->build.scheme;
}

int64_t eidc_refresh_heartbeat_ms(struct eidc_refresh *r)
{
    return atomic_load(&r->heartbeat);
}
