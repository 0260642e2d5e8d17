#include "eidcached/http/routes.h"

#include <inttypes.h>
#include <strings.h>

#include "eidcached/http/handlers.h"
#include "eidcached/http/http_metrics.h"
#include "eidcached/http/negotiate.h"
#include "eidcached/http/token.h"

#define READ  (EIDC_METHOD_BIT(EIDC_GET) | EIDC_METHOD_BIT(EIDC_HEAD))
#define WRITE EIDC_METHOD_BIT(EIDC_POST)

/* clang-format off */
static const struct eidc_route routes[] = {
    {"/v1/forward/{name}", "/v1/forward/", READ, "GET, HEAD",
     EIDC_FOR_READERS, false, false, eidc_handle_forward},
    {"/v1/reverse/{eid}", "/v1/reverse/", READ, "GET, HEAD",
     EIDC_FOR_READERS, false, false, eidc_handle_reverse},
    {"/v1/forward", "/v1/forward", READ | WRITE, "GET, HEAD, POST",
     EIDC_FOR_READERS, true, false, eidc_handle_forward_batch},
    {"/v1/reverse", "/v1/reverse", READ | WRITE, "GET, HEAD, POST",
     EIDC_FOR_READERS, true, false, eidc_handle_reverse_batch},
    {"/v1/names", "/v1/names", READ, "GET, HEAD",
     EIDC_FOR_READERS, false, false, eidc_handle_names},
    {"/v1/scopes", "/v1/scopes", READ, "GET, HEAD",
     EIDC_FOR_READERS, false, false, eidc_handle_scopes},
    {"/v1/snapshot", "/v1/snapshot", READ, "GET, HEAD",
     EIDC_FOR_READERS, false, false, eidc_handle_snapshot},
    {"/v1/changes", "/v1/changes", READ, "GET, HEAD",
     EIDC_FOR_READERS, false, false, eidc_handle_changes},
    {"/v1/status", "/v1/status", READ, "GET, HEAD",
     EIDC_FOR_READERS, false, false, eidc_handle_status},
    {"/v1/refresh", "/v1/refresh", WRITE, "POST",
     EIDC_FOR_WRITERS, false, false, eidc_handle_refresh},
    {"/livez", "/livez", READ, "GET, HEAD",
     EIDC_FOR_ANYONE, false, true, eidc_handle_livez},
    {"/readyz", "/readyz", READ, "GET, HEAD",
     EIDC_FOR_ANYONE, false, true, eidc_handle_readyz},
    {"/healthz", "/healthz", READ, "GET, HEAD",
     EIDC_FOR_ANYONE, false, true, eidc_handle_livez},
    {"/metrics", "/metrics", READ, "GET, HEAD",
     EIDC_FOR_READERS, false, false, eidc_handle_metrics},
    {"/openapi.json", "/openapi.json", READ, "GET, HEAD",
     EIDC_FOR_READERS, false, false, eidc_handle_openapi},
    {"/", "/", READ, "GET, HEAD",
     EIDC_FOR_VISITORS, false, false, eidc_handle_page},
    {"/", "/", READ, "GET, HEAD",
     EIDC_FOR_READERS, false, false, eidc_handle_index},
};
/* clang-format on */
#define ROUTES (sizeof(routes) / sizeof(routes[0]))
_Static_assert(ROUTES <= EIDC_ROUTES_MAX, "http_metrics.c keeps series for that many");

size_t eidc_route_index(const struct eidc_route *route)
{
    return route != NULL ? (size_t)(route - routes) : ROUTES;
}

const char *eidc_route_name(size_t index)
{
    return index < ROUTES ? routes[index].pattern : "other";
}

static bool matches(const struct eidc_route *route, const struct eidc_request *r)
{
    size_t n = strlen(route->path);
    bool beginning = n > 1 && route->path[n - 1] == '/';
    if ((beginning ? r->path.n < n : r->path.n != n) || memcmp(r->path.p, route->path, n) != 0)
        return false;
    return route->audience != EIDC_FOR_VISITORS || eidc_prefers_html(r->headers.accept);
}

void eidc_route_find(struct eidc_request *r)
{
    r->route = NULL;
    for (size_t i = 0; i < ROUTES && r->route == NULL; i++) {
        if (!matches(&routes[i], r))
            continue;
        size_t n = strlen(routes[i].path);
        r->route = &routes[i];
        r->rest = (struct eidc_str){r->path.p + n, r->path.n - n};
    }
}

#define HOST_SHOWN 100
#define FOREIGN_HOST                                                                               \
    "is not one of http.allowed_hosts: add it there if it is this server's (without any, "         \
    "localhost, 127.0.0.1 and [::1] are)"

/* One row a refusal. */
static const struct {
    unsigned status;
    enum eidc_rejected reason;
    const char *detail; /* behind the host, where one is what is wrong */
} refusals[] = {
    [EIDC_ACCESS_BAD_HOST] = {400, EIDC_REJECTED_HOST, "one valid Host header is needed"},
    [EIDC_ACCESS_FORWARDED] = {403, EIDC_REJECTED_FORWARDED,
                               "a forwarded request on a local listener: set http.trust_proxy if "
                               "a proxy in front of it is meant"},
    [EIDC_ACCESS_ORIGIN] = {403, EIDC_REJECTED_ORIGIN,
                            "requests from web pages of other origins are refused"},
    [EIDC_ACCESS_HOST] = {403, EIDC_REJECTED_HOST, FOREIGN_HOST},
    [EIDC_ACCESS_TARGET_HOST] = {403, EIDC_REJECTED_HOST, FOREIGN_HOST},
    [EIDC_ACCESS_NEEDS_TOKEN] = {403, EIDC_REJECTED_TOKEN,
                                 "over TCP this needs a bearer token: configure http.token_file, "
                                 "or use a UNIX socket (http.listen: unix:PATH)"},
    [EIDC_ACCESS_UNAUTHORIZED] = {401, EIDC_REJECTED_TOKEN, "a valid bearer token is needed"},
    [EIDC_ACCESS_NO_TOKEN_FILE] = {503, EIDC_REJECTED_TOKEN,
                                   "the token file cannot be read; see the log"},
};

