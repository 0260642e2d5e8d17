/* Clients that are never silent and never done, and clients that are silent in numbers. */
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "eidcached/base/clock.h"
#include "tests/unit/http/asking.h"

#define HEAD     "GET /livez HTTP/1.1\r\nHost: localhost\r\n"
#define DRIPS    400 /* of 50 ms: far longer than any limit here */
#define PAUSE_MS 50

static int set_up(void **state)
{
    set_up_httpd(state);
    f.config.http.idle_timeout = 1000;
    return 0;
}

static void start(void)
{
    httpd_fixture_start(&f);
    httpd_publish_many(1, 100);
}

static uint64_t metric(const char *series)
{
    ask("GET /metrics HTTP/1.1\r\n");
    const char *at = strstr(a.body.p, series);
    return at != NULL ? strtoull(at + strlen(series), NULL, 10) : 0;
}

static uint64_t slow_rejected(void)
{
    return metric("eidcached_http_rejected_total{reason=\"slow\"}");
}

/* Sends `byte` every now and then until the server has had enough; how many it took. */
static size_t drip(int fd, const char *byte)
{
    size_t sent = 0;
    struct pollfd readable = {.fd = fd, .events = POLLIN};
    while (sent < DRIPS && poll(&readable, 1, PAUSE_MS) == 0)
        sent += send(fd, byte, 1, MSG_NOSIGNAL) == 1;
    return sent;
}

static void heads_that_drip(void **state)
{
    (void)state;
    start();
    uint64_t before = slow_rejected();
    int fd = http_connect(&f);
    http_sendf(fd, HEAD "A: ");
    assert_in_range(drip(fd, "a"), 5, DRIPS / 2);
    assert_true(http_at_end(fd));
    close(fd);
    assert_int_equal(slow_rejected(), before + 1);
}

static void request_lines_that_drip(void **state)
{
    (void)state;
    start();
    int fd = http_connect(&f);
    http_sendf(fd, "GET /");
    assert_in_range(drip(fd, "a"), 5, DRIPS / 2);
    assert_true(http_at_end(fd));
    close(fd);
}

/* The head of a later request has as long as that of the first, not what that left over. */
static void a_second_head_that_drips(void **state)
{
    (void)state;
    start();
    int fd = http_connect(&f);
    for (size_t i = 0; i < 30; i++) { /* one and a half times the limit, in requests */
        http_sendf(fd, HEAD "\r\n");
        assert_true(http_receive(fd, false, &a));
        assert_int_equal(a.status, 200);
        usleep(PAUSE_MS * 1000);
    }
    http_sendf(fd, HEAD "A: ");
    assert_in_range(drip(fd, "a"), 5, DRIPS / 2);
    assert_true(http_at_end(fd));
    close(fd);
}

/* Takes a little of an answer now and then; how often until the connection was gone. */
static size_t sip(int fd)
{
    char bytes[16];
    size_t sips = 0;
    while (sips < DRIPS && recv(fd, bytes, sizeof(bytes), 0) > 0) {
        usleep(PAUSE_MS * 1000);
        sips++;
    }
    return sips;
}

#define MANY (300 * 1000)

/* Longer than all buffers on its way. */
static void ask_for_much(int fd)
{
    EIDC_BUF_AUTO keys = {0};
    for (size_t i = 0; i < MANY; i++)
        eidc_buf_addf(&keys, "name%07zu\n", i % 100);
    http_sendf(fd,
               "POST /v1/forward HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n"
               "Content-Length: %zu\r\n\r\n",
               keys.n);
    http_send(fd, keys.p, keys.n);
}

static void answers_that_are_sipped(void **state)
{
    static const char connections[] = "\neidcached_http_connections ";
    static char bytes[65536];
    (void)state;
    f.config.http.idle_timeout = 3000; /* the question is long, too */
    start();
    int fd = http_connect(&f);
    ask_for_much(fd);
    assert_int_equal(recv(fd, bytes, 12, MSG_WAITALL), 12);
    assert_memory_equal(bytes, "HTTP/1.1 200", 12);
    int64_t until = eidc_mono_ms() + 30 * 1000;
    while (metric(connections) > 1 && eidc_mono_ms() < until) { /* the one that asks */
        recv(fd, bytes, 8, MSG_DONTWAIT);
        usleep(PAUSE_MS * 1000);
    }
    assert_in_range(eidc_mono_ms(), 0, until);
    size_t taken = 0;
    for (ssize_t n; (n = recv(fd, bytes, sizeof(bytes), 0)) > 0;)
        taken += (size_t)n;
    assert_in_range(taken, 1, MANY * (strlen("name0000000\t\n") + 32) - 1); /* not all of it */
    close(fd);
}

/* A taker that is slow but steady gets all of it. */
static void small_answers_may_be_sipped(void **state)
{
    (void)state;
    start();
    int fd = http_connect(&f);
    http_sendf(fd, HEAD "Connection: close\r\n\r\n");
    assert_in_range(sip(fd), 2, DRIPS - 1);
    close(fd);
    assert_int_equal(slow_rejected(), 0);
}

/* Late ones are let go as others come: a flood of them stands in no probe's way. */
static void silent_crowd(void **state)
{
    enum { LIMIT = 4, CROWD = 600 };
    static int fds[CROWD];
    (void)state;
    f.config.http.max_connections = LIMIT;
    f.config.http.idle_timeout = 30 * 1000;
    start();
    for (size_t i = 0; i < CROWD; i++)
        fds[i] = http_connect(&f);
    int64_t began = eidc_mono_ms();
    ask("GET /livez HTTP/1.1\r\n");
    assert_int_equal(a.status, 200);
    assert_in_range(eidc_mono_ms() - began, 0, 15 * 1000); /* half of what the crowd has */
    assert_true(http_at_end(fds[LIMIT]));                  /* the first that was late */
    for (size_t i = 0; i < CROWD; i++)
        close(fds[i]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down_httpd)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(small_answers_may_be_sipped), /* counts from nothing: the first */
        TEST(heads_that_drip),
        TEST(request_lines_that_drip),
        TEST(a_second_head_that_drips),
        TEST(answers_that_are_sipped),
        TEST(silent_crowd),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
