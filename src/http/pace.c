/*
 * Shutting a socket is all that is done from here: libmicrohttpd sees its end and closes the
 * connection in the thread that has it, and tells us before the descriptor is gone.
 */
#include "eidcached/http/pace.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "eidcached/base/clock.h"
#include "eidcached/base/mem.h"
#include "eidcached/base/thread.h"
#include "eidcached/http/http_metrics.h"

#define LATE_LIMIT_MS 1000
#define SWEEP_MIN_MS  20
#define SWEEP_MAX_MS  1000
#define SWEEPS        8 /* in the time of the limit */

TAILQ_HEAD(paced_list, eidc_paced);

struct eidc_pace {
    int64_t limit_ms;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct paced_list usual, late; /* in the order of their arrival */
    unsigned late_count;
    bool asleep; /* there was nothing to look at */
    bool stopping;
};

static bool is_busy(uint64_t stage)
{
    return stage % 2 != 0;
}

static void cut(struct eidc_paced *paced)
{
    if (paced->cut)
        return;
    paced->cut = true;
    shutdown(paced->fd, SHUT_RDWR);
}

static int64_t limit_of(const struct eidc_pace *pace, const struct eidc_paced *paced)
{
    return paced->late && LATE_LIMIT_MS < pace->limit_ms ? LATE_LIMIT_MS : pace->limit_ms;
}

static void look_at(const struct eidc_pace *pace, struct eidc_paced *paced, int64_t now_ms)
{
    uint64_t stage = atomic_load_explicit(&paced->stage, memory_order_relaxed);
    if (stage != paced->seen_stage) {
        paced->seen_stage = stage;
        paced->seen_ms = now_ms;
    }
    if (is_busy(stage) || paced->cut || now_ms - paced->seen_ms <= limit_of(pace, paced))
        return;
    cut(paced);
    eidc_http_count_rejected("slow");
}

static void sweep(struct eidc_pace *pace)
{
    struct eidc_paced *paced;
    int64_t now_ms = eidc_mono_ms();
    TAILQ_FOREACH(paced, &pace->usual, link)
    look_at(pace, paced, now_ms);
    TAILQ_FOREACH(paced, &pace->late, link)
    look_at(pace, paced, now_ms);
}

static int64_t period_ms(const struct eidc_pace *pace)
{
    int64_t period = pace->limit_ms / SWEEPS;
    if (period < SWEEP_MIN_MS)
        return SWEEP_MIN_MS;
    return period > SWEEP_MAX_MS ? SWEEP_MAX_MS : period;
}

static void *run(void *arg)
{
    struct eidc_pace *pace = arg;
    pthread_mutex_lock(&pace->lock);
    while (!pace->stopping) {
        int64_t next_ms = eidc_mono_ms() + period_ms(pace);
        sweep(pace);
        pace->asleep = TAILQ_EMPTY(&pace->usual) && TAILQ_EMPTY(&pace->late);
        if (pace->asleep)
            pthread_cond_wait(&pace->changed, &pace->lock);
        else
            eidc_cond_wait_until(&pace->changed, &pace->lock, next_ms);
    }
    pthread_mutex_unlock(&pace->lock);
    return NULL;
}

static void free_pace(struct eidc_pace *pace)
{
    pthread_cond_destroy(&pace->changed);
    pthread_mutex_destroy(&pace->lock);
    free(pace);
}

bool eidc_pace_start(int64_t limit_ms, struct eidc_pace **out, struct eidc_err *err)
{
    struct eidc_pace *pace = eidc_xcalloc(1, sizeof(*pace));
    pace->limit_ms = limit_ms;
    TAILQ_INIT(&pace->usual);
    TAILQ_INIT(&pace->late);
    pthread_mutex_init(&pace->lock, NULL);
    eidc_cond_init(&pace->changed);
    if (!eidc_thread_start(&pace->thread, run, pace, err)) {
        free_pace(pace);
        return false;
    }
    *out = pace;
    return true;
}

void eidc_pace_stop(struct eidc_pace *pace)
{
    if (pace == NULL)
        return;
    pthread_mutex_lock(&pace->lock);
    pace->stopping = true;
    pthread_cond_signal(&pace->changed);
    pthread_mutex_unlock(&pace->lock);
    pthread_join(pace->thread, NULL);
    free_pace(pace);
}

/* One that says nothing gives way to one that may have something to say. */
static void make_room(struct eidc_pace *pace)
{
    struct eidc_paced *paced;
    TAILQ_FOREACH(paced, &pace->late, link)
    {
        if (paced->cut || is_busy(atomic_load_explicit(&paced->stage, memory_order_relaxed)))
            continue;
        cut(paced);
        eidc_http_count_rejected("connections");
        return;
    }
}

void eidc_pace_add(struct eidc_pace *pace, struct eidc_paced *paced, int fd, bool late,
                   unsigned late_max)
{
    paced->fd = fd;
    paced->late = late;
    paced->seen_ms = eidc_mono_ms();
    pthread_mutex_lock(&pace->lock);
    if (late && pace->late_count >= late_max)
        make_room(pace);
    TAILQ_INSERT_TAIL(late ? &pace->late : &pace->usual, paced, link);
    pace->late_count += late;
    if (pace->asleep)
        pthread_cond_signal(&pace->changed);
    pthread_mutex_unlock(&pace->lock);
}

static void take_out(struct eidc_pace *pace, struct eidc_paced *paced)
{
    TAILQ_REMOVE(paced->late ? &pace->late : &pace->usual, paced, link);
    pace->late_count -= paced->late;
}

void eidc_pace_promote(struct eidc_pace *pace, struct eidc_paced *paced)
{
    pthread_mutex_lock(&pace->lock);
    take_out(pace, paced);
    paced->late = false;
    TAILQ_INSERT_TAIL(&pace->usual, paced, link);
    pthread_mutex_unlock(&pace->lock);
}

void eidc_pace_remove(struct eidc_pace *pace, struct eidc_paced *paced)
{
    pthread_mutex_lock(&pace->lock);
    take_out(pace, paced);
    pthread_mutex_unlock(&pace->lock);
}

static unsigned count_busy(const struct paced_list *list)
{
    const struct eidc_paced *paced;
    unsigned count = 0;
    TAILQ_FOREACH(paced, list, link)
    count += is_busy(atomic_load_explicit(&paced->stage, memory_order_relaxed));
    return count;
}

unsigned eidc_pace_count_busy(struct eidc_pace *pace)
{
    if (pace == NULL)
        return 0;
    pthread_mutex_lock(&pace->lock);
    unsigned count = count_busy(&pace->usual) + count_busy(&pace->late);
    pthread_mutex_unlock(&pace->lock);
    return count;
}
