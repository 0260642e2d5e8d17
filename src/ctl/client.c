#include "eidcached/ctl/client.h"

#include <unistd.h>

#include "eidcached/base/file.h"
#include "eidcached/base/json_read.h"
#include "eidcached/base/mem.h"
#include "eidcached/ctl/commands.h"
#include "eidcached/net/url.h"
#include "eidcached/net/user_agent.h"

#define CONNECT_TIMEOUT_MS 5000
#define TIMEOUT_MS         60000
#define ANSWER_MAX         ((size_t)512 << 20) /* 10,000 names, each escaped */
#define TOKEN_FILE_MAX     4096

static const struct advice {
    int status;
    const char *text;
} advices[] = {
    {401, "give the server's token with --token-file"},
    {403, "give the server's token with --token-file, or ask over its UNIX socket"},
    {404, "is this an eidcached? see --server"},
    {413, "ask for less at once"},
    {429, "try again later"},
    {503, "try again later; `eidctl health` and `eidctl status` say more"},
};

/* What commonly is the matter, by the scheme that was asked with and a part of the error. */
static const struct trouble {
    const char *scheme, *part, *advice;
} troubles[] = {
    {"https://", "local SSL certificate", "what are --cert and --key? they must be PEM, of a pair"},
    {"https://", "certificate required", "it wants a client's certificate: see --cert"},
    {"https://", "reset by peer", "does it want a client's certificate? see --cert"},
    {"https://", "not connected", "does it want a client's certificate? see --cert"},
    {"https://", "certificate", "is its authority not one of the system's? see --ca"},
    {"https://", "wrong version number", "is it without TLS? see --server http://HOST:PORT"},
    {"http://", "reset by peer", "does it speak TLS? see --server https://HOST:PORT"},
};

static bool add_token(const char *path, struct eidc_http_headers *headers, struct eidc_err *err)
{
    EIDC_BUF_SECRET token = {0}, value = {0};
    if (!eidc_file_read(path, TOKEN_FILE_MAX, &token, err))
        return eidc_wrap(err, "--token-file");
    while (token.n > 0 && strchr(" \t\r\n", token.p[token.n - 1]) != NULL)
        token.n--;
    if (token.n == 0)
        return eidc_fail(err, EIDC_ERR_CORRUPT, "--token-file: %s holds no token", path);
    eidc_buf_add_z(&value, "Bearer ");
    eidc_buf_add_str(&value, eidc_buf_view(&token));
    if (!eidc_http_headers_add(headers, "Authorization", eidc_buf_view(&value)))
        return eidc_fail(err, EIDC_ERR_CORRUPT, "--token-file: %s is not one line", path);
    return true;
}

/* The URL to send to, and the socket to send it through (NULL: the network). */
static bool resolve(const char *server, const char *target, struct eidc_buf *url,
                    const char **socket, struct eidc_err *err)
{
    struct eidc_str base = eidc_str_of(server);
    struct eidc_url parts;
    *socket = NULL;
    if (eidc_str_starts(base, EIDC_STR("unix:")) && base.n > strlen("unix:")) {
        *socket = server + strlen("unix:");
        base = EIDC_STR("http://localhost");
    } else if (!eidc_url_split(server, &parts)) {
        return eidc_fail(err, EIDC_ERR_INVALID,
                         "'%s' is no server; it must be http://HOST:PORT, https://HOST:PORT or "
                         "unix:PATH",
                         server);
    }
    while (base.n > 0 && base.p[base.n - 1] == '/')
        base.n--;
    eidc_buf_add_str(url, base);
    return eidc_buf_add_z(url, target) || eidc_fail(err, EIDC_ERR_NOMEM, "out of memory");
}

static bool add_headers(const struct eidc_ctl *ctl, const struct eidc_ctl_request *request,
                        struct eidc_http_headers *headers, struct eidc_err *err)
{
    if (request->body.n > 0)
        eidc_http_headers_add(headers, "Content-Type", EIDC_STR("application/json"));
    eidc_http_headers_add(headers, "Accept", EIDC_STR("application/json"));
    return ctl->options.token_file == NULL || add_token(ctl->options.token_file, headers, err);
}

/* Whether what --ca, --cert and --key name is there; what is in it the first handshake tells. */
static bool check_files(const struct eidc_ctl_options *o, struct eidc_err *err)
{
    const struct {
        const char *option, *path;
    } files[] = {{"--ca", o->ca}, {"--cert", o->cert}, {"--key", o->key}};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        if (files[i].path != NULL && access(files[i].path, R_OK) != 0)
            return eidc_fail_errno(err, "%s: cannot read %s", files[i].option, files[i].path);
    }
    return true;
}

