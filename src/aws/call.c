/*
 * The life of a call; its places are in call_state.h. Credentials are asked for when it has come to
 * the head of the queue and there is room to send it. Mostly they are there; if not, the next call
 * is looked at, and this one is sent when they come, or goes back to its place in the queue when
 * there is no room then.
 */
#include "eidcached/aws/call.h"

#include "eidcached/aws/creds_cache.h"
#include "eidcached/aws/identity.h"
#include "eidcached/base/clock.h"
#include "eidcached/base/log.h"
#include "eidcached/base/mem.h"
#include "eidcached/base/metrics.h"
#include "engine.h"

void eidc_aws_response_free(struct eidc_aws_response *response)
{
    eidc_http_headers_free(&response->headers);
    eidc_buf_free(&response->body);
}

static void name_error(const struct eidc_call *call, struct eidc_err *err)
{
    const char *service = call->request.target->service, *operation = call->request.operation;
    if (err->kind == EIDC_ERR_CANCELLED && eidc_aws_time_left(call->aws) <= 0)
        eidc_fail(err, EIDC_ERR_CANCELLED, "cut off by %s", call->aws->until_why);
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
    if (!response->ok)
        name_error(call, &response->err);
    TAILQ_REMOVE(&call->aws->all, call, all);
    call->done(call->arg, response);
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

/* A paced call that is tried again keeps its place before those that came later. */
static void on_retry_timer(void *arg)
{
    struct eidc_call *call = arg;
    struct eidc_call_queue *queue = &call->aws->queue;
    eidc_call_queue_enter(queue);
    if (call->pace)
        eidc_call_queue_put_back(queue, call);
    else
        eidc_call_queue_add(queue, call);
    eidc_call_queue_leave(queue);
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
    call->place = EIDC_CALL_PAUSING;
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
    struct eidc_call_queue *queue = &call->aws->queue;
    eidc_call_queue_give_place(queue, call);
    eidc_call_queue_enter(queue);
    settle(call, answer);
    eidc_call_queue_leave(queue);
}

static void start(struct eidc_call *call, const char *url, const struct eidc_http_headers *headers)
{
    struct eidc_aws *aws = call->aws;
    const struct eidc_aws_request *r = &call->request;
    const struct eidc_http_request request = {
        .method = r->method,
        .url = url,
        .headers = headers,
        .body = r->body,
        .made = r->made,
        .connect_timeout_ms = r->target->connect_timeout_ms,
        .timeout_ms = r->bulk ? 0 : r->target->timeout_ms,
        .low_speed_bytes = r->bulk ? EIDC_AWS_BULK_SPEED : 0,
        .low_speed_ms = r->bulk ? r->target->timeout_ms : 0,
        .max_response = r->max_response,
        .ca_bundle = r->target->ca_bundle,
    };
    call->tries++;
    aws->counted.calls++;
    call->place = EIDC_CALL_IN_FLIGHT;
    eidc_call_queue_take_place(&aws->queue, call);
    aws->http->ops->start(aws->http, &request, on_answer, call);
}

/* creds NULL: unsigned. */
static void transmit(struct eidc_call *call, const struct eidc_creds *creds)
{
    struct eidc_http_headers headers = {0};
    EIDC_BUF_AUTO url = {0};
    struct eidc_err err;
    call->has_token = false;
    call->sent_ms = eidc_now_ms();
    call->skew_ms = eidc_skews_of(&call->aws->skews, call->request.host);
    free(call->access_key);
    call->access_key = creds ? eidc_xstrdup(creds->access_key) : NULL;
    bool ok = eidc_call_sign(call, creds, call->sent_ms + call->skew_ms, &url, &headers, &err);
    if (ok) {
        eidc_call_conceal(call, creds, &headers);
        start(call, url.p, &headers);
    }
    eidc_http_headers_free(&headers);
    if (!ok)
        fail_call(call, &err);
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
    struct eidc_call_queue *queue = &call->aws->queue;
    eidc_call_queue_enter(queue);
    if (eidc_call_is_moot(call))
        cancel_call(call);
    else if (!creds)
        fail_credentials(call, err);
    else if (eidc_call_queue_has_room(queue, call))
        transmit(call, creds);
    else
        eidc_call_queue_put_back(queue, call);
    eidc_call_queue_leave(queue);
}

void eidc_call_begin(struct eidc_call *call)
{
    struct eidc_creds_provider *provider = call->request.target->creds;
    if (eidc_call_is_moot(call)) {
        cancel_call(call);
    } else if (call->pace && !eidc_pace_admit(call->pace, call)) {
        return; /* it comes again when it is its turn */
    } else if (!provider) {
        transmit(call, NULL);
    } else {
        call->place = EIDC_CALL_CREDENTIALS;
        provider->ops->get(provider, on_credentials, call);
    }
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
    eidc_call_queue_add(&aws->queue, call);
}

/* Not yet told that it is cancelled. */
static struct eidc_call *next_to_cancel(struct eidc_aws *aws)
{
    struct eidc_call *call = TAILQ_FIRST(&aws->all);
    while (call && call->place == EIDC_CALL_CREDENTIALS && call->cancelled)
        call = TAILQ_NEXT(call, all);
    return call;
}

static void end(struct eidc_call *call)
{
    switch (call->place) {
    case EIDC_CALL_QUEUED:
        eidc_call_queue_remove(&call->aws->queue, call);
        break;
    case EIDC_CALL_PACED:
        eidc_pace_remove(call->pace, call);
        break;
    case EIDC_CALL_CREDENTIALS:
        /* whoever has them ends it: mostly at once, else (it is being told already) soon */
        call->cancelled = true;
        eidc_creds_cancel(call->request.target->creds);
        return;
    case EIDC_CALL_IN_FLIGHT:
    case EIDC_CALL_PAUSING:
        break; /* the client has forgotten it */
    }
    cancel_call(call);
}

/* The client's cancel ends what is in flight; all other calls are ended here. */
void eidc_aws_cancel(struct eidc_aws *aws)
{
    eidc_call_queue_hold(&aws->queue);
    aws->http->ops->cancel(aws->http);
    eidc_call_queue_cancelled(&aws->queue);
    eidc_paces_cancelled(&aws->paces);
    struct eidc_call *call;
    while ((call = next_to_cancel(aws)) != NULL)
        end(call);
    eidc_identities_cancel(aws->identities);
    eidc_call_queue_let_go(&aws->queue);
}
