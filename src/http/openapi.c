#include "eidcached/http/openapi.h"

#include "eidcached/http/handlers.h"

static const struct eidc_header headers[] = {
    {"Cache-Control", "no-cache"},
    {"Vary", "Accept-Encoding"},
    {NULL, NULL},
};

void eidc_handle_openapi(struct eidc_request *r)
{
    r->answer.headers = headers;
    eidc_answer_constant(r, &eidc_openapi, EIDC_TYPE_JSON);
}
