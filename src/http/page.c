#include "eidcached/http/page.h"

#include "eidcached/http/handlers.h"

/* It holds no data of its own, so that it needs no token: what it shows it asks for, with the
 * token that its reader types in. */
static const struct eidc_header headers[] = {
    {"Content-Security-Policy", eidc_page_policy},
    {"Referrer-Policy", "no-referrer"},
    {"Cache-Control", "no-cache"},
    {"Vary", "Accept, Accept-Encoding"},
    {NULL, NULL},
};

void eidc_handle_page(struct eidc_request *r)
{
    r->answer.headers = headers;
    eidc_answer_constant(r, &eidc_page, "text/html; charset=utf-8");
}
