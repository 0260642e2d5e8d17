/* Refresh, access rules, limits, stopping: over real sockets. */
#include <sys/stat.h>
#include <unistd.h>

#include "eidcached/base/clock.h"
#include "eidcached/base/file.h"
#include "eidcached/base/mem.h"
#include "tests/unit/http/asking.h"

static char token_path[64];

static int tear_down(void **state)
{
    tear_down_httpd(state);
    free(f.config.http.token_file);
    unlink(token_path);
    return 0;
}

static void start(void)
{
    const struct published_entry entry = {"sales", "eid-s", "s", eidc_now_ms()};
    httpd_fixture_start(&f);
    httpd_publish(1, &entry, 1);
}

static void start_with_token(void)
{
    struct eidc_err err;
    snprintf(token_path, sizeof(token_path), "/tmp/eidc-test-http-token-%ld", (long)getpid());
    assert_true(eidc_file_write(token_path, EIDC_STR("s3cret\n"), 0600, &err));
    f.config.http.token_file = eidc_xstrdup(token_path);
    start();
}

static void ask_unix(const char *head)
{
    int fd = http_connect_unix(&f);
    http_sendf(fd, "%sHost: localhost\r\n\r\n", head);
    assert_true(http_receive(fd, false, &a));
    close(fd);
}

static void token(void **state)
{
    (void)state;
    start_with_token();
    ask("GET /v1/forward/sales HTTP/1.1\r\n");
    expect_status(401);
    assert_non_null(strstr(http_header(&a, "WWW-Authenticate"), "Bearer"));
    assert_null(strstr(a.body.p, "s3cret"));
    ask("GET /v1/forward/sales HTTP/1.1\r\nAuthorization: Bearer s3creT\r\n");
    expect_status(401);
    ask("GET /v1/forward/sales HTTP/1.1\r\nAuthorization: Bearer s3cret\r\n");
    expect_status(200);
    static const char *const others[] = {"/metrics", "/v1/status", "/", "/nothing", "/v1/forward"};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        char head[64];
        snprintf(head, sizeof(head), "GET %s HTTP/1.1\r\n", others[i]);
        ask(head);
        expect_status(401);
    }
    ask("GET /readyz HTTP/1.1\r\n");
    expect_status(200);
    ask_unix("GET /v1/forward/sales HTTP/1.1\r\n");
    expect_status(200);
    http_post(&f, "/v1/forward", "Content-Type: text/plain\r\n", EIDC_STR("sales"), &a);
    expect_status(401);
    ask("POST /v1/refresh HTTP/1.1\r\n");
    expect_status(401);
    ask("POST /v1/refresh HTTP/1.1\r\nAuthorization: Bearer s3cret\r\n");
    expect_status(202);
    unlink(token_path);
}

static void unreadable_token_file(void **state)
{
    (void)state;
    f.config.http.token_file = eidc_xstrdup("/proc/nonexistent/token");
    start();
    ask("GET /v1/forward/sales HTTP/1.1\r\n");
    expect_status(401);
    ask("GET /v1/forward/sales HTTP/1.1\r\nAuthorization: Bearer x\r\n");
    expect_status(503);
    ask("GET /livez HTTP/1.1\r\n");
    expect_status(200);
}

static void forgery(void **state)
{
    static const char *const refused[] = {
        "GET /v1/forward/sales HTTP/1.1\r\nX-Forwarded-For: 10.0.0.1\r\n",
        "GET /v1/forward/sales HTTP/1.1\r\nforwarded: for=10.0.0.1\r\n",
        "GET /v1/forward/sales HTTP/1.1\r\nOrigin: http://evil.test\r\n",
        "GET /livez HTTP/1.1\r\nOrigin: null\r\n",
        "POST /v1/refresh HTTP/1.1\r\n",
    };
    (void)state;
    start();
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        ask(refused[i]);
        expect_status(403);
        assert_string_equal(http_header(&a, "Content-Type"), "application/problem+json");
    }
    assert_non_null(strstr(a.body.p, "token_file")); /* says how */
    int fd = http_connect(&f);
    http_sendf(fd, "GET /v1/forward/sales HTTP/1.1\r\nHost: rebound.test:8627\r\n\r\n");
    assert_true(http_receive(fd, false, &a));
    expect_status(403);
    assert_non_null(strstr(a.body.p, "'rebound.test:8627' is not one of http.allowed_hosts"));
    close(fd);
    ask_unix("GET /v1/forward/sales HTTP/1.1\r\nX-Forwarded-For: 10.0.0.1\r\n");
    expect_status(403);
    f.config.http.trust_proxy = true;
    ask(refused[0]);
    expect_status(200);
}

