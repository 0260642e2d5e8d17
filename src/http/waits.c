#include "eidcached/http/waits.h"

#include <microhttpd.h>
#include <poll.h>
#include <pthread.h>

#include "eidcached/base/clock.h"
#include "eidcached/base/mem.h"
#include "eidcached/base/thread.h"
#include "eidcached/refresh/publish.h"

#define POLL_MS 20  /* while somebody waits */
#define LOOK_MS 500 /* who has gone */

struct waiting {
    struct waiting *next;
    struct MHD_Connection *connection;
    int fd;
    struct eidc_wait *wait;
};

struct eidc_waits {
    struct eidc_service *service;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct waiting *first;
    int64_t look_at_ms;
    bool stopping;
};

/* What is waited for is there. */
static bool has_come(struct eidc_waits *waits, struct eidc_wait *wait)
{
    struct eidc_round_report round;
    if (wait->ticket == 0)
        return eidc_served_number() != wait->past;
    if (!eidc_service_refresh_ended(waits->service, wait->ticket, &round))
        return false;
    wait->round = eidc_xcalloc(1, sizeof(round));
    *wait->round = round;
    return true;
}

/* libmicrohttpd does not look at a connection that is suspended. */
static bool has_gone(const struct waiting *w)
{
    struct pollfd p = {.fd = w->fd, .events = POLLRDHUP};
    return poll(&p, 1, 0) > 0;
}

/* It has come, it is too late, or nobody is there any more, or the process stops. */
static bool is_over(struct eidc_waits *waits, const struct waiting *w, bool look)
{
    return has_come(waits, w->wait) || eidc_mono_ms() >= w->wait->until_ms || waits->stopping ||
           atomic_load(&waits->service->draining) || (look && has_gone(w));
}

/* Now and then is often enough to look who has gone. */
static bool look_is_due(struct eidc_waits *waits)
{
    int64_t now = eidc_mono_ms();
    bool due = now >= waits->look_at_ms;
    if (due)
        waits->look_at_ms = now + LOOK_MS;
    return due;
}

/* Resumes every request whose wait is over. The lock is held. */
static void resume_done(struct eidc_waits *waits)
{
    struct waiting **at = &waits->first;
    bool look = look_is_due(waits);
    while (*at != NULL) {
        struct waiting *w = *at;
        if (!is_over(waits, w, look)) {
            at = &w->next;
            continue;
        }
        *at = w->next;
        w->wait->over = true;
        MHD_resume_connection(w->connection);
        free(w);
    }
}

static void *run(void *arg)
{
    struct eidc_waits *waits = arg;
    pthread_mutex_lock(&waits->lock);
    for (resume_done(waits); !waits->stopping; resume_done(waits)) {
        if (waits->first != NULL)
            eidc_cond_wait_until(&waits->changed, &waits->lock, eidc_mono_ms() + POLL_MS);
        else
            pthread_cond_wait(&waits->changed, &waits->lock);
    }
    pthread_mutex_unlock(&waits->lock);
    return NULL;
}

bool eidc_waits_start(struct eidc_service *service, struct eidc_waits **out, struct eidc_err *err)
{
    struct eidc_waits *waits = eidc_xcalloc(1, sizeof(*waits));
    waits->service = service;
    pthread_mutex_init(&waits->lock, NULL);
    eidc_cond_init(&waits->changed);
    if (!eidc_thread_start(&waits->thread, run, waits, err)) {
        eidc_waits_free(waits);
        return false;
    }
    *out = waits;
    return true;
}

bool eidc_waits_add(struct eidc_waits *waits, struct MHD_Connection *connection,
                    struct eidc_request *r)
{
    struct waiting *w = eidc_xcalloc(1, sizeof(*w));
    *w = (struct waiting){.connection = connection, .wait = &r->wait};
    w->fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    pthread_mutex_lock(&waits->lock);
    bool suspended = !waits->stopping;
    if (suspended) {
        MHD_suspend_connection(connection); /* before the thread can see and resume it */
        w->next = waits->first;
        waits->first = w;
        pthread_cond_signal(&waits->changed);
    }
    pthread_mutex_unlock(&waits->lock);
    if (!suspended) {
        free(w);
        r->wait.over = true;
    }
    return suspended;
}

void eidc_waits_stop(struct eidc_waits *waits)
{
    pthread_mutex_lock(&waits->lock);
    waits->stopping = true;
    pthread_cond_signal(&waits->changed);
    pthread_mutex_unlock(&waits->lock);
    pthread_join(waits->thread, NULL);
}

void eidc_waits_free(struct eidc_waits *waits)
{
    if (waits == NULL)
        return;
    pthread_cond_destroy(&waits->changed);
    pthread_mutex_destroy(&waits->lock);
    free(waits);
}
