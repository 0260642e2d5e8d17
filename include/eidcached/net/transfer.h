#pragma once
/* One request on libcurl's easy handle: its options, its answer, its failure in words. For
 * http_curl.c, which has the loop. */
#include <curl/curl.h>

#include "eidcached/net/http_client.h"
#include "eidcached/net/upload.h"

struct eidc_transfer {
    struct eidc_transfer *prev, *next; /* in running or failed; singly linked in idle */
    CURL *easy;
    struct curl_slist *header_lines;
    struct eidc_upload upload;
    struct eidc_http_response response;
    bool headers_ended;
    bool too_large;
    bool running; /* the multi handle knows it */
    char *host;   /* for error texts: with the port, or the path of a UNIX socket */
    bool local;   /* a UNIX socket */
    char detail[CURL_ERROR_SIZE];
    eidc_http_done *done;
    void *arg;
};

/* Of a blank transfer, valid when zeroed, whose handle is made when there is none. When it fails
 * the transfer has to be recycled all the same. */
bool eidc_transfer_set_up(struct eidc_transfer *t, const char *user_agent,
                          const struct eidc_http_request *request, struct eidc_err *err);
/* The error of that, for what the loop has to add; false. */
bool eidc_transfer_fail_set_up(const struct eidc_transfer *t, struct eidc_err *err);
/* curl is done with it: t->response is complete. */
void eidc_transfer_conclude(struct eidc_transfer *t, CURLcode code);
/* Back to a blank transfer with a reset handle. Response, done and arg are forgotten: whoever wants
 * them has taken them. */
void eidc_transfer_recycle(struct eidc_transfer *t);
