/*
 * libcurl's multi interface as an eidc_http_client. Easy handles are kept and reused with their
 * TLS sessions; connections live in the multi handle and are kept alive between requests. Every
 * transfer starts from a reset handle, so that no option of one request leaks into the next.
 */
#include <curl/curl.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>

#include "eidcached/base/clock.h"
#include "eidcached/base/mem.h"
#include "eidcached/net/http_client.h"
#include "eidcached/net/timers.h"
#include "eidcached/net/transfer.h"

/* Connections kept open; at least the concurrency of a large refresh. */
#define KEPT_CONNECTIONS 256L

/* In order of their start. */
struct transfers {
    struct eidc_transfer *first, *last;
    size_t n;
};

struct curl_client {
    struct eidc_http_client base;
    CURLM *multi;
    char *user_agent;
    struct eidc_timers timers; /* microseconds of the monotonic clock */
    struct transfers running;  /* known to curl, or */
    struct transfers failed;   /* could not be started: reported by the next step */
    struct eidc_transfer *idle;
};

static struct curl_client *client_of(struct eidc_http_client *c)
{
    return (struct curl_client *)(void *)c;
}

static void push(struct transfers *list, struct eidc_transfer *t)
{
    t->next = NULL;
    t->prev = list->last;
    *(list->last != NULL ? &list->last->next : &list->first) = t;
    list->last = t;
    list->n++;
}

static void unlink_transfer(struct transfers *list, struct eidc_transfer *t)
{
    *(t->prev != NULL ? &t->prev->next : &list->first) = t->next;
    *(t->next != NULL ? &t->next->prev : &list->last) = t->prev;
    list->n--;
}

/* ---- start and end ---- */

static void client_start(struct eidc_http_client *c, const struct eidc_http_request *request,
                         eidc_http_done *done, void *arg)
{
    struct curl_client *client = client_of(c);
    struct eidc_transfer *t = client->idle;
    if (t == NULL)
        t = eidc_xcalloc(1, sizeof(*t));
    else
        client->idle = t->next;

    t->done = done;
    t->arg = arg;
    struct eidc_err *err = &t->response.err;
    t->running = eidc_transfer_set_up(t, client->user_agent, request, err) &&
                 (curl_multi_add_handle(client->multi, t->easy) == CURLM_OK ||
                  eidc_transfer_fail_set_up(t, err));
    push(t->running ? &client->running : &client->failed, t);
}

/* First in line for the next request. */
static void recycle(struct curl_client *client, struct eidc_transfer *t)
{
    eidc_transfer_recycle(t);
    t->next = client->idle;
    client->idle = t;
}

/* Takes t out of the loop and tells its owner, who may start the next request at once. */
static void report(struct curl_client *client, struct eidc_transfer *t)
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
        struct eidc_transfer *t = NULL;
        curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &t);
        eidc_transfer_conclude(t, code);
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
    return max_ms > INT_MAX ? INT_MAX : (int)max_ms;
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
        struct eidc_transfer *t = client->running.first;
        eidc_fail(&t->response.err, EIDC_ERR_CANCELLED, "%s: cancelled", t->host);
        report(client, t);
    }
}

static void client_destroy(struct eidc_http_client *c)
{
    struct curl_client *client = client_of(c);
    client_cancel(c);
    while (client->idle != NULL) {
        struct eidc_transfer *t = client->idle;
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
