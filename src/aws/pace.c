#include "eidcached/aws/pace.h"

#include "eidcached/base/clock.h"
#include "eidcached/base/log.h"
#include "eidcached/base/mem.h"

static bool is_of(const struct eidc_pace *pace, const struct eidc_aws_target *target)
{
    return pace->identity == target->creds && strcmp(pace->region, target->region) == 0 &&
           strcmp(pace->service, target->service) == 0;
}

static struct eidc_pace *make(struct eidc_paces *paces, const struct eidc_aws_target *target)
{
    struct eidc_pace *pace = eidc_xcalloc(1, sizeof(*pace));
    pace->paces = paces;
    pace->identity = target->creds;
    pace->region = eidc_xstrdup(target->region);
    pace->service = eidc_xstrdup(target->service);
    TAILQ_INIT(&pace->waiting);
    eidc_limiter_start(&pace->limiter, eidc_mono_us());
    pace->next = paces->first;
    paces->first = pace;
    return pace;
}

struct eidc_pace *eidc_paces_find(struct eidc_paces *paces, const struct eidc_aws_target *target)
{
    for (struct eidc_pace *pace = paces->first; pace; pace = pace->next) {
        if (is_of(pace, target))
            return pace;
    }
    return make(paces, target);
}

/* --- waiting ------------------------------------------------------------------------------ */

static void on_timer(void *arg);

/* A timer cannot be taken back: one that is due too late stays, and finds nothing to do. */
static void arm(struct eidc_pace *pace, int64_t now_us, int64_t wait_us)
{
    struct eidc_http_client *http = pace->paces->queue->http;
    int64_t wait_ms = (wait_us + 999) / 1000;
    int64_t due_us = now_us + wait_ms * 1000;
    if (pace->due_us != 0 && pace->due_us <= due_us)
        return;
    pace->due_us = due_us;
    pace->timers++;
    http->ops->after(http, wait_ms, on_timer, pace);
}

/* Lets go whoever has a token, and those that nobody waits for any more, for nothing. */
static void release(struct eidc_pace *pace)
{
    struct eidc_call *call;
    while ((call = TAILQ_FIRST(&pace->waiting)) != NULL) {
        int64_t now_us = eidc_mono_us(), wait_us;
        if (!eidc_call_is_moot(call)) {
            if (!eidc_limiter_take(&pace->limiter, now_us, &wait_us)) {
                arm(pace, now_us, wait_us);
                return;
            }
            call->has_token = true;
        }
        eidc_pace_remove(pace, call);
        eidc_call_queue_put_back(pace->paces->queue, call);
    }
}

static void on_timer(void *arg)
{
    struct eidc_pace *pace = arg;
    pace->timers--;
    if (eidc_mono_us() >= pace->due_us || pace->timers == 0)
        pace->due_us = 0;
    release(pace);
}

bool eidc_pace_admit(struct eidc_pace *pace, struct eidc_call *call)
{
    int64_t now_us = eidc_mono_us(), wait_us = 0;
    const struct eidc_call *first = TAILQ_FIRST(&pace->waiting);
    if (call->has_token)
        return true;
    bool is_next = !first || call->order < first->order;
    call->has_token = is_next && eidc_limiter_take(&pace->limiter, now_us, &wait_us);
    if (call->has_token)
        return true;
    call->place = EIDC_CALL_PACED;
    eidc_calls_insert(&pace->waiting, call);
    if (is_next)
        arm(pace, now_us, wait_us);
    return false;
}

void eidc_pace_remove(struct eidc_pace *pace, struct eidc_call *call)
{
    TAILQ_REMOVE(&pace->waiting, call, queue);
}

void eidc_pace_answered(struct eidc_pace *pace, bool throttled)
{
    bool was_enabled = pace->limiter.enabled;
    eidc_limiter_answered(&pace->limiter, throttled, eidc_mono_us());
    if (!was_enabled && throttled)
        eidc_info("%s in %s throttles: requests are paced from now on", pace->service,
                  pace->region);
    release(pace); /* the rate may have grown */
}

/* --- the end ------------------------------------------------------------------------------ */

void eidc_paces_cancelled(struct eidc_paces *paces)
{
    for (struct eidc_pace *pace = paces->first; pace; pace = pace->next) {
        pace->timers = 0;
        pace->due_us = 0;
    }
}

bool eidc_paces_are_armed(const struct eidc_paces *paces)
{
    for (const struct eidc_pace *pace = paces->first; pace; pace = pace->next) {
        if (pace->timers > 0)
            return true;
    }
    return false;
}

void eidc_paces_free(struct eidc_paces *paces)
{
    for (struct eidc_pace *pace = paces->first, *next; pace; pace = next) {
        next = pace->next;
        free(pace->region);
        free(pace->service);
        free(pace);
    }
    paces->first = NULL;
}
