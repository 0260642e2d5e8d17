/* Changes between generations over a real socket, and waiting for them. */
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "eidcached/base/clock.h"
#include "eidcached/base/json_read.h"
#include "eidcached/core/current.h"
#include "tests/unit/http/asking.h"

static const struct published_entry entries[] = {
    {"a", "1", "s", 0}, {"b", "2", "s", 0}, {"c \"q\"", "3", "s", 0}, {"d", "4", "s", 0}};

/* 42: a b c; 43: b c; 44: a b c d; 50: the same */
static int set_up(void **state)
{
    set_up_httpd(state);
    httpd_fixture_start(&f);
    httpd_publish(42, entries, 3);
    httpd_publish(43, entries + 1, 2);
    httpd_publish(44, entries, 4);
    httpd_publish(50, entries, 4);
    return 0;
}

static void get(const char *query, const char *headers)
{
    get_path("/v1/changes", query, headers);
}

static int begin_waiting(const char *query)
{
    int fd = http_connect(&f);
    http_sendf(fd, "GET /v1/changes%s HTTP/1.1\r\nHost: localhost\r\n\r\n", query);
    return fd;
}

static void receive(int fd)
{
    assert_true(http_receive(fd, false, &a));
    close(fd);
}

#define A "{\"name\":\"a\",\"eid\":\"1\"}"
#define D "{\"name\":\"d\",\"eid\":\"4\"}"

static void since_a_generation(void **state)
{
    (void)state;
    get("?since=43", "");
    expect_answer(200, "{\"since\":43,\"generation\":50,\"added\":[" A "," D "],\"removed\":[]}\n");
    assert_string_equal(http_header(&a, "Content-Type"), "application/json");
    assert_string_equal(http_header(&a, "Eidcache-Generation"), "50");
    assert_string_equal(http_header(&a, "Cache-Control"), "no-store");
    assert_non_null(http_header(&a, "Age"));
    get("?since=42", "");
    expect_answer(200, "{\"since\":42,\"generation\":50,\"added\":[" D "],\"removed\":[]}\n");
    get("?since=44", "");
    expect_answer(200, "{\"since\":44,\"generation\":50,\"added\":[],\"removed\":[]}\n");
    get("?since=50", "");
    expect_answer(200, "{\"since\":50,\"generation\":50,\"added\":[],\"removed\":[]}\n");
    get("", ""); /* from now on */
    expect_answer(200, "{\"since\":50,\"generation\":50,\"added\":[],\"removed\":[]}\n");
    httpd_publish(51, entries + 2, 1);
    get("?since=43&wait=1h", "");
    expect_answer(200, "{\"since\":43,\"generation\":51,\"added\":[],"
                       "\"removed\":[{\"name\":\"b\",\"eid\":\"2\"}]}\n");
}

static void as_text(void **state)
{
    (void)state;
    httpd_publish(51, entries + 1, 2);
    get("?since=50", "Accept: text/plain\r\n");
    expect_answer(200, "-a\t1\n-d\t4\n");
    assert_string_equal(http_header(&a, "Content-Type"), "text/plain; charset=utf-8");
    httpd_publish(52, entries, 2);
    get("?since=50", "Accept: text/plain\r\n");
    expect_answer(200, "-c \"q\"\t3\n-d\t4\n");
    get("?since=51", "Accept: text/plain\r\n");
    expect_answer(200, "+a\t1\n-c \"q\"\t3\n");
}

static void what_is_not_known_is_gone(void **state)
{
    (void)state;
    static const char *const gone[] = {"?since=0",
                                       "?since=41",
                                       "?since=45",
                                       "?since=51",
                                       "?since=51&wait=1h", /* it does not wait */
                                       "?since=18446744073709551615"};
    for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++) {
        get(gone[i], "");
        if (a.status != 410)
            fail_msg("%s: %u %s", gone[i], a.status, a.body.p);
        assert_string_equal(http_header(&a, "Content-Type"), "application/problem+json");
    }
    eidc_current_publish(NULL); /* as at a start: what was before is not known */
    httpd_publish(60, entries, 1);
    get("?since=50", "");
    assert_int_equal(a.status, 410);
    get("?since=60", "");
    assert_int_equal(a.status, 200);
}

