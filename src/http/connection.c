/*
 * libmicrohttpd calls, for each request, in the connection's pool thread: begin (the request line
 * is there), handle (the headers are there), handle for each piece of the body, handle at its end,
 * completed. An answer queued in the first handle closes the connection, which is wanted where a
 * body that nobody wants is under way, and nowhere else.
 */
#include "eidcached/http/connection.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "eidcached/base/clock.h"
#include "eidcached/base/log.h"
#include "eidcached/base/mem.h"
#include "eidcached/http/head.h"
#include "eidcached/http/http_metrics.h"
#include "eidcached/http/prepared.h"
#include "eidcached/http/respond.h"
#include "eidcached/http/routes.h"

#define DROPPED_BODY_MAX (8ul * 1024 * 1024) /* beyond the limit, before the connection is cut */
#define BODY_RATE_MIN    1024                /* bytes a second, once http.idle_timeout is over */
#define SMALL_BODY       (4ul * 1024) /* always kept: small batches pass whatever large ones do */
#define LATE_TIMEOUT_S   1u           /* head-room that idles is taken from probes */
#define BODIES_MAX       4            /* times http.max_body, of all large bodies together */

struct connection {
    struct eidc_request request;
    struct eidc_watched watched;
    struct eidc_prepared *prepared;   /* the answer that is on its way; may be NULL */
    struct eidc_tls_credentials *tls; /* NULL: in clear */
    struct eidc_port *port;
    bool late;     /* came when there were too many */
    bool begun;    /* the headers were looked at */
    bool admitted; /* so were the rules */
    bool http_1_0;
    const char *target; /* of the request, where libmicrohttpd has it */
    uint64_t came;      /* bytes of body */
    uint64_t dropped;   /* those that are not kept */
    uint64_t held;      /* bytes of server->bodies that are ours */
};

size_t eidc_connection_unescape(void *cls, struct MHD_Connection *mhd, char *text)
{
    (void)cls;
    (void)mhd;
    return strlen(text);
}

unsigned eidc_connection_idle_s(const struct eidc_config *config)
{
    return (unsigned)((config->http.idle_timeout + 999) / 1000);
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

static struct connection *connection_new(struct eidc_port *port, struct MHD_Connection *mhd)
{
    struct eidc_service *service = port->server->service;
    struct connection *c = eidc_xcalloc(1, sizeof(*c));
    c->port = port;
    c->request.service = service;
    c->request.is_unix = port->listener.is_unix;
    c->request.is_loopback = port->listener.is_loopback;
    unsigned before = atomic_fetch_add(&port->connections, 1);
    c->late = before >= service->config->http.max_connections;
    if (c->late)
        MHD_set_connection_option(mhd, MHD_CONNECTION_OPTION_TIMEOUT, LATE_TIMEOUT_S);
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
    if (code == MHD_CONNECTION_NOTIFY_STARTED)
        *context = connection_new(cls, mhd);
    else if (*context != NULL)
        connection_free(*context);
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
    c->came = c->dropped = 0;
    c->request.started_us = eidc_mono_us();
    eidc_request_set_uri(&c->request, uri);
    c->target = uri;
    hide_query(uri);
    return c;
}

/* Room for `size` bytes more of a body. They are counted as they come, not as they are announced:
 * who only announces takes nothing away from others. */
static bool hold(struct connection *c, size_t size)
{
    struct eidc_server *server = c->port->server;
    uint64_t most = BODIES_MAX * server->service->config->http.max_body;
    uint64_t limit = most < server->bodies_max ? most : server->bodies_max;
    uint64_t body = c->request.body.n + size;
    if (body <= SMALL_BODY)
        return true;
    uint64_t more = body - c->held;
    c->held = body;
    return atomic_fetch_add(&server->bodies, more) + more <= limit;
}

static void let_go(struct connection *c)
{
    if (c->held > 0)
        atomic_fetch_sub(&c->port->server->bodies, c->held);
    c->held = 0;
}

void eidc_connection_completed(void *cls, struct MHD_Connection *mhd, void **context,
                               enum MHD_RequestTerminationCode code)
{
    struct connection *c = *context;
    (void)cls;
    (void)mhd;
    (void)code;
    if (c != NULL) {
        let_go(c); /* its keys went with the answer */
        eidc_prepared_release(c->prepared);
        c->prepared = NULL;
        eidc_reaper_busy(&c->watched, false);
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
                       config->http.max_connections) {
        c->late = false;
        eidc_reaper_promote(c->port->server->reaper, &c->watched);
        MHD_set_connection_option(mhd, MHD_CONNECTION_OPTION_TIMEOUT,
                                  eidc_connection_idle_s(config));
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

static void log_access(struct connection *c, struct MHD_Connection *mhd, const char *method,
                       int64_t now_us)
{
    const struct eidc_request *r = &c->request;
    char peer[INET6_ADDRSTRLEN] = "unix";
    const union MHD_ConnectionInfo *info =
        r->is_unix ? NULL : MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (info != NULL && info->client_addr->sa_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)(void *)info->client_addr)->sin_addr, peer,
                  sizeof(peer));
    else if (info != NULL)
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(void *)info->client_addr)->sin6_addr,
                  peer, sizeof(peer));
    eidc_info("http: %s %s %.*s %u %" PRId64 "us", peer, method, EIDC_STR_ARG(r->path),
              r->answer.status, now_us - r->started_us);
}

