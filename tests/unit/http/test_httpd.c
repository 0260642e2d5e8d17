/* Single look-ups, probes, status: over a real socket. */
#include <unistd.h>

#include "eidcached/base/clock.h"
#include "eidcached/core/current.h"
#include "eidcached/http/head.h"
#include "tests/unit/http/asking.h"

static int64_t start_ms;

static void publish_usual(void)
{
    start_ms = eidc_now_ms();
    const struct published_entry entries[] = {
        {"sales", NULL, "new", start_ms - 10 * 1000},
        {"sales", NULL, "old", start_ms - 500 * 1000},
        {"orders", NULL, "old", start_ms - 500 * 1000},
        {"a/b \"\xc3\xa4\"", NULL, "new", start_ms - 10 * 1000},
        {"alias", "k-1", "new", start_ms - 10 * 1000},
        {"alias", "k-2", "old", start_ms - 500 * 1000},
        {"beta", "k-1", "old", start_ms - 500 * 1000},
    };
    httpd_publish(7, entries, sizeof(entries) / sizeof(entries[0]));
}

static void start(void)
{
    httpd_fixture_start(&f);
    publish_usual();
}

static void assert_body(const char *expected)
{
    assert_string_equal(a.body.p, expected);
}

static void assert_problem(unsigned status)
{
    char member[32];
    assert_int_equal(a.status, status);
    expect_header("Content-Type", "application/problem+json");
    snprintf(member, sizeof(member), "\"status\":%u", status);
    assert_non_null(strstr(a.body.p, member));
    assert_non_null(strstr(a.body.p, "\"type\":\"about:blank\""));
    assert_non_null(strstr(a.body.p, "\"detail\":\""));
}

static void assert_age(int64_t least)
{
    const char *age = http_header(&a, "Age");
    assert_non_null(age);
    assert_in_range(strtoull(age, NULL, 10), least, least + 30);
}

/* The EID of sales, as the server says it. */
static void eid_of(const char *path, char out[64])
{
    char head[256];
    snprintf(head, sizeof(head), "GET %s HTTP/1.1\r\nAccept: text/plain\r\n", path);
    ask(head);
    assert_int_equal(a.status, 200);
    snprintf(out, 64, "%.*s", (int)strcspn(a.body.p, "\n"), a.body.p);
}

static void forward_and_reverse(void **state)
{
    char eid[64], upper[64], text[256];
    (void)state;
    start();
    eid_of("/v1/forward/sales", eid);
    assert_int_equal(strlen(eid), 32);
    expect_header("Content-Type", "text/plain; charset=utf-8");
    assert_int_equal(a.body.n, 33);

    ask("GET /v1/forward/sales HTTP/1.1\r\n");
    snprintf(text, sizeof(text), "{\"name\":\"sales\",\"eid\":\"%s\"}\n", eid);
    assert_body(text);
    expect_header("Content-Type", "application/json");
    expect_header("Vary", "Accept");
    expect_header("X-Content-Type-Options", "nosniff");
    expect_header("Eidcache-Generation", "7");
    assert_non_null(http_header(&a, "Date"));
    assert_age(10); /* the newest of the scopes that list it */

    for (size_t i = 0; i <= strlen(eid); i++)
        upper[i] = (char)(eid[i] >= 'a' ? eid[i] - 'a' + 'A' : eid[i]);
    assert_string_not_equal(upper, eid);
    snprintf(text, sizeof(text), "GET /v1/reverse/%s HTTP/1.1\r\n", upper);
    ask(text);
    snprintf(text, sizeof(text), "{\"eid\":\"%s\",\"name\":\"sales\"}\n", eid);
    assert_body(text); /* the EID as forward says it */
    snprintf(text, sizeof(text), "GET /v1/reverse?eid=%s HTTP/1.1\r\n", upper);
    ask(text);
    snprintf(text, sizeof(text), "{\"eid\":\"%s\",\"name\":\"sales\"}", upper);
    assert_non_null(strstr(a.body.p, text)); /* in a batch the key as it was asked for */
}

static void several_answers(void **state)
{
    (void)state;
    start();
    ask("GET /v1/forward/alias HTTP/1.1\r\n");
    assert_body("{\"name\":\"alias\",\"eid\":\"k-1\",\"eids\":[\"k-1\",\"k-2\"]}\n");
    assert_age(500); /* as old as the oldest */
    ask("GET /v1/reverse/k-1 HTTP/1.1\r\n");
    assert_body("{\"eid\":\"k-1\",\"name\":\"alias\",\"names\":[\"alias\",\"beta\"]}\n");
    ask("GET /v1/reverse/k-1 HTTP/1.1\r\nAccept: text/plain\r\n");
    assert_body("alias\nbeta\n");
}

