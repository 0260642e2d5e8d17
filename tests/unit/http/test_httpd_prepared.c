/* Answers whose headers are kept are as right as those that are made anew. */
#include <sys/socket.h>
#include <unistd.h>

#include "eidcached/base/clock.h"
#include "tests/unit/http/asking.h"

#define MANY 3000

static int set_up(void **state)
{
    set_up_httpd(state);
    f.config.http.threads = 1; /* all on one thread's responses */
    return 0;
}

static void publish(uint64_t number)
{
    int64_t now = eidc_now_ms();
    const struct published_entry entries[] = {
        {"aa", "eid-1", "young", now - 10 * 1000},
        {"bb", "eid-2", "old", now - 500 * 1000},
        {"cc", number == 1 ? "eid-3" : "eid-4", "young", now - 10 * 1000},
    };
    httpd_publish(number, entries, 3);
}

static void check(unsigned generation, const char *body, int64_t least_age)
{
    char number[16];
    snprintf(number, sizeof(number), "%u", generation);
    assert_int_equal(a.status, 200);
    assert_string_equal(a.body.p, body);
    assert_string_equal(http_header(&a, "Eidcache-Generation"), number);
    assert_string_equal(http_header(&a, "Vary"), "Accept");
    assert_string_equal(http_header(&a, "X-Content-Type-Options"), "nosniff");
    assert_in_range(strtoull(http_header(&a, "Age"), NULL, 10), least_age, least_age + 30);
    const char *age = strstr(a.head.p, "\r\nAge:");
    assert_null(strstr(age + 1, "\r\nAge:"));
}

static void ask_text(const char *name)
{
    char head[128];
    snprintf(head, sizeof(head), "GET /v1/forward/%s HTTP/1.1\r\nAccept: text/plain\r\n", name);
    ask(head);
}

static void bodies_ages_and_generations(void **state)
{
    char etag[64];
    (void)state;
    httpd_fixture_start(&f);
    publish(1);
    for (int i = 0; i < 3; i++) {
        ask("GET /v1/forward/aa HTTP/1.1\r\n");
        check(1, "{\"name\":\"aa\",\"eid\":\"eid-1\"}\n", 10);
        ask("GET /v1/forward/bb HTTP/1.1\r\n");
        check(1, "{\"name\":\"bb\",\"eid\":\"eid-2\"}\n", 500);
        ask_text("cc");
        check(1, "eid-3\n", 10);
        assert_string_equal(http_header(&a, "Content-Type"), "text/plain; charset=utf-8");
    }
    snprintf(etag, sizeof(etag), "%s", http_header(&a, "ETag"));
    publish(2);
    ask_text("cc");
    check(2, "eid-4\n", 10);
    assert_string_not_equal(http_header(&a, "ETag"), etag);
    assert_null(http_header(&a, "Connection"));
}

static void a_head_and_a_closing_one(void **state)
{
    (void)state;
    httpd_fixture_start(&f);
    publish(1);
    ask("GET /v1/forward/aa HTTP/1.1\r\nConnection: close\r\n");
    check(1, "{\"name\":\"aa\",\"eid\":\"eid-1\"}\n", 10);
    assert_string_equal(http_header(&a, "Connection"), "close");
    ask("HEAD /v1/forward/bb HTTP/1.1\r\n");
    assert_int_equal(a.status, 200);
    assert_string_equal(http_header(&a, "Content-Length"), "28");
    ask("GET /v1/forward/cc HTTP/1.1\r\n");
    check(1, "{\"name\":\"cc\",\"eid\":\"eid-3\"}\n", 10);
}

/* More answers than the buffers on their way hold, none of them taken yet. */
static int ask_without_reading(void)
{
    EIDC_BUF_AUTO requests = {0};
    int fd = http_connect(&f);
    for (int i = 0; i < MANY; i++)
        eidc_buf_addf(&requests, "GET /v1/forward/%s HTTP/1.1\r\nHost: localhost\r\n\r\n",
                      i % 2 == 0 ? "aa" : "bb");
    while (requests.n > 0) {
        ssize_t sent = send(fd, requests.p, requests.n, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent <= 0)
            break;
        memmove(requests.p, requests.p + sent, requests.n - (size_t)sent);
        requests.n -= (size_t)sent;
    }
    return fd;
}

static void one_that_is_on_its_way_is_left_alone(void **state)
{
    (void)state;
    httpd_fixture_start(&f);
    publish(1);
    int fds[4];
    for (size_t i = 0; i < 4; i++)
        fds[i] = ask_without_reading();
    for (int i = 0; i < 20; i++) {
        ask("GET /v1/forward/cc HTTP/1.1\r\n");
        check(1, "{\"name\":\"cc\",\"eid\":\"eid-3\"}\n", 10);
    }
    for (size_t i = 0; i < 4; i++) {
        for (int j = 0; j < 200; j++) {
            assert_true(http_receive(fds[i], false, &a));
            check(1,
                  j % 2 == 0 ? "{\"name\":\"aa\",\"eid\":\"eid-1\"}\n"
                             : "{\"name\":\"bb\",\"eid\":\"eid-2\"}\n",
                  j % 2 == 0 ? 10 : 500);
        }
    }
    eidc_httpd_stop(f.httpd, 0, NULL, NULL); /* while answers are on their way */
    f.httpd = NULL;
    for (size_t i = 0; i < 4; i++)
        close(fds[i]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down_httpd)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(bodies_ages_and_generations),
        TEST(a_head_and_a_closing_one),
        TEST(one_that_is_on_its_way_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