static void hosts_are_told(void **state)
{
    char host[256];
    (void)state;
    start();
    ask("GET http://target.test/livez HTTP/1.1\r\n");
    expect_status(403);
    assert_non_null(strstr(a.body.p, "the host 'target.test' is not"));
    memset(host, 'h', sizeof(host) - 1);
    host[sizeof(host) - 1] = '\0';
    memcpy(host, "\xff\xc3'\x7f", 4); /* what is no text, and a name's end cut off */
    int fd = http_connect(&f);
    http_sendf(fd, "GET /livez HTTP/1.1\r\nHost: %s\r\n\r\n", host);
    assert_true(http_receive(fd, false, &a));
    expect_status(403);
    assert_non_null(strstr(a.body.p, "hhh...' is not one of"));
    assert_null(strstr(a.body.p, "\xff"));
    assert_int_equal(strspn(strstr(a.body.p, "hhh"), "h"), 96);
    close(fd);
}

static void the_index_lists_all_paths(void **state)
{
    static const char *const paths[] = {
        "/v1/forward/{name}", "/v1/reverse/{eid}", "/v1/status", "/v1/refresh", "/livez", "/readyz",
        "/healthz",           "/metrics"};
    (void)state;
    start();
    ask("GET / HTTP/1.1\r\n");
    expect_status(200);
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        if (strstr(a.body.p, paths[i]) == NULL)
            fail_msg("no %s", paths[i]);
    }
}

static void refresh(void **state)
{
    (void)state;
    start();
    ask_unix("POST /v1/refresh HTTP/1.1\r\n");
    expect_status(202);
    assert_string_equal(a.body.p, "{\"ticket\":1}\n");
    assert_false(atomic_load(&played_refresh.accept_shrink));
    ask_unix("POST /v1/refresh?accept_shrink=true HTTP/1.1\r\nContent-Length: 0\r\n");
    expect_status(202);
    assert_true(atomic_load(&played_refresh.accept_shrink));
    ask_unix("POST /v1/refresh?wait=soon HTTP/1.1\r\n");
    expect_status(400);
    ask_unix("POST /v1/refresh?accept_shrink=maybe HTTP/1.1\r\n");
    expect_status(400);
    ask_unix("GET /v1/refresh HTTP/1.1\r\n");
    expect_status(405);
    assert_string_equal(http_header(&a, "Allow"), "POST");
    assert_int_equal(atomic_load(&played_refresh.requested), 2);
    atomic_store(&f.service.refresh, NULL);
    ask_unix("POST /v1/refresh HTTP/1.1\r\n");
    expect_status(503);
}

/* More waiting requests than threads: look-ups go on, all hear of the end. */
static void waiting_starves_nobody(void **state)
{
    enum { N = 8 };
    int fds[N];
    (void)state;
    start();
    for (size_t i = 0; i < N; i++) {
        fds[i] = http_connect_unix(&f);
        http_sendf(fds[i], "POST /v1/refresh?wait=30s HTTP/1.1\r\nHost: localhost\r\n\r\n");
    }
    while (atomic_load(&played_refresh.requested) < N)
        usleep(1000);
    ask("GET /v1/forward/sales HTTP/1.1\r\n");
    expect_status(200);
    ask_unix("GET /v1/forward/sales HTTP/1.1\r\n");
    expect_status(200);
    played_refresh.round = (struct eidc_round_report){
        .result = EIDC_RESULT_PARTIAL, .generation = 9, .names = 3, .error = "one failed"};
    atomic_store(&played_refresh.ended, N);
    for (size_t i = 0; i < N; i++) {
        assert_true(http_receive(fds[i], false, &a));
        expect_status(200);
        assert_non_null(strstr(a.body.p, "\"result\":\"partial\""));
        assert_non_null(strstr(a.body.p, "\"generation\":9"));
        assert_non_null(strstr(a.body.p, "\"error\":\"one failed\""));
        http_sendf(fds[i], "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n");
        assert_true(http_receive(fds[i], false, &a));
        expect_status(200);
        close(fds[i]);
    }
}

