/* Batches over a real socket: forms, limits, streaming, one generation. */
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "eidcached/base/clock.h"
#include "eidcached/base/json_read.h"
#include "eidcached/core/current.h"
#include "eidcached/http/batch_stream.h"
#include "tests/unit/http/asking.h"

#define JSON_TYPE "Content-Type: application/json\r\n"
#define TEXT_TYPE "Content-Type: text/plain\r\n"

static int set_up(void **state)
{
    set_up_httpd(state);
    f.config.http.max_batch = 200 * 1000;
    httpd_fixture_start(&f);
    const struct published_entry entries[] = {
        {"a", "eid-a", "s", eidc_now_ms() - 90 * 1000},
        {"b", "eid-b", "s", 0},
        {"tab\tname", "eid-t", "s", 0},
        {"two", "k1", "s", 0},
        {"two", "k2", "s", 0},
        {"too", "k2", "s", 0},
        {"\xc3\xa4 \"q\"", "eid-q", "s", 0},
    };
    httpd_publish(42, entries, sizeof(entries) / sizeof(entries[0]));
    return 0;
}

static void post(const char *path, const char *headers, const char *body)
{
    http_post(&f, path, headers, eidc_str_of(body), &a);
}

static void expect(unsigned status, const char *type, const char *body)
{
    expect_status(status);
    expect_header("Content-Type", type);
    if (body != NULL)
        assert_string_equal(a.body.p, body);
}

static void json_in_json_out(void **state)
{
    (void)state;
    post("/v1/forward", JSON_TYPE, " [\"a\", \"none\",\"two\",\"\\u00e4 \\\"q\\\"\",\"a\"] ");
    expect(200, "application/json",
           "{\"generation\":42,\"results\":[{\"name\":\"a\",\"eid\":\"eid-a\"},"
           "{\"name\":\"none\",\"eid\":null},"
           "{\"name\":\"two\",\"eid\":\"k1\",\"eids\":[\"k1\",\"k2\"]},"
           "{\"name\":\"\xc3\xa4 \\\"q\\\"\",\"eid\":\"eid-q\"},"
           "{\"name\":\"a\",\"eid\":\"eid-a\"}]}\n");
    assert_string_equal(http_header(&a, "Eidcache-Generation"), "42");
    assert_non_null(http_header(&a, "ETag"));
    assert_non_null(http_header(&a, "Age"));
    assert_string_equal(http_header(&a, "Vary"), "Accept");

    post("/v1/reverse", JSON_TYPE, "[\"k2\",\"eid-b\",\"x\"]");
    expect(200, "application/json",
           "{\"generation\":42,\"results\":["
           "{\"eid\":\"k2\",\"name\":\"too\",\"names\":[\"too\",\"two\"]},"
           "{\"eid\":\"eid-b\",\"name\":\"b\"},{\"eid\":\"x\",\"name\":null}]}\n");

    post("/v1/forward", JSON_TYPE, "[]");
    expect(200, "application/json", "{\"generation\":42,\"results\":[]}\n");
}

static void text_in_text_out(void **state)
{
    (void)state;
    post("/v1/forward", TEXT_TYPE, "a\r\nnone\n\ntwo\ntab\tname\nb");
    expect(200, "text/plain; charset=utf-8",
           "a\teid-a\nnone\t\n\t\ntwo\tk1\ntab\tname\teid-t\nb\teid-b\n");
    post("/v1/forward", TEXT_TYPE,
         "\xef\xbb\xbf"
         "a\r\n\r\nb\r\n");
    expect(200, "text/plain; charset=utf-8", "a\teid-a\n\t\nb\teid-b\n");
    post("/v1/reverse", TEXT_TYPE, "k2\nx\n");
    expect(200, "text/plain; charset=utf-8", "k2\ttoo\nx\t\n");
    post("/v1/forward", TEXT_TYPE, "");
    expect(200, "text/plain; charset=utf-8", "");
}