static void a_miss(void **state)
{
    (void)state;
    start();
    ask("GET /v1/forward/none HTTP/1.1\r\n");
    assert_problem(404);
    expect_header("Eidcache-Generation", "7");
    assert_non_null(http_header(&a, "ETag"));
    assert_age(500); /* only as good as the oldest listing */
    ask("GET /v1/forward/none HTTP/1.1\r\nIf-None-Match: *\r\n");
    assert_problem(404);
    ask("GET /v1/reverse/00 HTTP/1.1\r\n");
    assert_problem(404);
}

static void names_are_decoded_once(void **state)
{
    (void)state;
    start();
    ask("GET /v1/forward/a%2Fb%20%22%C3%A4%22 HTTP/1.1\r\n");
    assert_int_equal(a.status, 200);
    assert_non_null(strstr(a.body.p, "\"name\":\"a/b \\\"\xc3\xa4\\\"\""));
    ask("GET /v1/forward/a/b%20%22%C3%A4%22 HTTP/1.1\r\n");
    assert_int_equal(a.status, 200);
    ask("GET /v1/forward/sale%2573 HTTP/1.1\r\n"); /* is "sale%73", not "sales" */
    assert_int_equal(a.status, 404);
    ask("GET /v1/forward/sale%73 HTTP/1.1\r\n");
    assert_int_equal(a.status, 200);
    ask("GET /v1/forward/a+b HTTP/1.1\r\n");
    assert_int_equal(a.status, 404);
}

static void bad_names(void **state)
{
    static const char *const paths[] = {
        "/v1/forward/",         "/v1/reverse/",       "/v1/forward/%",     "/v1/forward/%4",
        "/v1/forward/%zz",      "/v1/forward/%00",    "/v1/forward/a%00b", "/v1/forward/%ff",
        "/v1/forward/%c3",      "/v1/reverse/%ff",    "/v1/reverse/a%00",  "/v1/forward/a%0Ab",
        "/v1/forward?name=%ff", "/v1/forward?name=%", "/v1/forward?nam=a", "/v1/forward",
        "/v1/reverse?name=a",
    };
    char head[256];
    (void)state;
    start();
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        snprintf(head, sizeof(head), "GET %s HTTP/1.1\r\n", paths[i]);
        ask(head);
        if (a.status != 400)
            fail_msg("%s: %u", paths[i], a.status);
        assert_problem(400);
    }
}

static void long_names(void **state)
{
    EIDC_BUF_AUTO head = {0};
    (void)state;
    start();
    for (size_t n = 2047; n <= 2049; n++) {
        eidc_buf_clear(&head);
        eidc_buf_add_z(&head, "GET /v1/forward/");
        for (size_t i = 0; i < n; i++)
            eidc_buf_add_z(&head, "%41");
        eidc_buf_add_z(&head,
                       " HTTP/1.1\r\nUser-Agent: a program with a name of ordinary length\r\n"
                       "Accept: application/json, text/plain;q=0.5, */*;q=0.1\r\n"
                       "Cookie: ");
        for (size_t i = 0; i < 1024; i++)
            eidc_buf_add_byte(&head, 'c');
        eidc_buf_add_z(&head, "\r\n");
        ask(head.p);
        assert_int_equal(a.status, n <= 2048 ? 404 : 400);
    }
    eidc_buf_clear(&head);
    eidc_buf_add_z(&head, "GET /v1/forward/");
    for (size_t i = 0; i < 20000; i++)
        eidc_buf_add_byte(&head, 'a');
    eidc_buf_add_z(&head, " HTTP/1.1\r\n");
    ask(head.p);
    assert_int_equal(a.status, 414);
    eidc_buf_clear(&head);
    eidc_buf_add_z(&head, "GET /livez HTTP/1.1\r\nCookie: ");
    for (size_t i = 0; i < 20000; i++)
        eidc_buf_add_byte(&head, 'a');
    eidc_buf_add_z(&head, "\r\n");
    ask(head.p);
    assert_int_equal(a.status, 431);
}

