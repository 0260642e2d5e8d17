/* Where the rules come from. */
#include <strings.h>

#include "eidcached/aws/retry.h"
#include "eidcached/aws/shared.h"
#include "eidcached/base/buf.h"

#define ATTEMPTS_MAX 100

/* What is not as for all others. */
static const struct service {
    const char *name;
    unsigned max_attempts;
    int64_t transient_base_ms;
} services[] = {{"dynamodb", 4, 25}};

static const struct mode {
    const char *name;
    bool adaptive;
} modes[] = {{"standard", false}, {"adaptive", true}, {"legacy", false}};

static bool read_mode(const char *text, bool *adaptive, struct eidc_err *err)
{
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        if (strcasecmp(modes[i].name, text) == 0) {
            *adaptive = modes[i].adaptive;
            return true;
        }
    }
    return eidc_fail(err, EIDC_ERR_INVALID,
                     "AWS_RETRY_MODE or the profile's retry_mode: \"%s\" is none of standard, "
                     "adaptive and legacy",
                     text);
}

static bool read_attempts(const char *text, unsigned *attempts, struct eidc_err *err)
{
    uint64_t n;
    if (!eidc_str_u64(eidc_str_of(text), ATTEMPTS_MAX, &n) || n == 0)
        return eidc_fail(err, EIDC_ERR_INVALID,
                         "AWS_MAX_ATTEMPTS or the profile's max_attempts: \"%s\" is no number from "
                         "1 to %d",
                         text, ATTEMPTS_MAX);
    *attempts = (unsigned)n;
    return true;
}

static struct eidc_retry_rules rules_of(const char *service)
{
    struct eidc_retry_rules rules = {0};
    for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
        if (strcmp(services[i].name, service) == 0) {
            rules.max_attempts = services[i].max_attempts;
            rules.transient_base_ms = services[i].transient_base_ms;
        }
    }
    return rules;
}

static bool read_shared(const struct eidc_aws_settings *settings, const struct eidc_shared *shared,
                        struct eidc_retry_rules *rules, struct eidc_err *err)
{
    const char *attempts = eidc_shared_get(shared, "AWS_MAX_ATTEMPTS", "max_attempts");
    const char *mode = eidc_shared_get(shared, "AWS_RETRY_MODE", "retry_mode");
    if (settings->max_attempts > 0)
        rules->max_attempts = settings->max_attempts;
    else if (attempts != NULL && !read_attempts(attempts, &rules->max_attempts, err))
        return false;
    if (settings->retry_mode != EIDC_RETRY_MODE_AUTO)
        rules->adaptive = settings->retry_mode == EIDC_RETRY_MODE_ADAPTIVE;
    else if (mode != NULL && !read_mode(mode, &rules->adaptive, err))
        return false;
    return true;
}

bool eidc_retry_rules_resolve(const struct eidc_aws_settings *settings, const char *service,
                              struct eidc_retry_rules *out, struct eidc_err *err)
{
    struct eidc_shared shared;
    struct eidc_retry_rules rules = rules_of(service);
    if (!eidc_shared_open(settings, &shared, err))
        return eidc_wrap(err, "retries");
    bool ok = read_shared(settings, &shared, &rules, err);
    if (ok)
        *out = rules;
    eidc_shared_close(&shared);
    return ok;
}
