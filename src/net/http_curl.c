/*
 * libcurl's multi interface as an eidc_http_client. Easy handles are kept and reused with their
 * TLS sessions; connections live in the multi handle and are kept alive between requests. Every
 * transfer starts from a reset handle, so that no option of one request leaks into the next.
 */
#include <curl/curl.h>
#include <errno.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <string.h>

#include "eidcached/base/clock.h"
#include "eidcached/base/mem.h"
#include "eidcached/net/http_client.h"
#include "eidcached/net/proxy.h"
#include "eidcached/net/timers.h"
#include "eidcached/net/upload.h"
#include "eidcached/net/url.h"

/* Connections kept open; at least the concurrency of a large refresh. */
#define KEPT_CONNECTIONS 256L

struct transfer {
    struct transfer *prev, *next; /* in running or failed; singly linked in idle */
    CURL *easy;
    struct curl_slist *header_lines;
    struct eidc_upload upload;
    struct eidc_http_response response;
    bool headers_ended;
    bool too_large;
    bool running; /* the multi handle knows it */
    char *host;   /* for error texts: with the port, or the path of a UNIX socket */
    bool local;   /* a UNIX socket */
    char detail[CURL_ERROR_SIZE];
    eidc_http_done *done;
    void *arg;
};

/* In order of their start. */
struct transfers {
    struct transfer *first, *last;
    size_t n;
};

struct curl_client {
    struct eidc_http_client base;
    CURLM *multi;
    char *user_agent;
    struct eidc_timers timers; /* microseconds of the monotonic clock */
    struct transfers running;  /* known to curl, or */
    struct transfers failed;   /* could not be started: reported by the next step */
    struct transfer *idle;
};

static struct curl_client *client_of(struct eidc_http_client *c)
{
    return (struct curl_client *)(void *)c;
}

static void push(struct transfers *list, struct transfer *t)
{
    t->next = NULL;
    t->prev = list->last;
    *(list->last != NULL ? &list->last->next : &list->first) = t;
    list->last = t;
    list->n++;
}

static void unlink_transfer(struct transfers *list, struct transfer *t)
{
    *(t->prev != NULL ? &t->prev->next : &list->first) = t->next;
    *(t->next != NULL ? &t->next->prev : &list->last) = t->prev;
    list->n--;
}

/* ---- what curl calls ---- */

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
    (void)size; /* always 1 */
    struct transfer *t = arg;
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
    struct transfer *t = arg;
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

static bool add_line(struct transfer *t, const char *line)
{
    struct curl_slist *longer = curl_slist_append(t->header_lines, line);
    if (longer == NULL)
        return false;
    t->header_lines = longer;
    return true;
}

static bool add_header(struct transfer *t, const char *name, const char *value)
{
    /* "Name;" is how curl is told to send a header without a value. */
    char *line = value[0] == '\0' ? eidc_xprintf("%s;", name) : eidc_xprintf("%s: %s", name, value);
    bool ok = add_line(t, line);
    OPENSSL_cleanse(line, strlen(line));
    free(line);
    return ok;
}

static bool set_headers(struct transfer *t, const struct eidc_http_request *request)
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

static bool set_always(struct transfer *t, const char *user_agent)
{
    CURL *easy = t->easy;
    return curl_easy_setopt(easy, CURLOPT_PRIVATE, t) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, t->detail) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEDATA, t) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HEADERDATA, t) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_USERAGENT, user_agent) == CURLE_OK;
}

static bool set_up(struct curl_client *client, struct transfer *t,
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
    if (t->easy == NULL || !set_always(t, client->user_agent) ||
        curl_easy_setopt(t->easy, CURLOPT_URL, request->url) != CURLE_OK ||
        !eidc_upload_set(t->easy, request, &t->upload) || !set_headers(t, request) ||
        !set_transport(t->easy, request) || !set_low_speed(t->easy, request) ||
        !eidc_proxy_set(t->easy, &url, request->no_proxy) ||
        curl_multi_add_handle(client->multi, t->easy) != CURLM_OK)
        return eidc_fail(err, EIDC_ERR_NOMEM, "%s: the request cannot be set up", t->host);
    return true;
}

