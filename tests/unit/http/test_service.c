#include "eidcached/http/service.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <time.h>

#include <cmocka.h>

#define A_WHILE_NS 50000000

static char old, next; /* stand for two refreshers */
static struct eidc_service service;
static struct eidc_refresh *asked;
static pthread_t client;

/* These stand where the refresher's would: the library's are not linked. */
uint64_t eidc_refresh_request(struct eidc_refresh *refresh, bool accept_shrink)
{
    asked = refresh;
    return accept_shrink ? 8 : 7;
}

bool eidc_refresh_ended(struct eidc_refresh *refresh, uint64_t ticket,
                        struct eidc_round_report *out)
{
    out->ticket = ticket;
    return refresh == (struct eidc_refresh *)&next;
}

static void *ask(void *arg)
{
    uint64_t *ticket = arg;

    eidc_service_request_refresh(&service, true, ticket);
    return NULL;
}

static uint64_t ticket;

/* Somebody asks while it is under way. */
void eidc_refresh_inherit(struct eidc_refresh *refresh, struct eidc_refresh *from)
{
    assert_ptr_equal(refresh, &next);
    assert_ptr_equal(from, &old);
    assert_int_equal(pthread_create(&client, NULL, ask, &ticket), 0);
    nanosleep(&(struct timespec){.tv_nsec = A_WHILE_NS}, NULL);
    assert_null(asked);
}

static void start(struct eidc_refresh *refresh)
{
    pthread_rwlock_init(&service.refresh_lock, NULL);
    atomic_store(&service.refresh, refresh);
    asked = NULL;
}

static void test_what_is_asked_while_it_is_replaced_is_asked_of_the_next(void **state)
{
    struct eidc_round_report report;

    (void)state;
    start((struct eidc_refresh *)&old);
    assert_false(eidc_service_refresh_ended(&service, 8, &report));
    eidc_service_replace_refresh(&service, (struct eidc_refresh *)&next);
    pthread_join(client, NULL);
    assert_ptr_equal(asked, &next);
    assert_int_equal(ticket, 8);
    assert_true(eidc_service_refresh_ended(&service, 8, &report));
    assert_int_equal(report.ticket, 8);
}

static void test_without_a_refresher_nothing_is_promised(void **state)
{
    struct eidc_round_report report;

    (void)state;
    start(NULL);
    assert_false(eidc_service_request_refresh(&service, true, &ticket));
    assert_false(eidc_service_refresh_ended(&service, 1, &report));
    assert_null(asked);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_asked_while_it_is_replaced_is_asked_of_the_next),
        cmocka_unit_test(test_without_a_refresher_nothing_is_promised),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
