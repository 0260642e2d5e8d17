/*
 * Shutting a socket is all that is done from here: libmicrohttpd sees its end and closes the
 * connection in the thread that has it, and tells us before the descriptor is gone.
 */
#include "eidcached/http/reaper.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "eidcached/base/clock.h"
#include "eidcached/base/mem.h"
#include "eidcached/base/thread.h"
#include "eidcached/http/http_metrics.h"

#define SWEEP_MIN_MS 20
#define SWEEP_MAX_MS 1000
#define SWEEPS       8 /* in the time of the limit */

TAILQ_HEAD(watched_list, eidc_watched);

struct eidc_reaper {
    int64_t limit_ms;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct watched_list usual, late; /* in the order of their arrival */
    unsigned late_count;
    bool asleep; /* there was nothing to look at */
    bool stopping;
};

static bool is_busy(uint64_t stage)
{
    return stage % 2 != 0;
}

static void cut(struct eidc_watched *watched)
{
    if (watched->cut)
        return;
    watched->cut = true;
    shutdown(watched->fd, SHUT_RDWR);
}

static int64_t limit_of(const struct eidc_reaper *reaper, const struct eidc_watched *watched)
{
    return watched->late && EIDC_REAPER_LATE_MS < reaper->limit_ms ? EIDC_REAPER_LATE_MS
                                                                   : reaper->limit_ms;
}

static void look_at(const struct eidc_reaper *reaper, struct eidc_watched *watched, int64_t now_ms)
{
    uint64_t stage = atomic_load_explicit(&watched->stage, memory_order_relaxed);
    if (stage != watched->seen_stage) {
        watched->seen_stage = stage;
        watched->seen_ms = now_ms;
    }
    if (is_busy(stage) || watched->cut || now_ms - watched->seen_ms <= limit_of(reaper, watched))
        return;
    cut(watched);
    eidc_http_count_rejected(EIDC_REJECTED_SLOW);
}

static void sweep(struct eidc_reaper *reaper)
{
    struct eidc_watched *watched;
    int64_t now_ms = eidc_mono_ms();
    TAILQ_FOREACH(watched, &reaper->usual, link)
    look_at(reaper, watched, now_ms);
    TAILQ_FOREACH(watched, &reaper->late, link)
    look_at(reaper, watched, now_ms);
}

static int64_t period_ms(const struct eidc_reaper *reaper)
{
    int64_t period = reaper->limit_ms / SWEEPS;
    if (period < SWEEP_MIN_MS)
        return SWEEP_MIN_MS;
    return period > SWEEP_MAX_MS ? SWEEP_MAX_MS : period;
}

static void *run(void *arg)
{
    struct eidc_reaper *reaper = arg;
    pthread_mutex_lock(&reaper->lock);
    while (!reaper->stopping) {
        int64_t next_ms = eidc_mono_ms() + period_ms(reaper);
        sweep(reaper);
        reaper->asleep = TAILQ_EMPTY(&reaper->usual) && TAILQ_EMPTY(&reaper->late);
        if (reaper->asleep)
            pthread_cond_wait(&reaper->changed, &reaper->lock);
        else
            eidc_cond_wait_until(&reaper->changed, &reaper->lock, next_ms);
    }
    pthread_mutex_unlock(&reaper->lock);
    return NULL;
}

static void free_reaper(struct eidc_reaper *reaper)
{
    pthread_cond_destroy(&reaper->changed);
    pthread_mutex_destroy(&reaper->lock);
    free(reaper);
}

bool eidc_reaper_start(int64_t limit_ms, struct eidc_reaper **out, struct eidc_err *err)
{
    struct eidc_reaper *reaper = eidc_xcalloc(1, sizeof(*reaper));
    reaper->limit_ms = limit_ms;
    TAILQ_INIT(&reaper->usual);
    TAILQ_INIT(&reaper->late);
    pthread_mutex_init(&reaper->lock, NULL);
    eidc_cond_init(&reaper->changed);
    if (!eidc_thread_start(&reaper->thread, run, reaper, err)) {
        free_reaper(reaper);
        return false;
    }
    *out = reaper;
    return true;
}

void eidc_reaper_stop(struct eidc_reaper *reaper)
{
    if (reaper == NULL)
        return;
    pthread_mutex_lock(&reaper->lock);
    reaper->stopping = true;
    pthread_cond_signal(&reaper->changed);
    pthread_mutex_unlock(&reaper->lock);
    pthread_join(reaper->thread, NULL);
    free_reaper(reaper);
}

/* One that says nothing gives way to one that may have something to say. */
static void make_room(struct eidc_reaper *reaper)
{
    struct eidc_watched *watched;
    TAILQ_FOREACH(watched, &reaper->late, link)
    {
        if (watched->cut || is_busy(atomic_load_explicit(&watched->stage, memory_order_relaxed)))
            continue;
        cut(watched);
        eidc_http_count_rejected(EIDC_REJECTED_CONNECTIONS);
        return;
    }
}

void eidc_reaper_add(struct eidc_reaper *reaper, struct eidc_watched *watched, int fd, bool late,
                     unsigned late_max)
{
    watched->fd = fd;
    watched->late = late;
    watched->seen_ms = eidc_mono_ms();
    pthread_mutex_lock(&reaper->lock);
    if (late && reaper->late_count >= late_max)
        make_room(reaper);
    TAILQ_INSERT_TAIL(late ? &reaper->late : &reaper->usual, watched, link);
    reaper->late_count += late;
    if (reaper->asleep)
        pthread_cond_signal(&reaper->changed);
    pthread_mutex_unlock(&reaper->lock);
}

static void take_out(struct eidc_reaper *reaper, struct eidc_watched *watched)
{
    TAILQ_REMOVE(watched->late ? &reaper->late : &reaper->usual, watched, link);
    reaper->late_count -= watched->late;
}

void eidc_reaper_promote(struct eidc_reaper *reaper, struct eidc_watched *watched)
{
    pthread_mutex_lock(&reaper->lock);
    take_out(reaper, watched);
    watched->late = false;
    TAILQ_INSERT_TAIL(&reaper->usual, watched, link);
    pthread_mutex_unlock(&reaper->lock);
}

void eidc_reaper_remove(struct eidc_reaper *reaper, struct eidc_watched *watched)
{
    pthread_mutex_lock(&reaper->lock);
    take_out(reaper, watched);
    pthread_mutex_unlock(&reaper->lock);
}

static unsigned count_busy(const struct watched_list *list, bool fresh_too)
{
    const struct eidc_watched *watched;
    unsigned count = 0;
    TAILQ_FOREACH(watched, list, link)
    {
        uint64_t stage = atomic_load_explicit(&watched->stage, memory_order_relaxed);
        count += is_busy(stage) || (fresh_too && stage == 0 && !watched->cut);
    }
    return count;
}

unsigned eidc_reaper_count_busy(struct eidc_reaper *reaper, bool fresh_too)
{
    if (reaper == NULL)
        return 0;
    pthread_mutex_lock(&reaper->lock);
    unsigned count = count_busy(&reaper->usual, fresh_too) + count_busy(&reaper->late, fresh_too);
    pthread_mutex_unlock(&reaper->lock);
    return count;
}