static void accept_overrides(void **state)
{
    (void)state;
    post("/v1/forward", JSON_TYPE "Accept: text/plain\r\n", "[\"a\"]");
    expect(200, "text/plain; charset=utf-8", "a\teid-a\n");
    post("/v1/forward", TEXT_TYPE "Accept: application/json\r\n", "a\n");
    expect(200, "application/json",
           "{\"generation\":42,\"results\":[{\"name\":\"a\",\"eid\":\"eid-a\"}]}\n");
    post("/v1/forward", TEXT_TYPE "Accept: */*\r\n", "a\n");
    expect(200, "text/plain; charset=utf-8", NULL);
    post("/v1/forward", JSON_TYPE "Accept: text/plain\r\n", "[\"a\\nb\\tforged\"]");
    expect(400, "application/problem+json", NULL);
    post("/v1/forward", JSON_TYPE, "[\"a\\nb\"]");
    expect(200, "application/json",
           "{\"generation\":42,\"results\":[{\"name\":\"a\\nb\",\"eid\":null}]}\n");
}

static void get_form(void **state)
{
    (void)state;
    ask("GET /v1/forward?name=b&other=1&name=%C3%A4%20%22q%22 HTTP/1.1\r\n");
    expect(200, "application/json",
           "{\"generation\":42,\"results\":[{\"name\":\"b\",\"eid\":\"eid-b\"},"
           "{\"name\":\"\xc3\xa4 \\\"q\\\"\",\"eid\":\"eid-q\"}]}\n");
    ask("GET /v1/reverse?eid=k2 HTTP/1.1\r\nAccept: text/plain\r\n");
    expect(200, "text/plain; charset=utf-8", "k2\ttoo\n");
    ask("GET /v1/forward?name=a+b&name=a%2Bb HTTP/1.1\r\n");
    assert_non_null(strstr(a.body.p, "{\"name\":\"a b\",\"eid\":null}"));
    assert_non_null(strstr(a.body.p, "{\"name\":\"a+b\",\"eid\":null}"));
}

