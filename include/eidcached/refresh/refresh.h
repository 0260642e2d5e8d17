#pragma once
/*
 * The one writer: a thread that lists, builds, guards, publishes and saves, on a schedule, with
 * back-off after failures, and on request.
 */
#include "eidcached/config/config.h"
#include "eidcached/refresh/deadlines.h"
#include "eidcached/refresh/report.h"

struct eidc_refresh;

/* Builds sources and stores from the configuration (which must outlive it). Errors name the
 * section and option. report is the caller's, outlives it, and is written from start() or once()
 * on. */
bool eidc_refresh_new(const struct eidc_config *config, struct eidc_report *report,
                      struct eidc_refresh **out, struct eidc_err *err);
void eidc_refresh_free(struct eidc_refresh *refresh); /* stops the thread first; NULL is fine */

/* Publishes the newer of the image that the service manager kept and that of the local directory,
 * if there is one of the configured scheme. Before start(). False: nothing found, *err says what
 * was looked at. Stores across the network are asked by start()'s thread and by once(), so that
 * they hold up no listener. */
bool eidc_refresh_warm_start(struct eidc_refresh *refresh, struct eidc_err *err);

/* One refresh now, in this thread (--once; start() must not have been called). */
void eidc_refresh_once(struct eidc_refresh *refresh, bool accept_shrink,
                       struct eidc_round_report *out);
/* For the refreshes from here on: when listing ends and when it all ends, what the stores are asked
 * and told included, if not by refresh.timeout before. */
void eidc_refresh_limit(struct eidc_refresh *refresh, const struct eidc_refresh_limits *limits);

/* Starts the thread; it takes a newer image from the stores, and refreshes at once. */
bool eidc_refresh_start(struct eidc_refresh *refresh, struct eidc_err *err);
/* Begins to end what is in flight; then ask stopped() until it is true. */
void eidc_refresh_stop_begin(struct eidc_refresh *refresh);
bool eidc_refresh_stopped(struct eidc_refresh *refresh);
/* Goes on where another one stopped: its tickets, its requests, what its guard has seen. Between
 * new() and start(), `from` has stopped; nobody can ask it for a refresh from here on, as that
 * would be lost. */
void eidc_refresh_inherit(struct eidc_refresh *refresh, struct eidc_refresh *from);

/* Asks for a refresh now, of every scope; returns its ticket (an already running one is not joined:
 * its listing may be older than the request). Thread-safe. */
uint64_t eidc_refresh_request(struct eidc_refresh *refresh, bool accept_shrink);
/* Whether that ticket has ended, and how. Thread-safe. */
bool eidc_refresh_ended(struct eidc_refresh *refresh, uint64_t ticket,
                        struct eidc_round_report *out);
/* How it makes EIDs. */
const struct eidc_eid_scheme *eidc_refresh_scheme(const struct eidc_refresh *refresh);
/* Monotonic time of the thread's last sign of life, for the watchdog. Thread-safe. */
int64_t eidc_refresh_heartbeat_ms(struct eidc_refresh *refresh);
