#include "eidcached/refresh/refresh.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "eidcached/base/clock.h"
#include "eidcached/base/file.h"
#include "eidcached/core/current.h"
#include "tests/support/aws_env.h"

#define MANY     40 /* of these the guard lets no 39 go */
#define LIMIT_MS 20000

static char names_path[64], config_path[64];
static struct eidc_config *config;
static struct eidc_report report;
static struct eidc_round_report ended;
static struct eidc_err err;

static void list(unsigned count)
{
    EIDC_BUF_AUTO text = {0};

    for (unsigned i = 0; i < count; i++)
        eidc_buf_addf(&text, "name_%u\n", i);
    assert_true(eidc_file_write(names_path, eidc_buf_view(&text), 0600, &err));
}

static struct eidc_config *load(const char *source)
{
    struct eidc_config_problems problems = {0};
    struct eidc_config *loaded = NULL;
    EIDC_BUF_AUTO text = {0};

    eidc_buf_addf(&text,
                  "sources: {s: {%s}}\n"
                  "refresh: {interval: 1h, retry_min: 1h, retry_max: 1h}\n"
                  "snapshot: {dir: ''}\n",
                  source);
    assert_true(eidc_file_write(config_path, eidc_buf_view(&text), 0600, &err));
    if (!eidc_config_load(config_path, &loaded, &problems))
        fail_msg("%s", problems.text.p);
    eidc_config_problems_free(&problems);
    return loaded;
}

static int set_up(void **state)
{
    char source[128];

    (void)state;
    err = (struct eidc_err){0};
    snprintf(names_path, sizeof names_path, "/tmp/eidc-test-refresh-%ld.txt", (long)getpid());
    snprintf(config_path, sizeof config_path, "/tmp/eidc-test-refresh-%ld.yaml", (long)getpid());
    list(MANY);
    snprintf(source, sizeof source, "type: file, path: %s", names_path);
    config = load(source);
    eidc_report_init(&report);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    eidc_current_publish(NULL);
    eidc_report_free(&report);
    eidc_config_free(config);
    unlink(config_path);
    return unlink(names_path);
}

static struct eidc_refresh *refresh_of(const struct eidc_config *c)
{
    struct eidc_refresh *r = NULL;

    if (!eidc_refresh_new(c, &report, &r, &err))
        fail_msg("%s", err.text);
    return r;
}

static struct eidc_refresh *new_refresh(void)
{
    return refresh_of(config);
}

static void nap(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
}

static void wait_for(struct eidc_refresh *r, uint64_t ticket)
{
    const int64_t until = eidc_mono_ms() + LIMIT_MS;

    while (!eidc_refresh_ended(r, ticket, &ended)) {
        assert_true(eidc_mono_ms() < until);
        nap();
    }
}

static void start(struct eidc_refresh *r)
{
    if (!eidc_refresh_start(r, &err))
        fail_msg("%s", err.text);
}

static void stop(struct eidc_refresh *r)
{
    const int64_t until = eidc_mono_ms() + LIMIT_MS;

    eidc_refresh_stop_begin(r);
    while (!eidc_refresh_stopped(r)) {
        assert_true(eidc_mono_ms() < until);
        nap();
    }
}

static void test_a_ticket_ends_with_its_own_refresh(void **state)
{
    struct eidc_refresh *r = new_refresh();

    (void)state;
    assert_int_equal(eidc_refresh_request(r, false), 1);
    assert_int_equal(eidc_refresh_request(r, false), 1); /* none has begun: one does for both */
    assert_false(eidc_refresh_ended(r, 1, &ended));
    start(r);
    wait_for(r, 1);
    assert_int_equal(ended.ticket, 1);
    assert_int_equal(ended.result, EIDC_RESULT_OK);
    assert_int_equal(ended.names, MANY);
    list(MANY + 1);
    assert_false(eidc_refresh_ended(r, 2, &ended));
    assert_int_equal(eidc_refresh_request(r, false), 2); /* long before the next is due */
    wait_for(r, 2);
    assert_int_equal(ended.ticket, 2);
    assert_int_equal(ended.names, MANY + 1);
    eidc_refresh_free(r);
}

static void test_a_failed_refresh_ends_its_ticket(void **state)
{
    struct eidc_refresh *r = new_refresh();

    (void)state;
    unlink(names_path);
    start(r);
    wait_for(r, 1);
    assert_int_equal(ended.result, EIDC_RESULT_FAILED);
    list(1);
    assert_int_equal(eidc_refresh_request(r, false), 2); /* does not wait for the back-off */
    wait_for(r, 2);
    assert_int_equal(ended.result, EIDC_RESULT_OK);
    eidc_refresh_free(r);
}

static void test_what_is_forgotten_is_answered_by_the_newest(void **state)
{
    struct eidc_refresh *r = new_refresh();
    struct eidc_round_report round;

    (void)state;
    for (int i = 0; i <= EIDC_HISTORY; i++)
        eidc_refresh_once(r, false, &round);
    assert_true(eidc_refresh_ended(r, 1, &ended));
    assert_int_equal(ended.ticket, EIDC_HISTORY + 1);
    assert_true(eidc_refresh_ended(r, 2, &ended));
    assert_int_equal(ended.ticket, 2);
    assert_false(eidc_refresh_ended(r, EIDC_HISTORY + 2, &ended));
    eidc_refresh_free(r);
}

