#include "eidcached/http/httpd.h"

#include <inttypes.h>
#include <microhttpd.h>
#include <stdio.h>
#include <time.h>

#include "eidcached/base/cgroup.h"
#include "eidcached/base/clock.h"
#include "eidcached/base/log.h"
#include "eidcached/base/mem.h"
#include "eidcached/config/listen.h"
#include "eidcached/http/connection.h"
#include "eidcached/http/descriptors.h"
#include "eidcached/http/head.h"
#include "eidcached/http/http_metrics.h"

#define HEAD_ROOM_MIN     256 /* connections above the limit, for probes; they end in a second */
#define CONNECTION_MEMORY (12ul * 1024) /* the heads of a request and its answer, body pieces */
#define BODIES_SHARE      8             /* of the memory that the process may use */
#define DRAIN_POLL_MS     5
#define FRESH_MS          500

struct eidc_httpd {
    struct eidc_server server;
    struct eidc_port *ports;
    size_t count;
};

/* libmicrohttpd answers a head that does not fit its memory (414, 431) or is malformed (400) by
 * itself, with a page of its own; this line is all there is to see of it. */
static void count_own_answer(const char *text)
{
    unsigned status;
    if (sscanf(text, "Error processing request (HTTP response code is %u", &status) == 1)
        eidc_http_count_refused(status);
}

__attribute__((format(printf, 2, 0))) static void log_mhd(void *cls, const char *fmt, va_list ap)
{
    char text[512];
    (void)cls;
    vsnprintf(text, sizeof(text), fmt, ap);
    text[strcspn(text, "\n")] = '\0';
    count_own_answer(text);
    eidc_debug("http: %s", text);
}

static bool check_threads(unsigned threads, struct eidc_err *err)
{
    if (threads == 0 || threads > EIDC_THREADS_MAX)
        return eidc_fail(err, EIDC_ERR_INVALID, "http.threads: from 1 to %d", EIDC_THREADS_MAX);
    return true;
}

/* Beyond those that are served. */
static unsigned head_room(unsigned served)
{
    return served / 4 > HEAD_ROOM_MIN ? served / 4 : HEAD_ROOM_MIN;
}

/* Is never asked: each session is given its credentials before its handshake (tls.c). */
static int no_certificate(void)
{
    return -1;
}

static char tls_priorities[] = EIDC_TLS_PRIORITIES;
static struct MHD_OptionItem tls_options[] = {
    {MHD_OPTION_HTTPS_PRIORITIES, 0, tls_priorities},
    {MHD_OPTION_HTTPS_CERT_CALLBACK, 0, (void *)no_certificate},
    {MHD_OPTION_END, 0, NULL},
};
static struct MHD_OptionItem no_options[] = {{MHD_OPTION_END, 0, NULL}};

static bool speaks_tls(const struct eidc_port *port)
{
    return port->server->tls != NULL && !port->listener.is_unix;
}

/* One thread of a listener, with an epoll set of its own. */
static struct MHD_Daemon *start_thread(struct eidc_thread *thread, unsigned limit)
{
    const struct eidc_port *port = thread->port;
    const struct eidc_config *config = port->server->service->config;
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_TURBO | MHD_ALLOW_SUSPEND_RESUME |
                     MHD_USE_ERROR_LOG | (port->listener.is_ipv6 ? MHD_USE_IPv6 : 0) |
                     (speaks_tls(port) ? MHD_USE_TLS : 0);
    return MHD_start_daemon(
        flags, 0, NULL, NULL, eidc_connection_handle, thread, MHD_OPTION_EXTERNAL_LOGGER, log_mhd,
        NULL, MHD_OPTION_LISTEN_SOCKET, port->listener.fd, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        CONNECTION_MEMORY, MHD_OPTION_CONNECTION_LIMIT, limit, MHD_OPTION_CONNECTION_TIMEOUT,
        eidc_connection_timeout_s(config->http.idle_timeout), MHD_OPTION_STRICT_FOR_CLIENT,
        eidc_head_is_ours() ? 0 : 1, MHD_OPTION_UNESCAPE_CALLBACK, eidc_connection_unescape, NULL,
        MHD_OPTION_URI_LOG_CALLBACK, eidc_connection_begin, thread, MHD_OPTION_NOTIFY_COMPLETED,
        eidc_connection_completed, thread, MHD_OPTION_NOTIFY_CONNECTION, eidc_connection_notify,
        thread, MHD_OPTION_ARRAY, speaks_tls(port) ? tls_options : no_options, MHD_OPTION_END);
}

