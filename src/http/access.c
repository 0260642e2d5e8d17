#include "eidcached/http/access.h"

#include <strings.h>

static const char *const loopback_names[] = {"localhost", "127.0.0.1", "[::1]"};

static const bool in_no_host[256] = {
    ['/'] = true, ['\\'] = true, ['@'] = true, ['?'] = true, ['#'] = true,
    [','] = true, ['"'] = true,  ['<'] = true, ['>'] = true};

static bool same_host(struct eidc_str host, const char *name)
{
    size_t n = strlen(name);
    if (host.n == n)
        return strncasecmp(host.p, name, n) == 0;
    /* an IPv6 address may be configured without its brackets */
    return host.n == n + 2 && host.p[0] == '[' && strncasecmp(host.p + 1, name, n) == 0;
}

static bool is_digits(struct eidc_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    }
    return true;
}

bool eidc_access_host_name(struct eidc_str authority, struct eidc_str *host)
{
    size_t n = 0;
    if (authority.n > 0 && authority.p[0] == '[') {
        const char *end = memchr(authority.p, ']', authority.n);
        if (end == NULL)
            return false;
        n = (size_t)(end - authority.p) + 1;
    } else {
        while (n < authority.n && authority.p[n] != ':')
            n++;
    }
    struct eidc_str port = {authority.p + n, authority.n - n};
    if (n == 0 || (port.n > 0 && port.p[0] != ':'))
        return false;
    if (port.n > 0 && !is_digits((struct eidc_str){port.p + 1, port.n - 1}))
        return false;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)authority.p[i];
        if (c <= ' ' || in_no_host[c])
            return false;
    }
    *host = (struct eidc_str){authority.p, n};
    return true;
}

bool eidc_access_bearer(struct eidc_str authorization, struct eidc_str *token)
{
    static const char scheme[] = "Bearer ";
    const size_t n = sizeof(scheme) - 1;
    if (authorization.n <= n || strncasecmp(authorization.p, scheme, n) != 0)
        return false;
    struct eidc_str rest = {authorization.p + n, authorization.n - n};
    while (rest.n > 0 && rest.p[0] == ' ')
        rest = (struct eidc_str){rest.p + 1, rest.n - 1};
    while (rest.n > 0 && (rest.p[rest.n - 1] == ' ' || rest.p[rest.n - 1] == '\t'))
        rest.n--;
    *token = rest;
    return rest.n > 0;
}

static bool in_names(struct eidc_str host, const struct eidc_strings *names)
{
    for (size_t i = 0; i < names->n; i++) {
        if (same_host(host, names->at[i]))
            return true;
    }
    return false;
}

static bool is_loopback_name(struct eidc_str host)
{
    for (size_t i = 0; i < sizeof(loopback_names) / sizeof(loopback_names[0]); i++) {
        if (same_host(host, loopback_names[i]))
            return true;
    }
    return false;
}

static bool host_allowed(const struct eidc_request *r, const struct eidc_strings *names,
                         struct eidc_str host)
{
    if (names->n > 0 && in_names(host, names))
        return true;
    if (r->is_unix && same_host(host, "localhost"))
        return true;
    return names->n == 0 && is_loopback_name(host);
}

static bool authority_allowed(const struct eidc_request *r, const struct eidc_strings *names,
                              struct eidc_str authority)
{
    struct eidc_str host;
    return eidc_access_host_name(authority, &host) && host_allowed(r, names, host);
}

/* One "scheme://host:port"; "null" and everything else is foreign. */
static bool origin_allowed(const struct eidc_request *r, const struct eidc_strings *names)
{
    struct eidc_str origin = r->headers.origin;
    const char *mark = origin.n > 0 ? memmem(origin.p, origin.n, "://", 3) : NULL;
    if (mark == NULL || r->headers.origins > 1)
        return false;
    size_t scheme = (size_t)(mark - origin.p) + 3;
    return authority_allowed(r, names, (struct eidc_str){origin.p + scheme, origin.n - scheme});
}

enum eidc_access eidc_access_origin(const struct eidc_request *r,
                                    const struct eidc_access_rules *rules,
                                    enum eidc_audience audience)
{
    const bool local = r->is_unix || r->is_loopback;
    const struct eidc_request_headers *h = &r->headers;
    struct eidc_str host = EIDC_STR("");
    if (h->hosts > 1 || (h->hosts == 0 && !rules->http_1_0))
        return EIDC_ACCESS_BAD_HOST;
    if (h->hosts == 1 && h->host.n > 0 && !eidc_access_host_name(h->host, &host))
        return EIDC_ACCESS_BAD_HOST;
    if (rules->trust_proxy)
        return EIDC_ACCESS_OK;
    if (local && h->forwarded.p != NULL)
        return EIDC_ACCESS_FORWARDED;
    if (local && h->origin.p != NULL && !origin_allowed(r, rules->allowed_hosts))
        return EIDC_ACCESS_ORIGIN;
    /* elsewhere any host will do until some are named; a kubelet probes by address */
    if (!local && (rules->allowed_hosts->n == 0 || audience == EIDC_FOR_ANYONE))
        return EIDC_ACCESS_OK;
    if (h->hosts == 1 && !host_allowed(r, rules->allowed_hosts, host))
        return EIDC_ACCESS_HOST;
    if (r->uri_host.p != NULL && !authority_allowed(r, rules->allowed_hosts, r->uri_host))
        return EIDC_ACCESS_TARGET_HOST;
    return EIDC_ACCESS_OK;
}

enum eidc_access eidc_access_token(const struct eidc_request *r, enum eidc_audience audience,
                                   enum eidc_token_state token)
{
    static const enum eidc_access verdicts[] = {
        [EIDC_TOKEN_NOT_CONFIGURED] = EIDC_ACCESS_OK,
        [EIDC_TOKEN_MISSING] = EIDC_ACCESS_UNAUTHORIZED,
        [EIDC_TOKEN_WRONG] = EIDC_ACCESS_UNAUTHORIZED,
        [EIDC_TOKEN_RIGHT] = EIDC_ACCESS_OK,
        [EIDC_TOKEN_UNREADABLE] = EIDC_ACCESS_NO_TOKEN_FILE,
    };
    if (r->is_unix || !eidc_audience_needs_token(audience))
        return EIDC_ACCESS_OK;
    if (audience == EIDC_FOR_WRITERS && token == EIDC_TOKEN_NOT_CONFIGURED)
        return EIDC_ACCESS_NEEDS_TOKEN;
    return verdicts[token];
}
