#pragma once
/*
 * What changed from each generation to the next, remembered for a while: whoever knows an older
 * generation is told what is new without reading everything again. Kept are whole steps, the
 * newest ones, in at most an eighth of the image's size and a MiB. One writer; any thread reads.
 */
#include <pthread.h>

#include "eidcached/core/diff.h"

#define EIDC_CHANGE_LOG_STEPS 1024

struct eidc_step;

/* {.lock = PTHREAD_MUTEX_INITIALIZER} is an empty one. The rest is private. */
struct eidc_change_log {
    pthread_mutex_t lock;
    struct eidc_step *steps[EIDC_CHANGE_LOG_STEPS]; /* a ring */
    size_t first, count;
    size_t bytes;
};

/* `after` follows `before`, which may be NULL: nothing earlier is known. Forgets what does not fit
 * any more, and everything before a step that is too large by itself. counts may be NULL. */
void eidc_change_log_add(struct eidc_change_log *log, const struct eidc_image *before,
                         const struct eidc_image *after, struct eidc_diff_counts *counts);

/* What is different between two generations: an entry that came and went is not. */
struct eidc_changes;
/* NULL: the steps from one to the other are not all remembered. Neither is needed to stay: what is
 * returned holds its steps until it is freed. */
struct eidc_changes *eidc_changes_between(struct eidc_change_log *log, uint64_t from, uint64_t to);
void eidc_changes_free(struct eidc_changes *changes); /* NULL is fine */

struct eidc_changed {
    enum eidc_change change;
    struct eidc_str name, eid; /* the EID as text; valid as long as the changes are */
};
/* In byte order of names, then EIDs. False: no more. */
bool eidc_changes_next(struct eidc_changes *changes, struct eidc_changed *out);
/* Starts over. */
void eidc_changes_rewind(struct eidc_changes *changes);