/* What a reload does, with all that stays to be done. */
static void test_the_next_one_goes_on_where_one_stopped(void **state)
{
    struct eidc_refresh *old = new_refresh(), *next = new_refresh();

    (void)state;
    start(old);
    wait_for(old, 1);
    list(1);
    eidc_refresh_request(old, false);
    wait_for(old, 2);
    assert_int_equal(ended.result, EIDC_RESULT_HELD);
    stop(old);
    assert_int_equal(eidc_refresh_request(old, true), 3);
    eidc_refresh_inherit(next, old);
    eidc_refresh_free(old);
    assert_true(eidc_refresh_ended(next, 2, &ended));
    assert_int_equal(ended.ticket, 2);
    assert_false(eidc_refresh_ended(next, 3, &ended));
    start(next);
    wait_for(next, 3);
    assert_int_equal(ended.ticket, 3);
    assert_int_equal(ended.result, EIDC_RESULT_OK); /* accepted */
    assert_int_equal(ended.names, 1);
    eidc_refresh_free(next);
}

static void test_what_the_guard_has_counted_is_inherited(void **state)
{
    struct eidc_refresh *r = new_refresh();
    struct eidc_round_report round;

    (void)state;
    eidc_refresh_once(r, false, &round);
    list(1);
    for (unsigned i = 1; i < 3; i++) { /* refresh.shrink_confirmations is 3 */
        struct eidc_refresh *next = new_refresh();
        eidc_refresh_once(r, false, &round);
        assert_int_equal(round.result, EIDC_RESULT_HELD);
        assert_int_equal(round.names, MANY);
        eidc_refresh_inherit(next, r);
        eidc_refresh_free(r);
        r = next;
    }
    eidc_refresh_once(r, false, &round);
    assert_int_equal(round.result, EIDC_RESULT_OK);
    assert_int_equal(round.names, 1);
    assert_int_equal(round.ticket, 4);
    eidc_refresh_free(r);
}

static void test_what_was_asked_of_one_that_never_ran_is_not_lost(void **state)
{
    struct eidc_refresh *old = new_refresh(), *next = new_refresh();

    (void)state;
    assert_int_equal(eidc_refresh_request(old, false), 1);
    eidc_refresh_stop_begin(old);
    start(old);
    stop(old);
    assert_false(eidc_refresh_ended(old, 1, &ended));
    eidc_refresh_inherit(next, old);
    eidc_refresh_free(old);
    start(next);
    wait_for(next, 1);
    assert_int_equal(ended.ticket, 1);
    eidc_refresh_free(next);
}

/* A source that is asked and says nothing. *listener: to be accepted from once it is. */
static struct eidc_config *silent_source(int *listener)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    char source[256];

    *listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(*listener, (struct sockaddr *)&at, size), 0);
    assert_int_equal(listen(*listener, 1), 0);
    assert_int_equal(getsockname(*listener, (struct sockaddr *)&at, &size), 0);
    snprintf(source, sizeof source,
             "type: aws, list: glue.databases, region: eu-west-1, "
             "endpoint_url: 'http://127.0.0.1:%u'",
             ntohs(at.sin_port));
    setenv("AWS_ACCESS_KEY_ID", "AKIATEST", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
    return load(source);
}

static void test_what_was_cut_short_is_run_by_the_next_one(void **state)
{
    int listener;
    struct eidc_config *silent = silent_source(&listener);
    struct eidc_refresh *first = new_refresh(), *cut = refresh_of(silent), *next = new_refresh();

    (void)state;
    eidc_refresh_once(first, false, &ended);
    eidc_refresh_inherit(cut, first);
    eidc_refresh_free(first);
    assert_int_equal(eidc_refresh_request(cut, true), 2);
    start(cut);
    EIDC_FD_AUTO asked = accept(listener, NULL, NULL);
    assert_true(asked >= 0);
    assert_int_equal(eidc_refresh_request(cut, false), 3); /* is not joined to the one under way */
    assert_false(eidc_refresh_ended(cut, 2, &ended));
    stop(cut);
    assert_false(eidc_refresh_ended(cut, 2, &ended));
    eidc_refresh_inherit(next, cut);
    eidc_refresh_free(cut);
    eidc_config_free(silent);
    close(listener);
    list(1);
    start(next);
    wait_for(next, 2);
    assert_int_equal(ended.ticket, 2);
    assert_int_equal(ended.result, EIDC_RESULT_OK); /* accepted, as it was asked for */
    wait_for(next, 3);
    assert_int_equal(ended.ticket, 3);
    eidc_refresh_free(next);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_ticket_ends_with_its_own_refresh),
        TEST(test_a_failed_refresh_ends_its_ticket),
        TEST(test_what_is_forgotten_is_answered_by_the_newest),
        TEST(test_the_next_one_goes_on_where_one_stopped),
        TEST(test_what_the_guard_has_counted_is_inherited),
        TEST(test_what_was_asked_of_one_that_never_ran_is_not_lost),
        TEST(test_what_was_cut_short_is_run_by_the_next_one),
    };

    return cmocka_run_group_tests(tests, aws_env_clear, NULL);
}