static void conditional(void **state)
{
    char etag[64], head[256];
    (void)state;
    start();
    ask("GET /v1/forward/sales HTTP/1.1\r\n");
    snprintf(etag, sizeof(etag), "%s", http_header(&a, "ETag"));
    assert_int_equal(strlen(etag), 18);
    snprintf(head, sizeof(head), "GET /v1/forward/sales HTTP/1.1\r\nIf-None-Match: \"x\", W/%s\r\n",
             etag);
    ask(head);
    assert_int_equal(a.status, 304);
    expect_header("ETag", etag);
    expect_header("Eidcache-Generation", "7");
    expect_header("Vary", "Accept");
    assert_null(http_header(&a, "Content-Type"));
    ask("GET /v1/forward/sales HTTP/1.1\r\nIf-None-Match: *\r\n");
    assert_int_equal(a.status, 304);
    ask("GET /v1/forward/sales HTTP/1.1\r\nIf-None-Match: \"0000000000000000\"\r\n");
    assert_int_equal(a.status, 200);
    snprintf(head, sizeof(head), "GET /v1/forward?name=sales HTTP/1.1\r\nIf-None-Match: %s\r\n",
             etag);
    ask(head);
    assert_int_equal(a.status, 304);
}

static void too_old_for_the_client(void **state)
{
    (void)state;
    start();
    ask("GET /v1/forward/sales HTTP/1.1\r\nCache-Control: max-age=100\r\n");
    assert_int_equal(a.status, 200);
    ask("GET /v1/forward/orders HTTP/1.1\r\nCache-Control: max-age=100\r\n");
    assert_problem(503);
    assert_non_null(http_header(&a, "Retry-After"));
    ask("GET /v1/forward/none HTTP/1.1\r\nCache-Control: max-age=100\r\n");
    assert_problem(503);
    ask("GET /v1/forward?name=sales HTTP/1.1\r\nCache-Control: max-age=100\r\n");
    assert_problem(503);
    ask("GET /v1/forward/orders HTTP/1.1\r\nCache-Control: max-age=1000\r\n");
    assert_int_equal(a.status, 200);
}

static void lists_in_several_lines(void **state)
{
    char etag[64];
    EIDC_BUF_AUTO many = {0};
    (void)state;
    start();
    get_path("/v1/forward/sales", "", "Accept: text/html\r\nX: y\r\naccept: text/plain\r\n");
    expect_header("Content-Type", "text/plain; charset=utf-8");
    snprintf(etag, sizeof(etag), "%s", http_header(&a, "ETag"));
    get_path("/v1/forward/sales", "",
             "Cache-Control: no-transform\r\nCache-Control: max-age=1\r\n");
    assert_problem(503);
    get_path("/v1/forward/sales", "", "Cache-Control:\r\nCache-Control: max-age=1000\r\n");
    expect_status(200);
    get_path("/openapi.json", "", "Accept-Encoding: br\r\nAccept-Encoding: gzip\r\n");
    expect_header("Content-Encoding", "gzip");

    for (size_t i = 0; i < 50; i++)
        eidc_buf_addf(&many, "If-None-Match: \"%zu\"\r\nAccept: a/%zu\r\n", i, i);
    eidc_buf_addf(&many, "If-None-Match: %s\r\nAccept: text/plain\r\n", etag);
    get_path("/v1/forward/none", "", many.p);
    expect_status(404);
    get_path("/v1/forward?name=sales", "", many.p);
    expect_status(304);
    get_path("/v1/forward/sales", "", "");
    expect_header("Content-Type", "application/json"); /* nothing of it is left */
}

static void make_stale(void)
{
    struct eidc_generation *g = eidc_current_pin();
    atomic_store(&g->refreshed_at, eidc_now_ms() - 120 * 1000);
    eidc_generation_unpin(g);
}

static void stale_answers(void **state)
{
    (void)state;
    atomic_store(&f.service.max_stale_ms, 60 * 1000);
    start();
    ask("GET /readyz HTTP/1.1\r\n");
    assert_int_equal(a.status, 200);
    make_stale();
    ask("GET /v1/status HTTP/1.1\r\n");
    assert_non_null(strstr(a.body.p, "\"stale\":true"));
    ask("GET /v1/forward/sales HTTP/1.1\r\n");
    assert_int_equal(a.status, 200);
    ask("GET /readyz HTTP/1.1\r\n");
    assert_int_equal(a.status, 503);
    assert_non_null(strstr(a.body.p, "[-]fresh failed: the last refresh was 12"));
    assert_non_null(strstr(a.body.p, " seconds ago, refresh.max_stale is 60\n"));
    atomic_store(&f.service.refuse_stale, true);
    ask("GET /v1/forward/sales HTTP/1.1\r\n");
    assert_problem(503);
    assert_non_null(strstr(a.body.p, "max_stale is 60, and refresh.stale_answers is refuse"));
    assert_non_null(http_header(&a, "Retry-After"));
    ask("GET /v1/forward?name=sales HTTP/1.1\r\n");
    assert_problem(503);
    ask("GET /livez HTTP/1.1\r\n");
    assert_int_equal(a.status, 200);
}

