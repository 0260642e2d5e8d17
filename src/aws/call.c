/*
 * The engine. A call is in exactly one place: queued, waiting for its turn in adaptive mode,
 * waiting for its credentials, in flight, or waiting for a timer. Credentials are asked for when a
 * call has come to the head of the queue and there is room to send it. Mostly they are there; if
 * not, the next call is looked at, and this one is sent when they come, or goes back to its place
 * in the queue when there is no room then.
 */
#include "eidcached/aws/call.h"

#include <assert.h>

#include "eidcached/aws/call_state.h"
#include "eidcached/aws/creds_cache.h"
#include "eidcached/aws/identity.h"
#include "eidcached/aws/pace.h"
#include "eidcached/aws/quotas.h"
#include "eidcached/aws/skew.h"
#include "eidcached/base/clock.h"
#include "eidcached/base/log.h"
#include "eidcached/base/mem.h"
#include "eidcached/base/metrics.h"

struct eidc_aws {
    struct eidc_http_client *http;
    const atomic_bool *stop;
    _Atomic int64_t *heartbeat; /* may be NULL */
    int64_t until_ms;           /* monotonic: everything ends then; 0: never */
    unsigned concurrency, in_flight;
    struct eidc_calls all, queue, urgent; /* the last two: to be sent */
    uint64_t queued;                      /* calls so far */
    struct eidc_aws_counts counted;
    struct eidc_quotas quotas;
    struct eidc_identities *identities;
    struct eidc_paces paces;
    struct eidc_skews skews;
    unsigned inside;     /* our own callbacks on the stack: they pump before they return */
    bool pumping, armed; /* a pump is running; a timer will start one */
};

static void release(struct eidc_aws *aws, struct eidc_call *call);

struct eidc_aws *eidc_aws_new(struct eidc_http_client *http, unsigned concurrency,
                              const atomic_bool *stop)
{
    struct eidc_aws *aws = eidc_xcalloc(1, sizeof(*aws));
    aws->http = http;
    aws->concurrency = concurrency ? concurrency : 1;
    aws->stop = stop;
    TAILQ_INIT(&aws->all);
    TAILQ_INIT(&aws->queue);
    TAILQ_INIT(&aws->urgent);
    aws->identities = eidc_identities_new(aws);
    aws->paces = (struct eidc_paces){.aws = aws, .http = http, .release = release};
    return aws;
}

void eidc_aws_free(struct eidc_aws *aws)
{
    if (!aws)
        return;
    if (eidc_identities_are_busy(aws->identities) || eidc_paces_are_armed(&aws->paces))
        eidc_aws_cancel(aws);
    assert(TAILQ_EMPTY(&aws->all));
    eidc_identities_free(aws->identities);
    eidc_paces_free(&aws->paces);
    eidc_quotas_free(&aws->quotas);
    eidc_skews_free(&aws->skews);
    free(aws);
}

struct eidc_http_client *eidc_aws_http(struct eidc_aws *aws)
{
    return aws->http;
}

unsigned eidc_aws_concurrency(const struct eidc_aws *aws)
{
    return aws->concurrency;
}

struct eidc_creds_provider *eidc_aws_identity(struct eidc_aws *aws,
                                              const struct eidc_aws_settings *settings)
{
    return eidc_identities_get(aws->identities, settings);
}

struct eidc_aws_counts eidc_aws_counted(const struct eidc_aws *aws)
{
    return aws->counted;
}

void eidc_aws_end_at(struct eidc_aws *aws, int64_t until_ms)
{
    aws->until_ms = until_ms;
}

void eidc_aws_watch(struct eidc_aws *aws, _Atomic int64_t *heartbeat)
{
    aws->heartbeat = heartbeat;
}

void eidc_aws_beat(const struct eidc_aws *aws)
{
    if (aws->heartbeat)
        atomic_store(aws->heartbeat, eidc_mono_ms());
}

bool eidc_aws_is_stopping(const struct eidc_aws *aws)
{
    return (aws->stop && atomic_load(aws->stop)) ||
           (aws->until_ms && eidc_mono_ms() >= aws->until_ms);
}

