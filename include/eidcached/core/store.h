#pragma once
/*
 * A store: where snapshots live. Called by the refresher alone, except load() at start (main,
 * before the refresher runs). A store never goes backwards: whoever writes CURRENT does it by
 * compare-and-swap.
 */
#include "eidcached/core/image.h"
#include "eidcached/core/pointer.h"

struct eidc_store;

struct eidc_snapshot {
    const struct eidc_image *image;
    int64_t refreshed_at_ms, verified_at_ms;
    uint64_t requests;       /* for eid_cache.json: its request_count */
    struct eidc_str summary; /* summary.json; n == 0: leave it as it is */
    bool json;               /* write eid_cache.json too */
};

struct eidc_store_ops {
    /* The newest good image, whole and checked (the whole-file hash, CURRENT's SHA-256); *pointer
     * is what CURRENT says. Falls back to older images when the newest is damaged (and warns).
     * NOT_FOUND: there is none. */
    bool (*load)(struct eidc_store *self, struct eidc_image **image, struct eidc_pointer *pointer,
                 struct eidc_err *err);
    /* The number that CURRENT holds now, 0 when there is none. One cheap request. */
    bool (*peek)(struct eidc_store *self, uint64_t *number, struct eidc_err *err);
    /* Saves the image and, only then, CURRENT; deletes what retention no longer keeps. The
     * documents come before CURRENT where others follow it, and failing them fails the save (S3);
     * behind it, with no more than a warning, where only a restart reads it (a directory). Fine
     * when CURRENT already names this id. CONFLICT: CURRENT is at this number or beyond with
     * another content: *winner is its number, nothing was replaced. */
    bool (*save)(struct eidc_store *self, const struct eidc_snapshot *snapshot, uint64_t *winner,
                 struct eidc_err *err);
    /* Nothing changed: only the times in CURRENT (and the summary) move. CONFLICT as save. */
    bool (*touch)(struct eidc_store *self, const struct eidc_snapshot *snapshot, uint64_t *winner,
                  struct eidc_err *err);
    /* A refresh that failed whole: only summary.json is replaced. */
    bool (*summarize)(struct eidc_store *self, struct eidc_str summary, struct eidc_err *err);
    void (*destroy)(struct eidc_store *self);
};

struct eidc_store {
    const struct eidc_store_ops *ops;
    const char *url; /* "s3://bucket/prefix", "file:///var/lib/eidcached"; owned by the store */
};