static void waiting_ends_by_the_clock(void **state)
{
    (void)state;
    start();
    int64_t began = eidc_mono_ms();
    ask_unix("POST /v1/refresh?wait=100ms HTTP/1.1\r\n");
    expect_status(202);
    assert_in_range(eidc_mono_ms() - began, 100, 5000);
}

static void stopping_wakes_the_waiting(void **state)
{
    (void)state;
    start();
    int fd = http_connect_unix(&f);
    http_sendf(fd, "POST /v1/refresh?wait=1h HTTP/1.1\r\nHost: localhost\r\n\r\n");
    while (atomic_load(&played_refresh.requested) < 1)
        usleep(1000);
    int64_t began = eidc_mono_ms();
    eidc_httpd_stop(f.httpd, 5000, NULL, NULL);
    f.httpd = NULL;
    assert_in_range(eidc_mono_ms() - began, 0, 4000);
    assert_true(http_receive(fd, false, &a));
    expect_status(202);
    assert_string_equal(http_header(&a, "Connection"), "close");
    close(fd);
    assert_int_equal(access(f.unix_path, F_OK), -1);
}

/* A request under way is not cut; one that does not end is, after drain_ms. */
static void stopping_drains(void **state)
{
    (void)state;
    start();
    int fd = http_connect(&f);
    http_sendf(fd, "POST /v1/forward HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n"
                   "Content-Length: 100\r\n\r\nsal");
    usleep(100 * 1000);
    int64_t began = eidc_mono_ms();
    eidc_httpd_stop(f.httpd, 200, NULL, NULL);
    f.httpd = NULL;
    assert_in_range(eidc_mono_ms() - began, 200, 5000);
    assert_false(http_receive(fd, false, &a));
    close(fd);
}

static void too_many_connections(void **state)
{
    int fds[6];
    (void)state;
    f.config.http.max_connections = 4;
    start();
    for (size_t i = 0; i < 6; i++) {
        fds[i] = http_connect(&f);
        http_sendf(fds[i], "GET /v1/forward/sales HTTP/1.1\r\nHost: localhost\r\n\r\n");
        assert_true(http_receive(fds[i], false, &a));
        expect_status(i < 4 ? 200 : 503);
    }
    assert_non_null(http_header(&a, "Retry-After"));
    assert_string_equal(http_header(&a, "Connection"), "close");
    assert_true(http_at_end(fds[5]));
    ask("GET /livez HTTP/1.1\r\n"); /* the head-room is theirs */
    expect_status(200);
    close(fds[0]);
    close(fds[4]);
    close(fds[5]);
    int64_t until = eidc_mono_ms() + 5000;
    do
        ask("GET /v1/forward/sales HTTP/1.1\r\n");
    while (a.status != 200 && eidc_mono_ms() < until);
    expect_status(200);
    for (size_t i = 1; i < 4; i++)
        close(fds[i]);
}

/* Who only sits there takes no look-up from another listener, and no probe from anybody. */
static void idle_connections_leave_room(void **state)
{
    enum { LIMIT = 8, IDLE = 200 };
    int fds[LIMIT + IDLE];
    (void)state;
    f.config.http.max_connections = LIMIT;
    start();
    for (size_t i = 0; i < LIMIT + IDLE; i++)
        fds[i] = http_connect(&f);
    int64_t began = eidc_mono_ms();
    ask("GET /livez HTTP/1.1\r\n");
    expect_status(200);
    assert_string_equal(http_header(&a, "Connection"), "close");
    ask("GET /v1/forward/sales HTTP/1.1\r\n");
    expect_status(503);
    ask_unix("GET /v1/forward/sales HTTP/1.1\r\n");
    expect_status(200);
    assert_in_range(eidc_mono_ms() - began, 0, 1000);
    assert_true(http_at_end(fds[LIMIT + IDLE - 1])); /* the late ones end soon */
    assert_in_range(eidc_mono_ms() - began, 500, 10000);
    for (size_t i = 0; i < LIMIT + IDLE; i++)
        close(fds[i]);
}