/* The host that was refused; p is NULL when that was not why. */
static struct eidc_str refused_host(const struct eidc_request *r, enum eidc_access access)
{
    if (access == EIDC_ACCESS_TARGET_HOST)
        return r->uri_host;
    return access == EIDC_ACCESS_HOST ? r->headers.host : (struct eidc_str){0};
}

static bool let_in(struct eidc_request *r, enum eidc_access access)
{
    if (access == EIDC_ACCESS_OK)
        return true;
    struct eidc_str host = refused_host(r, access);
    eidc_http_count_rejected(refusals[access].reason);
    if (host.p != NULL)
        eidc_answer_problem(r, refusals[access].status, "the host '%.*s%s' %s",
                            host.n > HOST_SHOWN ? HOST_SHOWN : (int)host.n, host.p,
                            host.n > HOST_SHOWN ? "..." : "", refusals[access].detail);
    else
        eidc_answer_problem(r, refusals[access].status, "%s", refusals[access].detail);
    r->answer.www_authenticate = access == EIDC_ACCESS_UNAUTHORIZED;
    return false;
}

static bool method_allowed(const struct eidc_request *r)
{
    return (r->route->methods & EIDC_METHOD_BIT(r->method)) != 0;
}

/* A path that is not there, and a method that is not, are told to whoever may read. */
static enum eidc_audience audience_of(const struct eidc_request *r)
{
    if (r->route == NULL)
        return EIDC_FOR_READERS;
    bool writes = r->route->audience == EIDC_FOR_WRITERS;
    return writes && !method_allowed(r) ? EIDC_FOR_READERS : r->route->audience;
}

static bool check_method(struct eidc_request *r)
{
    if (method_allowed(r))
        return true;
    eidc_answer_problem(r, 405, "allowed: %s", r->route->allow);
    r->answer.allow = r->route->allow;
    return false;
}

static bool check_connections(struct eidc_request *r, bool over_limit)
{
    if (!over_limit || r->route->is_probe)
        return true;
    eidc_http_count_rejected(EIDC_REJECTED_CONNECTIONS);
    eidc_answer_unavailable(r, "too many connections (http.max_connections)");
    r->answer.close = true;
    return false;
}

static void answer_too_large(struct eidc_request *r)
{
    eidc_http_count_rejected(EIDC_REJECTED_BODY);
    eidc_answer_problem(r, 413, "the body is longer than %" PRIu64 " bytes (http.max_body)",
                        r->service->config->http.max_body);
}

static void answer_no_room(struct eidc_request *r)
{
    eidc_http_count_rejected(EIDC_REJECTED_MEMORY);
    eidc_answer_unavailable(r, "too many large bodies at once: ask again, or for less at a time");
}

static bool is_packed(struct eidc_str encoding)
{
    return encoding.n > 0 &&
           (encoding.n != 8 || strncasecmp(encoding.p, "identity", encoding.n) != 0);
}

static bool check_body(struct eidc_request *r)
{
    uint64_t length;
    const struct eidc_str *declared = &r->headers.content_length;
    if (declared->p != NULL &&
        !eidc_str_u64(*declared, r->service->config->http.max_body, &length)) {
        answer_too_large(r);
        return false;
    }
    if (r->method != EIDC_POST || !r->route->takes_body)
        return true;
    if (is_packed(r->headers.content_encoding)) {
        eidc_answer_problem(r, 415, "the body must be sent as it is, without a Content-Encoding");
        return false;
    }
    if (eidc_content_media(r->headers.content_type) == EIDC_MEDIA_OTHER) {
        bool curl = eidc_str_eq(r->headers.content_type,
                                EIDC_STR("application/x-www-form-urlencoded")); /* its default */
        eidc_answer_problem(r, 415, "the body must be application/json or text/plain, in UTF-8%s",
                            curl ? ": use -H 'Content-Type: application/json'" : "");
        return false;
    }
    return true;
}

bool eidc_route_admit(struct eidc_request *r, const struct eidc_gate *gate)
{
    enum eidc_audience audience = audience_of(r);
    if (!let_in(r, eidc_access_origin(r, &gate->rules, audience)))
        return false;
    enum eidc_token_state token =
        r->is_unix || !eidc_audience_needs_token(audience)
            ? EIDC_TOKEN_NOT_CONFIGURED
            : eidc_token_check(gate->token, r->headers.authorization, gate->now_ms);
    if (!let_in(r, eidc_access_token(r, audience, token)))
        return false;
    if (r->route == NULL) {
        eidc_answer_problem(r, 404, "there is nothing at this path; GET / lists what there is");
        return false;
    }
    return check_method(r) && check_connections(r, gate->over_limit) && check_body(r);
}

void eidc_route_handle(struct eidc_request *r)
{
    if (r->body_fate == EIDC_BODY_TOO_LARGE)
        answer_too_large(r);
    else if (r->body_fate == EIDC_BODY_NO_ROOM)
        answer_no_room(r);
    else
        r->route->handle(r);
}
