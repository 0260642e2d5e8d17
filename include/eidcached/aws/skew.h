#pragma once
/* How far the clocks of servers are from ours, each host for itself. For call.c. */
#include "eidcached/net/http_client.h"

struct eidc_skews {
    struct eidc_skew *at;
    size_t n;
}; /* valid when zeroed */

/* The server's clock minus ours, in milliseconds; 0: nothing else is known. */
int64_t eidc_skews_of(const struct eidc_skews *skews, const char *host);
/* From the Date of an answer to a request that was sent at sent_ms, by our clock, and signed with
 * used_ms of skew. False: its clock is no other than was thought. */
bool eidc_skews_learn(struct eidc_skews *skews, const char *host,
                      const struct eidc_http_headers *headers, int64_t sent_ms, int64_t used_ms);
void eidc_skews_free(struct eidc_skews *skews);
