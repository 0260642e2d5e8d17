#pragma once
/* eid_cache.json as a request's body, in constant memory: made once to know its size and hash, and
 * once more for each sending. */
#include "eidcached/base/digest.h"
#include "eidcached/core/eid_cache.h"
#include "eidcached/net/http_client.h"

struct eidc_eid_cache_body {
    struct eidc_http_body body;
    uint8_t sha256[EIDC_SHA256_BYTES];

    struct eidc_eid_cache doc; /* private from here */
    struct eidc_buf piece;
    size_t taken; /* of the piece */
};

/* The image must outlive it; body refers to it, so that it must not be moved. */
bool eidc_eid_cache_body_make(struct eidc_eid_cache_body *out, const struct eidc_image *image,
                              uint64_t request_count, struct eidc_err *err);
void eidc_eid_cache_body_free(struct eidc_eid_cache_body *body); /* fine when zeroed */
#define EIDC_EID_CACHE_BODY_AUTO                                                                   \
    __attribute__((cleanup(eidc_eid_cache_body_free))) struct eidc_eid_cache_body
