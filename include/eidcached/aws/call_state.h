#pragma once
/* One call between its tries: what it asks, copied, and what was learnt. For the engine: engine.c,
 * call.c, call_queue.c, call_wait.c and pace.c. */
#include <sys/queue.h>

#include "eidcached/aws/call.h"
#include "eidcached/aws/secrets.h"

/*
 * Where a call is, and where it goes from there:
 *
 *     QUEUED       it is at the head and there is room        CREDENTIALS (unsigned: IN_FLIGHT)
 *                  the same, but it is not its turn           PACED
 *     PACED        it is its turn                             QUEUED
 *     CREDENTIALS  they are there, and so is room             IN_FLIGHT
 *                  they are there, but no room any more       QUEUED
 *     IN_FLIGHT    the answer, or a failure for good          done
 *                  a failure to be tried again                PAUSING
 *     PAUSING      it is time                                 QUEUED
 *
 * From any of them to done when it is cancelled or nobody wants the answer any more.
 */
enum eidc_call_place {
    EIDC_CALL_QUEUED,      /* for its next try (call_queue.h) */
    EIDC_CALL_PACED,       /* waits for its turn (pace.h) */
    EIDC_CALL_CREDENTIALS, /* waits for them */
    EIDC_CALL_IN_FLIGHT,   /* waits for the answer */
    EIDC_CALL_PAUSING,     /* waits for the time of its next try */
};

struct eidc_call {
    TAILQ_ENTRY(eidc_call) all, queue;
    struct eidc_aws *aws;
    struct eidc_aws_request request; /* strings, params and headers are this call's own */
    struct eidc_http_headers headers;
    char payload_hash[2 * EIDC_SHA256_BYTES + 1];
    eidc_aws_done *done;
    void *arg;
    enum eidc_call_place place;
    uint64_t order;         /* in the queue */
    bool cancelled;         /* while it waits for credentials */
    struct eidc_pace *pace; /* NULL: not paced */
    bool has_token;         /* of the pace, for the next try */
    unsigned tries, throttled;
    unsigned retry_cost; /* of the last retry, in tokens of the quota */
    bool auth_tried, skew_tried;
    int64_t skew_ms, sent_ms;    /* used by the last try; when, by our clock */
    char *access_key;            /* used by the last try */
    char *secret;                /* the request's */
    struct eidc_secrets secrets; /* of the last try: no error may quote them */
};

struct eidc_call *eidc_call_new(const struct eidc_aws_request *request);
void eidc_call_free(struct eidc_call *call);
/* Nobody wants the answer any more. */
bool eidc_call_is_moot(const struct eidc_call *call);

/* Signs a try (creds NULL: it goes unsigned): *url and *headers are what goes on the wire. */
bool eidc_call_sign(const struct eidc_call *call, const struct eidc_creds *creds, int64_t unix_ms,
                    struct eidc_buf *url, struct eidc_http_headers *headers, struct eidc_err *err);

/* Keeps what this try was signed with from being shown. */
void eidc_call_conceal(struct eidc_call *call, const struct eidc_creds *creds,
                       const struct eidc_http_headers *headers);

/* Of the engine, for call_wait.c: this thread lives; it is to end; how long to wait at a time. */
void eidc_aws_beat(const struct eidc_aws *aws);
bool eidc_aws_is_stopping(const struct eidc_aws *aws);
int64_t eidc_aws_step_ms(const struct eidc_aws *aws, int64_t most_ms);

/* Judges an answer: fills *out (status, ok, code, err, body and headers moved) and says whether
 * another try makes sense. */
enum eidc_retry_class eidc_call_judge(const struct eidc_call *call,
                                      struct eidc_http_response *answer,
                                      struct eidc_aws_response *out);
