#pragma once
/*
 * Saves generations to the stores. A store that turns out to be ahead (another writer published
 * there) makes the generation take a higher number, so that no store ever goes backwards. A save
 * that failed is made up for at the next chance. Refresher's thread only.
 */
#include "eidcached/core/current.h"
#include "eidcached/core/store.h"
#include "eidcached/daemon/report.h"

struct eidc_saver {
    struct eidc_store **stores;
    size_t store_count;
    bool json; /* write eid_cache.json too */
    struct eidc_report *report;

    bool *owed; /* private: a store lacks the current image */
};

void eidc_saver_init(struct eidc_saver *saver);
void eidc_saver_free(struct eidc_saver *saver);

/* Publishes `fresh` (taken) as the current generation. */
void eidc_saver_publish(struct eidc_generation *fresh);

/* Saves the current generation everywhere; changed: it is a new image. summary is summary.json.
 * May publish it again under a higher number. False when some store failed; *err is the first
 * failure (each is logged and reported by itself). */
bool eidc_saver_save(struct eidc_saver *saver, bool changed, struct eidc_str summary,
                     struct eidc_err *err);
