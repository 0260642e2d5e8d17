#include "eidcached/refresh/refresh.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "eidcached/base/clock.h"
#include "eidcached/base/log.h"
#include "eidcached/base/mem.h"
#include "eidcached/base/thread.h"
#include "refresh_internal.h"

#define IDLE_STEP_MS     1000 /* a sign of life at least this often */
#define BACKOFF_FLOOR_MS 100

bool eidc_refresh_new(const struct eidc_config *config, struct eidc_report *report,
                      struct eidc_refresh **out, struct eidc_err *err)
{
    struct eidc_refresh *r = eidc_xcalloc(1, sizeof *r);

    r->config = config;
    r->report = report;
    r->limits = EIDC_REFRESH_UNLIMITED;
    atomic_store(&r->heartbeat, eidc_mono_ms());
    pthread_mutex_init(&r->lock, NULL);
    eidc_cond_init(&r->changed);
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

void eidc_refresh_wait_until(struct eidc_refresh *r, int64_t until_ms)
{
    eidc_aws_end_at(r->aws, until_ms, r->deadlines.what);
}

static bool run_one(struct eidc_refresh *r, bool asked, bool accept_shrink,
                    struct eidc_round_report *out)
{
    eidc_report_state(r->report, EIDC_REFRESH_RUNNING, 0);
    r->deadlines = eidc_deadlines_of(eidc_mono_ms(), r->config->refresh.timeout,
                                     r->config->snapshot.s3[0] != '\0', &r->limits);
    eidc_refresh_wait_until(r, r->deadlines.asked);
    eidc_refresh_catch_up(r);
    eidc_aws_end_at(r->aws, 0, NULL); /* the round ends listing itself, source by source */
    eidc_refresh_watch_begin(r);
    bool ran = eidc_refresh_run(r, r->started, asked, accept_shrink, out);
    eidc_refresh_watch_end(r);
    eidc_aws_end_at(r->aws, 0, NULL); /* what renews credentials goes on */
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

void eidc_refresh_limit(struct eidc_refresh *r, const struct eidc_refresh_limits *limits)
{
    r->limits = *limits;
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

/* Waits for the time, a request or the end; lock held. */
static void wait_until(struct eidc_refresh *r, int64_t due_mono_ms)
{
    while (!atomic_load(&r->stop) && r->wanted <= r->ended) {
        const int64_t now = eidc_mono_ms();
        if (now >= due_mono_ms)
            return;
        int64_t until = due_mono_ms - now < IDLE_STEP_MS ? due_mono_ms : now + IDLE_STEP_MS;
        eidc_cond_wait_until(&r->changed, &r->lock, until);
        r->http->ops->step(r->http, 0); /* credentials still may be on their way */
        atomic_store(&r->heartbeat, eidc_mono_ms());
    }
}

static void tell_unsaved(const struct eidc_round_report *round, int64_t pause)
{
    if (round->saving == EIDC_SAVING_FAILED)
        eidc_warn("refresh: saving is tried again by the next refresh, in %" PRId64 " s",
                  (pause + 999) / 1000);
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
        tell_unsaved(&round, pause);
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
    if (!eidc_thread_start(&r->thread, run_thread, r, err))
        return eidc_wrap(err, "refresher");
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
    eidc_baseline_inherit(&r->baseline, &from->baseline);
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
