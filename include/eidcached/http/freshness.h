#pragma once
/* How old an answer is, and whether that is still good enough. */
#include "eidcached/http/http_request.h"

#define EIDC_NO_GENERATION                                                                         \
    "there is no generation yet: no refresh has succeeded yet, /v1/status says why"

/* Older than max_stale (0: never)? */
bool eidc_is_stale(const struct eidc_generation *g, int64_t max_stale_ms, int64_t now_ms);
/* Appends how old it is, and what max_stale allows. */
void eidc_tell_stale(const struct eidc_generation *g, int64_t max_stale_ms, int64_t now_ms,
                     struct eidc_buf *out);

/* False, with a 503 in r: stale, and such answers are refused. */
bool eidc_fresh_enough(struct eidc_request *r, const struct eidc_generation *g, int64_t now_ms);
/* Puts ETag, Eidcache-Generation and Age into the answer. */
void eidc_answer_generation(struct eidc_request *r, const struct eidc_generation *g,
                            int64_t as_of_ms, int64_t now_ms);
/* After eidc_answer_generation. False, with a 503 in r: older than the request's max-age. */
bool eidc_young_enough(struct eidc_request *r);
/* All of these, for an answer of the generation as a whole, which is as old as its oldest listing.
 * False, with a 503 in r: there is none (NULL), or it is too old. */
bool eidc_answer_from(struct eidc_request *r, const struct eidc_generation *g);
/* True, with a 304 in r: the client has this generation's answer. For answers that are 200. */
bool eidc_not_modified(struct eidc_request *r);
