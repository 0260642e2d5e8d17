#pragma once
/*
 * The calls that are to be sent: urgent ones at once, the others in their order, as long as fewer
 * than `concurrency` requests are in flight. They are sent by a pump, which runs at the end of each
 * of the engine's callbacks; where none is on the stack, a timer brings it, so that nothing is sent
 * (and no done called) from within eidc_aws_call. For call.c and pace.c.
 */
#include "eidcached/aws/call_state.h"

TAILQ_HEAD(eidc_calls, eidc_call);
/* Puts it where its order says, mostly at the end. */
void eidc_calls_insert(struct eidc_calls *calls, struct eidc_call *call);

/* Takes a call that has come to the head, and is off the queue. */
typedef void eidc_call_send(struct eidc_call *call);

struct eidc_call_queue {
    struct eidc_http_client *http;
    eidc_call_send *send;
    struct eidc_calls urgent, others;
    unsigned concurrency, in_flight; /* not counting the urgent ones */
    uint64_t added;                  /* calls so far */
    unsigned inside;                 /* who is on the stack and pumps before it returns */
    unsigned held;                   /* no pump starts: one is running, or somebody holds it */
    bool armed;                      /* a timer will pump */
};

void eidc_call_queue_init(struct eidc_call_queue *q, struct eidc_http_client *http,
                          unsigned concurrency, eidc_call_send *send);

/* To the end of its kind; or with the order it has, to where it was. */
void eidc_call_queue_add(struct eidc_call_queue *q, struct eidc_call *call);
void eidc_call_queue_put_back(struct eidc_call_queue *q, struct eidc_call *call);
void eidc_call_queue_remove(struct eidc_call_queue *q, struct eidc_call *call);

/* The places in flight: whether there is one for this call, taking it, giving it back. */
bool eidc_call_queue_has_room(const struct eidc_call_queue *q, const struct eidc_call *call);
void eidc_call_queue_take_place(struct eidc_call_queue *q, const struct eidc_call *call);
void eidc_call_queue_give_place(struct eidc_call_queue *q, const struct eidc_call *call);

/* Around each callback of the engine; leaving pumps. */
void eidc_call_queue_enter(struct eidc_call_queue *q);
void eidc_call_queue_leave(struct eidc_call_queue *q);
/* Nothing is sent in between. */
void eidc_call_queue_hold(struct eidc_call_queue *q);
void eidc_call_queue_let_go(struct eidc_call_queue *q);
/* The client's timers were dropped. */
void eidc_call_queue_cancelled(struct eidc_call_queue *q);