static void bad_bodies(void **state)
{
    static const struct {
        const char *headers, *body;
        unsigned status;
        const char *says;
    } cases[] = {
        {JSON_TYPE, "", 400, "byte 0"},
        {JSON_TYPE, "{}", 400, "byte 0"},
        {JSON_TYPE, "[\"a\",1]", 400, "byte 5"},
        {JSON_TYPE, "[\"a\"", 400, "byte 4"},
        {JSON_TYPE, "[\"a\"] x", 400, "byte 6"},
        {JSON_TYPE, "[\"\\u0000\"]", 400, "byte"},
        {JSON_TYPE, "[\"\xff\"]", 400, "byte"},
        {JSON_TYPE, "[[\"a\"]]", 400, "byte 1"},
        {JSON_TYPE, "[\"a\",\"\"]", 400, "key 2: is empty"},
        {TEXT_TYPE, "abc\n\xff\n", 400, "byte 4"},
        {"", "a", 415, "application/json or text/plain, in UTF-8\""},
        {"Content-Type: application/x-www-form-urlencoded\r\n", "a", 415,
         "text/plain, in UTF-8: use -H 'Content-Type: application/json'"},
        {"Content-Type: text/plain; charset=latin1\r\n", "a", 415, "UTF-8"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        post("/v1/forward", cases[i].headers, cases[i].body);
        if (a.status != cases[i].status || strstr(a.body.p, cases[i].says) == NULL)
            fail_msg("case %zu: %u %s", i, a.status, a.body.p);
    }
}

static void odd_keys_are_misses(void **state)
{
    EIDC_BUF_AUTO body = {0};
    (void)state;
    for (size_t i = 0; i < 70000; i++)
        eidc_buf_add_byte(&body, 'x');
    eidc_buf_add_z(&body, "\na\n");
    http_post(&f, "/v1/forward", TEXT_TYPE, eidc_buf_view(&body), &a);
    assert_int_equal(a.status, 200);
    assert_int_equal(a.body.n, body.n + 2 + strlen("eid-a"));
    assert_non_null(strstr(a.body.p, "\na\teid-a\n"));
    http_post(&f, "/v1/reverse", TEXT_TYPE, eidc_buf_view(&body), &a);
    assert_int_equal(a.status, 200);
}

static void no_key_holds_a_nul(void **state)
{
    (void)state;
    http_post(&f, "/v1/forward", TEXT_TYPE, EIDC_STR("a\nnul\0nul\n"), &a);
    expect(400, "application/problem+json", NULL);
    assert_non_null(strstr(a.body.p, "a NUL at byte 5"));
    http_post(&f, "/v1/reverse", JSON_TYPE, EIDC_STR("[\"nul\0nul\"]"), &a);
    expect(400, "application/problem+json", NULL);
}

static void bad_queries(void **state)
{
    static const struct {
        const char *query, *says;
    } cases[] = {
        {"name=a&name=", "key 2: is empty"},
        {"name", "key 1: is empty"},
        {"name=a&x=%&name=%ff", "the value of name, key 2: is not UTF-8"},
        {"name=%00", "key 1: has a NUL byte"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char head[128];
        snprintf(head, sizeof(head), "GET /v1/forward?%s HTTP/1.1\r\n", cases[i].query);
        ask(head);
        if (a.status != 400 || strstr(a.body.p, cases[i].says) == NULL)
            fail_msg("case %zu: %u %s", i, a.status, a.body.p);
    }
}

/* Groups of keys end at a key that has escapes, and anywhere else. */
static void keys_with_escapes_among_others(void **state)
{
    EIDC_BUF_AUTO body = {0};
    EIDC_BUF_AUTO expected = {0};
    (void)state;
    eidc_buf_add_z(&body, "[");
    eidc_buf_add_z(&expected, "{\"generation\":42,\"results\":[");
    for (size_t i = 0; i < 300; i++) {
        bool escaped = i % 7 == 0 || i % 7 == 1 || i == 63;
        eidc_buf_addf(&body, escaped ? "%s\"\\u0078%zu\"" : "%s\"x%zu\"", i > 0 ? "," : "", i);
        eidc_buf_addf(&expected, "%s{\"name\":\"x%zu\",\"eid\":null}", i > 0 ? "," : "", i);
    }
    eidc_buf_add_z(&body, ",\"a\"]");
    eidc_buf_add_z(&expected, ",{\"name\":\"a\",\"eid\":\"eid-a\"}]}\n");
    http_post(&f, "/v1/forward", JSON_TYPE, eidc_buf_view(&body), &a);
    expect(200, "application/json", expected.p);
}

/* Stands before the stream's own (see CMakeLists.txt). */
static bool no_memory;

bool __real_eidc_stream_write(struct eidc_stream *stream, size_t want, struct eidc_buf *out);
bool __wrap_eidc_stream_write(struct eidc_stream *stream, size_t want, struct eidc_buf *out);

bool __wrap_eidc_stream_write(struct eidc_stream *stream, size_t want, struct eidc_buf *out)
{
    bool more = __real_eidc_stream_write(stream, want, out);
    out->failed |= no_memory;
    return more || no_memory;
}

static void out_of_memory_is_told_while_it_can_be(void **state)
{
    (void)state;
    no_memory = true;
    post("/v1/forward", TEXT_TYPE, "a\nb\n");
    no_memory = false;
    expect(503, "application/problem+json", NULL);
    assert_non_null(http_header(&a, "Retry-After"));
    assert_non_null(strstr(a.body.p, "out of memory"));
    post("/v1/forward", TEXT_TYPE, "a\n");
    expect(200, "text/plain; charset=utf-8", "a\teid-a\n");
}

/* The text answer to name0000000 up to n, checked line by line. */
static void check_lines(size_t n)
{
    const char *line = a.body.p;
    for (size_t i = 0; i < n; i++) {
        char key[32];
        int length = snprintf(key, sizeof(key), "name%07zu\t", i);
        if (strncmp(line, key, (size_t)length) != 0 || strcspn(line + length, "\n") != 32)
            fail_msg("line %zu: %.60s", i, line);
        line = strchr(line, '\n') + 1;
    }
    assert_int_equal(line - a.body.p, a.body.n);
}

static void add_names(struct eidc_buf *body, size_t n, bool json)
{
    for (size_t i = 0; i < n; i++)
        eidc_buf_addf(body, json ? "%s\"name%07zu\"" : "%sname%07zu\n", json && i > 0 ? "," : "",
                      i);
}

static void big_answers_are_streamed(void **state)
{
    const size_t n = 100 * 1000;
    EIDC_BUF_AUTO text = {0};
    EIDC_BUF_AUTO json = {0};
    struct eidc_err err;
    (void)state;
    httpd_publish_many(43, n);
    add_names(&text, n, false);
    http_post(&f, "/v1/forward", TEXT_TYPE, eidc_buf_view(&text), &a);
    assert_int_equal(a.status, 200);
    assert_true(a.chunked);
    check_lines(n);

    eidc_buf_add_z(&json, "[");
    add_names(&json, n, true);
    eidc_buf_add_z(&json, "]");
    http_post(&f, "/v1/forward", JSON_TYPE, eidc_buf_view(&json), &a);
    assert_int_equal(a.status, 200);
    EIDC_CJSON_AUTO *answer = NULL;
    if (!eidc_json_parse(eidc_buf_view(&a.body), &answer, &err))
        fail_msg("%s", err.text);
    const cJSON *results = cJSON_GetObjectItemCaseSensitive(answer, "results");
    assert_int_equal(cJSON_GetArraySize(results), n);
    assert_true(cJSON_IsString(cJSON_GetObjectItemCaseSensitive(results->child->prev, "eid")));

    http_post(&f, "/v1/forward", JSON_TYPE, EIDC_STR("[\"name0000001\"]"), &a);
    assert_false(a.chunked);
}

/* An answer that has begun ends from the generation it began with. */
static void one_generation(void **state)
{
    const size_t n = 200 * 1000;
    EIDC_BUF_AUTO text = {0};
    (void)state;
    httpd_publish_many(43, n);
    add_names(&text, n, false);
    int fd = http_connect(&f);
    http_sendf(fd,
               "POST /v1/forward HTTP/1.1\r\nHost: localhost\r\n" TEXT_TYPE
               "Content-Length: %zu\r\n\r\n",
               text.n);
    http_send(fd, text.p, text.n);
    char byte;
    assert_int_equal(recv(fd, &byte, 1, MSG_PEEK), 1); /* it has begun; now all names vanish */
    const struct published_entry other = {"other", NULL, "s", 1};
    httpd_publish(44, &other, 1);
    assert_true(http_receive(fd, false, &a));
    close(fd);
    assert_string_equal(http_header(&a, "Eidcache-Generation"), "43");
    check_lines(n);
}

static void a_key_with_very_many_values(void **state)
{
    enum { N = 30000 };
    struct published_entry *entries = calloc(N, sizeof(*entries));
    char(*names)[16] = calloc(N, sizeof(*names));
    (void)state;
    assert_true(entries != NULL && names != NULL);
    for (size_t i = 0; i < N; i++) {
        snprintf(names[i], sizeof(names[i]), "alias%06zu", i);
        entries[i] = (struct published_entry){names[i], "key", "s", 1};
    }
    httpd_publish(50, entries, N);
    http_post(&f, "/v1/reverse", JSON_TYPE, EIDC_STR("[\"key\",\"key\",\"x\"]"), &a);
    assert_int_equal(a.status, 200);
    struct eidc_err err;
    EIDC_CJSON_AUTO *answer = NULL;
    if (!eidc_json_parse(eidc_buf_view(&a.body), &answer, &err))
        fail_msg("%s", err.text);
    const cJSON *first = cJSON_GetObjectItemCaseSensitive(answer, "results")->child;
    for (int i = 0; i < 2; i++, first = first->next)
        assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(first, "names")), N);
    ask("GET /v1/reverse/key HTTP/1.1\r\nAccept: text/plain\r\n");
    assert_int_equal(a.body.n, N * strlen("alias000000\n"));
    free(entries);
    free(names);
}

