#pragma once
/* The body of a request while it comes: kept for a handler that wants it, within http.max_body and
 * what the bodies of all requests together may hold, else dropped. */
#include <stdatomic.h>

#include "eidcached/http/http_request.h"

/* The large ones of all requests. */
struct eidc_bodies {
    _Atomic uint64_t held; /* bytes */
    uint64_t max;          /* of them, whatever http.max_body says */
};

/* One connection's. Zeroed: none yet. */
struct eidc_body {
    uint64_t came;    /* bytes */
    uint64_t dropped; /* those of them that are not kept */
    uint64_t held;    /* those of `bodies` that are ours */
};

/* A piece of r's body: kept in r->body if `wanted`. r->body_fate says why it is not any more.
 * False: there is no use in reading on, the connection is to be cut. */
bool eidc_body_take(struct eidc_body *body, struct eidc_bodies *bodies, struct eidc_request *r,
                    bool wanted, struct eidc_str piece);

/* The end of its request; what was kept went with the answer. */
void eidc_body_end(struct eidc_body *body, struct eidc_bodies *bodies);

/* Whether the body of a refused request is to be read before the answer. One that is on its way
 * already is: closing earlier would reset the connection, and the answer with it. Not when the
 * client waits for the answer, nor when the body is too long to be worth it. */
bool eidc_body_comes_first(const struct eidc_request *r);
