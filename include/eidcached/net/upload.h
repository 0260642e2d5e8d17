#pragma once
/* Method and body of a request, as libcurl wants them. For transfer.c. */
#include <curl/curl.h>

#include "eidcached/net/http_client.h"

/* How far a body that is made while it is sent has come. */
struct eidc_upload {
    const struct eidc_http_body *body;
    uint64_t sent;
};

/* upload must outlive the transfer. */
bool eidc_upload_set(CURL *easy, const struct eidc_http_request *request,
                     struct eidc_upload *upload);