/* Starts the threads of one listener: each is a daemon to libmicrohttpd and not one of its pools,
 * whose MHD_quiesce_daemon aborts the process when a busy worker lets go of the socket first
 * (0.9.75). */
static bool serve(struct eidc_port *port, struct eidc_err *err)
{
    const struct eidc_config *config = port->server->service->config;
    unsigned threads = port->listener.threads != 0 ? port->listener.threads : config->http.threads;
    unsigned limit = port->server->served + port->server->room;
    port->late_max =
        port->server->room / 2; /* libmicrohttpd is never full of those that only stand there */
    port->threads = eidc_xcalloc(threads, sizeof(*port->threads));
    for (unsigned i = 0; i < threads; i++) {
        struct eidc_thread *thread = &port->threads[i];
        thread->port = port;
        thread->daemon = start_thread(thread, (limit + threads - 1) / threads);
        if (thread->daemon == NULL)
            return eidc_fail(err, EIDC_ERR_IO, "%s: the HTTP server does not start",
                             port->listener.text);
        port->thread_count++;
    }
    return true;
}

static struct eidc_listener *next_listener(struct eidc_httpd *httpd)
{
    struct eidc_port *port = &httpd->ports[httpd->count++];
    *port = (struct eidc_port){.server = &httpd->server, .listener = {.fd = -1}};
    return &port->listener;
}

static bool adopt_all(struct eidc_httpd *httpd, const int *fds, size_t fd_count,
                      struct eidc_err *err)
{
    for (size_t i = 0; i < fd_count; i++) {
        if (!eidc_listener_adopt(fds[i], next_listener(httpd), err))
            return eidc_wrap(err, "socket activation");
    }
    return true;
}

/* A socket that was passed stands for the entry of its address, systemd for all of them. */
static bool is_passed(const struct eidc_httpd *httpd, size_t fd_count,
                      const struct eidc_listen *entry)
{
    bool all = entry->kind == EIDC_LISTEN_SYSTEMD, any = false;
    for (size_t i = 0; i < fd_count; i++) {
        struct eidc_listener *listener = &httpd->ports[i].listener;
        if (!all && strcmp(listener->text, entry->place) != 0)
            continue;
        any = true;
        if (entry->threads != 0)
            listener->threads = entry->threads;
    }
    return any;
}

/* Opens what the entry says, unless it was passed. */
static bool open_entry(struct eidc_httpd *httpd, size_t fd_count, const char *spec,
                       struct eidc_err *err)
{
    EIDC_LISTEN_AUTO entry = {0};
    if (!eidc_listen_parse(spec, &entry, err))
        return eidc_wrap(err, "http.listen: %s", spec);
    if (is_passed(httpd, fd_count, &entry))
        return true;
    if (entry.kind == EIDC_LISTEN_SYSTEMD)
        return eidc_fail(err, EIDC_ERR_INVALID, "http.listen: systemd passed no socket");
    return eidc_listener_open(spec, next_listener(httpd), err) || eidc_wrap(err, "http.listen");
}

static bool open_listeners(struct eidc_httpd *httpd, const int *fds, size_t fd_count,
                           struct eidc_err *err)
{
    const struct eidc_strings *specs = &httpd->server.service->config->http.listen;
    httpd->ports = eidc_xcalloc(specs->n + fd_count, sizeof(*httpd->ports));
    if (!adopt_all(httpd, fds, fd_count, err))
        return false;
    for (size_t i = 0; i < specs->n; i++) {
        if (!open_entry(httpd, fd_count, specs->at[i], err))
            return false;
    }
    if (httpd->count == 0)
        return eidc_fail(err, EIDC_ERR_INVALID, "http.listen: there is none");
    return true;
}

/* Where there are too few files the limit is lower: whoever comes when all are taken is told so,
 * and probes and the refresher have theirs. */
static void limit_connections(struct eidc_httpd *httpd)
{
    struct eidc_server *server = &httpd->server;
    server->served = server->service->config->http.max_connections;
    server->room = head_room(server->served);
    const uint64_t need = (uint64_t)httpd->count * (server->served + server->room);
    const uint64_t have = eidc_descriptors_need(need);
    if (have >= need)
        return;
    const unsigned each = (unsigned)(have / httpd->count);
    server->room = each / 4 > 2 ? each / 4 : 2;
    if (each < server->served + server->room)
        server->served = each > server->room ? each - server->room : 1;
}

