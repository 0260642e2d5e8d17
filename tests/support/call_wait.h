#pragma once
#include "eidcached/aws/call.h"

/* A call, waited for; *response is filled either way and must be freed. */
static inline bool call_wait(struct eidc_aws *aws, const struct eidc_aws_request *request,
                             struct eidc_aws_response *response)
{
    size_t pending = 1;
    struct eidc_aws_slot slot = {.pending = &pending};
    eidc_aws_call(aws, request, eidc_aws_keep, &slot);
    eidc_aws_wait(aws, &pending);
    *response = slot.response;
    return response->ok;
}
