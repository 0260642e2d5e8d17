#pragma once
/*
 * The generation that the next refresh follows on: what the guard compares with, what scopes that
 * fail keep, whose number is passed. It is the one that is served, but for one case: nothing was
 * there to be served and a store was silent, so that a generation was published blind, without
 * knowing the one before it. What such a store tells late is not served, as newer names are; but
 * the next refresh follows on it. Refresher's thread only; valid when zeroed.
 */
#include "eidcached/core/current.h"

struct eidc_baseline {
    bool blind;
    struct eidc_generation *late; /* what a store told late, until a refresh has followed on it */
};

/* Pinned; NULL: there is none. *served: it is the one that is served. */
struct eidc_generation *eidc_baseline_pin(const struct eidc_baseline *baseline, bool *served);
/* The end of it; followed: a refresh was published that follows on it. */
void eidc_baseline_unpin(struct eidc_baseline *baseline, struct eidc_generation *g, bool followed);
/* A store told it late. Takes the generation. */
void eidc_baseline_tell(struct eidc_baseline *baseline, struct eidc_generation *g);
/* Takes over what another one knows. */
void eidc_baseline_inherit(struct eidc_baseline *baseline, struct eidc_baseline *from);
void eidc_baseline_free(struct eidc_baseline *baseline);