static void packed_bodies(void **state)
{
    (void)state;
    post("/v1/forward", TEXT_TYPE "Content-Encoding: gzip\r\n", "a\n");
    expect(415, "application/problem+json", NULL);
    assert_non_null(strstr(a.body.p, "Content-Encoding"));
    post("/v1/forward", TEXT_TYPE "Content-Encoding: identity, br\r\n", "a\n");
    expect(415, "application/problem+json", NULL);
    post("/v1/forward", TEXT_TYPE "Content-Encoding: Identity\r\n", "a\n");
    expect(200, "text/plain; charset=utf-8", "a\teid-a\n");
    post("/v1/forward", TEXT_TYPE "Content-Encoding:\r\n", "a\n");
    expect(200, "text/plain; charset=utf-8", "a\teid-a\n");
}

/* As many as a request's head has room for. */
static void many_parameters(void **state)
{
    EIDC_BUF_AUTO head = {0};
    (void)state;
    for (size_t i = 0; i < 1000; i++)
        eidc_buf_addf(&head, "%sname=%zu", i == 0 ? "GET /v1/forward?" : "&", i % 7);
    eidc_buf_add_z(&head, "&name=a HTTP/1.1\r\nAccept: text/plain\r\n");
    ask(head.p);
    expect(200, "text/plain; charset=utf-8", NULL);
    assert_int_equal(a.body.n, 1000 * 3 + strlen("a\teid-a\n"));
}

