/* The real client against a server of raw sockets, which says exactly the bytes it is told. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "eidcached/base/clock.h"
#include "eidcached/base/mem.h"
#include "eidcached/net/http_client.h"
#include "tests/support/raw_server.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- helpers ---- */

static struct eidc_http_client *new_client(void)
{
    struct eidc_http_client *c = NULL;
    struct eidc_err err = {0};
    assert_true(eidc_http_curl_new("eidcached-test/1", &c, &err));
    return c;
}

static bool get(struct eidc_http_client *c, const char *base, const char *path,
                struct eidc_http_response *response, struct eidc_err *err)
{
    char *url EIDC_AUTO_FREE = eidc_xprintf("%s%s", base, path);
    const struct eidc_http_request request = {.method = "GET",
                                              .url = url,
                                              .connect_timeout_ms = 5000,
                                              .timeout_ms = 10000,
                                              .max_response = 1000,
                                              .no_proxy = true};
    return eidc_http_perform(c, &request, response, err);
}

/* One GET of /path?secret-query answered by `answer` must fail like this. */
static void assert_fails(const struct raw_answer *answer, enum eidc_err_kind kind)
{
    struct raw_server server;
    struct eidc_http_response response;
    struct eidc_err err = {0};
    raw_server_start(&server, answer, 1);
    struct eidc_http_client *c = new_client();
    assert_false(get(c, server.url, "/path?secret-query", &response, &err));
    assert_int_equal(err.kind, kind);
    assert_non_null(strstr(err.text, "127.0.0.1:"));
    assert_null(strstr(err.text, "path"));
    assert_null(strstr(err.text, "secret"));
    c->ops->destroy(c);
    raw_server_stop(&server);
    raw_server_free(&server);
}

/* ---- whole answers ---- */

static void an_answer_with_its_headers(void **state)
{
    (void)state;
    static const struct raw_answer answers[] = {
        {.bytes = "HTTP/1.1 404 Not Found\r\nETag: \"a b\" \r\nX-Two: 1\r\nx-two: 2\r\nBare:\r\n"
                  "Content-Length: 5\r\n\r\nhello"},
        {.bytes = "HTTP/1.1 100 Continue\r\nX-Early: 1\r\n\r\n"
                  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                  "3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nX-Trailer: 1\r\n\r\n"},
        {.bytes = "HTTP/1.1 204 No Content\r\n\r\n"},
    };
    struct raw_server server;
    struct eidc_http_response response;
    struct eidc_err err = {0};
    raw_server_start(&server, answers, COUNT(answers));
    struct eidc_http_client *c = new_client();

    assert_true(get(c, server.url, "/", &response, &err));
    assert_int_equal(response.status, 404);
    assert_string_equal(response.body.p, "hello");
    assert_string_equal(eidc_http_headers_get(&response.headers, "etag"), "\"a b\"");
    assert_string_equal(eidc_http_headers_get(&response.headers, "X-Two"), "1");
    assert_string_equal(eidc_http_headers_get(&response.headers, "bare"), "");
    assert_int_equal(response.headers.n, 5);
    eidc_http_response_free(&response);

    assert_true(get(c, server.url, "/", &response, &err));
    assert_int_equal(response.status, 200);
    assert_string_equal(response.body.p, "abcdefg");
    assert_null(eidc_http_headers_get(&response.headers, "X-Early"));
    assert_null(eidc_http_headers_get(&response.headers, "X-Trailer"));
    eidc_http_response_free(&response);

    assert_true(get(c, server.url, "/", &response, &err));
    assert_int_equal(response.status, 204);
    assert_int_equal(response.body.n, 0);
    eidc_http_response_free(&response);
    c->ops->destroy(c);
    raw_server_stop(&server);
    assert_int_equal(server.connections, 1); /* kept alive */
    raw_server_free(&server);
}

