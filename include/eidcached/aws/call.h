#pragma once
/*
 * One AWS call: resolve credentials, sign, send, classify, try again. Asynchronous on the HTTP
 * client's loop; at most `concurrency` requests are in flight, the rest wait in order; a call that
 * waits for its credentials or to be tried again holds no place, and those that fetch credentials
 * take none, so that an account that hangs keeps no other one waiting. One thread, the one that
 * steps the client; the engine lives and cancels as if the client were its own. In adaptive mode
 * (retry.h) the calls of one identity, region and service are paced once they are throttled: those
 * that wait for that hold no place either, keep their order, and do not hold up others.
 */
#include <stdatomic.h>
#include <stdint.h>

#include "eidcached/aws/creds.h"
#include "eidcached/aws/endpoint.h"
#include "eidcached/aws/fault.h"
#include "eidcached/aws/retry.h"
#include "eidcached/aws/sigv4.h"

/* The engine: one a process, shared by all sources and the S3 store. */
struct eidc_aws;
struct eidc_aws *eidc_aws_new(struct eidc_http_client *http, unsigned concurrency,
                              const atomic_bool *stop /* may be NULL */);
/* After every call ended; cancels what refreshes credentials. NULL is fine. */
void eidc_aws_free(struct eidc_aws *aws);
struct eidc_http_client *eidc_aws_http(struct eidc_aws *aws);
unsigned eidc_aws_concurrency(const struct eidc_aws *aws);

/* Requests sent so far, and those of them that were answered with a throttle. */
struct eidc_aws_counts {
    uint64_t calls, throttles;
};
struct eidc_aws_counts eidc_aws_counted(const struct eidc_aws *aws);

/* Stores the monotonic time (ms) in *heartbeat in every step of a wait, at least once a second:
 * whoever judges whether this thread lives can tell waiting from hanging. NULL ends it. */
void eidc_aws_watch(struct eidc_aws *aws, _Atomic int64_t *heartbeat);

/* From this monotonic time (ms) on every call ends with CANCELLED ("cut off by WHY"), and with it
 * every wait, as when stopping; 0: never. why: static text. */
void eidc_aws_end_at(struct eidc_aws *aws, int64_t until_ms, const char *why);

/* The credentials of these settings: one cache for all who ask with the same ones, so that they
 * share a set; its address stands for the identity. The engine's own. */
struct eidc_creds_provider *eidc_aws_identity(struct eidc_aws *aws,
                                              const struct eidc_aws_settings *settings);

/* Where and as whom. Owned by the caller, must outlive its calls. */
struct eidc_aws_target {
    const char *service; /* signing name: "glue", "s3" */
    const char *region;
    struct eidc_endpoint endpoint;
    struct eidc_creds_provider *creds; /* a cache: an identity; NULL: unsigned */
    const char *ca_bundle;
    struct eidc_retry_rules retry;
    int64_t connect_timeout_ms, timeout_ms;
};

#define EIDC_AWS_BULK_SPEED 16384

struct eidc_aws_request {
    const struct eidc_aws_target *target; /* host override: see host */
    const char *operation;                /* "GetTables": for metrics, logs, errors */
    const char *method;
    const char *host;     /* NULL: the endpoint's (S3 virtual hosting sets it) */
    struct eidc_str path; /* decoded; the endpoint's base path goes in front */
    bool path_encoded;    /* see eidc_sigv4 */
    const struct eidc_sigv4_param *params;
    size_t param_count;
    const struct eidc_http_headers *headers;
    struct eidc_str body;              /* must outlive the call; the rest is copied */
    const struct eidc_http_body *made; /* in its place, or NULL; must outlive the call */
    const uint8_t *sha256;             /* of the body, where it is known; needed with made */
    const char *secret;                /* a part of the body that no error may quote; NULL: none */
    size_t max_response;
    bool bulk; /* of any size: timeout_ms is how long it may stand still (fewer than
                * EIDC_AWS_BULK_SPEED bytes a second), not how long it may take */
    bool s3;
    bool urgent; /* others wait for what it brings: sent at once, beside `concurrency` */
    /* Takes a complete 2xx answer before it counts as success: called at most once for each. False
     * fails the try, and must have undone itself: with CORRUPT (a truncated or malformed page) it
     * is tried again, with any other error it is not. May be NULL. */
    bool (*take)(void *arg, struct eidc_str body, struct eidc_err *err);
    void *take_arg;
    /* Once true, the call is not sent (again) but ends with CANCELLED in its time; a try in flight
     * is left to end. Must outlive the call. May be NULL. */
    const bool *abandoned;
};

struct eidc_aws_response {
    int status; /* of the last try; 0: none came */
    bool ok;    /* 2xx, taken */
    /* AWS error code without namespace: "EntityNotFoundException", or "" */
    char code[EIDC_AWS_CODE_MAX + 1];
    struct eidc_err err; /* when !ok: "glue GetTables: AccessDeniedException: ... (request id)" */
    struct eidc_http_headers headers;
    struct eidc_buf body;
    unsigned tries;
};

/* done may move body and headers out; the rest is freed after it. Always called, from step(),
 * also when cancelled. */
typedef void eidc_aws_done(void *arg, struct eidc_aws_response *response);
void eidc_aws_call(struct eidc_aws *aws, const struct eidc_aws_request *request,
                   eidc_aws_done *done, void *arg);
void eidc_aws_response_free(struct eidc_aws_response *response);
/* Several calls, waited for together: eidc_aws_keep as the done of each, a slot as its arg, with
 * *pending the number of calls; then eidc_aws_wait, which cancels everything when stopping. */
struct eidc_aws_slot {
    struct eidc_aws_response response;
    size_t *pending;
};
eidc_aws_done eidc_aws_keep;
void eidc_aws_wait(struct eidc_aws *aws, const size_t *pending);
/* Waits on the client's loop. */
void eidc_aws_pause(struct eidc_aws *aws, int64_t ms);
/* Ends every call with CANCELLED, from here, and whatever else the client has in flight. */
void eidc_aws_cancel(struct eidc_aws *aws);