static void limits(void **state)
{
    EIDC_BUF_AUTO body = {0};
    (void)state;
    for (size_t i = 0; i <= f.config.http.max_batch; i++)
        eidc_buf_add_z(&body, "a\n");
    http_post(&f, "/v1/forward", TEXT_TYPE, eidc_buf_view(&body), &a);
    expect(413, "application/problem+json", NULL);
    assert_non_null(strstr(a.body.p, "max_batch"));
    body.n -= 2;
    http_post(&f, "/v1/forward", TEXT_TYPE, eidc_buf_view(&body), &a);
    assert_int_equal(a.status, 200);

    /* refused by its length, before it is sent */
    int fd = http_connect(&f);
    http_sendf(fd,
               "POST /v1/forward HTTP/1.1\r\nHost: localhost\r\n" TEXT_TYPE
               "Content-Length: %zu\r\nExpect: 100-continue\r\n\r\n",
               (size_t)f.config.http.max_body + 1);
    assert_true(http_receive(fd, false, &a));
    expect(413, "application/problem+json", NULL);
    assert_non_null(strstr(a.body.p, "max_body"));
    close(fd);
}

/* Who sends all of a body before it looks for the answer, finds it. */
static void refused_bodies_are_read(void **state)
{
    EIDC_BUF_AUTO body = {0};
    const size_t n = (size_t)f.config.http.max_body + 4 * 1024 * 1024;
    char *to = eidc_buf_reserve(&body, n);
    (void)state;
    assert_non_null(to);
    memset(to, 'a', n);
    eidc_buf_commit(&body, n);
    http_post(&f, "/v1/forward", TEXT_TYPE, eidc_buf_view(&body), &a);
    expect(413, "application/problem+json", NULL);
    assert_non_null(strstr(a.body.p, "max_body"));
    body.n = (size_t)f.config.http.max_body;
    http_post(&f, "/v1/forward", "Content-Type: text/html\r\n", eidc_buf_view(&body), &a);
    expect(415, "application/problem+json", NULL);
    http_post(&f, "/nothing", "", eidc_buf_view(&body), &a);
    expect(404, "application/problem+json", NULL);
}

/* A byte now and then keeps no connection. */
static void bodies_that_drip(void **state)
{
    (void)state;
    f.config.http.idle_timeout = 500; /* the clock of bodies looks at it each time */
    int fd = http_connect(&f);
    http_sendf(fd, "POST /v1/forward HTTP/1.1\r\nHost: localhost\r\n" TEXT_TYPE
                   "Content-Length: 1000\r\n\r\n");
    size_t sent = 0;
    struct pollfd readable = {.fd = fd, .events = POLLIN};
    while (sent < 100 && poll(&readable, 1, 100) == 0)
        sent += send(fd, "a", 1, MSG_NOSIGNAL) == 1;
    assert_in_range(sent, 3, 50);
    assert_true(http_at_end(fd));
    close(fd);
}

/* A request with a body of which the last byte does not come. */
static int send_unfinished(size_t size)
{
    EIDC_BUF_AUTO body = {0};
    char *to = eidc_buf_reserve(&body, size);
    assert_non_null(to);
    memset(to, 'a', size);
    int fd = http_connect(&f);
    http_sendf(fd,
               "POST /v1/forward HTTP/1.1\r\nHost: localhost\r\n" TEXT_TYPE
               "Content-Length: %zu\r\n\r\n",
               size);
    http_send(fd, to, size - 1);
    return fd;
}

