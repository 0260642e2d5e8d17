#pragma once
/*
 * When to try again: the "standard" rules of 2026 (AWS.md). Pure but for its token bucket: 500
 * tokens; a retry after throttling costs 5, any other 14; a success gives the cost of the last
 * retry back (or 1). One bucket a process is enough. One thread.
 */
#include <stdint.h>

#include "eidcached/base/err.h"

struct eidc_retry_quota {
    unsigned tokens;
    bool started;
};

enum eidc_retry_class {
    EIDC_RETRY_NO,        /* an answer, or an error that stays one */
    EIDC_RETRY_TRANSIENT, /* connection errors, 500 502 503 504, RequestTimeout, a damaged body */
    EIDC_RETRY_THROTTLE,
    EIDC_RETRY_AUTH, /* expired or refused credentials: once, with fresh ones */
    EIDC_RETRY_SKEW, /* our clock is off: once, with the server's time */
};

/* status 0: no answer came (transport error, transient). code: the AWS error code, may be "". */
enum eidc_retry_class eidc_retry_classify(int status, const char *code);

/* True: try again after *delay_ms; takes tokens. attempt: tries made so far (1 after the first).
 * hint_ms: x-amz-retry-after, or -1; clamped to [own delay, own delay + 5 s]. */
bool eidc_retry_next(struct eidc_retry_quota *quota, enum eidc_retry_class cls, unsigned attempt,
                     unsigned max_attempts, int64_t hint_ms, int64_t *delay_ms);
/* retried: the class of the retry that led to this success, NO if it was the first try. */
void eidc_retry_success(struct eidc_retry_quota *quota, enum eidc_retry_class retried);
const char *eidc_retry_class_name(enum eidc_retry_class cls); /* for metrics */
