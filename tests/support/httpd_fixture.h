#pragma once
/* The real HTTP server on 127.0.0.1:0 and a UNIX socket, a hand-made generation, a refresher that
 * is played by the test, and a client of raw sockets. Failures end the test. */
#include "eidcached/core/image_build.h"
#include "eidcached/http/httpd.h"

struct httpd_fixture {
    struct eidc_config config; /* change it before httpd_fixture_start */
    struct eidc_report report;
    struct eidc_service service;
    struct eidc_httpd *httpd;
    uint16_t port;
    char unix_path[64];
    char *listen[2];
};

/* The played refresher. */
struct played_refresh {
    _Atomic uint64_t requested, ended;
    atomic_bool accept_shrink;
    struct eidc_round_report round;
};
extern struct played_refresh played_refresh;

void httpd_fixture_init(struct httpd_fixture *f);
void httpd_fixture_start(struct httpd_fixture *f);
void httpd_fixture_stop(struct httpd_fixture *f);

struct published_entry {
    const char *name;
    const char *eid; /* NULL: the checksum */
    const char *scope;
    int64_t as_of_ms;
};
/* Publishes a generation of these; refreshed_at is now. */
void httpd_publish(uint64_t number, const struct published_entry *entries, size_t n);
/* name0000000, name0000001, ... */
void httpd_publish_many(uint64_t number, size_t n);

struct http_answer {
    unsigned status;
    struct eidc_buf head, body;
    bool chunked;
};
void http_answer_free(struct http_answer *a);
/* A header's value (static, valid until the next call), NULL when there is none. */
const char *http_header(const struct http_answer *a, const char *name);

int http_connect(const struct httpd_fixture *f);
int http_connect_unix(const struct httpd_fixture *f);
void http_send(int fd, const void *data, size_t n);
void http_sendf(int fd, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Reads one answer; head_only: of a HEAD request. False: the connection was closed before. */
bool http_receive(int fd, bool head_only, struct http_answer *out);
/* True when nothing but the end comes any more. */
bool http_at_end(int fd);

/* One request on a connection of its own; "Host: localhost" is added to `head`, which is the
 * request line and further headers, each with its \r\n. */
void http_ask(const struct httpd_fixture *f, const char *head, struct http_answer *out);
void http_post(const struct httpd_fixture *f, const char *path, const char *headers,
               struct eidc_str body, struct http_answer *out);