static void what_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "?since=",           "?since=-1",           "?since=x", "?since=18446744073709551616",
        "?since=50&wait=2h", "?since=50&wait=soon", "?wait"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        get(bad[i], "");
        if (a.status != 400)
            fail_msg("%s: %u", bad[i], a.status);
    }
    http_post(&f, "/v1/changes", "", EIDC_STR(""), &a);
    assert_int_equal(a.status, 405);
    assert_string_equal(http_header(&a, "Allow"), "GET, HEAD");
    get("?since=50&wait=1h", "Cache-Control: max-age=10\r\n"); /* listed in 1970 */
    assert_int_equal(a.status, 503);
    eidc_current_publish(NULL);
    get("?since=50&wait=1h", "");
    assert_int_equal(a.status, 503);
    assert_non_null(http_header(&a, "Retry-After"));
}

static void a_wait_ends_with_the_next_generation(void **state)
{
    (void)state;
    int since = begin_waiting("?since=50&wait=1h");
    int others = http_connect(&f); /* no thread of the pool is held */
    http_sendf(others, "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n");
    receive(others);
    assert_int_equal(a.status, 200);
    httpd_publish(51, entries, 3);
    receive(since);
    expect_answer(200, "{\"since\":50,\"generation\":51,\"added\":[],\"removed\":[" D "]}\n");
}

/* Whichever generation was served when it came. */
static void a_wait_from_now_on(void **state)
{
    (void)state;
    const struct timespec pause = {.tv_nsec = 20 * 1000000L};
    uint64_t number = 50;
    char first;
    int fd = begin_waiting("?wait=1h");
    while (recv(fd, &first, 1, MSG_PEEK | MSG_DONTWAIT) != 1 && number < 1000) {
        number++;
        httpd_publish(number, entries, 3 + number % 2);
        nanosleep(&pause, NULL);
    }
    receive(fd);
    assert_int_equal(a.status, 200);
    EIDC_CJSON_AUTO *doc = NULL;
    struct eidc_err err;
    uint64_t since, generation;
    assert_true(eidc_json_parse(eidc_buf_view(&a.body), &doc, &err));
    assert_true(eidc_json_get_u64(doc, "since", &since) && since >= 50);
    assert_true(eidc_json_get_u64(doc, "generation", &generation) && generation > since);
}

static void a_wait_ends_when_its_time_is_over(void **state)
{
    (void)state;
    int64_t start = eidc_mono_ms();
    get("?since=50&wait=100ms", "");
    expect_answer(200, "{\"since\":50,\"generation\":50,\"added\":[],\"removed\":[]}\n");
    assert_true(eidc_mono_ms() - start >= 100);
}

static void a_wait_ends_when_the_process_does(void **state)
{
    (void)state;
    int fd = begin_waiting("?since=50&wait=1h");
    get("", ""); /* the same pool has got to it by now, or answers at once */
    atomic_store(&f.service.draining, true);
    receive(fd);
    expect_answer(200, "{\"since\":50,\"generation\":50,\"added\":[],\"removed\":[]}\n");
    assert_string_equal(http_header(&a, "Connection"), "close");
}

static double open_connections(void)
{
    ask("GET /metrics HTTP/1.1\r\n");
    const char *at = strstr(a.body.p, "\neidcached_http_connections ");
    assert_non_null(at);
    return strtod(at + strlen("\neidcached_http_connections "), NULL);
}

/* Else whoever gives up and asks again would fill http.max_connections. */
static void a_wait_ends_when_its_client_goes(void **state)
{
    (void)state;
    const struct timespec pause = {.tv_nsec = 20 * 1000000L};
    int fds[8];
    for (size_t i = 0; i < 8; i++)
        fds[i] = begin_waiting("?since=50&wait=1h");
    while (open_connections() < 9) /* with its own */
        nanosleep(&pause, NULL);
    for (size_t i = 0; i < 8; i++)
        close(fds[i]);
    int64_t until = eidc_mono_ms() + 20000;
    double open = 9;
    while (open > 1 && eidc_mono_ms() < until) {
        nanosleep(&pause, NULL);
        open = open_connections();
    }
    assert_true(open <= 1);
}

static void many_are_streamed(void **state)
{
    (void)state;
    EIDC_CJSON_AUTO *doc = NULL;
    struct eidc_err err;
    httpd_publish_many(51, 12000);
    get("?since=50", "");
    assert_true(a.chunked);
    assert_true(eidc_json_parse(eidc_buf_view(&a.body), &doc, &err));
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(doc, "added")), 12000);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(doc, "removed")), 4);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down_httpd)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(since_a_generation),
        TEST(as_text),
        TEST(what_is_not_known_is_gone),
        TEST(what_is_refused),
        TEST(a_wait_ends_with_the_next_generation),
        TEST(a_wait_from_now_on),
        TEST(a_wait_ends_when_its_time_is_over),
        TEST(a_wait_ends_when_the_process_does),
        TEST(a_wait_ends_when_its_client_goes),
        TEST(many_are_streamed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
