#pragma once
/*
 * The answers of look-ups are alike but for their bodies: to make libmicrohttpd's response with its
 * six headers took more than to find the name. So each thread keeps responses, one for each length
 * of body and type, and uses them again while the generation is the same.
 */
#include "eidcached/http/http_request.h"

struct MHD_Response;
struct eidc_prepared;

/* One with r's answer in it, to be queued; NULL: make one, r's answer is not reusable, or the one
 * there is, is on its way. It is in use until released, after it was sent. */
struct eidc_prepared *eidc_prepared_take(const struct eidc_request *r);
struct MHD_Response *eidc_prepared_response(const struct eidc_prepared *prepared);
void eidc_prepared_release(struct eidc_prepared *prepared); /* NULL is fine */
