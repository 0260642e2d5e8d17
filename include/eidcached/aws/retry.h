#pragma once
/*
 * When to try again: the "standard" rules that AWS's SDKs agreed on in 2026, and what "adaptive"
 * adds to them. Pure but for its token bucket: 500 tokens; a retry after throttling costs 5, any
 * other 14; a success gives back what the last retry cost (or 1). One thread.
 *
 * Adaptive: a send rate (limiter.h) answers for throttling, so that it costs no tokens, and
 * throttled tries do not count as attempts. Being throttled now and then is how that mode finds its
 * rate: a call that happens to be the one, three times, has not failed. EIDC_RETRY_THROTTLES of
 * them are too many, though.
 */
#include <stdbool.h>
#include <stdint.h>

#include "eidcached/aws/settings.h"
#include "eidcached/base/err.h"

#define EIDC_RETRY_THROTTLES 10

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

/* How a service is called; zeroed: standard, 3 attempts. */
struct eidc_retry_rules {
    unsigned max_attempts; /* tries in all; 0: 3 */
    bool adaptive;
    int64_t transient_base_ms; /* of the back-off; 0: 50 */
};
/* The settings, AWS_MAX_ATTEMPTS and AWS_RETRY_MODE, the profile's max_attempts and retry_mode, or
 * 3 attempts (DynamoDB: 4) in standard mode, which "legacy" is taken for, too. */
bool eidc_retry_rules_resolve(const struct eidc_aws_settings *settings, const char *service,
                              struct eidc_retry_rules *out, struct eidc_err *err);

/* A try that failed. */
struct eidc_retry_try {
    enum eidc_retry_class cls;
    unsigned tries, throttled; /* of the call so far, this one included; how many were throttled */
    int64_t hint_ms;           /* x-amz-retry-after, or -1; clamped to [own delay, own + 5 s] */
};
/* True: try again after *delay_ms; *cost tokens were taken. */
bool eidc_retry_next(struct eidc_retry_quota *quota, const struct eidc_retry_rules *rules,
                     const struct eidc_retry_try *failed, int64_t *delay_ms, unsigned *cost);
/* cost: of the retry that led to this success, 0 if it was the first try. */
void eidc_retry_success(struct eidc_retry_quota *quota, unsigned cost);
const char *eidc_retry_class_name(enum eidc_retry_class cls); /* for metrics */
