#pragma once
/*
 * An HTTP client as a single-threaded event loop behind a small vtable, so that tests can script
 * whole exchanges in virtual time. Everything of one client happens in the thread that steps it;
 * callbacks run inside step() and may start requests and timers, and call step() again: what is due
 * is collected first and then called back one by one, so that a nested step() runs the rest.
 * Redirects are never followed.
 */
#include "eidcached/base/buf.h"
#include "eidcached/base/err.h"

struct eidc_http_header {
    char *name, *value;
};

#define EIDC_HTTP_HEADERS_MAX 32

struct eidc_http_headers {
    struct eidc_http_header at[EIDC_HTTP_HEADERS_MAX];
    size_t n;
};
/* Copies both; false when full or when either holds CR, LF or NUL. */
bool eidc_http_headers_add(struct eidc_http_headers *h, const char *name, struct eidc_str value);
/* First value, compared without case; NULL when absent. */
const char *eidc_http_headers_get(const struct eidc_http_headers *h, const char *name);
void eidc_http_headers_free(struct eidc_http_headers *h); /* wipes the values */

/* A body that is made while it is sent, so that it need not be in memory; each time the same. */
struct eidc_http_body {
    void *arg;
    uint64_t size;
    void (*rewind)(void *arg); /* to its beginning, before each sending */
    /* Copies what comes next, at most room bytes; 0: it cannot be made, which ends the sending. */
    size_t (*read)(void *arg, char *to, size_t room);
};

struct eidc_http_request {
    const char *method;
    const char *url;                         /* sent byte for byte: no normalising of the path */
    const struct eidc_http_headers *headers; /* may be NULL */
    struct eidc_str body;                    /* must outlive the request */
    const struct eidc_http_body *made;       /* in its place, or NULL; must outlive the request */
    const char *unix_socket;                 /* path, or NULL */
    int64_t connect_timeout_ms, timeout_ms;  /* of the whole exchange; 0: none */
    /* For transfers of any size: TIMEOUT when fewer than so many bytes a second went either way
     * for so long (in whole seconds, rounded up). 0: none */
    uint32_t low_speed_bytes;
    int64_t low_speed_ms;
    size_t max_response; /* bytes of body; 0: none */
    bool no_proxy;       /* none even where the environment names one; local hosts never have one */
    const char *ca_bundle;                /* file, or NULL for the system's */
    const char *client_cert, *client_key; /* files, PEM; NULL: none is shown */
};

struct eidc_http_response {
    int status;          /* 0: no complete answer came; then err says why */
    struct eidc_err err; /* TIMEOUT, UNAVAILABLE (refused, reset, cut short), LIMIT, CANCELLED,
                          * INVALID (the URL). Names the host, never the path or query */
    struct eidc_http_headers headers;
    struct eidc_buf body;
};

struct eidc_http_client;

/* The response is the callee's to read only during the call; it may move `body` out. */
typedef void eidc_http_done(void *arg, struct eidc_http_response *response);
typedef void eidc_http_timer(void *arg);

struct eidc_http_client_ops {
    /* Copies what it needs of the request but the body. done is always called, from step(). */
    void (*start)(struct eidc_http_client *c, const struct eidc_http_request *request,
                  eidc_http_done *done, void *arg);
    void (*after)(struct eidc_http_client *c, int64_t delay_ms, eidc_http_timer *fire, void *arg);
    /* Waits for events at most max_wait_ms and runs their callbacks. False when no request and no
     * timer is outstanding. */
    bool (*step)(struct eidc_http_client *c, int64_t max_wait_ms);
    /* Makes a step() in another thread return soon. Thread-safe. */
    void (*wake)(struct eidc_http_client *c);
    /* Ends everything outstanding: requests report CANCELLED from here, timers are dropped. */
    void (*cancel)(struct eidc_http_client *c);
    void (*destroy)(struct eidc_http_client *c);
};

struct eidc_http_client {
    const struct eidc_http_client_ops *ops;
};

/* One request, waited for: steps the client until it is done. On false response is zeroed;
 * any complete answer, whatever its status, is true. */
bool eidc_http_perform(struct eidc_http_client *c, const struct eidc_http_request *request,
                       struct eidc_http_response *response, struct eidc_err *err);
void eidc_http_response_free(struct eidc_http_response *response);

/* The real one, over libcurl's multi interface. Sets nothing global but curl_global_init. A
 * request on a kept-alive connection that turns out to be closed is sent again on a fresh one. */
bool eidc_http_curl_new(const char *user_agent, struct eidc_http_client **out,
                        struct eidc_err *err);
