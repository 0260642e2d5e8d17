#include "eidcached/aws/retry.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "eidcached/base/clock.h"

#define QUOTA_TOKENS      500
#define COST_THROTTLE     5
#define COST_OTHER        14
#define BASE_TRANSIENT_MS 50
#define BASE_THROTTLE_MS  1000
#define DELAY_MAX_MS      20000
#define HINT_MAX_MS       5000
#define ATTEMPTS_DEFAULT  3

static const struct {
    const char *code;
    enum eidc_retry_class cls;
} codes[] = {
    {"Throttling", EIDC_RETRY_THROTTLE},
    {"ThrottlingException", EIDC_RETRY_THROTTLE},
    {"ThrottledException", EIDC_RETRY_THROTTLE},
    {"RequestThrottledException", EIDC_RETRY_THROTTLE},
    {"RequestThrottled", EIDC_RETRY_THROTTLE},
    {"TooManyRequestsException", EIDC_RETRY_THROTTLE},
    {"ProvisionedThroughputExceededException", EIDC_RETRY_THROTTLE},
    {"TransactionInProgressException", EIDC_RETRY_THROTTLE},
    {"RequestLimitExceeded", EIDC_RETRY_THROTTLE},
    {"BandwidthLimitExceeded", EIDC_RETRY_THROTTLE},
    {"LimitExceededException", EIDC_RETRY_THROTTLE},
    {"SlowDown", EIDC_RETRY_THROTTLE},
    {"PriorRequestNotComplete", EIDC_RETRY_THROTTLE},
    {"EC2ThrottledException", EIDC_RETRY_THROTTLE},
    {"RequestTimeout", EIDC_RETRY_TRANSIENT},
    {"RequestTimeoutException", EIDC_RETRY_TRANSIENT},
    {"OperationTimeoutException", EIDC_RETRY_TRANSIENT},
    {"FederationSourceRetryableException", EIDC_RETRY_TRANSIENT},
    {"IDPCommunicationError", EIDC_RETRY_TRANSIENT},
    {"ExpiredToken", EIDC_RETRY_AUTH},
    {"ExpiredTokenException", EIDC_RETRY_AUTH},
    {"InvalidToken", EIDC_RETRY_AUTH},
    {"InvalidClientTokenId", EIDC_RETRY_AUTH},
    {"InvalidAccessKeyId", EIDC_RETRY_AUTH},
    {"UnrecognizedClientException", EIDC_RETRY_AUTH},
    {"RequestTimeTooSkewed", EIDC_RETRY_SKEW},
    {"RequestExpired", EIDC_RETRY_SKEW},
    {"RequestInTheFuture", EIDC_RETRY_SKEW},
    /* These may mean a wrong key as well: the caller compares the clocks before it believes it. */
    {"InvalidSignatureException", EIDC_RETRY_SKEW},
    {"SignatureDoesNotMatch", EIDC_RETRY_SKEW},
};

enum eidc_retry_class eidc_retry_classify(int status, const char *code)
{
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (strcmp(codes[i].code, code) == 0)
            return codes[i].cls;
    }
    if (status == 429)
        return EIDC_RETRY_THROTTLE;
    if (status == 0 || status == 500 || (status >= 502 && status <= 504))
        return EIDC_RETRY_TRANSIENT;
    return EIDC_RETRY_NO;
}

static unsigned cost_of(const struct eidc_retry_rules *rules, enum eidc_retry_class cls)
{
    if (cls == EIDC_RETRY_THROTTLE)
        return rules->adaptive ? 0 : COST_THROTTLE;
    return COST_OTHER;
}

static bool take_tokens(struct eidc_retry_quota *quota, unsigned cost)
{
    if (!quota->started)
        *quota = (struct eidc_retry_quota){.tokens = QUOTA_TOKENS, .started = true};
    if (quota->tokens < cost)
        return false;
    quota->tokens -= cost;
    return true;
}

/* What was wrong is put right before an AUTH or SKEW retry: there is nothing to wait for. */
static int64_t own_delay_ms(const struct eidc_retry_rules *rules, enum eidc_retry_class cls,
                            unsigned tries)
{
    int64_t base = rules->transient_base_ms > 0 ? rules->transient_base_ms : BASE_TRANSIENT_MS;
    if (cls == EIDC_RETRY_AUTH || cls == EIDC_RETRY_SKEW)
        return 0;
    return eidc_backoff_ms(tries - 1, cls == EIDC_RETRY_THROTTLE ? BASE_THROTTLE_MS : base,
                           DELAY_MAX_MS);
}

static bool has_attempts_left(const struct eidc_retry_rules *rules,
                              const struct eidc_retry_try *failed)
{
    unsigned max = rules->max_attempts > 0 ? rules->max_attempts : ATTEMPTS_DEFAULT;
    if (!rules->adaptive)
        return failed->tries < max;
    return failed->throttled < EIDC_RETRY_THROTTLES && failed->tries - failed->throttled < max;
}

bool eidc_retry_next(struct eidc_retry_quota *quota, const struct eidc_retry_rules *rules,
                     const struct eidc_retry_try *failed, int64_t *delay_ms, unsigned *cost)
{
    if (failed->cls == EIDC_RETRY_NO || failed->tries == 0 || !has_attempts_left(rules, failed))
        return false;
    unsigned tokens = cost_of(rules, failed->cls);
    if (!take_tokens(quota, tokens))
        return false;
    int64_t own = own_delay_ms(rules, failed->cls, failed->tries);
    int64_t delay = failed->hint_ms > own ? failed->hint_ms : own;
    *delay_ms = delay > own + HINT_MAX_MS ? own + HINT_MAX_MS : delay;
    *cost = tokens;
    return true;
}

void eidc_retry_success(struct eidc_retry_quota *quota, unsigned cost)
{
    if (!quota->started)
        return;
    quota->tokens += cost > 0 ? cost : 1;
    if (quota->tokens > QUOTA_TOKENS)
        quota->tokens = QUOTA_TOKENS;
}

const char *eidc_retry_class_name(enum eidc_retry_class cls)
{
    static const char *const names[] = {
        [EIDC_RETRY_NO] = "none",           [EIDC_RETRY_TRANSIENT] = "transient",
        [EIDC_RETRY_THROTTLE] = "throttle", [EIDC_RETRY_AUTH] = "auth",
        [EIDC_RETRY_SKEW] = "skew",
    };
    return names[cls];
}
