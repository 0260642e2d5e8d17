#include "tests/support/httpd_fixture.h"
#include "tests/support/default_scheme.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "eidcached/base/clock.h"
#include "eidcached/base/mem.h"
#include "eidcached/core/current.h"
#include "eidcached/refresh/publish.h"

struct played_refresh played_refresh;

/* These three stand where the refresher's would: the library's are not linked. */
uint64_t eidc_refresh_request(struct eidc_refresh *refresh, bool accept_shrink)
{
    (void)refresh;
    atomic_store(&played_refresh.accept_shrink, accept_shrink);
    return atomic_fetch_add(&played_refresh.requested, 1) + 1;
}

bool eidc_refresh_ended(struct eidc_refresh *refresh, uint64_t ticket,
                        struct eidc_round_report *out)
{
    (void)refresh;
    if (atomic_load(&played_refresh.ended) < ticket)
        return false;
    *out = played_refresh.round;
    out->ticket = ticket;
    return true;
}

void eidc_refresh_inherit(struct eidc_refresh *refresh, struct eidc_refresh *from)
{
    fail_msg("%p replaces %p, but nobody reloads here", (void *)refresh, (void *)from);
}

void httpd_fixture_init(struct httpd_fixture *f)
{
    *f = (struct httpd_fixture){0};
    f->config.http.threads = 2;
    f->config.http.max_connections = 64;
    f->config.http.idle_timeout = 30 * 1000;
    f->config.http.max_body = 8 * 1024 * 1024;
    f->config.http.max_batch = 1000 * 1000;
    snprintf(f->unix_path, sizeof(f->unix_path), "/tmp/eidc-test-httpd-%ld.sock", (long)getpid());
    f->listen[0] = eidc_xstrdup("127.0.0.1:0");
    f->listen[1] = eidc_xprintf("unix:%s", f->unix_path);
    f->config.http.listen = (struct eidc_strings){.at = f->listen, .n = 2};
    eidc_report_init(&f->report);
    f->service.config = &f->config;
    f->service.report = &f->report;
    f->service.started_at_ms = eidc_now_ms();
    pthread_rwlock_init(&f->service.refresh_lock, NULL);
    atomic_store(&f->service.refresh, (struct eidc_refresh *)(void *)&played_refresh);
    atomic_store(&played_refresh.requested, 0);
    atomic_store(&played_refresh.ended, 0);
}

void httpd_fixture_start(struct httpd_fixture *f)
{
    struct eidc_err err = {0};
    EIDC_BUF_AUTO text = {0};
    if (!eidc_httpd_start(&f->service, NULL, 0, &f->httpd, &err))
        fail_msg("%s", err.text);
    eidc_httpd_describe(f->httpd, &text);
    const char *port = strchr(text.p, ':');
    assert_non_null(port);
    f->port = (uint16_t)strtoul(port + 1, NULL, 10);
}

void httpd_fixture_stop(struct httpd_fixture *f)
{
    if (f->httpd != NULL)
        eidc_httpd_stop(f->httpd, 2000, NULL, NULL);
    eidc_current_publish(NULL);
    eidc_report_free(&f->report);
    pthread_rwlock_destroy(&f->service.refresh_lock);
    free(f->listen[0]);
    free(f->listen[1]);
}

static struct eidc_builder *new_builder(void)
{
    struct eidc_build_options options = {.keep_collisions = true};
    struct eidc_builder *builder = NULL;
    struct eidc_err err = {0};
    default_scheme(&options.scheme);
    assert_true(eidc_builder_new(&options, &builder, &err));
    return builder;
}

static void finish_and_publish(struct eidc_builder *builder, uint64_t number)
{
    struct eidc_image *image = NULL;
    struct eidc_err err = {0};
    if (!eidc_builder_finish(builder, number, eidc_now_ms(), &image, &err))
        fail_msg("%s", err.text);
    eidc_builder_free(builder);
    struct eidc_generation *g = eidc_generation_new(image);
    atomic_store(&g->refreshed_at, eidc_now_ms());
    g->requests = 12;
    eidc_publish(g, NULL);
}

static void add_name(struct eidc_names *names, const char *name, const char *eid)
{
    struct eidc_err err = {0};
    if (!eidc_names_add(names, eidc_str_of(name), eidc_str_of(eid), &err))
        fail_msg("%s", err.text);
}

void httpd_publish(uint64_t number, const struct published_entry *entries, size_t n)
{
    struct eidc_builder *builder = new_builder();
    struct eidc_err err = {0};
    for (size_t i = 0; i < n; i++) {
        struct eidc_names names = {0};
        uint32_t scope = eidc_builder_scope(builder, EIDC_STR("test"),
                                            eidc_str_of(entries[i].scope), entries[i].as_of_ms);
        add_name(&names, entries[i].name, entries[i].eid);
        assert_true(eidc_builder_add(builder, scope, &names, &err));
    }
    finish_and_publish(builder, number);
}

