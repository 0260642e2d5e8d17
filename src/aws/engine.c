#include "engine.h"

#include <assert.h>

#include "eidcached/aws/identity.h"
#include "eidcached/base/clock.h"
#include "eidcached/base/mem.h"

struct eidc_aws *eidc_aws_new(struct eidc_http_client *http, unsigned concurrency,
                              const atomic_bool *stop)
{
    struct eidc_aws *aws = eidc_xcalloc(1, sizeof(*aws));
    aws->http = http;
    aws->stop = stop;
    TAILQ_INIT(&aws->all);
    eidc_call_queue_init(&aws->queue, http, concurrency, eidc_call_begin);
    aws->paces.queue = &aws->queue;
    aws->identities = eidc_identities_new(aws);
    return aws;
}

void eidc_aws_free(struct eidc_aws *aws)
{
    if (!aws)
        return;
    if (eidc_identities_are_busy(aws->identities) || eidc_paces_are_armed(&aws->paces))
        eidc_aws_cancel(aws);
    assert(TAILQ_EMPTY(&aws->all));
    eidc_identities_free(aws->identities);
    eidc_paces_free(&aws->paces);
    eidc_quotas_free(&aws->quotas);
    eidc_skews_free(&aws->skews);
    free(aws);
}

struct eidc_http_client *eidc_aws_http(struct eidc_aws *aws)
{
    return aws->http;
}

unsigned eidc_aws_concurrency(const struct eidc_aws *aws)
{
    return aws->queue.concurrency;
}

struct eidc_creds_provider *eidc_aws_identity(struct eidc_aws *aws,
                                              const struct eidc_aws_settings *settings)
{
    return eidc_identities_get(aws->identities, settings);
}

struct eidc_aws_counts eidc_aws_counted(const struct eidc_aws *aws)
{
    return aws->counted;
}

void eidc_aws_end_at(struct eidc_aws *aws, int64_t until_ms, const char *why)
{
    aws->until_ms = until_ms;
    aws->until_why = why;
}

int64_t eidc_aws_time_left(const struct eidc_aws *aws)
{
    return aws->until_ms ? aws->until_ms - eidc_mono_ms() : INT64_MAX;
}

int64_t eidc_aws_step_ms(const struct eidc_aws *aws, int64_t most_ms)
{
    const int64_t left = eidc_aws_time_left(aws);
    return left < 0 ? 0 : left < most_ms ? left : most_ms;
}

void eidc_aws_watch(struct eidc_aws *aws, _Atomic int64_t *heartbeat)
{
    aws->heartbeat = heartbeat;
}

void eidc_aws_beat(const struct eidc_aws *aws)
{
    if (aws->heartbeat)
        atomic_store(aws->heartbeat, eidc_mono_ms());
}

bool eidc_aws_is_stopping(const struct eidc_aws *aws)
{
    return (aws->stop && atomic_load(aws->stop)) || eidc_aws_time_left(aws) <= 0;
}