static bool serve_all(struct eidc_httpd *httpd, struct eidc_err *err)
{
    limit_connections(httpd);
    for (size_t i = 0; i < httpd->count; i++) {
        if (!serve(&httpd->ports[i], err))
            return eidc_wrap(err, "http.listen");
    }
    return true;
}

bool eidc_httpd_start(struct eidc_service *service, const int *systemd_fds, size_t fd_count,
                      struct eidc_httpd **out, struct eidc_err *err)
{
    struct eidc_httpd *httpd = eidc_xcalloc(1, sizeof(*httpd));
    eidc_http_metrics_start();
    httpd->server.service = service;
    httpd->server.bodies.max = eidc_cgroup_memory_limit("") / BODIES_SHARE;
    httpd->server.token = eidc_token_new(service->config->http.token_file);
    if (!check_threads(service->config->http.threads, err) ||
        !eidc_tls_new(service->config, &httpd->server.tls, err) ||
        !open_listeners(httpd, systemd_fds, fd_count, err) ||
        !eidc_waits_start(service, &httpd->server.waits, err) ||
        !eidc_reaper_start(service->config->http.idle_timeout, &httpd->server.reaper, err) ||
        !serve_all(httpd, err)) {
        eidc_httpd_stop(httpd, 0, NULL, NULL);
        return false;
    }
    *out = httpd;
    return true;
}

void eidc_httpd_describe(const struct eidc_httpd *httpd, struct eidc_buf *out)
{
    for (size_t i = 0; i < httpd->count; i++)
        eidc_buf_addf(out, "%s%s\n", httpd->ports[i].listener.text,
                      speaks_tls(&httpd->ports[i]) ? " (TLS)" : "");
}

/* All are asked, also behind one that does not answer. */
bool eidc_httpd_answers(struct eidc_httpd *httpd, int64_t patience_ms, struct eidc_err *err)
{
    const int64_t now_ms = eidc_mono_ms();
    const struct eidc_port *silent = NULL;
    for (size_t i = 0; i < httpd->count; i++) {
        for (size_t k = 0; k < httpd->ports[i].thread_count; k++) {
            struct eidc_thread *thread = &httpd->ports[i].threads[k];
            if (!eidc_pulse_is_felt(&thread->pulse, thread->daemon, now_ms, patience_ms))
                silent = thread->port;
        }
    }
    return silent == NULL || eidc_fail(err, EIDC_ERR_TIMEOUT, "a thread of %s does not answer",
                                       silent->listener.text);
}

static void stop_accepting(struct eidc_httpd *httpd)
{
    for (size_t i = 0; i < httpd->count; i++)
        for (size_t k = 0; k < httpd->ports[i].thread_count; k++)
            MHD_quiesce_daemon(httpd->ports[i].threads[k].daemon); /* the socket is ours again */
}

/* What is in progress ends; who has just connected has a request on its way and is waited for, too.
 * Whoever has been answered knows that a connection that is kept may end. */
static void drain(struct eidc_httpd *httpd, int64_t drain_ms, void (*beat)(void *arg), void *arg)
{
    const struct timespec pause = {.tv_nsec = DRAIN_POLL_MS * 1000000L};
    const int64_t began = eidc_mono_ms();
    struct eidc_reaper *reaper = httpd->server.reaper;
    int64_t spent = 0;
    while (spent < drain_ms && eidc_reaper_count_busy(reaper, spent < FRESH_MS) > 0) {
        if (beat != NULL)
            beat(arg);
        nanosleep(&pause, NULL);
        spent = eidc_mono_ms() - began;
    }
    unsigned left = eidc_reaper_count_busy(reaper, false);
    if (left > 0)
        eidc_warn("http: %u requests were cut off", left);
}

void eidc_httpd_stop(struct eidc_httpd *httpd, int64_t drain_ms, void (*beat)(void *arg), void *arg)
{
    atomic_store(&httpd->server.stopping, true);
    stop_accepting(httpd);
    if (httpd->server.waits != NULL)
        eidc_waits_stop(httpd->server.waits);
    drain(httpd, drain_ms, beat, arg);
    for (size_t i = 0; i < httpd->count; i++) {
        for (size_t k = 0; k < httpd->ports[i].thread_count; k++)
            MHD_stop_daemon(httpd->ports[i].threads[k].daemon);
        free(httpd->ports[i].threads);
        eidc_listener_close(&httpd->ports[i].listener);
    }
    eidc_reaper_stop(httpd->server.reaper);
    eidc_waits_free(httpd->server.waits);
    eidc_tls_free(httpd->server.tls);
    eidc_token_free(httpd->server.token);
    free(httpd->ports);
    free(httpd);
}