static void before_the_first_generation(void **state)
{
    (void)state;
    httpd_fixture_start(&f);
    ask("GET /v1/forward/sales HTTP/1.1\r\n");
    assert_problem(503);
    assert_non_null(http_header(&a, "Retry-After"));
    ask("GET /v1/reverse?eid=ab HTTP/1.1\r\n");
    assert_problem(503);
    ask("GET /readyz HTTP/1.1\r\n");
    assert_int_equal(a.status, 503);
    ask("GET /livez HTTP/1.1\r\n");
    assert_int_equal(a.status, 200);
    ask("GET /v1/status HTTP/1.1\r\n");
    assert_non_null(strstr(a.body.p, "\"generation\":null"));
}

static void probes(void **state)
{
    (void)state;
    start();
    static const char *const paths[] = {"/livez", "/healthz", "/readyz"};
    for (size_t i = 0; i < 3; i++) {
        char head[64];
        snprintf(head, sizeof(head), "GET %s HTTP/1.1\r\n", paths[i]);
        ask(head);
        assert_int_equal(a.status, 200);
        assert_body("ok\n");
        expect_header("Content-Type", "text/plain; charset=utf-8");
    }
    ask("GET /readyz?verbose HTTP/1.1\r\n");
    assert_body("[+]generation ok\n[+]fresh ok\n[+]serving ok\nreadyz check passed\n");
    ask("GET /livez?verbose=1 HTTP/1.1\r\n");
    assert_body("[+]process ok\nlivez check passed\n");
    atomic_store(&f.service.draining, true);
    ask("GET /readyz HTTP/1.1\r\n");
    assert_int_equal(a.status, 503);
    assert_non_null(strstr(a.body.p, "[-]serving failed: the process is stopping\n"));
    expect_header("Connection", "close");
    ask("GET /livez HTTP/1.1\r\n");
    assert_int_equal(a.status, 200);
}

static void methods_and_paths(void **state)
{
    (void)state;
    start();
    ask("DELETE /v1/forward/sales HTTP/1.1\r\n");
    assert_problem(405);
    expect_header("Allow", "GET, HEAD");
    ask("PUT /v1/forward HTTP/1.1\r\n");
    assert_problem(405);
    expect_header("Allow", "GET, HEAD, POST");
    ask("GET /v1/refresh HTTP/1.1\r\n"); /* though a POST is forbidden here */
    assert_problem(405);
    expect_header("Allow", "POST");
    static const char *const nothing[] = {"/v1", "/v1/forwards", "/livez/", "/%76%31/forward/sales",
                                          "//livez"};
    for (size_t i = 0; i < sizeof(nothing) / sizeof(nothing[0]); i++) {
        char head[96];
        snprintf(head, sizeof(head), "GET %s HTTP/1.1\r\n", nothing[i]);
        ask(head);
        assert_problem(404);
    }
    ask("GET / HTTP/1.1\r\n");
    assert_int_equal(a.status, 200);
    assert_non_null(strstr(a.body.p, "/v1/forward/{name}"));
    ask("GET http://localhost/livez?verbose HTTP/1.1\r\n");
    assert_int_equal(a.status, 200);
    ask("GET http://evil.test/livez HTTP/1.1\r\n");
    assert_problem(403);
}