static uint64_t metric(const char *series)
{
    ask("GET /metrics HTTP/1.1\r\n");
    const char *at = strstr(a.body.p, series);
    return at != NULL ? strtoull(at + strlen(series), NULL, 10) : 0;
}

/* A rate needs a value from before the first one. */
static void reasons_are_there_from_the_start(void **state)
{
    static const char *const reasons[] = {"head",      "slow",  "connections", "host",   "origin",
                                          "forwarded", "token", "body",        "memory", "keys"};
    (void)state;
    start();
    ask("GET /metrics HTTP/1.1\r\n");
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        char series[64];
        snprintf(series, sizeof(series), "\neidcached_http_rejected_total{reason=\"%s\"} ",
                 reasons[i]);
        if (strstr(a.body.p, series) == NULL)
            fail_msg("there is no%s", series);
    }
}

/* libmicrohttpd answers these by itself; they are counted all the same. */
static void bad_heads_are_counted(void **state)
{
    static const char by_uri[] = "eidcached_http_requests_total{route=\"other\",code=\"414\"}";
    static const char by_header[] = "eidcached_http_requests_total{route=\"other\",code=\"431\"}";
    static const char rejected[] = "eidcached_http_rejected_total{reason=\"head\"}";
    EIDC_BUF_AUTO head = {0};
    (void)state;
    start();
    uint64_t before = metric(rejected);
    eidc_buf_add_z(&head, "GET /");
    for (size_t i = 0; i < 20000; i++)
        eidc_buf_add_byte(&head, 'a');
    eidc_buf_add_z(&head, " HTTP/1.1\r\n");
    ask(head.p);
    expect_status(414);
    memcpy(head.p, "GET / HTTP/1.1\r\nCookie: ", 24);
    memcpy(head.p + head.n - 11, "aaaaaaaaa", 9);
    ask(head.p);
    expect_status(431);
    assert_int_equal(metric(by_uri), 1);
    assert_int_equal(metric(by_header), 1);
    assert_int_equal(metric(rejected), before + 2);
}

static void idle_connections_end(void **state)
{
    (void)state;
    f.config.http.idle_timeout = 1000;
    start();
    int fd = http_connect(&f);
    int64_t began = eidc_mono_ms();
    assert_true(http_at_end(fd));
    assert_in_range(eidc_mono_ms() - began, 500, 10000);
    close(fd);
}

static void unix_socket_file(void **state)
{
    struct stat st;
    struct eidc_httpd *second = NULL;
    struct eidc_err err = {0};
    (void)state;
    start();
    assert_int_equal(stat(f.unix_path, &st), 0);
    assert_true(S_ISSOCK(st.st_mode));
    assert_int_equal(st.st_mode & 07777, 0660);
    assert_false(eidc_httpd_start(&f.service, NULL, 0, &second, &err));
    assert_non_null(strstr(err.text, "another process listens"));
    assert_non_null(strstr(err.text, f.unix_path));
}

static void too_many_threads(void **state)
{
    struct eidc_err err = {0};
    (void)state;
    f.config.http.threads = 5000;
    assert_false(eidc_httpd_start(&f.service, NULL, 0, &f.httpd, &err));
    assert_non_null(strstr(err.text, "http.threads"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_httpd, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(token),
        TEST(unreadable_token_file),
        TEST(forgery),
        TEST(hosts_are_told),
        TEST(the_index_lists_all_paths),
        TEST(refresh),
        TEST(waiting_starves_nobody),
        TEST(waiting_ends_by_the_clock),
        TEST(stopping_wakes_the_waiting),
        TEST(stopping_drains),
        TEST(too_many_connections),
        TEST(idle_connections_leave_room),
        TEST(reasons_are_there_from_the_start),
        TEST(bad_heads_are_counted),
        TEST(idle_connections_end),
        TEST(unix_socket_file),
        TEST(too_many_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
