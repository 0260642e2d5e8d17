#pragma once
/*
 * Saves generations to the stores. A store that turns out to be ahead (another writer published
 * there) makes the generation take a higher number, so that no store ever goes backwards. A save
 * that failed is made up for at the next chance. Refresher's thread only.
 */
#include "eidcached/core/current.h"
#include "eidcached/core/store.h"
#include "eidcached/refresh/report.h"

struct eidc_saver {
    struct eidc_store **stores;
    size_t store_count;
    bool json; /* write eid_cache.json too */
    struct eidc_report *report;
    /* writes summary.json of the refresh that is being saved, as generation `number` */
    void (*summarize)(void *arg, uint64_t number, struct eidc_buf *out);
    void *summary_arg;
    _Atomic int64_t *heartbeat; /* monotonic ms, stored before each store; may be NULL */

    bool *owed;              /* private: a store lacks the current image */
    struct eidc_err *silent; /* private: why a store has not told what it holds; NONE: it has */
};

void eidc_saver_init(struct eidc_saver *saver);
void eidc_saver_free(struct eidc_saver *saver);

/* A store is silent until it has told what it holds, and is not written before that: a generation
 * made without knowing its last one must not replace it. At first all are. */
bool eidc_saver_is_silent(const struct eidc_saver *saver, size_t store);
void eidc_saver_silent(struct eidc_saver *saver, size_t store, const struct eidc_err *why);
void eidc_saver_told(struct eidc_saver *saver, size_t store);

/* Saves the current generation everywhere; changed: it is a new image. May publish it again under a
 * higher number. False when some store failed; *err is the first failure (each is logged and
 * reported by itself). */
bool eidc_saver_save(struct eidc_saver *saver, bool changed, struct eidc_err *err);
/* A refresh failed whole: tells the stores that can be reached, as generation `number` (0: none).
 * Failures are logged. */
void eidc_saver_summarize(struct eidc_saver *saver, uint64_t number);
