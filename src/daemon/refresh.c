#include "eidcached/daemon/refresh.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "eidcached/base/clock.h"
#include "eidcached/base/log.h"
#include "eidcached/base/mem.h"
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
    eidc_refresh_stop(r);
    eidc_refresh_teardown(r);
    pthread_cond_destroy(&r->changed);
    pthread_mutex_destroy(&r->lock);
    free(r);
}

/* Publishes what a store had. What CURRENT says was verified later than the image knows. */
static void publish_loaded(struct eidc_image *image, const struct eidc_pointer *pointer,
                           const char *url)
{
    struct eidc_generation *g = eidc_generation_new(image);
    const struct eidc_image_info *info = eidc_image_info(image);

    for (uint32_t i = 0; i < info->scopes; i++)
        if (pointer->verified_at_ms > atomic_load(&g->as_of[i]))
            eidc_generation_confirm(g, i, pointer->verified_at_ms);
    eidc_generation_settle(g,
                           pointer->verified_at_ms ? pointer->verified_at_ms : info->created_at_ms);
    atomic_store(&g->refreshed_at,
                 pointer->refreshed_at_ms ? pointer->refreshed_at_ms : info->created_at_ms);
    eidc_info("serving generation %llu (%s, %llu names) from %s", (unsigned long long)info->number,
              info->id, (unsigned long long)info->names, url);
    eidc_saver_publish(g);
}

static bool load_from(struct eidc_refresh *r, struct eidc_store *store, struct eidc_err *err)
{
    struct eidc_image *image = NULL;
    struct eidc_pointer pointer = {0};

    if (!store->ops->load(store, &image, &pointer, err))
        return eidc_wrap(err, "%s", store->url);
    if (!eidc_eid_scheme_equal(&eidc_image_info(image)->scheme, &r->build.scheme)) {
        char theirs[128], ours[128];
        eidc_eid_scheme_describe(&eidc_image_info(image)->scheme, theirs);
        eidc_eid_scheme_describe(&r->build.scheme, ours);
        eidc_image_free(image);
        return eidc_fail(err, EIDC_ERR_INVALID,
                         "%s: its image has EIDs by %s, the configuration says %s: not used",
                         store->url, theirs, ours);
    }
    publish_loaded(image, &pointer, store->url);
    return true;
}

bool eidc_refresh_warm_start(struct eidc_refresh *r, struct eidc_err *err)
{
    eidc_fail(err, EIDC_ERR_NOT_FOUND, "no snapshot store is configured");
    for (size_t i = 0; i < r->store_count; i++) {
        if (load_from(r, r->stores[i], err))
            return true;
        if (err->kind != EIDC_ERR_NOT_FOUND)
            eidc_warn("warm start: %s", err->text);
    }
    return false;
}

/* The first store answered; a later one (S3) may know something newer. */
static void catch_up(struct eidc_refresh *r)
{
    struct eidc_generation *now = eidc_current_pin();
    const uint64_t number = now ? eidc_image_info(now->image)->number : 0;

    eidc_generation_unpin(now);
    for (size_t i = 1; now != NULL && i < r->store_count && !atomic_load(&r->stop); i++) {
        struct eidc_err err = {0};
        uint64_t theirs = 0;
        if (!r->stores[i]->ops->peek(r->stores[i], &theirs, &err))
            eidc_warn("store %s: %s", r->stores[i]->url, err.text);
        else if (theirs > number && !load_from(r, r->stores[i], &err))
            eidc_warn("%s", err.text);
    }
}

static void run_one(struct eidc_refresh *r, bool accept_shrink, struct eidc_round_report *out)
{
    eidc_report_state(r->report, EIDC_REFRESH_RUNNING, 0);
    eidc_refresh_run(r, r->started, accept_shrink, out);
    eidc_report_add_round(r->report, out);
}

void eidc_refresh_once(struct eidc_refresh *r, struct eidc_round_report *out)
{
    eidc_refresh_adopt_report(r);
    r->started++;
    run_one(r, false, out);
    r->ended = r->started;
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
        atomic_store(&r->heartbeat, eidc_mono_ms());
    }
}

static void *run_thread(void *arg)
{
    struct eidc_refresh *r = arg;
    unsigned failures = 0;

    catch_up(r);
    pthread_mutex_lock(&r->lock);
    while (!atomic_load(&r->stop)) {
        struct eidc_round_report round;
        bool accept_shrink = r->accept_shrink;
        r->accept_shrink = false;
        r->started++;
        pthread_mutex_unlock(&r->lock);
        run_one(r, accept_shrink, &round);
        int64_t pause = pause_after(r, round.result, &failures);
        eidc_report_state(r->report, failures ? EIDC_REFRESH_BACKING_OFF : EIDC_REFRESH_IDLE,
                          eidc_now_ms() + pause);
        pthread_mutex_lock(&r->lock);
        r->ended = r->started;
        r->last = round;
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

void eidc_refresh_stop(struct eidc_refresh *r)
{
    if (!r->running)
        return;
    pthread_mutex_lock(&r->lock);
    atomic_store(&r->stop, true);
    pthread_cond_broadcast(&r->changed);
    pthread_mutex_unlock(&r->lock);
    r->http->ops->wake(r->http);
    pthread_join(r->thread, NULL);
    r->running = false;
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

bool eidc_refresh_wait(struct eidc_refresh *r, uint64_t ticket, int64_t timeout_ms,
                       struct eidc_round_report *out)
{
    const struct timespec deadline = after_ms(timeout_ms);
    int late = 0;

    pthread_mutex_lock(&r->lock);
    while (r->ended < ticket && !atomic_load(&r->stop) && late == 0)
        late = pthread_cond_timedwait(&r->changed, &r->lock, &deadline);
    bool done = r->ended >= ticket;
    if (done)
        *out = r->last;
    pthread_mutex_unlock(&r->lock);
    return done;
}

const struct eidc_eid_scheme *eidc_refresh_scheme(const struct eidc_refresh *r)
{
    return &r->build.scheme;
}

int64_t eidc_refresh_heartbeat_ms(struct eidc_refresh *r)
{
    return atomic_load(&r->heartbeat);
}
