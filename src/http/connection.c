/*
 * libmicrohttpd calls, for each request, in the connection's pool thread: begin (the request line
 * is there), handle (the headers are there), handle for each piece of the body, handle at its end,
 * completed. An answer queued in the first handle closes the connection, which is wanted where a
 * body that nobody wants is under way, and nowhere else.
 */
#include "eidcached/http/connection.h"

#include <sys/socket.h>

#include "eidcached/base/clock.h"
#include "eidcached/base/mem.h"
#include "eidcached/http/access_log.h"
#include "eidcached/http/head.h"
#include "eidcached/http/http_metrics.h"
#include "eidcached/http/prepared.h"
#include "eidcached/http/respond.h"
#include "eidcached/http/routes.h"

#define AFTER_REAPER_S 3u /* its sweep, and what a busy machine adds */

struct connection {
    struct eidc_request request;
    struct eidc_body body;
    struct eidc_watched watched;
    struct eidc_prepared *prepared;   /* the answer that is on its way; may be NULL */
    struct eidc_tls_credentials *tls; /* NULL: in clear */
    struct eidc_port *port;
    struct eidc_pulse *pulse; /* of its thread */
    bool late;                /* came when there were too many */
    bool begun;               /* the headers were looked at */
    bool admitted;            /* so were the rules */
    bool http_1_0;
    const char *target; /* of the request, where libmicrohttpd has it */
};

size_t eidc_connection_unescape(void *cls, struct MHD_Connection *mhd, char *text)
{
    (void)cls;
    (void)mhd;
    return strlen(text);
}

unsigned eidc_connection_timeout_s(int64_t limit_ms)
{
    return (unsigned)((limit_ms + 999) / 1000) + AFTER_REAPER_S;
}

/* A connection that cannot be given credentials is shut: it is never served in clear. */
static void begin_tls(struct connection *c, struct MHD_Connection *mhd)
{
    if (c->port->server->tls == NULL || c->port->listener.is_unix)
        return;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    if (info != NULL)
        c->tls = eidc_tls_begin(c->port->server->tls, info->tls_session, eidc_mono_ms());
    if (c->tls == NULL)
        shutdown(c->watched.fd, SHUT_RDWR);
}

static struct connection *connection_new(struct eidc_thread *thread, struct MHD_Connection *mhd)
{
    struct eidc_port *port = thread->port;
    struct eidc_service *service = port->server->service;
    struct connection *c = eidc_xcalloc(1, sizeof(*c));
    c->port = port;
    c->pulse = &thread->pulse;
    c->request.service = service;
    c->request.is_unix = port->listener.is_unix;
    c->request.is_loopback = port->listener.is_loopback;
    unsigned before = atomic_fetch_add(&port->connections, 1);
    c->late = before >= port->server->served;
    if (c->late)
        MHD_set_connection_option(mhd, MHD_CONNECTION_OPTION_TIMEOUT,
                                  eidc_connection_timeout_s(EIDC_REAPER_LATE_MS));
    int fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    eidc_reaper_add(port->server->reaper, &c->watched, fd, c->late, port->late_max);
    begin_tls(c, mhd);
    eidc_http_count_connection(1);
    return c;
}

static void connection_free(struct connection *c)
{
    eidc_reaper_remove(c->port->server->reaper, &c->watched);
    atomic_fetch_sub(&c->port->connections, 1);
    eidc_http_count_connection(-1);
    eidc_request_free(&c->request);
    eidc_tls_end(c->tls);
    free(c);
}

void eidc_connection_notify(void *cls, struct MHD_Connection *mhd, void **context,
                            enum MHD_ConnectionNotificationCode code)
{
    struct eidc_thread *thread = cls;
    eidc_pulse_beat(&thread->pulse);
    if (code != MHD_CONNECTION_NOTIFY_STARTED && *context != NULL)
        connection_free(*context);
    else if (code == MHD_CONNECTION_NOTIFY_STARTED && !eidc_pulse_asks(mhd))
        *context = connection_new(thread, mhd);
}

/* libmicrohttpd would now put each parameter into the connection's memory, which some hundred
 * fill. The routes have their own copy of the query: here it ends behind its '?'. */
static void hide_query(const char *uri)
{
    char *mark = strchr(uri, '?'); /* in the connection's read buffer */
    if (mark != NULL)
        mark[1] = '\0';
}

void *eidc_connection_begin(void *cls, const char *uri, struct MHD_Connection *mhd)
{
    struct connection *c =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
    (void)cls;
    eidc_request_reset(&c->request);
    c->begun = c->admitted = false;
    c->request.started_us = eidc_mono_us();
    eidc_request_set_uri(&c->request, uri);
    c->target = uri;
    hide_query(uri);
    return c;
}