static void head_is_get_without_a_body(void **state)
{
    static const char *const paths[] = {"/v1/forward/sales", "/v1/forward?name=sales", "/livez",
                                        "/v1/forward/none", "/"};
    (void)state;
    start();
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        char length[32];
        int fd = http_connect(&f);
        http_sendf(fd, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", paths[i]);
        assert_true(http_receive(fd, false, &a));
        unsigned status = a.status;
        snprintf(length, sizeof(length), "%s", http_header(&a, "Content-Length"));
        http_sendf(fd, "HEAD %s HTTP/1.1\r\nHost: localhost\r\n\r\n", paths[i]);
        assert_true(http_receive(fd, true, &a));
        assert_int_equal(a.status, status);
        expect_header("Content-Length", length);
        http_sendf(fd, "GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        assert_true(http_receive(fd, false, &a));
        assert_int_equal(a.status, 200);
        assert_true(http_at_end(fd));
        close(fd);
    }
}

static void connections_are_kept(void **state)
{
    (void)state;
    start();
    int fd = http_connect(&f);
    for (size_t i = 0; i < 3; i++) { /* in one write: answered in order */
        http_sendf(fd, "GET /v1/forward/sales HTTP/1.1\r\nHost: localhost\r\n\r\n"
                       "GET /v1/forward/none HTTP/1.1\r\nHost: localhost\r\n\r\n"
                       "GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n"
                       "GET /v1/forward/%%ff HTTP/1.1\r\nHost: localhost\r\n\r\n");
        static const unsigned expected[] = {200, 404, 404, 400};
        for (size_t j = 0; j < 4; j++) {
            assert_true(http_receive(fd, false, &a));
            assert_int_equal(a.status, expected[j]);
        }
    }
    close(fd);
}

static void protocol_errors(void **state)
{
    static const char *const requests[] = {
        "GET /livez HTTP/1.1\r\n\r\n",                                       /* no Host */
        "GET /livez HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", /* two */
        "GET /livez HTTP/1.1\r\nHost: a b\r\n\r\n",
        "POST /v1/forward HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n",
    };
    (void)state;
    start();
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        int fd = http_connect(&f);
        http_sendf(fd, "%s", requests[i]);
        if (!http_receive(fd, false, &a) || a.status != 400)
            fail_msg("request %zu: %u", i, a.status);
        close(fd);
    }
    int fd = http_connect(&f);
    http_sendf(fd, "GET /livez HTTP/1.0\r\n\r\n");
    assert_true(http_receive(fd, false, &a));
    assert_int_equal(a.status, 200);
    assert_true(http_at_end(fd));
    close(fd);
}

#define POST_HEAD "POST /v1/forward HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n"
#define CHUNKS    "1\r\na\r\n0\r\n\r\n"
#define HIDDEN    "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"

/* What a proxy may have read otherwise gets one answer, and the connection ends. */
static void smuggling(void **state)
{
    static const struct {
        unsigned status;
        struct eidc_str request;
    } cases[] = {
#define CASE(status, text)                                                                         \
    {                                                                                              \
        status,                                                                                    \
        {                                                                                          \
            text, sizeof(text) - 1                                                                 \
        }                                                                                          \
    }
        CASE(400, POST_HEAD "Content-Length: 1\r\nContent-Length: 1\r\n\r\na" HIDDEN),
        CASE(400, POST_HEAD "Content-Length: 1\r\ncontent-length: 50\r\n\r\na" HIDDEN),
        CASE(400,
             POST_HEAD "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n" CHUNKS HIDDEN),
        CASE(400, POST_HEAD
             "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n" CHUNKS HIDDEN),
        CASE(400, POST_HEAD "Transfer-Encoding: gzip, chunked\r\n\r\n" CHUNKS HIDDEN),
        CASE(400, POST_HEAD "Transfer-Encoding: \vchunked\r\n\r\n" CHUNKS HIDDEN),
        CASE(400, POST_HEAD "Transfer-Encoding:\r\n\r\n" CHUNKS HIDDEN),
        CASE(400, POST_HEAD "Transfer-Encoding : chunked\r\n\r\n" CHUNKS HIDDEN),
        CASE(400, POST_HEAD "Transfer-Encoding: chu\r\n nked\r\n\r\n" CHUNKS HIDDEN),
        CASE(400, "POST /livez HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n" CHUNKS HIDDEN),
        CASE(400, "GET /livez HTTP/1.1\r\nHost: localhost\0.evil.test\r\n\r\n" HIDDEN),
        CASE(400, "GET /livez HTTP/1.1\r\nHost: localhost\0\0evil.test\r\nA: b\r\n\r\n" HIDDEN),
        CASE(400, "GET /livez HTTP/1.1\r\nHost: localhost\r\nA: b\0\r\n\r\n" HIDDEN),
        CASE(400, "GET /livez\0/x HTTP/1.1\r\nHost: localhost\r\n\r\n" HIDDEN),
        CASE(400,
             "GET /livez HTTP/1.1\r\nHost: localhost\r\nA: b\rContent-Length: 50\r\n\r\n" HIDDEN),
        CASE(400,
             "GET /livez HTTP/1.1\r\nHost: localhost\r\nA: b\nContent-Length: 50\r\n\r\n" HIDDEN),
        CASE(400, "GET /livez HTTP/1.1\r\nHost: localhost\r\nA: b\r\n c\r\n\r\n" HIDDEN),
        CASE(400, "GET /livez HTTP/1.1\r\n A: b\r\nHost: localhost\r\n\r\n" HIDDEN),
#undef CASE
    };
    (void)state;
    start();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int fd = http_connect(&f);
        http_send(fd, cases[i].request.p, cases[i].request.n);
        bool answered = http_receive(fd, false, &a);
        if (answered ? a.status != cases[i].status : eidc_head_is_ours())
            fail_msg("request %zu: %u", i, a.status);
        if (eidc_head_is_ours()) /* else libmicrohttpd refuses it, some without a word */
            assert_problem(cases[i].status);
        if (answered)
            expect_header("Connection", "close");
        assert_true(http_at_end(fd));
        close(fd);
    }
}

