#include "eidcached/base/thread.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "eidcached/base/clock.h"

static void *set(void *arg)
{
    *(int *)arg = 1;
    return NULL;
}

static void test_a_thread_runs_with_its_argument(void **state)
{
    (void)state;
    struct eidc_err err;
    pthread_t thread;
    int ran = 0;
    assert_true(eidc_thread_start(&thread, set, &ran, &err));
    pthread_join(thread, NULL);
    assert_int_equal(ran, 1);
}

static void test_a_wait_that_nobody_ends_is_over_in_time(void **state)
{
    (void)state;
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t cond;
    eidc_cond_init(&cond);
    int64_t until = eidc_mono_ms() + 30;
    pthread_mutex_lock(&lock);
    while (eidc_mono_ms() < until)
        eidc_cond_wait_until(&cond, &lock, until);
    eidc_cond_wait_until(&cond, &lock, until - 1000); /* long past: at once */
    pthread_mutex_unlock(&lock);
    assert_true(eidc_mono_ms() < until + 5000);
    pthread_cond_destroy(&cond);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_thread_runs_with_its_argument),
        cmocka_unit_test(test_a_wait_that_nobody_ends_is_over_in_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