void eidc_aws_response_free(struct eidc_aws_response *response)
{
    eidc_http_headers_free(&response->headers);
    eidc_buf_free(&response->body);
}

static void name_error(const struct eidc_call *call, struct eidc_err *err)
{
    const char *service = call->request.target->service, *operation = call->request.operation;
    if (call->tries > 1)
        eidc_wrap(err, "%s %s (%u tries)", service, operation, call->tries);
    else
        eidc_wrap(err, "%s %s", service, operation);
}

bool eidc_call_is_moot(const struct eidc_call *call)
{
    const bool *abandoned = call->request.abandoned;
    return call->cancelled || eidc_aws_is_stopping(call->aws) || (abandoned && *abandoned);
}

/* The call is gone afterwards; done may have started others. */
static void finish(struct eidc_call *call, struct eidc_aws_response *response)
{
    struct eidc_aws *aws = call->aws;
    if (!response->ok)
        name_error(call, &response->err);
    TAILQ_REMOVE(&aws->all, call, all);
    aws->inside++;
    call->done(call->arg, response);
    aws->inside--;
    eidc_aws_response_free(response);
    eidc_call_free(call);
}

static void fail_call(struct eidc_call *call, const struct eidc_err *err)
{
    struct eidc_aws_response response = {.err = *err, .tries = call->tries};
    finish(call, &response);
}

static void cancel_call(struct eidc_call *call)
{
    struct eidc_err err;
    eidc_fail(&err, EIDC_ERR_CANCELLED, "cancelled");
    fail_call(call, &err);
}

/* --- trying again ------------------------------------------------------------------------- */

static bool learn_skew(const struct eidc_call *call, const struct eidc_http_headers *headers)
{
    return eidc_skews_learn(&call->aws->skews, call->request.host, headers, call->sent_ms,
                            call->skew_ms);
}

/* Some failures need something put right first, and that is done once in a call's life. */
static bool may_retry(struct eidc_call *call, enum eidc_retry_class cls,
                      const struct eidc_aws_response *response)
{
    if (cls == EIDC_RETRY_AUTH) {
        if (call->auth_tried || !call->access_key)
            return false;
        call->auth_tried = true;
        eidc_creds_cache_refused(call->request.target->creds, call->access_key);
    } else if (cls == EIDC_RETRY_SKEW) {
        if (call->skew_tried || !learn_skew(call, &response->headers))
            return false;
        call->skew_tried = true;
    }
    return cls != EIDC_RETRY_NO;
}

static int64_t hint_of(const struct eidc_http_headers *headers)
{
    const char *text = eidc_http_headers_get(headers, "x-amz-retry-after");
    uint64_t ms;
    return text && eidc_str_u64(eidc_str_of(text), INT64_MAX, &ms) ? (int64_t)ms : -1;
}

static void enqueue(struct eidc_call *call);
static void pump(struct eidc_aws *aws);

static void on_retry_timer(void *arg)
{
    struct eidc_call *call = arg;
    struct eidc_aws *aws = call->aws;
    aws->inside++;
    enqueue(call);
    aws->inside--;
    pump(aws);
}

static struct eidc_retry_quota *quota_of(const struct eidc_call *call)
{
    const struct eidc_aws_request *r = &call->request;
    return eidc_quotas_find(&call->aws->quotas, r->target->creds, r->host);
}

static bool retry(struct eidc_call *call, enum eidc_retry_class cls,
                  struct eidc_aws_response *response)
{
    struct eidc_aws *aws = call->aws;
    const struct eidc_retry_try failed = {.cls = cls,
                                          .tries = call->tries,
                                          .throttled = call->throttled,
                                          .hint_ms = hint_of(&response->headers)};
    int64_t delay_ms;
    if (eidc_call_is_moot(call) || !may_retry(call, cls, response) ||
        !eidc_retry_next(quota_of(call), &call->request.target->retry, &failed, &delay_ms,
                         &call->retry_cost))
        return false;
    eidc_debug("%s %s: %s; trying again in %lld ms", call->request.target->service,
               call->request.operation, response->err.text, (long long)delay_ms);
    eidc_metric_add(eidc_metric(EIDC_METRIC_AWS_RETRIES, eidc_retry_class_name(cls)), 1);
    eidc_aws_response_free(response);
    call->place = EIDC_CALL_WAITING;
    aws->http->ops->after(aws->http, delay_ms, on_retry_timer, call);
    return true;
}