void httpd_publish_many(uint64_t number, size_t n)
{
    struct eidc_builder *builder = new_builder();
    struct eidc_names names = {0};
    struct eidc_err err = {0};
    char name[32];
    uint32_t scope = eidc_builder_scope(builder, EIDC_STR("test"), EIDC_STR("s"), eidc_now_ms());
    for (size_t i = 0; i < n; i++) {
        snprintf(name, sizeof(name), "name%07zu", i);
        add_name(&names, name, NULL);
    }
    assert_true(eidc_builder_add(builder, scope, &names, &err));
    finish_and_publish(builder, number);
}

void http_answer_free(struct http_answer *a)
{
    eidc_buf_free(&a->head);
    eidc_buf_free(&a->body);
    *a = (struct http_answer){0};
}

const char *http_header(const struct http_answer *a, const char *name)
{
    static char value[1024];
    size_t n = strlen(name);
    for (const char *line = strstr(a->head.p, "\r\n"); line != NULL; line = strstr(line, "\r\n")) {
        line += 2;
        if (strncasecmp(line, name, n) != 0 || line[n] != ':')
            continue;
        line += n + 1 + strspn(line + n + 1, " ");
        snprintf(value, sizeof(value), "%.*s", (int)strcspn(line, "\r"), line);
        return value;
    }
    return NULL;
}

static int connected(int fd, const struct sockaddr *address, socklen_t size)
{
    const struct timeval patience = {.tv_sec = 20};
    assert_true(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    if (connect(fd, address, size) != 0)
        fail_msg("connect: %s", strerror(errno));
    return fd;
}

int http_connect(const struct httpd_fixture *f)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons(f->port),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    return connected(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), (struct sockaddr *)&a,
                     sizeof(a));
}

int http_connect_unix(const struct httpd_fixture *f)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    snprintf(a.sun_path, sizeof(a.sun_path), "%s", f->unix_path);
    return connected(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), (struct sockaddr *)&a,
                     sizeof(a));
}

void http_send(int fd, const void *data, size_t n)
{
    for (size_t sent = 0; sent < n;) {
        ssize_t now = send(fd, (const char *)data + sent, n - sent, MSG_NOSIGNAL);
        if (now < 0)
            return; /* the server had enough of it; its answer says why */
        sent += (size_t)now;
    }
}

void http_sendf(int fd, const char *fmt, ...)
{
    EIDC_BUF_AUTO text = {0};
    va_list ap;
    va_start(ap, fmt);
    eidc_buf_addv(&text, fmt, ap);
    va_end(ap);
    http_send(fd, text.p, text.n);
}

static bool receive_bytes(int fd, struct eidc_buf *to, size_t n)
{
    while (n > 0) {
        char block[65536];
        ssize_t got = recv(fd, block, n < sizeof(block) ? n : sizeof(block), 0);
        if (got <= 0)
            return false;
        eidc_buf_add(to, block, (size_t)got);
        n -= (size_t)got;
    }
    return true;
}

/* Up to and with `end`. */
static bool receive_until(int fd, struct eidc_buf *to, const char *end)
{
    size_t n = strlen(end), start = to->n;
    while (to->n - start < n || memcmp(to->p + to->n - n, end, n) != 0) {
        if (!receive_bytes(fd, to, 1))
            return false;
    }
    return true;
}

static bool receive_chunks(int fd, struct eidc_buf *to)
{
    for (;;) {
        EIDC_BUF_AUTO line = {0};
        if (!receive_until(fd, &line, "\r\n"))
            return false;
        size_t n = strtoul(line.p, NULL, 16), start = to->n;
        if (!receive_bytes(fd, to, n + 2))
            return false;
        to->n = start + n;
        to->p[to->n] = '\0';
        if (n == 0)
            return true;
    }
}

bool http_receive(int fd, bool head_only, struct http_answer *out)
{
    http_answer_free(out);
    if (!receive_until(fd, &out->head, "\r\n\r\n"))
        return false;
    out->status = (unsigned)strtoul(out->head.p + strlen("HTTP/1.1 "), NULL, 10);
    const char *length = http_header(out, "Content-Length");
    size_t n = length != NULL ? strtoul(length, NULL, 10) : 0;
    out->chunked = http_header(out, "Transfer-Encoding") != NULL;
    eidc_buf_add(&out->body, "", 0);
    if (head_only || out->status == 304)
        return true;
    return out->chunked ? receive_chunks(fd, &out->body) : receive_bytes(fd, &out->body, n);
}

bool http_at_end(int fd)
{
    char byte;
    return recv(fd, &byte, 1, 0) <= 0;
}

void http_ask(const struct httpd_fixture *f, const char *head, struct http_answer *out)
{
    int fd = http_connect(f);
    http_sendf(fd, "%sHost: localhost\r\n\r\n", head);
    bool answered = http_receive(fd, strncmp(head, "HEAD ", 5) == 0, out);
    close(fd);
    if (!answered)
        fail_msg("no answer to %s", head);
}

void http_post(const struct httpd_fixture *f, const char *path, const char *headers,
               struct eidc_str body, struct http_answer *out)
{
    int fd = http_connect(f);
    http_sendf(fd, "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %zu\r\n%s\r\n", path,
               body.n, headers);
    http_send(fd, body.p, body.n);
    bool answered = http_receive(fd, false, out);
    close(fd);
    if (!answered)
        fail_msg("no answer to POST %s", path);
}
