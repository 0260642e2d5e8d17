/* Waiting for calls, on the loop that makes them. */
#include "eidcached/aws/call_state.h"

#define WAIT_STEP_MS 1000

void eidc_aws_keep(void *arg, struct eidc_aws_response *response)
{
    struct eidc_aws_slot *slot = arg;
    slot->response = *response;
    response->headers = (struct eidc_http_headers){0};
    response->body = (struct eidc_buf){0};
    --*slot->pending;
}

void eidc_aws_wait(struct eidc_aws *aws, const size_t *pending)
{
    struct eidc_http_client *http = eidc_aws_http(aws);
    while (*pending > 0) {
        eidc_aws_beat(aws);
        if (eidc_aws_is_stopping(aws))
            eidc_aws_cancel(aws);
        else
            http->ops->step(http, eidc_aws_step_ms(aws, WAIT_STEP_MS));
    }
}

static void on_pause_end(void *arg)
{
    *(bool *)arg = true;
}

/* Stopping drops the timer: then the client has nothing outstanding, or step() returns early. */
void eidc_aws_pause(struct eidc_aws *aws, int64_t ms)
{
    static bool ended; /* outlives a pause that is cut short; one thread */
    struct eidc_http_client *http = eidc_aws_http(aws);
    ended = false;
    http->ops->after(http, ms, on_pause_end, &ended);
    bool more = true;
    while (more && !ended && !eidc_aws_is_stopping(aws)) {
        eidc_aws_beat(aws);
        more = http->ops->step(http, eidc_aws_step_ms(aws, WAIT_STEP_MS));
    }
}
