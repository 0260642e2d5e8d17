#pragma once
/* Sends what a handler put into its request. */
#include "eidcached/daemon/http_request.h"

struct MHD_Connection;

/* Queues r->answer. r->out is sent from where it is: it must stay until the request is completed.
 * False: the connection is of no use any more. */
bool eidc_respond(struct MHD_Connection *connection, struct eidc_request *r);
