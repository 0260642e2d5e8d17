#pragma once
/* Between libmicrohttpd and the routes: what happens to one connection. Only httpd.c, which hands
 * these to libmicrohttpd, needs this header. */
#include <microhttpd.h>

#include "eidcached/http/body.h"
#include "eidcached/http/listener.h"
#include "eidcached/http/pulse.h"
#include "eidcached/http/reaper.h"
#include "eidcached/http/service.h"
#include "eidcached/http/tls.h"
#include "eidcached/http/token.h"
#include "eidcached/http/waits.h"

/* What all listeners share. */
struct eidc_server {
    struct eidc_service *service;
    struct eidc_token *token;
    struct eidc_tls *tls; /* of the TCP listeners; NULL: none */
    struct eidc_waits *waits;
    struct eidc_reaper *reaper;
    struct eidc_bodies bodies;
    unsigned served, room; /* connections of each listener: served, and beyond that told to go */
    atomic_bool stopping;
};

/* A thread of a listener. */
struct eidc_thread {
    struct eidc_port *port;
    struct MHD_Daemon *daemon;
    struct eidc_pulse pulse;
    char apart[64]; /* a pulse shares its cache line with no other */
};

/* One listener and its threads. */
struct eidc_port {
    struct eidc_server *server;
    struct eidc_listener listener;
    struct eidc_thread *threads;
    size_t thread_count;
    atomic_uint connections; /* open */
    unsigned late_max;       /* over http.max_connections that may be silent at a time */
};

/* Of silence, until libmicrohttpd ends a connection: later than the reaper. Within a TLS handshake
 * its own end (0.9.75) leaves the connection where it is, and the thread turning for good. */
unsigned eidc_connection_timeout_s(int64_t limit_ms);

/* The callbacks; cls is always a struct eidc_thread. */
void eidc_connection_notify(void *cls, struct MHD_Connection *mhd, void **context,
                            enum MHD_ConnectionNotificationCode code);
void *eidc_connection_begin(void *cls, const char *uri, struct MHD_Connection *mhd);
enum MHD_Result eidc_connection_handle(void *cls, struct MHD_Connection *mhd, const char *url,
                                       const char *method, const char *version, const char *data,
                                       size_t *data_size, void **context);
void eidc_connection_completed(void *cls, struct MHD_Connection *mhd, void **context,
                               enum MHD_RequestTerminationCode code);
/* Leaves escapes alone: the routes decode, once. */
size_t eidc_connection_unescape(void *cls, struct MHD_Connection *mhd, char *text);
