#pragma once
/*
 * What the refresher tells the rest of the daemon about itself: filled by the refresher, read by
 * /v1/status, the probes and systemd's STATUS line. One lock inside, held only while copying, and
 * taken nowhere else.
 */
#include <pthread.h>

#include "eidcached/base/err.h"
#include "eidcached/base/json.h"
#include "eidcached/core/progress.h"
#include "eidcached/refresh/guard.h"
#include "eidcached/refresh/scope_failures.h"
#include "eidcached/refresh/tally.h"

enum eidc_refresh_state { EIDC_REFRESH_IDLE, EIDC_REFRESH_RUNNING, EIDC_REFRESH_BACKING_OFF };
enum eidc_refresh_result {
    EIDC_RESULT_NONE, /* none has ended yet */
    EIDC_RESULT_OK,
    EIDC_RESULT_PARTIAL,
    EIDC_RESULT_HELD,
    EIDC_RESULT_FAILED,
};
const char *eidc_refresh_state_name(enum eidc_refresh_state state);
const char *eidc_refresh_result_name(enum eidc_refresh_result result); /* NONE gives NULL */

enum eidc_saving {
    EIDC_SAVING_NONE, /* the refresh failed, or there is no store */
    EIDC_SAVING_DONE,
    EIDC_SAVING_FAILED, /* some store lacks it */
};

struct eidc_source_report {
    char *name;
    const char *type;
    uint32_t scopes, failed_scopes;
    uint64_t names;
    int64_t verified_at_ms;
    char *error; /* NULL: none */
    struct eidc_scope_failures failures;
};

struct eidc_store_report {
    char *url;
    const char *role; /* "primary", "secondary" */
    int64_t last_saved_at_ms;
    char *error;
};

/* One refresh that ended. */
struct eidc_round_report {
    uint64_t ticket; /* counts refreshes from 1 */
    enum eidc_refresh_result result;
    int64_t started_at_ms, duration_ms;
    uint64_t generation, names, added, removed;
    uint64_t held;                                      /* entries, by the guard */
    uint32_t agreed, confirmations;                     /* refreshes about these, of how many */
    uint32_t scopes_listed, scopes_kept, scopes_failed; /* kept: were not due */
    enum eidc_saving saving;
    char error[EIDC_ERR_TEXT_MAX]; /* "" when none */
};

#define EIDC_HISTORY 32

struct eidc_report {
    pthread_mutex_t lock;
    enum eidc_refresh_state state;
    int64_t next_at_ms;
    bool in_progress; /* then progress is of the refresh under way */
    struct eidc_progress progress;
    struct eidc_round_report history[EIDC_HISTORY]; /* ring; newest at (rounds - 1) % HISTORY */
    uint64_t rounds;
    struct eidc_source_report *sources;
    size_t source_count;
    struct eidc_store_report *stores;
    size_t store_count;
    bool guard_held;
    uint64_t guard_removals;
    uint32_t guard_agreed, guard_confirmations;
    char *guard_sample; /* a few of the names held, for people; NULL: none */
};

void eidc_report_init(struct eidc_report *report);
void eidc_report_free(struct eidc_report *report);
/* Replaces the lists of sources and stores; takes both arrays and what they hold. The three that
 * follow then update the rows. */
void eidc_report_assign(struct eidc_report *report, struct eidc_source_report *sources,
                        size_t source_count, struct eidc_store_report *stores, size_t store_count);
/* How the i-th source fared. holds: what is served of it; NULL leaves what was told last. error: ""
 * when none. Takes what failures holds. */
void eidc_report_source(struct eidc_report *report, size_t i, const struct eidc_tally *holds,
                        uint32_t failed_scopes, const char *error,
                        struct eidc_scope_failures *failures);
/* The i-th store has the image now, or, with an error, not. */
void eidc_report_store(struct eidc_report *report, size_t i, const char *error);
void eidc_report_guard(struct eidc_report *report, const struct eidc_guard *guard);
void eidc_report_add_round(struct eidc_report *report, const struct eidc_round_report *round);
void eidc_report_state(struct eidc_report *report, enum eidc_refresh_state state,
                       int64_t next_at_ms);
/* NULL: none is under way. */
void eidc_report_progress(struct eidc_report *report, const struct eidc_progress *progress);
bool eidc_report_has_source(struct eidc_report *report, struct eidc_str name);
/* The newest ended round; false: none yet. */
bool eidc_report_last(struct eidc_report *report, struct eidc_round_report *out);
/* The round of that ticket, if it has ended and is still remembered. */
bool eidc_report_round(struct eidc_report *report, uint64_t ticket, struct eidc_round_report *out);
/* Writes a round's members into an open object; the second one also whether it was saved, which
 * summary.json, being saved with it, cannot know. */
void eidc_round_report_write(const struct eidc_round_report *round, struct eidc_json *json);
void eidc_round_outcome_write(const struct eidc_round_report *round, struct eidc_json *json);
/* Writes the members "refresh", "sources", "guard" and "stores" of /v1/status. */
void eidc_report_write(struct eidc_report *report, struct eidc_json *json);
