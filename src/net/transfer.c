#include "eidcached/net/transfer.h"

#include <errno.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "eidcached/base/mem.h"
#include "eidcached/net/proxy.h"
#include "eidcached/net/url.h"

/* ---- what curl calls ---- */

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
    (void)size; /* always 1 */
    struct eidc_transfer *t = arg;
    struct eidc_buf *body = &t->response.body;
    if (eidc_buf_add(body, data, n))
        return n;
    t->too_large = body->limit != 0 && n > body->limit - body->n;
    return 0; /* anything but n ends the transfer */
}

static void keep_header(struct eidc_http_headers *headers, const char *line, size_t n)
{
    const char *colon = memchr(line, ':', n);
    if (colon == NULL || colon == line || headers->n == EIDC_HTTP_HEADERS_MAX)
        return;
    const struct eidc_str value = {colon + 1, n - 1 - (size_t)(colon - line)};
    char *name EIDC_AUTO_FREE = eidc_xstrndup(line, (size_t)(colon - line));
    (void)eidc_http_headers_add(headers, name, eidc_str_trim(value));
}

/* One call a line, also for the status line (of 1xx answers as well), the empty line at the end
 * of the headers, and trailers. */
static size_t on_header(char *line, size_t size, size_t n, void *arg)
{
    (void)size;
    struct eidc_transfer *t = arg;
    if (n >= 5 && memcmp(line, "HTTP/", 5) == 0) {
        eidc_http_headers_free(&t->response.headers);
        t->headers_ended = false;
    } else if (eidc_str_trim((struct eidc_str){line, n}).n == 0) {
        t->headers_ended = true;
    } else if (!t->headers_ended) {
        keep_header(&t->response.headers, line, n);
    }
    return n;
}

/* ---- setting up ---- */

static bool add_line(struct eidc_transfer *t, const char *line)
{
    struct curl_slist *longer = curl_slist_append(t->header_lines, line);
    if (longer == NULL)
        return false;
    t->header_lines = longer;
    return true;
}

static bool add_header(struct eidc_transfer *t, const char *name, const char *value)
{
    /* "Name;" is how curl is told to send a header without a value. */
    char *line = value[0] == '\0' ? eidc_xprintf("%s;", name) : eidc_xprintf("%s: %s", name, value);
    bool ok = add_line(t, line);
    OPENSSL_cleanse(line, strlen(line));
    free(line);
    return ok;
}

static bool set_headers(struct eidc_transfer *t, const struct eidc_http_request *request)
{
    static const struct eidc_http_headers none;
    const struct eidc_http_headers *headers = request->headers ? request->headers : &none;
    for (size_t i = 0; i < headers->n; i++)
        if (!add_header(t, headers->at[i].name, headers->at[i].value))
            return false;
    /* Keep curl from waiting for "100 Continue" and from inventing a type for the body. */
    if (eidc_http_headers_get(headers, "Expect") == NULL && !add_line(t, "Expect:"))
        return false;
    if (eidc_http_headers_get(headers, "Content-Type") == NULL && !add_line(t, "Content-Type:"))
        return false;
    return curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->header_lines) == CURLE_OK;
}

static long milliseconds(int64_t ms)
{
    return ms > INT_MAX ? INT_MAX : (long)ms;
}

static bool set_low_speed(CURL *easy, const struct eidc_http_request *request)
{
    int64_t seconds = (request->low_speed_ms + 999) / 1000;
    return curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, (long)request->low_speed_bytes) ==
               CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, milliseconds(seconds)) == CURLE_OK;
}

static bool set_transport(CURL *easy, const struct eidc_http_request *request)
{
    /* For curl 0 means 300 seconds to connect. */
    int64_t connect_ms = request->connect_timeout_ms > 0 ? request->connect_timeout_ms : INT_MAX;
    return curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, milliseconds(connect_ms)) ==
               CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, milliseconds(request->timeout_ms)) ==
               CURLE_OK &&
           (request->unix_socket == NULL ||
            curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, request->unix_socket) == CURLE_OK) &&
           (request->ca_bundle == NULL ||
            curl_easy_setopt(easy, CURLOPT_CAINFO, request->ca_bundle) == CURLE_OK) &&
           (request->client_cert == NULL ||
            curl_easy_setopt(easy, CURLOPT_SSLCERT, request->client_cert) == CURLE_OK) &&
           (request->client_key == NULL ||
            curl_easy_setopt(easy, CURLOPT_SSLKEY, request->client_key) == CURLE_OK);
}

static bool set_always(struct eidc_transfer *t, const char *user_agent)
{
    CURL *easy = t->easy;
    return curl_easy_setopt(easy, CURLOPT_PRIVATE, t) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, t->detail) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEDATA, t) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HEADERDATA, t) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L) == CURLE_OK && /* from a look-up in DNS */
           curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_USERAGENT, user_agent) == CURLE_OK;
}

bool eidc_transfer_fail_set_up(const struct eidc_transfer *t, struct eidc_err *err)
{
    return eidc_fail(err, EIDC_ERR_NOMEM, "%s: the request cannot be set up", t->host);
}

