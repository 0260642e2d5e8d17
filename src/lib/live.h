#pragma once
/*
 * The image that a handle looks up in, which a refresh replaces while look-ups go on. A look-up
 * holds the image it started in; the last to let go of a replaced one frees it. Neither waits for
 * the other, and holding allocates nothing. Private to src/lib.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "eidcached/core/image.h"

#define EIDC_LIVE_SLOTS   64 /* images that look-ups are still in, and the newest */
#define EIDC_LIVE_STRIPES 64 /* threads that do not share a cache line */

struct eidc_live_slot {
    struct eidc_image *image; /* written under the lock, while left is zero */
    atomic_llong left;        /* zero: free; far above it until the holders have been counted */
};

/* The slot of the newest image, and how many hold it by way of this stripe. */
struct eidc_live_stripe {
    _Alignas(64) atomic_ullong word;
};

struct eidc_live {
    struct eidc_live_stripe stripes[EIDC_LIVE_STRIPES];
    struct eidc_live_slot slots[EIDC_LIVE_SLOTS];
    pthread_mutex_t lock; /* of whoever replaces */
    unsigned newest;      /* slot; under the lock */
};

struct eidc_hold {
    const struct eidc_image *image;
    unsigned slot, stripe;
};

void eidc_live_init(struct eidc_live *live, struct eidc_image *image); /* takes the image */
void eidc_live_end(struct eidc_live *live);                            /* nobody holds any more */

struct eidc_hold eidc_live_hold(struct eidc_live *live);
void eidc_live_release(struct eidc_live *live, const struct eidc_hold *hold);

/* Takes the image and makes it the newest. False, and nothing changes: look-ups are still in
 * EIDC_LIVE_SLOTS - 1 older ones. The caller holds live->lock. */
bool eidc_live_replace(struct eidc_live *live, struct eidc_image *image);
