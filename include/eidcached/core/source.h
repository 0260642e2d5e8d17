#pragma once
/*
 * A source: one configured place that names come from. begin() starts listing its scopes and may
 * return before they are done (an AWS source runs on the shared HTTP client's loop, in the same
 * thread); it reports through the sink, always in the refresher's thread. Every scope ends with
 * exactly one scope call, or with a due call that was answered false; the source with exactly one
 * done call, after its last scope.
 */
#include "eidcached/core/names.h"

struct eidc_source;

/* How one scope's listing ended. */
enum eidc_scope_result {
    EIDC_SCOPE_LISTED, /* names is everything the scope holds */
    EIDC_SCOPE_FAILED, /* err says why: its entries of the last image are carried over */
    EIDC_SCOPE_GONE,   /* it does not exist any more: its entries are dropped */
};

/* All five are set. */
struct eidc_source_sink {
    void *arg;
    /* Asked before a scope is started. False: it is not listed this time and keeps its entries and
     * its age; that was its end. A listing of parents is always started, since it finds the scopes
     * that are new or gone, and so is what costs nothing to list. */
    bool (*due)(void *arg, const struct eidc_source *source, struct eidc_str scope);
    /* names is taken (and zeroed) when LISTED, else NULL. err is NULL when LISTED. */
    void (*scope)(void *arg, const struct eidc_source *source, struct eidc_str scope,
                  enum eidc_scope_result result, struct eidc_names *names,
                  const struct eidc_err *err);
    /* The scopes under `scope_prefix` could not even be enumerated (one region's database list;
     * "" = the whole source): whatever the last image has there is carried over. */
    void (*carry)(void *arg, const struct eidc_source *source, struct eidc_str scope_prefix,
                  const struct eidc_err *err);
    /* Something worth telling that cost no scope (a line that is not a name). */
    void (*note)(void *arg, const struct eidc_source *source, const char *text);
    void (*done)(void *arg, const struct eidc_source *source);
};

/* How far a source that has begun is, for people. */
struct eidc_source_progress {
    uint64_t scopes_known; /* found so far */
    bool all_known;        /* no more will be found */
    uint64_t names;        /* listed so far, those of scopes under way too */
};

struct eidc_source_ops {
    void (*begin)(struct eidc_source *self, const struct eidc_source_sink *sink);
    /* Drops everything in flight without reporting it (stopping, time-out). Scopes not reported
     * yet count as failed. */
    void (*cancel)(struct eidc_source *self);
    void (*destroy)(struct eidc_source *self);
    /* Between begin and done. NULL: what it has reported is all there is to say. */
    void (*progress)(const struct eidc_source *self, struct eidc_source_progress *out);
};

struct eidc_source {
    const struct eidc_source_ops *ops;
    const char *name; /* of the section, owned by the source */
    const char *type; /* "aws", "file" */
};
