#pragma once
/*
 * The calls of the adaptive mode that wait for their turn: one limiter for each identity, region
 * and service, first come, first served. For call.c.
 */
#include "eidcached/aws/call_state.h"
#include "eidcached/aws/limiter.h"

TAILQ_HEAD(eidc_calls, eidc_call);
/* Puts it where its order says, mostly at the end. */
void eidc_calls_insert(struct eidc_calls *calls, struct eidc_call *call);

/* Whose turn it is, is told call by call; released: the call is on no list any more. */
typedef void eidc_pace_release(struct eidc_aws *aws, struct eidc_call *call);

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
    struct eidc_aws *aws;
    struct eidc_http_client *http;
    eidc_pace_release *release;
};

/* The target's; the same for every call until the end. */
struct eidc_pace *eidc_paces_find(struct eidc_paces *paces, const struct eidc_aws_target *target);
/* True: it may be sent now (and holds a token until it is). False: it waits, and is released later.
 */
bool eidc_pace_admit(struct eidc_pace *pace, struct eidc_call *call);
/* A try ended. */
void eidc_pace_answered(struct eidc_pace *pace, bool throttled);
/* The client's timers were dropped. */
void eidc_paces_cancelled(struct eidc_paces *paces);
bool eidc_paces_are_armed(const struct eidc_paces *paces); /* a timer of ours is outstanding */
void eidc_paces_free(struct eidc_paces *paces);            /* when none waits */
