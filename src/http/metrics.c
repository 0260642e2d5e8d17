#include "eidcached/base/metrics.h"
#include "eidcached/http/handlers.h"

void eidc_handle_metrics(struct eidc_request *r)
{
    eidc_metrics_write(&r->out);
    r->answer.status = 200;
    r->answer.content_type = "text/plain; version=0.0.4; charset=utf-8";
    r->answer.no_store = true;
}
