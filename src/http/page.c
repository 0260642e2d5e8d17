#include "eidcached/http/page.h"

#include "eidcached/http/handlers.h"
#include "eidcached/http/negotiate.h"

/* It holds no data of its own, so that it needs no token: what it shows it asks for, with the
 * token that its reader types in. */
static const struct eidc_header headers[] = {
    {"Content-Security-Policy", eidc_page_policy},
    {"Referrer-Policy", "no-referrer"},
    {"Cache-Control", "no-cache"},
    {"ETag", eidc_page_etag},
    {NULL, NULL},
};

void eidc_handle_page(struct eidc_request *r)
{
    r->answer.vary_accept = true;
    r->answer.headers = headers;
    if (eidc_none_match(r->headers.if_none_match, eidc_str_of(eidc_page_etag))) {
        r->answer.status = 304;
        return;
    }
    eidc_buf_add(&r->out, eidc_page_document, eidc_page_document_size);
    r->answer.status = 200;
    r->answer.content_type = "text/html; charset=utf-8";
}
