#pragma once
/*
 * The current generation: publish and find. The only module that knows read-copy-update; readers
 * need no registration and never block, the old generation is freed after its last reader.
 *
 * One writer (the refresher) calls publish; any thread reads:
 *     struct eidc_generation *g = eidc_current_enter();      (NULL: nothing published yet)
 *     ...look up, copy what is needed, never block...
 *     eidc_current_leave();
 * What outlives a request's handler (a streamed batch) takes a reference instead:
 *     g = eidc_current_pin(); ...; eidc_generation_unpin(g);
 */
#include <stdatomic.h>

#include "eidcached/core/image.h"

/* An image plus what moves without a new one: the ages. Times are unix milliseconds. */
struct eidc_generation {
    struct eidc_image *image;     /* owned */
    _Atomic int64_t refreshed_at; /* a refresh last ended with at least one scope confirmed */
    _Atomic int64_t verified_at;  /* oldest as_of of the scopes */
    uint64_t requests;            /* to AWS, of the refresh that made it; 0: not known */
    _Atomic bool partial;         /* some scope's last listing failed or is held */
    _Atomic int64_t *as_of;       /* one a scope, in the image's order */
    bool *unconfirmed; /* one a scope: its last listing failed, or some of its entries are held;
                          the writer's alone */
    atomic_uint references; /* private */
};

/* Takes the image. as_of comes from the image's scopes, verified_at from them (or created_at
 * when there is none), refreshed_at is 0. */
struct eidc_generation *eidc_generation_new(struct eidc_image *image);
/* The same generation, ages and all, in another block with the same scopes. Takes the image. */
struct eidc_generation *eidc_generation_move(const struct eidc_generation *from,
                                             struct eidc_image *image);
/* Sets one scope's as_of and recomputes nothing: call eidc_generation_settle afterwards. */
void eidc_generation_confirm(struct eidc_generation *g, uint32_t scope, int64_t as_of_ms);
/* verified_at = oldest as_of; `otherwise` when there are no scopes. */
void eidc_generation_settle(struct eidc_generation *g, int64_t otherwise);
/* The clock was put back: what was confirmed "later" than now was confirmed by now, and ages from
 * here on. False: there was nothing of the kind. */
bool eidc_generation_not_after(struct eidc_generation *g, int64_t now_ms);
/* The newest as_of of the scopes that list this record. */
int64_t eidc_generation_record_as_of(const struct eidc_generation *g,
                                     const struct eidc_record *record);

void eidc_current_publish(struct eidc_generation *fresh); /* takes it; NULL clears (shutdown) */
struct eidc_generation *eidc_current_enter(void);
void eidc_current_leave(void);
struct eidc_generation *eidc_current_pin(void);        /* NULL: none */
void eidc_generation_unpin(struct eidc_generation *g); /* NULL is fine */
