#include "eidcached/base/thread.h"

#include <errno.h>
#include <time.h>

bool eidc_thread_start(pthread_t *thread, void *(*run)(void *arg), void *arg, struct eidc_err *err)
{
    pthread_t started;
    errno = pthread_create(&started, NULL, run, arg);
    if (errno != 0)
        return eidc_fail_errno(err, "cannot start a thread");
    *thread = started;
    return true;
}

void eidc_cond_init(pthread_cond_t *cond)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(cond, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

void eidc_cond_wait_until(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t until_ms)
{
    const struct timespec until = {until_ms / 1000, until_ms % 1000 * 1000000};
    pthread_cond_timedwait(cond, lock, &until);
}
