/* Who is let in, of a request's head as lines: flags, target, Host, Origin, Transfer-Encoding,
 * Content-Length, X-Forwarded-For. A local listener without allowed hosts and without a trusted
 * proxy has one rule, which is looked at here in another way. */
#include <strings.h>

#include "eidcached/http/head.h"
#include "eidcached/http/routes.h"
#include "tests/fuzz/fuzz.h"

enum flag { IS_UNIX = 1, IS_LOOPBACK = 2, TRUSTS_PROXY = 4, IS_1_0 = 8, HAS_HOSTS = 16 };

/* The next line, ended for who wants a C string. No text: the header is not there. */
static struct eidc_str next_line(char **rest)
{
    char *line = strsep(rest, "\n");
    return line != NULL && *line != '\0' ? eidc_str_of(line) : (struct eidc_str){0};
}

static bool is_loopback(struct eidc_str authority)
{
    static const char *const hosts[] = {"localhost", "127.0.0.1", "[127.0.0.1]", "[localhost]",
                                        "[::1]"};
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        size_t n = strlen(hosts[i]);
        if (authority.n >= n && strncasecmp(authority.p, hosts[i], n) == 0 &&
            (authority.n == n || authority.p[n] == ':'))
            return true;
    }
    return false;
}

static struct eidc_str after_scheme(struct eidc_str origin)
{
    const char *mark = memmem(origin.p, origin.n, "://", 3);
    size_t n = mark != NULL ? (size_t)(mark - origin.p) + 3 : origin.n;
    return (struct eidc_str){origin.p + n, origin.n - n};
}

static void check_let_in(const struct eidc_request *r)
{
    const struct eidc_request_headers *h = &r->headers;
    fuzz_must(h->forwarded.p == NULL);
    fuzz_must(h->hosts == 0 || is_loopback(h->host));
    fuzz_must(h->origin.p == NULL || is_loopback(after_scheme(h->origin)));
    fuzz_must(r->uri_host.p == NULL || is_loopback(r->uri_host));
}

static void check_origin(const struct eidc_request *r, unsigned flags, enum eidc_audience audience)
{
    char name[] = "example.org", *names[] = {name};
    const struct eidc_strings none = {0}, some = {.at = names, .n = 1};
    const struct eidc_access_rules rules = {
        .allowed_hosts = (flags & HAS_HOSTS) != 0 ? &some : &none,
        .trust_proxy = (flags & TRUSTS_PROXY) != 0,
        .http_1_0 = (flags & IS_1_0) != 0,
    };
    if (eidc_access_origin(r, &rules, audience) == EIDC_ACCESS_OK &&
        (flags & (IS_UNIX | IS_LOOPBACK)) != 0 && (flags & (TRUSTS_PROXY | HAS_HOSTS)) == 0)
        check_let_in(r);
}

/* A body's length is said once, and in a way that nobody reads otherwise. */
static void check_head(struct eidc_request *r, bool http_1_0)
{
    const struct eidc_request_headers *h = &r->headers;
    if (!eidc_head_check(r, http_1_0)) {
        fuzz_must(r->answer.status == 400 && r->answer.close);
        return;
    }
    fuzz_must(h->lengths == 0 || h->encodings == 0);
    fuzz_must(h->encodings == 0 || strcasecmp(h->transfer_encoding.p, "chunked") == 0);
}

static void read_request(char *text, struct eidc_request *r)
{
    struct eidc_request_headers *h = &r->headers;
    char *rest = text, *target = strsep(&rest, "\n");
    eidc_request_set_uri(r, target);
    h->host = next_line(&rest);
    h->origin = next_line(&rest);
    h->transfer_encoding = next_line(&rest);
    h->content_length = next_line(&rest);
    h->forwarded = next_line(&rest);
    h->hosts = h->host.p != NULL;
    h->encodings = h->transfer_encoding.p != NULL;
    h->lengths = h->content_length.p != NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    EIDC_BUF_AUTO text = {0};
    const unsigned flags = size > 0 ? data[0] : 0;
    struct eidc_request r = {0};
    r.is_unix = (flags & IS_UNIX) != 0;
    r.is_loopback = (flags & IS_LOOPBACK) != 0;
    if (size > 1)
        eidc_buf_add(&text, data + 1, size - 1);
    eidc_buf_add_byte(&text, '\0');
    read_request(text.p, &r);
    for (unsigned audience = EIDC_FOR_ANYONE; audience <= EIDC_FOR_WRITERS; audience++)
        check_origin(&r, flags, (enum eidc_audience)audience);
    check_head(&r, (flags & IS_1_0) != 0);
    eidc_request_free(&r);
    return 0;
}