static void large_bodies_share_what_there_is(void **state)
{
    enum { N = 20, SIZE = 1000 * 1000 };
    int fds[N];
    size_t n = 0, answered = 0;
    EIDC_BUF_AUTO large = {0};
    (void)state;
    f.config.http.max_body = SIZE;
    for (size_t i = 0; i < 100 * 1000; i++)
        eidc_buf_add_z(&large, "a\n");
    do { /* four of these take all; one that comes when a fifth does may be refused instead */
        fds[n++] = send_unfinished(SIZE);
        usleep((useconds_t)(n * 10 * 1000)); /* the more often, the surer it is taken in before */
        http_post(&f, "/v1/forward", TEXT_TYPE, eidc_buf_view(&large), &a);
    } while (n < N && a.status == 200);
    expect(503, "application/problem+json", NULL);
    assert_true(n >= 4);
    assert_non_null(http_header(&a, "Retry-After"));
    assert_non_null(strstr(a.body.p, "too many large bodies"));
    post("/v1/forward", TEXT_TYPE, "a\n"); /* a small one always fits */
    expect(200, "text/plain; charset=utf-8", "a\teid-a\n");

    for (size_t i = 0; i < n; i++) { /* one is given up, the others are finished */
        if (i > 0) {
            http_send(fds[i], "a", 1);
            assert_true(http_receive(fds[i], false, &a));
            answered += a.status == 200;
        }
        close(fds[i]);
    }
    assert_true(answered >= 2);
    int64_t until = eidc_mono_ms() + 10000; /* what was closed is not seen at once */
    do
        http_post(&f, "/v1/forward", TEXT_TYPE, eidc_buf_view(&large), &a);
    while (a.status != 200 && eidc_mono_ms() < until);
    for (size_t i = 0; i < 30; i++) { /* all is given back, each time */
        http_post(&f, "/v1/forward", TEXT_TYPE, eidc_buf_view(&large), &a);
        assert_int_equal(a.status, 200);
    }
}

static void send_chunks(int fd, size_t total)
{
    static char block[10000];
    memset(block, 'a', sizeof(block));
    for (size_t sent = 0; sent < total; sent += sizeof(block)) {
        http_sendf(fd, "%zx\r\n", sizeof(block));
        http_send(fd, block, sizeof(block));
        http_sendf(fd, "\r\n");
    }
    http_sendf(fd, "0\r\n\r\n");
}

static void chunked_bodies(void **state)
{
    static const char head[] = "POST /v1/forward HTTP/1.1\r\nHost: localhost\r\n" TEXT_TYPE
                               "Transfer-Encoding: chunked\r\n\r\n";
    (void)state;
    int fd = http_connect(&f);
    http_sendf(fd, "%s2\r\na\n\r\n1\r\nb\r\n0\r\n\r\n", head);
    assert_true(http_receive(fd, false, &a));
    expect(200, "text/plain; charset=utf-8", "a\teid-a\nb\teid-b\n");
    assert_true(http_at_end(fd)); /* what follows chunks is not read */
    close(fd);
    fd = http_connect(&f);
    http_sendf(fd, "%s", head);
    send_chunks(fd, (size_t)f.config.http.max_body + 20000);
    assert_true(http_receive(fd, false, &a));
    expect(413, "application/problem+json", NULL);
    close(fd);
    fd = http_connect(&f); /* without end: it is cut */
    http_sendf(fd, "%s", head);
    send_chunks(fd, 4 * (size_t)f.config.http.max_body);
    assert_false(http_receive(fd, false, &a));
    close(fd);
}

static void expect_continue(void **state)
{
    (void)state;
    int fd = http_connect(&f);
    http_sendf(fd, "POST /v1/forward HTTP/1.1\r\nHost: localhost\r\n" TEXT_TYPE
                   "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    assert_true(http_receive(fd, true, &a));
    assert_int_equal(a.status, 100);
    http_sendf(fd, "a\n");
    assert_true(http_receive(fd, false, &a));
    expect(200, "text/plain; charset=utf-8", "a\teid-a\n");
    close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down_httpd)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(json_in_json_out),
        TEST(text_in_text_out),
        TEST(accept_overrides),
        TEST(get_form),
        TEST(bad_bodies),
        TEST(odd_keys_are_misses),
        TEST(no_key_holds_a_nul),
        TEST(bad_queries),
        TEST(keys_with_escapes_among_others),
        TEST(out_of_memory_is_told_while_it_can_be),
        TEST(big_answers_are_streamed),
        TEST(one_generation),
        TEST(a_key_with_very_many_values),
        TEST(packed_bodies),
        TEST(many_parameters),
        TEST(limits),
        TEST(large_bodies_share_what_there_is),
        TEST(refused_bodies_are_read),
        TEST(bodies_that_drip),
        TEST(chunked_bodies),
        TEST(expect_continue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
