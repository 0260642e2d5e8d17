#pragma once
/*
 * Counters, gauges and histograms, described by one table, written in Prometheus' text format
 * 0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats/).
 * A series is a metric with label values; it is made on first use and lives as long as the
 * process. Updates are relaxed atomics of the thread that counts: any thread, no lock, nothing
 * shared.
 */
#include "eidcached/base/buf.h"

/* clang-format off */
/* enum name, type, exposed name without "eidcached_", labels (comma-separated), help */
#define EIDC_METRICS(X)                                                                            \
    X(BUILD_INFO, GAUGE, "build_info", "version", \
      "Version of this build; always 1.") \
    X(NAMES, GAUGE, "names", "", \
      "Distinct names in the current generation.") \
    X(IMAGE_BYTES, GAUGE, "image_bytes", "", \
      "Size of the current image in bytes.") \
    X(GENERATION, GAUGE, "generation", "", \
      "Number of the current generation.") \
    X(GENERATION_CREATED, GAUGE, "generation_created_timestamp_seconds", "", \
      "When the current generation was built.") \
    X(VERIFIED, GAUGE, "verified_timestamp_seconds", "", \
      "Everything served was true at least this recently.") \
    X(REFRESHES, COUNTER, "refreshes_total", "result", \
      "Refreshes by result: ok, partial, held, failed.") \
    X(REFRESH_DURATION, HISTOGRAM, "refresh_duration_seconds", "", \
      "Duration of a refresh.") \
    X(SOURCE_NAMES, GAUGE, "source_names", "source", \
      "Entries that a source has in the current generation.") \
    X(SOURCE_VERIFIED, GAUGE, "source_verified_timestamp_seconds", "source", \
      "Oldest successful listing among a source's scopes.") \
    X(SOURCE_FAILED_SCOPES, GAUGE, "source_failed_scopes", "source", \
      "Scopes of a source whose last listing failed.") \
    X(GUARD_HELD, GAUGE, "guard_held", "", \
      "1 while removals are held back, else 0.") \
    X(AWS_REQUESTS, COUNTER, "aws_requests_total", "service,operation,outcome", \
      "Requests sent to AWS, each try counted.") \
    X(AWS_RETRIES, COUNTER, "aws_retries_total", "reason", \
      "Requests to AWS that were tried again.") \
    X(SNAPSHOT_SAVES, COUNTER, "snapshot_saves_total", "store,result", \
      "Snapshots saved, by store and result.") \
    X(LOOKUPS, COUNTER, "lookups_total", "direction,result", \
      "Names and EIDs looked up.") \
    X(HTTP_REQUESTS, COUNTER, "http_requests_total", "route,code", \
      "HTTP requests answered.") \
    X(HTTP_DURATION, HISTOGRAM, "http_request_duration_seconds", "route", \
      "Time from a request's headers to its answer being queued.") \
    X(HTTP_CONNECTIONS, GAUGE, "http_connections", "", \
      "Open client connections.") \
    X(HTTP_REJECTED, COUNTER, "http_rejected_total", "reason", \
      "Requests and connections refused by a limit or an access rule.")
/* clang-format on */

enum eidc_metric {
#define EIDC_METRIC_ENUM(id, type, name, labels, help) EIDC_METRIC_##id,
    EIDC_METRICS(EIDC_METRIC_ENUM)
#undef EIDC_METRIC_ENUM
        EIDC_METRIC_COUNT
};

struct eidc_series;

/* Finds or makes the series with these label values (const char *, as many as the metric has
 * labels, in table order). Never NULL. Takes a lock: hot paths keep the pointer. */
struct eidc_series *eidc_metric(enum eidc_metric metric, ...);

void eidc_metric_add(struct eidc_series *s, int64_t n);          /* counters; gauges may go down */
void eidc_metric_set(struct eidc_series *s, double value);       /* gauges */
void eidc_metric_observe(struct eidc_series *s, double seconds); /* histograms */
double eidc_metric_value(const struct eidc_series *s); /* counter, gauge; a histogram's count */

/* Removes all series of a metric from the output until they are set again (a source that a
 * reload took away). Pointers stay valid. */
void eidc_metric_hide(enum eidc_metric metric);

/* Everything, with HELP and TYPE, and the usual process_* metrics. */
void eidc_metrics_write(struct eidc_buf *out);
