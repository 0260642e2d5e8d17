#pragma once
/* The head of a request, out of libmicrohttpd: what connection.c needs of it, and whether a proxy
 * before us can have read it otherwise (request smuggling). */
#include <microhttpd.h>

#include "eidcached/http/http_request.h"

/* As libmicrohttpd gives them; they point into its buffer. */
struct eidc_head {
    const char *method, *target, *version;
};

/* libmicrohttpd 0.9 takes what is ambiguous whatever it is told: head.c looks for it. From 1.0 on
 * it refuses most of it by itself, when it is told to be strict. */
bool eidc_head_is_ours(void);
/* Fills the method and the headers of r. */
void eidc_head_read(struct MHD_Connection *mhd, const struct eidc_head *head,
                    struct eidc_request *r);
/* False, with the problem in r: the connection must end with it. */
bool eidc_head_check(struct eidc_request *r, bool http_1_0);