/* --- sending ------------------------------------------------------------------------------ */

static void settle(struct eidc_call *call, struct eidc_http_response *answer)
{
    struct eidc_aws_response response;
    enum eidc_retry_class cls = eidc_call_judge(call, answer, &response);
    call->throttled += cls == EIDC_RETRY_THROTTLE;
    if (call->pace && response.err.kind != EIDC_ERR_CANCELLED)
        eidc_pace_answered(call->pace, cls == EIDC_RETRY_THROTTLE);
    call->aws->counted.throttles += cls == EIDC_RETRY_THROTTLE;
    if (response.ok)
        eidc_retry_success(quota_of(call), call->retry_cost);
    else if (retry(call, cls, &response))
        return;
    finish(call, &response);
}

static void on_answer(void *arg, struct eidc_http_response *answer)
{
    struct eidc_call *call = arg;
    struct eidc_aws *aws = call->aws;
    aws->in_flight -= !call->request.urgent;
    aws->inside++;
    settle(call, answer);
    aws->inside--;
    pump(aws);
}

/* creds NULL: unsigned. */
static void transmit(struct eidc_call *call, const struct eidc_creds *creds)
{
    struct eidc_aws *aws = call->aws;
    const struct eidc_aws_request *r = &call->request;
    struct eidc_http_headers headers = {0};
    EIDC_BUF_AUTO url = {0};
    struct eidc_err err;
    call->has_token = false;
    call->sent_ms = eidc_now_ms();
    call->skew_ms = eidc_skews_of(&aws->skews, r->host);
    free(call->access_key);
    call->access_key = creds ? eidc_xstrdup(creds->access_key) : NULL;
    bool ok = eidc_call_sign(call, creds, call->sent_ms + call->skew_ms, &url, &headers, &err);
    if (ok) {
        eidc_call_conceal(call, creds, &headers);
        call->tries++;
        aws->counted.calls++;
        call->place = EIDC_CALL_IN_FLIGHT;
        aws->in_flight += !r->urgent;
        const struct eidc_http_request request = {
            .method = r->method,
            .url = url.p,
            .headers = &headers,
            .body = r->body,
            .made = r->made,
            .connect_timeout_ms = r->target->connect_timeout_ms,
            .timeout_ms = r->bulk ? 0 : r->target->timeout_ms,
            .low_speed_bytes = r->bulk ? EIDC_AWS_BULK_SPEED : 0,
            .low_speed_ms = r->bulk ? r->target->timeout_ms : 0,
            .max_response = r->max_response,
            .ca_bundle = r->target->ca_bundle,
        };
        aws->http->ops->start(aws->http, &request, on_answer, call);
    }
    eidc_http_headers_free(&headers);
    if (!ok)
        fail_call(call, &err);
}

static struct eidc_calls *queue_of(const struct eidc_call *call)
{
    return call->request.urgent ? &call->aws->urgent : &call->aws->queue;
}

static void put_in_queue(struct eidc_call *call)
{
    call->place = EIDC_CALL_QUEUED;
    eidc_calls_insert(queue_of(call), call);
}

static bool has_room(const struct eidc_aws *aws)
{
    return aws->in_flight < aws->concurrency;
}

static void fail_credentials(struct eidc_call *call, const struct eidc_err *why)
{
    struct eidc_err err = *why;
    if (err.kind == EIDC_ERR_NOT_FOUND)
        err.kind = EIDC_ERR_DENIED; /* it is not the thing asked for that is not there */
    eidc_wrap(&err, "credentials");
    fail_call(call, &err);
}

static void on_credentials(void *arg, struct eidc_creds *creds, const struct eidc_err *err)
{
    struct eidc_call *call = arg;
    struct eidc_aws *aws = call->aws;
    aws->inside++;
    if (eidc_call_is_moot(call))
        cancel_call(call);
    else if (!creds)
        fail_credentials(call, err);
    else if (call->request.urgent || has_room(aws))
        transmit(call, creds);
    else
        put_in_queue(call);
    aws->inside--;
    pump(aws);
}

