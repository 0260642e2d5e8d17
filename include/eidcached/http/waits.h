#pragma once
/* Requests that wait for a refresh or a generation: suspended, so that they hold no thread of the
 * pool, and resumed by one thread of this module. */
#include "eidcached/http/http_request.h"

struct MHD_Connection;
struct eidc_waits;

bool eidc_waits_start(struct eidc_service *service, struct eidc_waits **out, struct eidc_err *err);
/* Suspends the connection until what r->wait is for, r->wait.until_ms, the client's going away, or
 * the stop; then r->wait.over is set and the connection's handler called again. False: not
 * suspended, the wait is over already. */
bool eidc_waits_add(struct eidc_waits *waits, struct MHD_Connection *connection,
                    struct eidc_request *r);
/* Resumes all, now and from now on at once; joins the thread. */
void eidc_waits_stop(struct eidc_waits *waits);
void eidc_waits_free(struct eidc_waits *waits); /* stopped; NULL is fine */
