#include "eidcached/http/openapi.h"

#include "eidcached/http/handlers.h"
#include "eidcached/http/negotiate.h"

static const struct eidc_header headers[] = {
    {"Cache-Control", "no-cache"},
    {"ETag", eidc_openapi_etag},
    {NULL, NULL},
};

void eidc_handle_openapi(struct eidc_request *r)
{
    r->answer.headers = headers;
    if (eidc_none_match(r->headers.if_none_match, eidc_str_of(eidc_openapi_etag))) {
        r->answer.status = 304;
        return;
    }
    eidc_buf_add(&r->out, eidc_openapi, eidc_openapi_size);
    r->answer.status = 200;
    r->answer.content_type = EIDC_TYPE_JSON;
}
