#pragma once
/*
 * One request as handlers see it, with the answer they fill in. Nothing here is libmicrohttpd's:
 * connection.c fills the request, respond.c sends the answer.
 * A request belongs to its connection and is used again for the next one, with its buffers.
 */
#include "eidcached/http/answer.h"
#include "eidcached/http/service.h"

enum eidc_method { EIDC_GET, EIDC_HEAD, EIDC_POST, EIDC_METHOD_OTHER };
#define EIDC_METHOD_BIT(m) (1u << (m))

/* The headers that anything here looks at; p is NULL where there is none. Of several lines with one
 * name the first one counts, but those of a list are one. */
struct eidc_request_headers {
    struct eidc_str host, origin, accept, authorization, cache_control, content_type, if_none_match;
    struct eidc_str range, if_range, accept_encoding;
    struct eidc_str content_length, transfer_encoding, content_encoding, expect;
    struct eidc_str forwarded;   /* Forwarded or X-Forwarded-*: that there is one */
    unsigned hosts, origins;     /* how many Host and Origin lines */
    unsigned lengths, encodings; /* the same of Content-Length and Transfer-Encoding */
    bool bad_line;               /* the first one */
    bool mangled;                /* lines do not follow each other as they are read */
};

/* A handler that fills ticket or past, and until_ms, and leaves the status 0 is called again
 * later. */
struct eidc_wait {
    uint64_t ticket;                 /* for the end of this refresh; 0: not for one */
    uint64_t past;                   /* else for a generation of another number than this */
    int64_t until_ms;                /* monotonic */
    bool over;                       /* this is the second call */
    struct eidc_round_report *round; /* owned: how it ended; NULL: it has not, but the time is
                                        over or the process stops */
};

enum eidc_body_fate {
    EIDC_BODY_KEPT,
    EIDC_BODY_TOO_LARGE,
    EIDC_BODY_NO_ROOM, /* bodies of other requests take all there is */
};

struct eidc_route;

struct eidc_request {
    struct eidc_service *service;
    bool is_unix, is_loopback; /* what the listener is */
    enum eidc_method method;
    struct eidc_buf uri;         /* raw, as it came */
    struct eidc_str path, query; /* views of it, not decoded; query without '?' */
    struct eidc_str rest;        /* of the path, behind a route's pattern */
    struct eidc_str uri_host;    /* of an absolute-form target, else p is NULL */
    struct eidc_request_headers headers;
    struct eidc_buf lists; /* what headers is a view of where a list came in several lines */
    const struct eidc_route *route;
    struct eidc_buf body;
    enum eidc_body_fate body_fate;
    struct eidc_buf key; /* scratch: a decoded name or EID */
    struct eidc_buf out; /* the answer's body, whole or its beginning */
    struct eidc_answer answer;
    struct eidc_wait wait;
    int64_t started_us;
};

/* Back to nothing asked, nothing answered; keeps small buffers, frees big ones. */
void eidc_request_reset(struct eidc_request *r);
void eidc_request_free(struct eidc_request *r);

/* Splits the raw request target into path, query and uri_host. */
void eidc_request_set_uri(struct eidc_request *r, const char *uri);

static inline bool eidc_request_has_body(const struct eidc_request *r)
{
    return r->headers.transfer_encoding.p != NULL ||
           (r->headers.content_length.p != NULL &&
            !eidc_str_eq(r->headers.content_length, EIDC_STR("0")));
}