void eidc_connection_completed(void *cls, struct MHD_Connection *mhd, void **context,
                               enum MHD_RequestTerminationCode code)
{
    struct connection *c = *context;
    (void)cls;
    (void)mhd;
    (void)code;
    if (c != NULL) {
        eidc_body_end(&c->body, &c->port->server->bodies);
        eidc_prepared_release(c->prepared);
        c->prepared = NULL;
        eidc_reaper_busy(&c->watched, false);
        eidc_pulse_beat(c->pulse);
    }
    *context = NULL;
}

static void read_head(struct connection *c, struct MHD_Connection *mhd, const char *method,
                      const char *version)
{
    struct eidc_request *r = &c->request;
    const struct eidc_head head = {method, c->target, version};
    c->begun = true;
    eidc_reaper_busy(&c->watched, true);
    c->http_1_0 = strcmp(version, MHD_HTTP_VERSION_1_0) == 0;
    r->body.limit = r->service->config->http.max_body;
    eidc_head_read(mhd, &head, r);
    eidc_route_find(r);
}

/* A late connection gets one answer, unless others went meanwhile. */
static bool over_limit(struct connection *c, struct MHD_Connection *mhd)
{
    const struct eidc_config *config = c->request.service->config;
    if (c->late && atomic_load_explicit(&c->port->connections, memory_order_relaxed) <=
                       c->port->server->served) {
        c->late = false;
        eidc_reaper_promote(c->port->server->reaper, &c->watched);
        MHD_set_connection_option(mhd, MHD_CONNECTION_OPTION_TIMEOUT,
                                  eidc_connection_timeout_s(config->http.idle_timeout));
    }
    return c->late;
}

static bool admit(struct connection *c, struct MHD_Connection *mhd)
{
    const struct eidc_config *config = c->request.service->config;
    struct eidc_gate gate = {
        .rules = {.allowed_hosts = &config->http.allowed_hosts,
                  .trust_proxy = config->http.trust_proxy,
                  .http_1_0 = c->http_1_0},
        .token = c->port->server->token,
        .over_limit = over_limit(c, mhd),
        .now_ms = c->request.started_us / 1000,
    };
    c->admitted = eidc_route_admit(&c->request, &gate);
    return c->admitted;
}

static enum MHD_Result send_answer(struct connection *c, struct MHD_Connection *mhd,
                                   const char *method)
{
    struct eidc_request *r = &c->request;
    struct eidc_server *server = c->port->server;
    if (c->late || atomic_load_explicit(&server->stopping, memory_order_relaxed) ||
        atomic_load_explicit(&server->service->draining, memory_order_relaxed))
        r->answer.close = true;
    if (!eidc_respond(mhd, r, &c->prepared))
        return MHD_NO;
    int64_t now = eidc_mono_us();
    eidc_http_count_request(r, now);
    if (server->service->config->http.access_log > 0)
        eidc_access_log(mhd, r, method, now);
    return MHD_YES;
}

static enum MHD_Result take_body(struct connection *c, const char *data, size_t *size)
{
    struct eidc_request *r = &c->request;
    const struct eidc_str piece = {data, *size};
    bool wanted = c->admitted && r->route->takes_body && r->method == EIDC_POST;
    *size = 0;
    return eidc_body_take(&c->body, &c->port->server->bodies, r, wanted, piece) ? MHD_YES : MHD_NO;
}

/* The whole request is there. */
static enum MHD_Result answer(struct connection *c, struct MHD_Connection *mhd, const char *method)
{
    struct eidc_request *r = &c->request;
    bool refused = r->answer.status != 0; /* before its body came */
    if (!refused && (c->admitted || admit(c, mhd)))
        eidc_route_handle(r);
    if (r->answer.status == 0) {
        if (eidc_waits_add(c->port->server->waits, mhd, r))
            return MHD_YES;
        eidc_route_handle(r);
    }
    return send_answer(c, mhd, method);
}

enum MHD_Result eidc_connection_handle(void *cls, struct MHD_Connection *mhd, const char *url,
                                       const char *method, const char *version, const char *data,
                                       size_t *data_size, void **context)
{
    struct connection *c = *context;
    (void)cls;
    (void)url;
    eidc_pulse_beat(c->pulse);
    if (!c->begun) {
        read_head(c, mhd, method, version);
        if (!eidc_head_check(&c->request, c->http_1_0))
            return send_answer(c, mhd, method);
        bool refused = eidc_request_has_body(&c->request) && !admit(c, mhd);
        return refused && !eidc_body_comes_first(&c->request) ? send_answer(c, mhd, method)
                                                              : MHD_YES;
    }
    if (*data_size > 0)
        return take_body(c, data, data_size);
    return answer(c, mhd, method);
}