static void client_start(struct eidc_http_client *c, const struct eidc_http_request *request,
                         eidc_http_done *done, void *arg)
{
    struct curl_client *client = client_of(c);
    struct transfer *t = client->idle;
    if (t == NULL)
        t = eidc_xcalloc(1, sizeof(*t));
    else
        client->idle = t->next;

    t->done = done;
    t->arg = arg;
    t->running = set_up(client, t, request, &t->response.err);
    push(t->running ? &client->running : &client->failed, t);
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
static bool explain_connect(struct transfer *t)
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

static void explain(struct transfer *t, CURLcode code)
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
static void conclude(struct transfer *t, CURLcode code)
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

/* Back to a blank transfer with a reset handle, first in line for the next request. */
static void recycle(struct curl_client *client, struct transfer *t)
{
    CURL *easy = t->easy;
    if (easy != NULL)
        curl_easy_reset(easy);
    wipe_lines(t->header_lines);
    free(t->host);
    *t = (struct transfer){.easy = easy, .next = client->idle};
    client->idle = t;
}

/* Takes t out of the loop and tells its owner, who may start the next request at once. */
static void report(struct curl_client *client, struct transfer *t)
{
    if (t->running)
        curl_multi_remove_handle(client->multi, t->easy);
    unlink_transfer(t->running ? &client->running : &client->failed, t);

    struct eidc_http_response response = t->response;
    eidc_http_done *done = t->done;
    void *arg = t->arg;
    recycle(client, t);
    done(arg, &response);
    eidc_http_response_free(&response);
}

/* ---- the loop ---- */

static bool report_failed(struct curl_client *client)
{
    size_t n = client->failed.n; /* not what the callbacks add */
    for (size_t i = 0; i < n && client->failed.first != NULL; i++)
        report(client, client->failed.first);
    return n > 0;
}

static bool report_ended(struct curl_client *client)
{
    bool any = false;
    int running, queued;
    if (client->running.n == 0)
        return false;
    curl_multi_perform(client->multi, &running);
    for (CURLMsg *msg; (msg = curl_multi_info_read(client->multi, &queued)) != NULL;) {
        if (msg->msg != CURLMSG_DONE)
            continue;
        CURLcode code = msg->data.result; /* msg dies with the removal of its handle */
        struct transfer *t = NULL;
        curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &t);
        conclude(t, code);
        report(client, t);
        any = true;
    }
    return any;
}

static bool run_ready(struct curl_client *client)
{
    bool failed = report_failed(client);
    bool ended = report_ended(client);
    return eidc_timers_run(&client->timers, eidc_mono_us()) || ended || failed;
}

static bool outstanding(const struct curl_client *client)
{
    return client->running.n > 0 || client->failed.n > 0 || client->timers.n > 0;
}

/* Whole milliseconds until the next timer, rounded up, but at most max_ms. */
static int wait_ms(const struct curl_client *client, int64_t max_ms)
{
    int64_t due = eidc_timers_next(&client->timers);
    if (due != INT64_MAX) {
        int64_t us = due - eidc_mono_us();
        int64_t ms = us <= 0 ? 0 : (us + 999) / 1000;
        max_ms = ms < max_ms ? ms : max_ms;
    }
    return (int)milliseconds(max_ms);
}

static bool client_step(struct eidc_http_client *c, int64_t max_wait_ms)
{
    struct curl_client *client = client_of(c);
    if (!run_ready(client) && outstanding(client)) {
        curl_multi_poll(client->multi, NULL, 0, wait_ms(client, max_wait_ms), NULL);
        run_ready(client);
    }
    return outstanding(client);
}

static void client_after(struct eidc_http_client *c, int64_t delay_ms, eidc_http_timer *fire,
                         void *arg)
{
    eidc_timers_add(&client_of(c)->timers, eidc_mono_us() + delay_ms * 1000, fire, arg);
}

static void client_wake(struct eidc_http_client *c)
{
    curl_multi_wakeup(client_of(c)->multi);
}

static void client_cancel(struct eidc_http_client *c)
{
    struct curl_client *client = client_of(c);
    eidc_timers_clear(&client->timers);
    report_failed(client);
    size_t n = client->running.n; /* not what the callbacks add */
    for (size_t i = 0; i < n && client->running.first != NULL; i++) {
        struct transfer *t = client->running.first;
        eidc_fail(&t->response.err, EIDC_ERR_CANCELLED, "%s: cancelled", t->host);
        report(client, t);
    }
}

static void client_destroy(struct eidc_http_client *c)
{
    struct curl_client *client = client_of(c);
    client_cancel(c);
    while (client->idle != NULL) {
        struct transfer *t = client->idle;
        client->idle = t->next;
        curl_easy_cleanup(t->easy);
        free(t);
    }
    curl_multi_cleanup(client->multi);
    eidc_timers_clear(&client->timers);
    free(client->user_agent);
    free(client);
}

static const struct eidc_http_client_ops curl_ops = {
    .start = client_start,
    .after = client_after,
    .step = client_step,
    .wake = client_wake,
    .cancel = client_cancel,
    .destroy = client_destroy,
};

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;

static void init_curl(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

bool eidc_http_curl_new(const char *user_agent, struct eidc_http_client **out, struct eidc_err *err)
{
    pthread_once(&curl_once, init_curl);
    CURLM *multi = curl_multi_init();
    if (multi == NULL || curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, KEPT_CONNECTIONS) != 0) {
        curl_multi_cleanup(multi);
        return eidc_fail(err, EIDC_ERR_NOMEM, "libcurl cannot be initialised");
    }
    struct curl_client *client = eidc_xcalloc(1, sizeof(*client));
    client->base.ops = &curl_ops;
    client->multi = multi;
    client->user_agent = eidc_xstrdup(user_agent);
    *out = &client->base;
    return true;
}