/* Evenly, each thread for itself: every hundredth request at 1 %. */
static bool is_logged(unsigned per_mille)
{
    static _Thread_local unsigned sum;
    if (per_mille == 0)
        return false;
    sum += per_mille;
    if (sum < 1000)
        return false;
    sum -= 1000;
    return true;
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
    if (is_logged(server->service->config->http.access_log))
        log_access(c, mhd, method, now);
    return MHD_YES;
}

static void keep_body(struct connection *c, const char *data, size_t size)
{
    struct eidc_request *r = &c->request;
    bool fits = size <= r->body.limit - r->body.n;
    if (fits && hold(c, size) && eidc_buf_add(&r->body, data, size))
        return;
    r->body_fate = fits ? EIDC_BODY_NO_ROOM : EIDC_BODY_TOO_LARGE;
    c->dropped = r->body.n;
    eidc_buf_free(&r->body);
    let_go(c);
}

/* Whoever sends a byte now and then is never idle, and never done. */
static bool drips(const struct connection *c)
{
    const struct eidc_request *r = &c->request;
    int64_t over_us = eidc_mono_us() - r->started_us - r->service->config->http.idle_timeout * 1000;
    return over_us > 0 && c->came < (uint64_t)over_us / 1000 * BODY_RATE_MIN / 1000;
}

static uint64_t body_max(const struct connection *c)
{
    return c->request.service->config->http.max_body + DROPPED_BODY_MAX;
}

/* A refused request whose body is on its way already is answered behind it: closing earlier would
 * reset the connection, and the answer with it. Not when the client waits for the answer, nor when
 * the body is too long to be worth it. */
static bool answers_behind_body(const struct connection *c)
{
    const struct eidc_request_headers *h = &c->request.headers;
    uint64_t length;
    return h->expect.p == NULL &&
           (h->content_length.p == NULL || eidc_str_u64(h->content_length, body_max(c), &length));
}

/* A piece of the body: kept if the handler wants it, else dropped, within reason. */
static enum MHD_Result take_body(struct connection *c, const char *data, size_t *size)
{
    struct eidc_request *r = &c->request;
    bool wanted = c->admitted && r->route->takes_body && r->method == EIDC_POST;
    c->came += *size;
    if (wanted && r->body_fate == EIDC_BODY_KEPT)
        keep_body(c, data, *size);
    if (!wanted || r->body_fate != EIDC_BODY_KEPT)
        c->dropped += *size;
    *size = 0;
    return c->dropped <= body_max(c) && !drips(c) ? MHD_YES : MHD_NO;
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
    if (!c->begun) {
        read_head(c, mhd, method, version);
        if (!eidc_head_check(&c->request, c->http_1_0))
            return send_answer(c, mhd, method);
        bool refused = eidc_request_has_body(&c->request) && !admit(c, mhd);
        return refused && !answers_behind_body(c) ? send_answer(c, mhd, method) : MHD_YES;
    }
    if (*data_size > 0)
        return take_body(c, data, data_size);
    return answer(c, mhd, method);
}
