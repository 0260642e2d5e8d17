#pragma once
/* The engine's inside, for engine.c (what it is) and call.c (what becomes of a call). */
#include "eidcached/aws/call_queue.h"
#include "eidcached/aws/pace.h"
#include "eidcached/aws/quotas.h"
#include "eidcached/aws/skew.h"

struct eidc_aws {
    struct eidc_http_client *http;
    const atomic_bool *stop;
    _Atomic int64_t *heartbeat; /* may be NULL */
    int64_t until_ms;           /* monotonic: everything ends then; 0: never */
    const char *until_why;
    struct eidc_calls all;
    struct eidc_call_queue queue;
    struct eidc_paces paces;
    struct eidc_quotas quotas;
    struct eidc_skews skews;
    struct eidc_identities *identities;
    struct eidc_aws_counts counted;
};

/* Until everything ends; INT64_MAX: it does not. */
int64_t eidc_aws_time_left(const struct eidc_aws *aws);

/* call.c: sends a call that has come to the head of the queue. */
eidc_call_send eidc_call_begin;
