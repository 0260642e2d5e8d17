#pragma once
/* What refresh.c (the thread), refresh_setup.c (building it), refresh_restore.c (what was kept),
 * refresh_run.c (one refresh) and refresh_progress.c (telling how far it is) share. */
#include <pthread.h>
#include <stdatomic.h>

#include "eidcached/aws/call.h"
#include "eidcached/core/image_build.h"
#include "eidcached/core/progress.h"
#include "eidcached/core/source.h"
#include "eidcached/refresh/baseline.h"
#include "eidcached/refresh/guard.h"
#include "eidcached/refresh/refresh.h"
#include "eidcached/refresh/round.h"
#include "eidcached/refresh/saver.h"

/* What refresh_progress.c keeps of the refresh under way. */
struct eidc_refresh_watch {
    bool live; /* on a terminal; outlives a refresh */
    enum eidc_progress_phase phase;
    struct eidc_progress_meter meter;
    struct eidc_aws_counts before; /* the engine's, when it began */
    int64_t told_ms, logged_ms;    /* monotonic */
};

struct eidc_refresh {
    const struct eidc_config *config;
    struct eidc_report *report;
    struct eidc_refresh_limits limits;

    /* built once by setup, used by the refresher's thread only */
    struct eidc_http_client *http;
    struct eidc_aws *aws;
    struct eidc_source **sources;
    size_t source_count;
    struct eidc_store *stores[2]; /* the directory, then S3 */
    size_t store_count;
    struct eidc_buf key; /* of keyed EIDs */
    struct eidc_build_options build;
    struct eidc_guard guard;
    struct eidc_saver saver;
    struct eidc_refresh_watch watch;
    struct eidc_deadlines deadlines; /* of the refresh under way */
    struct eidc_baseline baseline;

    /* shared with other threads */
    atomic_bool stop;
    _Atomic int64_t heartbeat; /* monotonic ms */
    pthread_mutex_t lock;
    pthread_cond_t changed;  /* something below changed */
    uint64_t started, ended; /* refreshes */
    uint64_t wanted;         /* run until this ticket has ended */
    bool accept_shrink;
    pthread_t thread;
    bool running;
};

/* What is asked of AWS is cut off then (monotonic, ms). */
void eidc_refresh_wait_until(struct eidc_refresh *r, int64_t until_ms);

/* Fills http .. saver from the configuration. */
bool eidc_refresh_setup(struct eidc_refresh *r, struct eidc_err *err);
void eidc_refresh_teardown(struct eidc_refresh *r);
/* Makes the report's rows those of this refresher. */
void eidc_refresh_adopt_report(struct eidc_refresh *r);

/* Before each refresh: asks the stores that are silent (saver.h) what they hold. */
void eidc_refresh_catch_up(struct eidc_refresh *r);

/* One refresh, whole: list, build, guard, publish, save, report. asked: somebody wants it now, so
 * that every scope is due. False: it was stopped and has changed nothing. */
bool eidc_refresh_run(struct eidc_refresh *r, uint64_t ticket, bool asked, bool accept_shrink,
                      struct eidc_round_report *out);

/* Telling how far it has come: begin, then tick as often as there is time, a phase when it begins,
 * end. */
void eidc_refresh_watch_begin(struct eidc_refresh *r);
void eidc_refresh_watch_tick(struct eidc_refresh *r, const struct eidc_round *round);
void eidc_refresh_watch_phase(struct eidc_refresh *r, const struct eidc_round *round,
                              enum eidc_progress_phase phase);
void eidc_refresh_watch_end(struct eidc_refresh *r);
