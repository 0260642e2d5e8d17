#pragma once
/* Requests to the daemon that --server names. */
#include "eidcached/ctl/ctl.h"

struct eidc_ctl_request {
    const char *method, *target; /* target: path and query, encoded */
    struct eidc_str body;        /* JSON, n == 0: none */
    unsigned wait_s;             /* how much longer than usual the answer may take */
    int64_t timeout_ms;          /* of the whole exchange in place of the usual one; 0: that */
};

/* Makes ctl->http, if it is not there yet. */
bool eidc_ctl_need_http(struct eidc_ctl *ctl, struct eidc_err *err);

/* Any complete answer is true. */
bool eidc_ctl_exchange(struct eidc_ctl *ctl, const struct eidc_ctl_request *request,
                       struct eidc_http_response *response, struct eidc_err *err);
/* Complains that an exchange failed; returns EIDC_CTL_FAILED, or EIDC_CTL_USAGE when it could not
 * even be tried as asked (--server). */
int eidc_ctl_unreachable(const struct eidc_ctl *ctl, const char *what, const struct eidc_err *err);
/* Complains about an answer that is not what was asked for, with the server's own reason and
 * advice; returns EIDC_CTL_FAILED. */
int eidc_ctl_refused(const struct eidc_ctl *ctl, const char *what,
                     const struct eidc_http_response *response);
/* Whether the body is the server's own problem document (and not a proxy's page). */
bool eidc_ctl_is_problem(const struct eidc_http_response *response);

static inline void eidc_ctl_response_free_p(struct eidc_http_response *response)
{
    eidc_http_response_free(response);
}
#define EIDC_CTL_RESPONSE_AUTO                                                                     \
    __attribute__((cleanup(eidc_ctl_response_free_p))) struct eidc_http_response