static void headers_beyond_the_limit_are_dropped(void **state)
{
    (void)state;
    EIDC_BUF_AUTO bytes = {0};
    eidc_buf_add_z(&bytes, "HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 40; i++)
        eidc_buf_addf(&bytes, "X-%d: %d\r\n", i, i);
    eidc_buf_add_z(&bytes, "Content-Length: 2\r\n\r\nok");
    const struct raw_answer answer = {.bytes = bytes.p};
    struct raw_server server;
    struct eidc_http_response response;
    struct eidc_err err = {0};
    raw_server_start(&server, &answer, 1);
    struct eidc_http_client *c = new_client();
    assert_true(get(c, server.url, "/", &response, &err));
    assert_int_equal(response.headers.n, EIDC_HTTP_HEADERS_MAX);
    assert_string_equal(response.headers.at[31].value, "31");
    assert_string_equal(response.body.p, "ok");
    eidc_http_response_free(&response);
    c->ops->destroy(c);
    raw_server_stop(&server);
    raw_server_free(&server);
}

static void redirects_are_answers(void **state)
{
    (void)state;
    static const struct raw_answer answers[] = {
        {.bytes = "HTTP/1.1 307 Temporary Redirect\r\nLocation: /other\r\n"
                  "Content-Length: 0\r\n\r\n"},
        {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
    };
    struct raw_server server;
    struct eidc_http_response response;
    struct eidc_err err = {0};
    raw_server_start(&server, answers, COUNT(answers));
    struct eidc_http_client *c = new_client();
    assert_true(get(c, server.url, "/", &response, &err));
    assert_int_equal(response.status, 307);
    assert_string_equal(eidc_http_headers_get(&response.headers, "Location"), "/other");
    eidc_http_response_free(&response);
    c->ops->destroy(c);
    raw_server_stop(&server);
    assert_int_equal(server.asked_n, 1);
    raw_server_free(&server);
}

/* ---- what is sent ---- */

static void requests_are_sent_as_they_are(void **state)
{
    (void)state;
    static const struct raw_answer answers[] = {
        {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
        {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
        {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n"},
        {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
    };
    static const struct {
        const char *method, *path, *body;
    } sent[] = {
        {"POST", "/a/../b//%2e/./?q=%20&r=a+b", "{\"a\":1}"},
        {"PUT", "/empty", ""},
        {"HEAD", "/head", ""},
        {"DELETE", "/gone", ""},
    };
    struct raw_server server;
    struct eidc_err err = {0};
    raw_server_start(&server, answers, COUNT(answers));
    struct eidc_http_client *c = new_client();
    struct eidc_http_headers headers = {0};
    eidc_http_headers_add(&headers, "X-A", EIDC_STR("one two"));
    eidc_http_headers_add(&headers, "X-None", EIDC_STR(""));
    for (size_t i = 0; i < COUNT(sent); i++) {
        char *url EIDC_AUTO_FREE = eidc_xprintf("%s%s", server.url, sent[i].path);
        const struct eidc_http_request request = {.method = sent[i].method,
                                                  .url = url,
                                                  .headers = &headers,
                                                  .body = eidc_str_of(sent[i].body),
                                                  .no_proxy = true};
        struct eidc_http_response response;
        assert_true(eidc_http_perform(c, &request, &response, &err));
        assert_int_equal(response.status, 200);
        assert_int_equal(response.body.n, 0);
        eidc_http_response_free(&response);
    }
    eidc_http_headers_free(&headers);
    c->ops->destroy(c);
    raw_server_stop(&server);

    assert_int_equal(server.connections, 1);
    for (size_t i = 0; i < COUNT(sent); i++) {
        const char *asked = server.asked[i].p;
        char *line EIDC_AUTO_FREE =
            eidc_xprintf("%s %s HTTP/1.1\r\n", sent[i].method, sent[i].path);
        assert_int_equal(strncmp(asked, line, strlen(line)), 0);
        assert_non_null(strstr(asked, "\r\nX-A: one two\r\n"));
        assert_non_null(strstr(asked, "\r\nX-None:\r\n"));
        assert_non_null(strstr(asked, "\r\nUser-Agent: eidcached-test/1\r\n"));
        assert_null(strcasestr(asked, "\r\nExpect:"));
        assert_null(strcasestr(asked, "\r\nContent-Type:"));
    }
    assert_non_null(strstr(server.asked[0].p, "\r\nContent-Length: 7\r\n"));
    assert_non_null(strstr(server.asked[0].p, "\r\n\r\n{\"a\":1}"));
    assert_non_null(strstr(server.asked[1].p, "\r\nContent-Length: 0\r\n"));
    assert_null(strcasestr(server.asked[2].p, "\r\nContent-Length:"));
    assert_null(strcasestr(server.asked[3].p, "\r\nContent-Length:"));
    raw_server_free(&server);
}

static void a_large_body_arrives_whole(void **state)
{
    (void)state;
    static const struct raw_answer answer = {.bytes =
                                                 "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"};
    EIDC_BUF_AUTO body = {0};
    for (unsigned i = 0; i < 300000; i++)
        eidc_buf_addf(&body, "%06u\n", i);
    struct raw_server server;
    struct eidc_http_response response;
    struct eidc_err err = {0};
    raw_server_start(&server, &answer, 1);
    struct eidc_http_client *c = new_client();
    const struct eidc_http_request request = {
        .method = "PUT", .url = server.url, .body = eidc_buf_view(&body), .no_proxy = true};
    assert_true(eidc_http_perform(c, &request, &response, &err));
    eidc_http_response_free(&response);
    c->ops->destroy(c);
    raw_server_stop(&server);
    const struct eidc_buf *asked = &server.asked[0];
    assert_true(asked->n > body.n);
    assert_memory_equal(asked->p + asked->n - body.n, body.p, body.n);
    assert_null(strcasestr(asked->p, "\r\nExpect:"));
    raw_server_free(&server);
}

/* "000000\n" "000001\n" ..., made anew each time; cannot_at: where it cannot any more. */
struct numbers {
    uint64_t at, cannot_at;
    unsigned rewound;
};

static void rewind_numbers(void *arg)
{
    struct numbers *numbers = arg;
    numbers->at = 0;
    numbers->rewound++;
}

static size_t read_numbers(void *arg, char *to, size_t room)
{
    struct numbers *numbers = arg;
    size_t n = 0;
    for (char line[16]; n < room && numbers->at != numbers->cannot_at; n++, numbers->at++) {
        snprintf(line, sizeof line, "%06u\n", (unsigned)(numbers->at / 7));
        to[n] = line[numbers->at % 7];
    }
    return n;
}

static void a_body_may_be_made_while_it_is_sent(void **state)
{
    (void)state;
    static const struct raw_answer answers[] = {
        {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
        {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}};
    struct numbers numbers = {.cannot_at = UINT64_MAX};
    const struct eidc_http_body made = {&numbers, 700000, rewind_numbers, read_numbers};
    struct raw_server server;
    struct eidc_http_response response;
    struct eidc_err err = {0};
    raw_server_start(&server, answers, COUNT(answers));
    struct eidc_http_client *c = new_client();
    const struct eidc_http_request request = {
        .method = "PUT", .url = server.url, .made = &made, .no_proxy = true};
    for (unsigned i = 0; i < COUNT(answers); i++) {
        assert_true(eidc_http_perform(c, &request, &response, &err));
        assert_int_equal(response.status, 200);
        eidc_http_response_free(&response);
    }
    assert_int_equal(numbers.rewound, 2);
    c->ops->destroy(c);
    raw_server_stop(&server);
    assert_int_equal(server.asked_n, 2);
    for (unsigned i = 0; i < COUNT(answers); i++) {
        const struct eidc_buf *asked = &server.asked[i];
        assert_int_equal(strncmp(asked->p, "PUT / HTTP/1.1\r\n", 16), 0);
        assert_non_null(strstr(asked->p, "\r\nContent-Length: 700000\r\n"));
        assert_null(strcasestr(asked->p, "\r\nTransfer-Encoding:"));
        assert_null(strcasestr(asked->p, "\r\nExpect:"));
        const char *body = strstr(asked->p, "\r\n\r\n") + 4;
        assert_int_equal(asked->p + asked->n - body, 700000);
        for (unsigned line = 0; line < 100000; line += 9999)
            assert_int_equal(strtoul(body + 7 * (size_t)line, NULL, 10), line);
    }
    raw_server_free(&server);
}

static void a_body_that_cannot_be_made_fails_the_request(void **state)
{
    (void)state;
    static const struct raw_answer answer = {.bytes =
                                                 "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"};
    struct numbers numbers = {.cannot_at = 5000};
    const struct eidc_http_body made = {&numbers, 700000, rewind_numbers, read_numbers};
    struct raw_server server;
    struct eidc_http_response response;
    struct eidc_err err = {0};
    raw_server_start(&server, &answer, 1);
    struct eidc_http_client *c = new_client();
    const struct eidc_http_request request = {
        .method = "PUT", .url = server.url, .made = &made, .no_proxy = true};
    assert_false(eidc_http_perform(c, &request, &response, &err));
    assert_int_equal(err.kind, EIDC_ERR_UNAVAILABLE);
    c->ops->destroy(c);
    raw_server_stop(&server);
    raw_server_free(&server);
}

static void unix_sockets(void **state)
{
    (void)state;
    static const struct raw_answer answer = {.bytes =
                                                 "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"};
    struct raw_server server;
    struct eidc_http_response response;
    struct eidc_err err = {0};
    raw_server_start_unix(&server, &answer, 1);
    struct eidc_http_client *c = new_client();
    const struct eidc_http_request request = {
        .method = "GET", .url = "http://localhost/x", .unix_socket = server.path};
    assert_true(eidc_http_perform(c, &request, &response, &err));
    assert_string_equal(response.body.p, "ok");
    eidc_http_response_free(&response);
    raw_server_stop(&server);
    assert_false(eidc_http_perform(c, &request, &response, &err));
    assert_int_equal(err.kind, EIDC_ERR_UNAVAILABLE);
    char *expected EIDC_AUTO_FREE = eidc_xprintf("%s: nothing listens there", request.unix_socket);
    assert_string_equal(err.text, expected);
    c->ops->destroy(c);
    raw_server_free(&server);
}

static void a_connection_closed_meanwhile_is_replaced(void **state)
{
    (void)state;
    static const struct raw_answer answers[] = {
        {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na", .close = true},
        {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nb"},
    };
    struct raw_server server;
    struct eidc_http_response response;
    struct eidc_err err = {0};
    raw_server_start(&server, answers, COUNT(answers));
    struct eidc_http_client *c = new_client();
    for (size_t i = 0; i < COUNT(answers); i++) {
        assert_true(get(c, server.url, "/", &response, &err));
        eidc_http_response_free(&response);
    }
    c->ops->destroy(c);
    raw_server_stop(&server);
    raw_server_free(&server);
}

/* ---- what goes wrong ---- */

static void cut_short(void **state)
{
    (void)state;
    static const struct raw_answer answers[] = {
        {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", .close = true},
        {.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", .close = true},
        {.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n",
         .close = true},
        {.bytes = "HTTP/1.1 200 OK\r\nContent-Le", .close = true},
        {.bytes = "", .close = true},
        {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", .reset = true},
        {.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", .close = true},
        {.bytes = "this is not HTTP\r\n\r\n", .close = true},
    };
    for (size_t i = 0; i < COUNT(answers); i++)
        assert_fails(&answers[i], EIDC_ERR_UNAVAILABLE);
}

static void too_large(void **state)
{
    (void)state;
    EIDC_BUF_AUTO bytes = {0};
    eidc_buf_add_z(&bytes, "HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n");
    for (int i = 0; i < 1001; i++)
        eidc_buf_add_byte(&bytes, 'x');
    assert_fails(&(struct raw_answer){.bytes = bytes.p}, EIDC_ERR_LIMIT);
}

static void silence_times_out(void **state)
{
    (void)state;
    static const struct raw_answer answer = {.silent = true};
    struct raw_server server;
    struct eidc_http_response response;
    struct eidc_err err = {0};
    raw_server_start(&server, &answer, 1);
    struct eidc_http_client *c = new_client();
    const struct eidc_http_request request = {
        .method = "GET", .url = server.url, .timeout_ms = 60, .no_proxy = true};
    int64_t start = eidc_mono_ms();
    assert_false(eidc_http_perform(c, &request, &response, &err));
    assert_int_equal(err.kind, EIDC_ERR_TIMEOUT);
    assert_true(eidc_mono_ms() - start >= 55);
    c->ops->destroy(c);
    raw_server_stop(&server);
    raw_server_free(&server);
}

static bool get_at_least(struct raw_server *server, uint32_t bytes_a_second, struct eidc_err *err)
{
    struct eidc_http_response response;
    struct eidc_http_client *c = new_client();
    const struct eidc_http_request request = {.method = "GET",
                                              .url = server->url,
                                              .low_speed_bytes = bytes_a_second,
                                              .low_speed_ms = 900,
                                              .no_proxy = true};
    bool ok = eidc_http_perform(c, &request, &response, err);
    if (ok)
        eidc_http_response_free(&response);
    c->ops->destroy(c);
    return ok;
}

static void a_transfer_may_take_its_time_but_not_stand_still(void **state)
{
    (void)state;
    static const struct raw_answer slow = {
        .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 25\r\n\r\n0123456789012345678901234",
        .slow = true};
    static const struct raw_answer silent = {.silent = true};
    struct raw_server server;
    struct eidc_err err = {0};
    raw_server_start(&server, &slow, 1);
    if (!get_at_least(&server, 2, &err)) /* 2.5 s in all */
        fail_msg("%s", err.text);
    raw_server_stop(&server);
    raw_server_free(&server);

    raw_server_start(&server, &slow, 1);
    assert_false(get_at_least(&server, 1000, &err));
    assert_int_equal(err.kind, EIDC_ERR_TIMEOUT);
    raw_server_stop(&server);
    raw_server_free(&server);

    raw_server_start(&server, &silent, 1);
    assert_false(get_at_least(&server, 2, &err));
    assert_int_equal(err.kind, EIDC_ERR_TIMEOUT);
    raw_server_stop(&server);
    raw_server_free(&server);
}

static void nobody_listens(void **state)
{
    (void)state;
    struct raw_server server;
    struct eidc_http_response response;
    struct eidc_err err = {0};
    raw_server_start(&server, NULL, 0);
    raw_server_stop(&server);
    struct eidc_http_client *c = new_client();
    assert_false(get(c, server.url, "/path?secret-query", &response, &err));
    assert_int_equal(err.kind, EIDC_ERR_UNAVAILABLE);
    char *expected EIDC_AUTO_FREE =
        eidc_xprintf("%s: Connection refused", server.url + strlen("http://"));
    assert_string_equal(err.text, expected);
    c->ops->destroy(c);
}

static void bad_urls_and_files(void **state)
{
    (void)state;
    static const char *const urls[] = {"ftp://h/", "http://user:secret@h/", "http://h/ x", ""};
    struct eidc_http_client *c = new_client();
    struct eidc_http_response response;
    for (size_t i = 0; i < COUNT(urls); i++) {
        struct eidc_err err = {0};
        assert_false(get(c, urls[i], "", &response, &err));
        assert_int_equal(err.kind, EIDC_ERR_INVALID);
        assert_null(strstr(err.text, "secret"));
    }
    c->ops->destroy(c);
}

/* ---- the loop ---- */

static void add_to(void *arg)
{
    (*(unsigned *)arg)++;
}

static void timers_fire_in_time(void **state)
{
    (void)state;
    struct eidc_http_client *c = new_client();
    unsigned fired = 0;
    assert_false(c->ops->step(c, 60000)); /* nothing to wait for */
    c->ops->after(c, 30, add_to, &fired);
    c->ops->after(c, 0, add_to, &fired);
    int64_t start = eidc_mono_ms();
    assert_true(c->ops->step(c, 60000));
    assert_int_equal(fired, 1);
    while (c->ops->step(c, 60000))
        continue;
    assert_int_equal(fired, 2);
    assert_true(eidc_mono_ms() - start >= 29);
    c->ops->destroy(c);
}

static void *wake_it(void *arg)
{
    struct eidc_http_client *c = arg;
    c->ops->wake(c);
    return NULL;
}

static void another_thread_wakes_a_step(void **state)
{
    (void)state;
    struct eidc_http_client *c = new_client();
    unsigned fired = 0;
    pthread_t thread;
    c->ops->after(c, 3600 * 1000, add_to, &fired);
    int64_t start = eidc_mono_ms();
    pthread_create(&thread, NULL, wake_it, c);
    assert_true(c->ops->step(c, 60000));
    pthread_join(thread, NULL);
    assert_true(eidc_mono_ms() - start < 30000);
    assert_int_equal(fired, 0);
    c->ops->destroy(c);
    assert_int_equal(fired, 0);
}

struct counted {
    struct eidc_http_client *c;
    unsigned done, cancelled, left;
    const char *url;
};

static void count_done(void *arg, struct eidc_http_response *response)
{
    struct counted *counted = arg;
    counted->done++;
    counted->cancelled += response->err.kind == EIDC_ERR_CANCELLED;
}

static void cancel_reports_at_once(void **state)
{
    (void)state;
    static const struct raw_answer answer = {.silent = true};
    struct raw_server server;
    raw_server_start(&server, &answer, 1);
    struct eidc_http_client *c = new_client();
    struct counted counted = {.c = c};
    unsigned fired = 0;
    const struct eidc_http_request request = {.method = "GET", .url = server.url, .no_proxy = true};
    c->ops->start(c, &request, count_done, &counted);
    c->ops->start(c, &request, count_done, &counted);
    c->ops->after(c, 3600 * 1000, add_to, &fired);
    c->ops->step(c, 10);
    assert_int_equal(counted.done, 0);
    c->ops->cancel(c);
    assert_int_equal(counted.cancelled, 2);
    assert_false(c->ops->step(c, 1000));

    c->ops->start(c, &request, count_done, &counted);
    c->ops->destroy(c); /* also says so */
    assert_int_equal(counted.cancelled, 3);
    raw_server_stop(&server);
    raw_server_free(&server);
}

static void start_next(void *arg, struct eidc_http_response *response)
{
    struct counted *counted = arg;
    assert_int_equal(response->status, 200);
    counted->done++;
    const struct eidc_http_request request = {
        .method = "GET", .url = counted->url, .no_proxy = true};
    if (counted->left-- > 0)
        counted->c->ops->start(counted->c, &request, start_next, counted);
}

static void callbacks_start_the_next_request(void **state)
{
    (void)state;
    struct raw_answer answers[RAW_ASKED_MAX];
    for (size_t i = 0; i < RAW_ASKED_MAX; i++)
        answers[i] = (struct raw_answer){.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"};
    struct raw_server server;
    raw_server_start(&server, answers, RAW_ASKED_MAX);
    struct eidc_http_client *c = new_client();
    struct counted counted = {.c = c, .left = RAW_ASKED_MAX - 1, .url = server.url};
    const struct eidc_http_request request = {.method = "GET", .url = server.url, .no_proxy = true};
    c->ops->start(c, &request, start_next, &counted);
    while (c->ops->step(c, 1000))
        continue;
    assert_int_equal(counted.done, RAW_ASKED_MAX);
    c->ops->destroy(c);
    raw_server_stop(&server);
    assert_int_equal(server.connections, 1);
    raw_server_free(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_with_its_headers),
        cmocka_unit_test(headers_beyond_the_limit_are_dropped),
        cmocka_unit_test(redirects_are_answers),
        cmocka_unit_test(requests_are_sent_as_they_are),
        cmocka_unit_test(a_large_body_arrives_whole),
        cmocka_unit_test(a_body_may_be_made_while_it_is_sent),
        cmocka_unit_test(a_body_that_cannot_be_made_fails_the_request),
        cmocka_unit_test(unix_sockets),
        cmocka_unit_test(a_connection_closed_meanwhile_is_replaced),
        cmocka_unit_test(cut_short),
        cmocka_unit_test(too_large),
        cmocka_unit_test(silence_times_out),
        cmocka_unit_test(a_transfer_may_take_its_time_but_not_stand_still),
        cmocka_unit_test(nobody_listens),
        cmocka_unit_test(bad_urls_and_files),
        cmocka_unit_test(timers_fire_in_time),
        cmocka_unit_test(another_thread_wakes_a_step),
        cmocka_unit_test(cancel_reports_at_once),
        cmocka_unit_test(callbacks_start_the_next_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
