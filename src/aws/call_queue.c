#include "eidcached/aws/call_queue.h"

void eidc_calls_insert(struct eidc_calls *calls, struct eidc_call *call)
{
    struct eidc_call *before = TAILQ_LAST(calls, eidc_calls);
    while (before && before->order > call->order)
        before = TAILQ_PREV(before, eidc_calls, queue);
    if (before)
        TAILQ_INSERT_AFTER(calls, before, call, queue);
    else
        TAILQ_INSERT_HEAD(calls, call, queue);
}

void eidc_call_queue_init(struct eidc_call_queue *q, struct eidc_http_client *http,
                          unsigned concurrency, eidc_call_send *send)
{
    *q = (struct eidc_call_queue){
        .http = http, .send = send, .concurrency = concurrency ? concurrency : 1};
    TAILQ_INIT(&q->urgent);
    TAILQ_INIT(&q->others);
}

/* --- places in flight --------------------------------------------------------------------- */

bool eidc_call_queue_has_room(const struct eidc_call_queue *q, const struct eidc_call *call)
{
    return call->request.urgent || q->in_flight < q->concurrency;
}

void eidc_call_queue_take_place(struct eidc_call_queue *q, const struct eidc_call *call)
{
    q->in_flight += !call->request.urgent;
}

void eidc_call_queue_give_place(struct eidc_call_queue *q, const struct eidc_call *call)
{
    q->in_flight -= !call->request.urgent;
}

/* --- sending ------------------------------------------------------------------------------ */

/* NULL: none may be sent now. */
static struct eidc_call *next_to_send(const struct eidc_call_queue *q)
{
    struct eidc_call *urgent = TAILQ_FIRST(&q->urgent), *other = TAILQ_FIRST(&q->others);
    if (urgent)
        return urgent;
    return other && eidc_call_queue_has_room(q, other) ? other : NULL;
}

static void pump(struct eidc_call_queue *q)
{
    if (q->held)
        return;
    eidc_call_queue_hold(q);
    struct eidc_call *call;
    while ((call = next_to_send(q)) != NULL) {
        eidc_call_queue_remove(q, call);
        q->send(call);
    }
    eidc_call_queue_let_go(q);
}

static void on_timer(void *arg)
{
    struct eidc_call_queue *q = arg;
    q->armed = false;
    pump(q);
}

void eidc_call_queue_enter(struct eidc_call_queue *q)
{
    q->inside++;
}

void eidc_call_queue_leave(struct eidc_call_queue *q)
{
    q->inside--;
    pump(q);
}

void eidc_call_queue_hold(struct eidc_call_queue *q)
{
    q->inside++;
    q->held++;
}

void eidc_call_queue_let_go(struct eidc_call_queue *q)
{
    q->inside--;
    q->held--;
}

void eidc_call_queue_cancelled(struct eidc_call_queue *q)
{
    q->armed = false;
}

/* --- the lines ---------------------------------------------------------------------------- */

static struct eidc_calls *line_of(struct eidc_call_queue *q, const struct eidc_call *call)
{
    return call->request.urgent ? &q->urgent : &q->others;
}

void eidc_call_queue_put_back(struct eidc_call_queue *q, struct eidc_call *call)
{
    call->place = EIDC_CALL_QUEUED;
    eidc_calls_insert(line_of(q, call), call);
    if (q->inside || q->armed)
        return; /* a pump is sure to run */
    q->armed = true;
    q->http->ops->after(q->http, 0, on_timer, q);
}

void eidc_call_queue_add(struct eidc_call_queue *q, struct eidc_call *call)
{
    call->order = q->added++;
    eidc_call_queue_put_back(q, call);
}

void eidc_call_queue_remove(struct eidc_call_queue *q, struct eidc_call *call)
{
    TAILQ_REMOVE(line_of(q, call), call, queue);
}