static void send_call(struct eidc_call *call)
{
    struct eidc_creds_provider *provider = call->request.target->creds;
    if (eidc_call_is_moot(call)) {
        cancel_call(call);
    } else if (call->pace && !eidc_pace_admit(call->pace, call)) {
        return; /* it is released when it is its turn */
    } else if (!provider) {
        transmit(call, NULL);
    } else {
        call->place = EIDC_CALL_CREDENTIALS;
        provider->ops->get(provider, on_credentials, call);
    }
}

/* NULL: none may be sent now. */
static struct eidc_call *next_to_send(struct eidc_aws *aws)
{
    struct eidc_call *urgent = TAILQ_FIRST(&aws->urgent);
    return urgent || !has_room(aws) ? urgent : TAILQ_FIRST(&aws->queue);
}

static void pump(struct eidc_aws *aws)
{
    if (aws->pumping)
        return;
    aws->pumping = true;
    aws->inside++;
    struct eidc_call *call;
    while ((call = next_to_send(aws)) != NULL) {
        TAILQ_REMOVE(queue_of(call), call, queue);
        send_call(call);
    }
    aws->inside--;
    aws->pumping = false;
}

static void on_pump_timer(void *arg)
{
    struct eidc_aws *aws = arg;
    aws->armed = false;
    pump(aws);
}

/* Unless a pump is sure to run; done must come from step(). */
static void arm(struct eidc_aws *aws)
{
    if (aws->inside || aws->armed)
        return;
    aws->armed = true;
    aws->http->ops->after(aws->http, 0, on_pump_timer, aws);
}

/* A paced call that is tried again keeps its place before those that came later. */
static void enqueue(struct eidc_call *call)
{
    struct eidc_aws *aws = call->aws;
    if (!call->pace || call->tries == 0)
        call->order = aws->queued++;
    put_in_queue(call);
    arm(aws);
}

static void release(struct eidc_aws *aws, struct eidc_call *call)
{
    put_in_queue(call);
    arm(aws);
}

/* --- the outside -------------------------------------------------------------------------- */

void eidc_aws_call(struct eidc_aws *aws, const struct eidc_aws_request *request,
                   eidc_aws_done *done, void *arg)
{
    struct eidc_call *call = eidc_call_new(request);
    call->aws = aws;
    call->done = done;
    call->arg = arg;
    if (request->target->retry.adaptive)
        call->pace = eidc_paces_find(&aws->paces, request->target);
    TAILQ_INSERT_TAIL(&aws->all, call, all);
    enqueue(call);
}

/* Not yet told that it is cancelled. */
static struct eidc_call *next_to_cancel(struct eidc_aws *aws)
{
    struct eidc_call *call = TAILQ_FIRST(&aws->all);
    while (call && call->place == EIDC_CALL_CREDENTIALS && call->cancelled)
        call = TAILQ_NEXT(call, all);
    return call;
}

/* Whoever has its credentials ends it: mostly at once, else (it is being told already) soon. */
static void cancel_waiting(struct eidc_call *call)
{
    call->cancelled = true;
    eidc_creds_cancel(call->request.target->creds);
}

/* The client's cancel ends what is in flight; all other calls are ended here. */
void eidc_aws_cancel(struct eidc_aws *aws)
{
    bool pumping = aws->pumping;
    aws->pumping = true; /* nothing new is sent meanwhile */
    aws->inside++;
    aws->http->ops->cancel(aws->http);
    aws->armed = false;
    eidc_paces_cancelled(&aws->paces);
    struct eidc_call *call;
    while ((call = next_to_cancel(aws)) != NULL) {
        if (call->place == EIDC_CALL_QUEUED)
            TAILQ_REMOVE(queue_of(call), call, queue);
        if (call->place == EIDC_CALL_PACED)
            TAILQ_REMOVE(&call->pace->waiting, call, queue);
        if (call->place == EIDC_CALL_CREDENTIALS)
            cancel_waiting(call);
        else
            cancel_call(call);
    }
    eidc_identities_cancel(aws->identities);
    aws->inside--;
    aws->pumping = pumping;
}
