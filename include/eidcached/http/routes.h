#pragma once
/* The table of paths, and what every request goes through. */
#include "eidcached/http/access.h"

struct eidc_token;

struct eidc_route {
    const char *pattern; /* the name in metrics and logs */
    const char *path;    /* exact, or with a '/' at its end a beginning */
    unsigned methods;    /* EIDC_METHOD_BIT()s */
    const char *allow;   /* the same for people */
    enum eidc_audience audience;
    bool takes_body; /* a POST's body is for the handler; other bodies are read and dropped */
    bool is_probe;   /* answered over the connection limit too */
    void (*handle)(struct eidc_request *r);
};

#define EIDC_ROUTES_MAX 20
/* Index in the table; the count for "other". */
size_t eidc_route_index(const struct eidc_route *route);
const char *eidc_route_name(size_t index); /* "other" past the end */

/* Sets r->route and r->rest; NULL: no such path. What is for visitors is for those whose Accept
 * prefers HTML; others get the row behind it. */
void eidc_route_find(struct eidc_request *r);

struct eidc_gate {
    struct eidc_access_rules rules;
    struct eidc_token *token;
    bool over_limit; /* of connections */
    int64_t now_ms;  /* monotonic */
};
/* The checks before a handler, in order: where from, path, method, token, limits, body. False,
 * with the problem in r: refused. */
bool eidc_route_admit(struct eidc_request *r, const struct eidc_gate *gate);
/* Runs the handler. */
void eidc_route_handle(struct eidc_request *r);
