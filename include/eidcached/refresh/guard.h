#pragma once
/*
 * The guard against a catalog that shrinks for the wrong reason (a lost grant looks like a
 * deletion). When more than max_shrink of the entries and more than 10 would vanish, they are
 * held: they stay in the image until they return, an operator accepts, or `confirmations`
 * refreshes in a row missed them. Each vanished entry is counted on its own, so that ordinary
 * churn does not restart the count of the others. Where each refresh lists only some of the scopes,
 * what it let go in the time it takes to list them all counts too: else a catalog could vanish a
 * little at a time. Refresher's thread only; valid when zeroed.
 */
#include "eidcached/core/current.h"
#include "eidcached/core/image_build.h"

#define EIDC_GUARD_ALWAYS_ALLOWED 10 /* entries that may vanish however small the map is */

struct eidc_missing {
    uint64_t entry; /* hash of name and EID */
    uint32_t times; /* refreshes in a row that missed it */
};

#define EIDC_GUARD_SLOTS 32 /* of the window */

struct eidc_guard {
    unsigned max_shrink; /* per mille of the entries */
    unsigned confirmations;
    int64_t window_ms; /* in which all scopes are listed; 0: in every refresh */

    bool held;
    uint64_t removals;         /* entries held */
    uint32_t agreed;           /* refreshes in a row that missed every one of them */
    char sample[256];          /* some of their names, for people */
    uint64_t let_go_confirmed; /* entries that the last judgement let go as confirmed */

    struct eidc_missing *missing; /* private, ordered by entry */
    size_t missing_count;
    struct {
        int64_t slot; /* its time in slots */
        uint64_t removals;
    } let_go[EIDC_GUARD_SLOTS]; /* private: unconfirmed, not accepted; a ring by slot */
};

/* Judges the candidate that shall follow `before`. When nothing is held *kept is NULL. Else *kept
 * is the image to publish in its place: the candidate with the held entries put back, the scopes
 * that hold some of them keeping their old as_of, since nothing confirmed these entries.
 * accept: an operator takes the removals as they are. The time is the candidate's created_at. */
bool eidc_guard_judge(struct eidc_guard *guard, const struct eidc_generation *before,
                      const struct eidc_image *candidate, bool accept,
                      const struct eidc_build_options *build, struct eidc_image **kept,
                      struct eidc_err *err);
/* Takes over what another guard has counted. */
void eidc_guard_inherit(struct eidc_guard *guard, struct eidc_guard *from);
void eidc_guard_free(struct eidc_guard *guard);
