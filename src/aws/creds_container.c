/* ECS, EKS Pod Identity, and whatever else speaks the container credentials protocol. */
#include <arpa/inet.h>
#include <strings.h>

#include "eidcached/aws/creds.h"
#include "eidcached/aws/creds_document.h"
#include "eidcached/aws/env.h"
#include "eidcached/base/clock.h"
#include "eidcached/base/file.h"
#include "eidcached/base/mem.h"
#include "eidcached/net/url.h"

#define NAME        "container"
#define ECS_ADDRESS "http://169.254.170.2"

#define ATTEMPTS     3
#define CONNECT_MS   2000
#define TIMEOUT_MS   5000
#define DOCUMENT_MAX (64 * 1024)
#define EXPIRED_MS   (15 * 60 * 1000LL) /* so long past, it is no matter of clocks */
#define TOKEN_MAX    (16 * 1024)

struct container {
    struct eidc_creds_provider base;
    struct eidc_http_client *http;
    eidc_creds_done *done; /* of the get that is going on */
    void *arg;
};

static struct container *container_of(struct eidc_creds_provider *self)
{
    return (struct container *)(void *)self;
}

/* ---- where ---- */

static bool allowed_ipv4(const char *host)
{
    struct in_addr address;
    if (inet_pton(AF_INET, host, &address) != 1)
        return false;
    uint32_t ip = ntohl(address.s_addr);
    return ip >> 24 == 127 || ip == 0xa9feaa02 /* 169.254.170.2 */ ||
           ip == 0xa9feaa17 /* 169.254.170.23 */;
}

static bool allowed_ipv6(const char *host)
{
    static const char *const services[] = {"::1", "fd00:ec2::23"};
    struct in6_addr address;
    struct in6_addr other;
    if (inet_pton(AF_INET6, host, &address) != 1)
        return false;
    for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++)
        if (inet_pton(AF_INET6, services[i], &other) == 1 &&
            memcmp(&address, &other, sizeof(address)) == 0)
            return true;
    return false;
}

/* Without TLS the token goes only to this machine and to the two link-local services. */
static bool allowed(const struct eidc_url *url)
{
    bool ipv6 = url->host.p[0] == '[';
    char *host EIDC_AUTO_FREE = ipv6 ? eidc_xstrndup(url->host.p + 1, url->host.n - 2)
                                     : eidc_xstrndup(url->host.p, url->host.n);
    return url->https || strcasecmp(host, "localhost") == 0 ||
           (ipv6 ? allowed_ipv6(host) : allowed_ipv4(host));
}

