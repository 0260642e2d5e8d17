#pragma once
/* Sends what a handler put into its request. */
#include "eidcached/http/http_request.h"

struct MHD_Connection;
struct MHD_Response;
struct eidc_prepared;

/* Queues r->answer. r->out is sent from where it is: it must stay until the request is completed.
 * *prepared is what has to be released then (prepared.h), or NULL.
 * False: the connection is of no use any more. */
bool eidc_respond(struct MHD_Connection *connection, struct eidc_request *r,
                  struct eidc_prepared **prepared);

void eidc_respond_headers(struct MHD_Response *response, const struct eidc_answer *answer);

#define EIDC_NUMBER_TEXT 24
/* Its digits, somewhere in text. */
const char *eidc_respond_number(uint64_t value, char text[EIDC_NUMBER_TEXT]);
