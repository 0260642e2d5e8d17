/* Serving threads that are idle, full or stuck, and one who asks after them. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "eidcached/base/clock.h"
#include "eidcached/http/pulse.h"
#include "eidcached/http/reaper.h"
#include "tests/support/httpd_fixture.h"

#define SOON_MS  20000
#define PAUSE_US 20000
#define NEVER_MS 3600000
#define ROOM     2 /* connections of the thread that is full */

static struct httpd_fixture f;
static struct http_answer a;
static bool held; /* what a handler waits for */

static void hold(bool hold_it)
{
    if (hold_it == held)
        return;
    if (hold_it)
        pthread_rwlock_wrlock(&f.service.refresh_lock);
    else
        pthread_rwlock_unlock(&f.service.refresh_lock);
    held = hold_it;
}

static int set_up(void **state)
{
    (void)state;
    httpd_fixture_init(&f);
    httpd_fixture_start(&f);
    httpd_publish_many(1, 100);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    hold(false); /* else a server that has a stuck thread never stops */
    http_answer_free(&a);
    httpd_fixture_stop(&f);
    return 0;
}

/* Until a look says so; the error of the last one that found somebody silent. */
static bool comes_to(bool wanted, const char *whom, struct eidc_err *err)
{
    int64_t until_ms = eidc_mono_ms() + SOON_MS;
    while (eidc_mono_ms() < until_ms) {
        *err = (struct eidc_err){0};
        if (eidc_httpd_answers(f.httpd, 0, err) == wanted && strstr(err->text, whom) != NULL)
            return true;
        usleep(PAUSE_US);
    }
    return false;
}

/* Every connection of a client comes to the reaper (--wrap). */
static atomic_uint clients;
void __real_eidc_reaper_add(struct eidc_reaper *reaper, struct eidc_watched *watched, int fd,
                            bool late, unsigned late_max);
void __wrap_eidc_reaper_add(struct eidc_reaper *reaper, struct eidc_watched *watched, int fd,
                            bool late, unsigned late_max);
void __wrap_eidc_reaper_add(struct eidc_reaper *reaper, struct eidc_watched *watched, int fd,
                            bool late, unsigned late_max)
{
    atomic_fetch_add(&clients, 1);
    __real_eidc_reaper_add(reaper, watched, fd, late, late_max);
}

static void idle_threads_answer(void **state)
{
    (void)state;
    struct eidc_err err;
    atomic_store(&clients, 0);
    for (int i = 0; i < 20; i++) { /* every other look asks */
        assert_true(comes_to(true, "", &err));
        usleep(PAUSE_US);
    }
    assert_int_equal(atomic_load(&clients), 0);
    http_ask(&f, "GET /livez HTTP/1.1\r\n", &a);
    assert_int_equal(atomic_load(&clients), 1);
}

static void a_stuck_thread_is_named(void **state)
{
    (void)state;
    struct eidc_err err;
    hold(true);
    int fd = http_connect_unix(&f);
    http_sendf(fd, "POST /v1/refresh HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");
    for (int i = 0; i < 10; i++) { /* the others go on, and it is not forgotten */
        assert_true(comes_to(false, f.unix_path, &err));
        usleep(PAUSE_US);
    }
    assert_true(eidc_httpd_answers(f.httpd, NEVER_MS, &err));
    http_ask(&f, "GET /livez HTTP/1.1\r\n", &a);
    assert_int_equal(a.status, 200);
    hold(false);
    assert_true(http_receive(fd, false, &a));
    assert_int_equal(a.status, 202);
    close(fd);
    assert_true(comes_to(true, "", &err));
}

struct full {
    struct eidc_pulse pulse;
    atomic_uint clients, askers;
};

static void notify(void *cls, struct MHD_Connection *mhd, void **context,
                   enum MHD_ConnectionNotificationCode code)
{
    struct full *full = cls;
    (void)context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED)
        atomic_fetch_add(eidc_pulse_asks(mhd) ? &full->askers : &full->clients, 1);
    eidc_pulse_beat(&full->pulse);
}

static enum MHD_Result handle(void *cls, struct MHD_Connection *mhd, const char *url,
                              const char *method, const char *version, const char *data,
                              size_t *size, void **context)
{
    (void)cls, (void)mhd, (void)url, (void)method, (void)version;
    (void)data, (void)size, (void)context;
    return MHD_NO;
}

/* What cannot be asked is not accused, and what has room again is asked. */
static void a_full_thread_is_believed(void **state)
{
    (void)state;
    const struct sockaddr client = {.sa_family = AF_UNIX};
    struct full full = {0};
    int ends[ROOM][2];
    struct MHD_Daemon *thread = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET, 0,
        NULL, NULL, handle, NULL, MHD_OPTION_NOTIFY_CONNECTION, notify, &full,
        MHD_OPTION_CONNECTION_LIMIT, ROOM, MHD_OPTION_END);
    assert_non_null(thread);
    for (int i = 0; i < ROOM; i++) {
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends[i]), 0);
        assert_int_equal(MHD_add_connection(thread, ends[i][0], &client, sizeof(client)), MHD_YES);
    }
    while (atomic_load(&full.clients) < ROOM)
        usleep(PAUSE_US);
    for (int64_t ms = 1; ms < 10; ms++)
        assert_true(eidc_pulse_is_felt(&full.pulse, thread, ms, 0));
    assert_int_equal(atomic_load(&full.askers), 0);
    close(ends[0][1]);
    for (int64_t ms = 10; ms < 1000 && atomic_load(&full.askers) < 2; ms++) {
        assert_true(eidc_pulse_is_felt(&full.pulse, thread, ms, NEVER_MS));
        usleep(PAUSE_US);
    }
    assert_in_range(atomic_load(&full.askers), 2, UINT_MAX);
    MHD_stop_daemon(thread);
    close(ends[1][1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(idle_threads_answer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_stuck_thread_is_named, set_up, tear_down),
        cmocka_unit_test(a_full_thread_is_believed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
