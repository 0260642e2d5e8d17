#pragma once
/* Threads, and waits that end by the monotonic clock: the wall clock may be set meanwhile. */
#include <pthread.h>
#include <stdint.h>

#include "eidcached/base/err.h"

/* IO when there can be no more threads; *thread is set on success only. */
bool eidc_thread_start(pthread_t *thread, void *(*run)(void *arg), void *arg, struct eidc_err *err);

void eidc_cond_init(pthread_cond_t *cond); /* pthread_cond_destroy ends it */
/* Waits until the condition is signalled, or eidc_mono_ms() is about until_ms, or for no reason.
 * The lock is held before and after. */
void eidc_cond_wait_until(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t until_ms);
