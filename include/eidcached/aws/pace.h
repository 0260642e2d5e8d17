#pragma once
/*
 * The calls of the adaptive mode that wait for their turn: one limiter for each identity, region
 * and service, first come, first served. For call.c.
 */
#include "eidcached/aws/call_queue.h"
#include "eidcached/aws/limiter.h"

struct eidc_pace {
    struct eidc_pace *next;
    struct eidc_paces *paces;
    const struct eidc_creds_provider *identity;
    char *region, *service;
    struct eidc_limiter limiter;
    struct eidc_calls waiting;
    int64_t due_us; /* of the timer that is to fire next; 0: none */
    unsigned timers;
};

struct eidc_paces {
    struct eidc_pace *first;
    struct eidc_call_queue *queue; /* where a call goes when it is its turn */
};

/* The target's; the same for every call until the end. */
struct eidc_pace *eidc_paces_find(struct eidc_paces *paces, const struct eidc_aws_target *target);
/* True: it may be sent now (and holds a token until it is). False: it waits here, until it is back
 * in the queue. */
bool eidc_pace_admit(struct eidc_pace *pace, struct eidc_call *call);
/* No longer wanted: it waits no more. */
void eidc_pace_remove(struct eidc_pace *pace, struct eidc_call *call);
/* A try ended. */
void eidc_pace_answered(struct eidc_pace *pace, bool throttled);
/* The client's timers were dropped. */
void eidc_paces_cancelled(struct eidc_paces *paces);
bool eidc_paces_are_armed(const struct eidc_paces *paces); /* a timer of ours is outstanding */
void eidc_paces_free(struct eidc_paces *paces);            /* when none waits */