/* Odd heads and bodies that nobody can read otherwise. */
static void odd_heads(void **state)
{
    static const char *const requests[] = {
        "\r\nGET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /livez?a=%zz&=&%%&b HTTP/1.1\r\nHost: localhost\r\nCookie: a=b; c\r\n\r\n",
        "GET /livez HTTP/1.1\r\nA:\r\nB:   c  \r\nHost:localhost\r\nC: \t\r\n\r\n",
        "GET /livez HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nabcde",
        ("GET /livez HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: Chunked\r\n\r\n" CHUNKS),
    };
    (void)state;
    start();
    int fd = http_connect(&f);
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        http_send(fd, requests[i], strlen(requests[i])); /* all on one connection */
        if (!http_receive(fd, false, &a) || a.status != 200)
            fail_msg("request %zu: %u", i, a.status);
    }
    close(fd);
}

static void status_document(void **state)
{
    static const char *const members[] = {"\"service\":\"eidcached\"",
                                          "\"version\":\"",
                                          "\"started_at\":\"",
                                          "\"number\":7",
                                          "\"created_at\":\"",
                                          "\"refreshed_at\":\"",
                                          "\"verified_at\":\"",
                                          "\"age_seconds\":50",
                                          "\"names\":5",
                                          "\"bytes\":",
                                          "\"partial\":false",
                                          "\"stale\":false",
                                          "\"refresh\":{",
                                          "\"sources\":[",
                                          "\"guard\":{",
                                          "\"stores\":[",
                                          "\"lookups\":{\"forward\":"};
    (void)state;
    start();
    ask("GET /v1/status HTTP/1.1\r\n");
    assert_int_equal(a.status, 200);
    expect_header("Content-Type", "application/json");
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        if (strstr(a.body.p, members[i]) == NULL)
            fail_msg("no %s in %s", members[i], a.body.p);
    }
}

static void metrics(void **state)
{
    (void)state;
    start();
    ask("GET /v1/forward/sales HTTP/1.1\r\n");
    ask("GET /nothing HTTP/1.1\r\n");
    ask("GET /metrics HTTP/1.1\r\n");
    assert_int_equal(a.status, 200);
    expect_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
    assert_non_null(strstr(a.body.p, "eidcached_lookups_total{direction=\"forward\","
                                     "result=\"hit\"} "));
    assert_non_null(strstr(a.body.p, "eidcached_http_requests_total{route=\"/v1/forward/{name}\","
                                     "code=\"200\"} "));
    assert_non_null(strstr(a.body.p, "{route=\"other\",code=\"404\"} "));
    assert_non_null(strstr(a.body.p, "eidcached_http_request_duration_seconds_count{route=\""));
    /* connections of the tests before may still be closing */
    const char *open = strstr(a.body.p, "\neidcached_http_connections ");
    assert_non_null(open);
    assert_true(atoi(open + sizeof("\neidcached_http_connections ") - 1) >= 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_httpd, tear_down_httpd)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(forward_and_reverse),
        TEST(several_answers),
        TEST(a_miss),
        TEST(names_are_decoded_once),
        TEST(bad_names),
        TEST(long_names),
        TEST(conditional),
        TEST(too_old_for_the_client),
        TEST(lists_in_several_lines),
        TEST(stale_answers),
        TEST(before_the_first_generation),
        TEST(probes),
        TEST(methods_and_paths),
        TEST(head_is_get_without_a_body),
        TEST(connections_are_kept),
        TEST(protocol_errors),
        TEST(smuggling),
        TEST(odd_heads),
        TEST(status_document),
        TEST(metrics),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
