#pragma once
/* A line of the log for a share of the requests, as http.access_log says. */
#include "eidcached/http/http_request.h"

struct MHD_Connection;

/* r is answered; the method as it was sent. */
void eidc_access_log(struct MHD_Connection *mhd, const struct eidc_request *r, const char *method,
                     int64_t now_us);