static bool find_url(char **out, struct eidc_err *err)
{
    const char *relative = eidc_env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    const char *full = eidc_env("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    struct eidc_url url;
    if (relative == NULL && full == NULL)
        return eidc_fail(err, EIDC_ERR_NOT_FOUND,
                         "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and _FULL_URI are not set");
    const char *variable = relative != NULL ? "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
                                            : "AWS_CONTAINER_CREDENTIALS_FULL_URI";
    if (relative != NULL && relative[0] != '/')
        return eidc_fail(err, EIDC_ERR_INVALID, "%s does not start with a slash", variable);

    char *text =
        relative != NULL ? eidc_xprintf("%s%s", ECS_ADDRESS, relative) : eidc_xstrdup(full);
    bool ok = true;
    if (!eidc_url_split(text, &url))
        ok = eidc_fail(err, EIDC_ERR_INVALID, "%s is not a plain http or https URL", variable);
    else if (!allowed(&url))
        ok = eidc_fail(err, EIDC_ERR_INVALID,
                       "%s: host %.*s is not allowed without https (loopback, 169.254.170.2, "
                       "169.254.170.23 and [fd00:ec2::23] are)",
                       variable, EIDC_STR_ARG(url.host));
    if (ok)
        *out = text;
    else
        free(text);
    return ok;
}

/* ---- with which token ---- */

static struct eidc_str without_newline(struct eidc_str s)
{
    if (s.n > 0 && s.p[s.n - 1] == '\n')
        s.n--;
    if (s.n > 0 && s.p[s.n - 1] == '\r')
        s.n--;
    return s;
}

/* The file is written anew by its owner, so it is read each time. */
static bool add_token(struct eidc_http_headers *headers, struct eidc_err *err)
{
    EIDC_BUF_SECRET text = {0};
    const char *file = eidc_env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    const char *variable = eidc_env("AWS_CONTAINER_AUTHORIZATION_TOKEN");
    if (file == NULL && variable == NULL)
        return true;
    if (file != NULL && !eidc_file_read(file, TOKEN_MAX, &text, err)) {
        err->kind = EIDC_ERR_IO; /* it is configured: a missing file is a fault */
        return eidc_wrap(err, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    }
    struct eidc_str token =
        file != NULL ? without_newline(eidc_buf_view(&text)) : eidc_str_of(variable);
    if (token.n == 0)
        return eidc_fail(err, EIDC_ERR_INVALID, "the authorization token is empty");
    if (!eidc_http_headers_add(headers, "Authorization", token))
        return eidc_fail(err, EIDC_ERR_INVALID, "the authorization token holds a line break");
    return true;
}

/* ---- all of it ---- */

static bool check_expiration(struct eidc_creds *creds, struct eidc_err *err)
{
    char then[EIDC_TIME_TEXT];
    if (creds->expires_at_ms == 0 || creds->expires_at_ms > eidc_now_ms() - EXPIRED_MS)
        return true;
    eidc_time_print(creds->expires_at_ms, then);
    eidc_creds_wipe(creds);
    return eidc_fail(err, EIDC_ERR_DENIED, "the credentials it gave expired at %s", then);
}

static bool read_answer(const struct eidc_http_response *response, struct eidc_creds *out,
                        struct eidc_err *err)
{
    if (response->status == 0) {
        *err = response->err;
        return false;
    }
    if (response->status != 200)
        return eidc_creds_document_refused(response, err);
    return eidc_creds_document_parse(eidc_buf_view(&response->body), NAME, out, err) &&
           check_expiration(out, err);
}

static void on_answer(void *arg, struct eidc_http_response *response)
{
    const struct container *container = arg;
    struct eidc_creds creds = {0};
    struct eidc_err err;
    eidc_creds_tell(read_answer(response, &creds, &err), &creds, &err, container->done,
                    container->arg);
}

static bool ask(struct container *container, struct eidc_err *err)
{
    char *url EIDC_AUTO_FREE = NULL;
    struct eidc_http_headers headers = {0};
    if (!find_url(&url, err) || !add_token(&headers, err))
        return false;
    const struct eidc_http_request request = {
        .method = "GET",
        .url = url,
        .headers = &headers,
        .connect_timeout_ms = CONNECT_MS,
        .timeout_ms = TIMEOUT_MS,
        .max_response = DOCUMENT_MAX,
        .no_proxy = true,
    };
    eidc_creds_fetch(container->http, &request, ATTEMPTS, on_answer, container);
    eidc_http_headers_free(&headers);
    return true;
}

static void container_get(struct eidc_creds_provider *self, eidc_creds_done *done, void *arg)
{
    struct container *container = container_of(self);
    struct eidc_err err;
    container->done = done;
    container->arg = arg;
    if (!ask(container, &err))
        done(arg, NULL, &err);
}

static void container_destroy(struct eidc_creds_provider *self)
{
    free(container_of(self));
}

static const struct eidc_creds_provider_ops container_ops = {container_get, NULL,
                                                             container_destroy};

struct eidc_creds_provider *eidc_creds_container_new(struct eidc_http_client *http)
{
    struct container *container = eidc_xcalloc(1, sizeof(*container));
    container->base = (struct eidc_creds_provider){.ops = &container_ops, .name = NAME};
    container->http = http;
    return &container->base;
}
