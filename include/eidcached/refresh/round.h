#pragma once
/*
 * One round of listing: every source is listed on the shared loop, and what came is built into a
 * candidate image, with the entries of scopes that failed carried over from the image before.
 * Whether the candidate may be published is the guard's business. Refresher's thread only.
 */
#include <stdatomic.h>

#include "eidcached/core/current.h"
#include "eidcached/core/image_build.h"
#include "eidcached/core/source.h"
#include "eidcached/net/http_client.h"
#include "eidcached/refresh/repeats.h"
#include "eidcached/refresh/scope_failures.h"

/* How a source fared. */
struct eidc_round_source {
    uint32_t listed, gone, failed, kept; /* scopes; kept: were not due */
    uint64_t names;                      /* in the scopes listed */
    bool done;
    char error[EIDC_ERR_TEXT_MAX]; /* the first one, or a note; "" when none */
    struct eidc_scope_failures failures;
};

struct eidc_round {
    /* given */
    struct eidc_source **sources;
    size_t source_count;
    struct eidc_http_client *http;
    const struct eidc_build_options *build;
    int64_t until_ms;          /* monotonic: what is not listed by then is carried over */
    int64_t allowed_ms;        /* for people: how long that is, ... */
    const char *until_what;    /* ... and what sets it */
    int64_t scope_interval_ms; /* how often a scope is due; 0: always */
    bool before_is_served;     /* then nothing is built when nothing was due */
    const atomic_bool *stop;
    _Atomic int64_t *heartbeat; /* monotonic ms, stored while waiting */
    /* Called while waiting, often, and once when everything is listed. */
    void (*tick)(void *arg, const struct eidc_round *round, bool listed);
    void *tick_arg;

    /* told, valid until eidc_round_free */
    struct eidc_round_source *told;
    uint32_t listed, gone, failed, kept; /* scopes, all sources */
    char error[EIDC_ERR_TEXT_MAX];       /* the first error, with its source; "" when none */

    /* private */
    const struct eidc_generation *before;
    struct eidc_builder *builder;
    uint8_t *fate; /* of each scope of the image before */
    int64_t now_ms;
    bool broken; /* the builder refused */
    struct eidc_err why;
    struct eidc_repeats repeats;
};

/* Lists and builds. `before` (may be NULL) is pinned by the caller. *candidate carries `number`;
 * it is NULL when before_is_served and every scope of it stays as it is.
 * False when nothing could be built: no scope was confirmed or kept (round->error says why), two
 * names collide (CONFLICT), no memory, or the process is stopping (CANCELLED). */
bool eidc_round_run(struct eidc_round *round, const struct eidc_generation *before, uint64_t number,
                    struct eidc_image **candidate, struct eidc_err *err);
/* Notes in the generation that follows (or stays) which of its scopes this round asked for in vain:
 * they are due at the next. */
void eidc_round_mark(const struct eidc_round *round, struct eidc_generation *g);
/* Whether it confirmed anything: not when all that was due failed, or nothing was. */
bool eidc_round_confirmed(const struct eidc_round *round);
void eidc_round_free(struct eidc_round *round);