bool eidc_transfer_set_up(struct eidc_transfer *t, const char *user_agent,
                          const struct eidc_http_request *request, struct eidc_err *err)
{
    struct eidc_url url;
    if (!eidc_url_split(request->url, &url))
        return eidc_fail(err, EIDC_ERR_INVALID, "not a plain http or https URL");
    t->local = request->unix_socket != NULL;
    t->host = t->local ? eidc_xstrdup(request->unix_socket)
                       : eidc_xstrndup(url.authority.p, url.authority.n);
    t->response.body.limit = request->max_response;

    if (t->easy == NULL)
        t->easy = curl_easy_init();
    if (t->easy == NULL || !set_always(t, user_agent) ||
        curl_easy_setopt(t->easy, CURLOPT_URL, request->url) != CURLE_OK ||
        !eidc_upload_set(t->easy, request, &t->upload) || !set_headers(t, request) ||
        !set_transport(t->easy, request) || !set_low_speed(t->easy, request) ||
        !eidc_proxy_set(t->easy, &url, request->no_proxy))
        return eidc_transfer_fail_set_up(t, err);
    return true;
}

/* ---- ending ---- */

/* detail: curl's own text is good, and holds nothing but hosts, files and figures. */
static const struct outcome {
    CURLcode code;
    enum eidc_err_kind kind;
    bool detail;
} outcomes[] = {
    {CURLE_OPERATION_TIMEDOUT, EIDC_ERR_TIMEOUT, true},
    {CURLE_COULDNT_RESOLVE_HOST, EIDC_ERR_UNAVAILABLE, true},
    {CURLE_COULDNT_CONNECT, EIDC_ERR_UNAVAILABLE, true},
    {CURLE_GOT_NOTHING, EIDC_ERR_UNAVAILABLE, true},
    {CURLE_PARTIAL_FILE, EIDC_ERR_UNAVAILABLE, true},
    {CURLE_RECV_ERROR, EIDC_ERR_UNAVAILABLE, true},
    {CURLE_SEND_ERROR, EIDC_ERR_UNAVAILABLE, true},
    {CURLE_SSL_CONNECT_ERROR, EIDC_ERR_UNAVAILABLE, true},
    {CURLE_PEER_FAILED_VERIFICATION, EIDC_ERR_UNAVAILABLE, true},
    {CURLE_SSL_CACERT_BADFILE, EIDC_ERR_INVALID, true},
    {CURLE_URL_MALFORMAT, EIDC_ERR_INVALID, false},
    {CURLE_OUT_OF_MEMORY, EIDC_ERR_NOMEM, false},
    {CURLE_OK, EIDC_ERR_UNAVAILABLE, false}, /* the end: all others */
};

/* curl names the address once more, where it is not a proxy's: the system's reason says it all. */
static bool explain_connect(struct eidc_transfer *t)
{
    static const char named[] = "Failed to connect to ";
    long error = 0;
    char reason[128];
    size_t host_n = strcspn(t->host, ":"); /* an IPv6 address keeps curl's own text */
    bool of_host = strncmp(t->detail, named, sizeof(named) - 1) == 0 &&
                   strncmp(t->detail + sizeof(named) - 1, t->host, host_n) == 0;
    curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &error);
    if (t->local && (error == ECONNREFUSED || error == ENOENT))
        eidc_fail(&t->response.err, EIDC_ERR_UNAVAILABLE, "%s: nothing listens there", t->host);
    else if ((t->local || of_host) && error != 0)
        eidc_fail(&t->response.err, EIDC_ERR_UNAVAILABLE, "%s: %s", t->host,
                  strerror_r((int)error, reason, sizeof(reason)));
    else
        return false;
    return true;
}

static void explain(struct eidc_transfer *t, CURLcode code)
{
    struct eidc_err *err = &t->response.err;
    if (t->too_large) {
        eidc_fail(err, EIDC_ERR_LIMIT, "%s: the answer is longer than max_response (%zu bytes)",
                  t->host, t->response.body.limit);
        return;
    }
    if (t->response.body.failed) {
        eidc_fail(err, EIDC_ERR_NOMEM, "%s: no memory for the answer", t->host);
        return;
    }
    if (eidc_proxy_explain(t->host, t->detail, err) ||
        (code == CURLE_COULDNT_CONNECT && explain_connect(t)))
        return;
    const struct outcome *outcome = outcomes;
    while (outcome->code != code && outcome->code != CURLE_OK)
        outcome++;
    bool detail = outcome->detail && t->detail[0] != '\0';
    eidc_fail(err, outcome->kind, "%s: %s", t->host, detail ? t->detail : curl_easy_strerror(code));
}

/* curl is content with an answer that ends within its headers; we are not. */
void eidc_transfer_conclude(struct eidc_transfer *t, CURLcode code)
{
    long status = 0;
    if (code != CURLE_OK)
        explain(t, code);
    else if (!t->headers_ended)
        eidc_fail(&t->response.err, EIDC_ERR_UNAVAILABLE, "%s: the answer is cut short", t->host);
    else
        curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    t->response.status = (int)status;
    t->response.body.limit = 0;
}

static void wipe_lines(struct curl_slist *lines)
{
    for (struct curl_slist *line = lines; line != NULL; line = line->next)
        OPENSSL_cleanse(line->data, strlen(line->data));
    curl_slist_free_all(lines);
}

void eidc_transfer_recycle(struct eidc_transfer *t)
{
    CURL *easy = t->easy;
    if (easy != NULL)
        curl_easy_reset(easy);
    wipe_lines(t->header_lines);
    free(t->host);
    *t = (struct eidc_transfer){.easy = easy};
}
