#pragma once
/* Who may ask what. Pure: a decision over what a request said; connection.c and token.c feed it. */
#include "eidcached/config/config.h"
#include "eidcached/http/http_request.h"

/* Whom a route is for. */
enum eidc_audience {
    EIDC_FOR_ANYONE,   /* probes: no token, and from outside no host rules */
    EIDC_FOR_VISITORS, /* people with a browser, for a page without data: no token */
    EIDC_FOR_READERS,  /* the token, when one is configured */
    EIDC_FOR_WRITERS,  /* the token or the UNIX socket, always */
};

static inline bool eidc_audience_needs_token(enum eidc_audience audience)
{
    return audience == EIDC_FOR_READERS || audience == EIDC_FOR_WRITERS;
}

enum eidc_token_state {
    EIDC_TOKEN_NOT_CONFIGURED,
    EIDC_TOKEN_MISSING, /* the request has none */
    EIDC_TOKEN_WRONG,
    EIDC_TOKEN_RIGHT,
    EIDC_TOKEN_UNREADABLE, /* the file: nobody can be let in */
};

enum eidc_access {
    EIDC_ACCESS_OK,
    EIDC_ACCESS_BAD_HOST,  /* 400: none, several, or not a host */
    EIDC_ACCESS_FORWARDED, /* 403 from here */
    EIDC_ACCESS_ORIGIN,
    EIDC_ACCESS_HOST,
    EIDC_ACCESS_TARGET_HOST,  /* the same, of an absolute-form target */
    EIDC_ACCESS_NEEDS_TOKEN,  /* 403: a write over TCP, and no token configured */
    EIDC_ACCESS_UNAUTHORIZED, /* 401 */
    EIDC_ACCESS_NO_TOKEN_FILE /* 503 */
};

struct eidc_access_rules {
    const struct eidc_strings *allowed_hosts; /* n == 0: the default */
    bool trust_proxy;
    bool http_1_0;
};

/* Where the request comes through: server-side request forgery and DNS rebinding. */
enum eidc_access eidc_access_origin(const struct eidc_request *r,
                                    const struct eidc_access_rules *rules,
                                    enum eidc_audience audience);
/* Who asks. */
enum eidc_access eidc_access_token(const struct eidc_request *r, enum eidc_audience audience,
                                   enum eidc_token_state token);

/* "example.org:80" -> "example.org", "[::1]:80" -> "[::1]"; false when it cannot be a host. */
bool eidc_access_host_name(struct eidc_str authority, struct eidc_str *host);
/* The token of an Authorization header with the Bearer scheme; false: none. */
bool eidc_access_bearer(struct eidc_str authorization, struct eidc_str *token);
