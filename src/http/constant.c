#include "eidcached/http/constant.h"

#include <stdio.h>

#include "eidcached/http/freshness.h"
#include "eidcached/http/negotiate.h"

void eidc_answer_constant(struct eidc_request *r, const struct eidc_constant *constant,
                          const char *content_type)
{
    const bool gzip = eidc_accepts_gzip(r->headers.accept_encoding);
    const struct eidc_encoded *chosen = gzip ? &constant->gzip : &constant->plain;
    snprintf(r->answer.etag, sizeof(r->answer.etag), "%s", chosen->etag);
    if (eidc_not_modified(r))
        return;
    eidc_buf_add(&r->out, chosen->bytes, chosen->size);
    r->answer.status = 200;
    r->answer.content_type = content_type;
    r->answer.gzip = gzip;
}