/* A URL that curl takes, and files that are there: only what is in --ca can be INVALID by now. */
static bool explain(const struct eidc_ctl_options *o, struct eidc_err *err)
{
    if (err->kind != EIDC_ERR_INVALID || o->ca == NULL)
        return false;
    err->kind = EIDC_ERR_CORRUPT;
    return eidc_wrap(err, "--ca");
}

bool eidc_ctl_need_http(struct eidc_ctl *ctl, struct eidc_err *err)
{
    char *user_agent EIDC_AUTO_FREE = eidc_user_agent("eidctl");
    return ctl->http != NULL || ctl->io->http_new(user_agent, &ctl->http, err);
}

bool eidc_ctl_exchange(struct eidc_ctl *ctl, const struct eidc_ctl_request *request,
                       struct eidc_http_response *response, struct eidc_err *err)
{
    __attribute__((cleanup(eidc_http_headers_free))) struct eidc_http_headers headers = {0};
    EIDC_BUF_AUTO url = {0};
    const char *socket;
    if (!resolve(ctl->options.server, request->target, &url, &socket, err) ||
        !check_files(&ctl->options, err) || !add_headers(ctl, request, &headers, err) ||
        !eidc_ctl_need_http(ctl, err))
        return false;
    const struct eidc_http_request http = {
        .method = request->method,
        .url = url.p,
        .headers = &headers,
        .body = request->body,
        .unix_socket = socket,
        .ca_bundle = ctl->options.ca,
        .client_cert = ctl->options.cert,
        .client_key = ctl->options.key,
        .connect_timeout_ms = CONNECT_TIMEOUT_MS,
        .timeout_ms = request->timeout_ms > 0 ? request->timeout_ms
                                              : TIMEOUT_MS + (int64_t)request->wait_s * 1000,
        .max_response = ANSWER_MAX,
        .no_proxy = socket != NULL,
    };
    return eidc_http_perform(ctl->http, &http, response, err) || explain(&ctl->options, err);
}

int eidc_ctl_unreachable(const struct eidc_ctl *ctl, const char *what, const struct eidc_err *err)
{
    const char *server = ctl->options.server, *advice = NULL;
    bool network = err->kind == EIDC_ERR_UNAVAILABLE || err->kind == EIDC_ERR_TIMEOUT;
    for (size_t i = 0; network && advice == NULL && i < sizeof troubles / sizeof troubles[0]; i++) {
        if (eidc_str_starts(eidc_str_of(server), eidc_str_of(troubles[i].scheme)) &&
            strstr(err->text, troubles[i].part) != NULL)
            advice = troubles[i].advice;
    }
    if (advice != NULL)
        eidc_ctl_complain(ctl, "%s: %s; %s", what, err->text, advice);
    else
        eidc_ctl_complain(ctl, "%s: %s%s%s%s", what, err->text,
                          network ? "; is eidcached running at " : "", network ? server : "",
                          network ? "? see --server" : "");
    return err->kind == EIDC_ERR_INVALID ? EIDC_CTL_USAGE : EIDC_CTL_FAILED;
}

bool eidc_ctl_is_problem(const struct eidc_http_response *response)
{
    const char *type = eidc_http_headers_get(&response->headers, "Content-Type");
    return eidc_str_starts(eidc_str_of(type), EIDC_STR("application/problem+json"));
}

int eidc_ctl_refused(const struct eidc_ctl *ctl, const char *what,
                     const struct eidc_http_response *response)
{
    EIDC_CJSON_AUTO *problem = NULL;
    struct eidc_str why = {0};
    struct eidc_err err;
    const char *advice = "is this an eidcached? see --server";
    if (eidc_ctl_is_problem(response) &&
        eidc_json_parse(eidc_buf_view(&response->body), &problem, &err)) {
        if (!eidc_json_get_str(problem, "detail", &why))
            eidc_json_get_str(problem, "title", &why);
        advice = NULL;
    }
    for (size_t i = 0; i < sizeof advices / sizeof advices[0]; i++) {
        if (advices[i].status == response->status)
            advice = advices[i].text;
    }
    eidc_ctl_complain(ctl, "%s: %s answered %d%s%.*s%s%s", what, ctl->options.server,
                      response->status, why.n > 0 ? ": " : "", EIDC_STR_ARG(why),
                      advice != NULL ? "; " : "", advice != NULL ? advice : "");
    return EIDC_CTL_FAILED;
}
