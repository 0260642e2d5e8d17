#include "eidcached/refresh/report.h"

#include <stdlib.h>
#include <string.h>

#include "eidcached/base/clock.h"
#include "eidcached/base/mem.h"

const char *eidc_refresh_state_name(enum eidc_refresh_state state)
{
    static const char *const names[] = {"idle", "running", "backing_off"};

    return names[state];
}

const char *eidc_refresh_result_name(enum eidc_refresh_result result)
{
    static const char *const names[] = {NULL, "ok", "partial", "held", "failed"};

    return names[result];
}

void eidc_report_init(struct eidc_report *report)
{
    memset(report, 0, sizeof *report);
    pthread_mutex_init(&report->lock, NULL);
}

static void free_lists(struct eidc_report *report)
{
    for (size_t i = 0; i < report->source_count; i++) {
        free(report->sources[i].name);
        free(report->sources[i].error);
        eidc_scope_failures_free(&report->sources[i].failures);
    }
    for (size_t i = 0; i < report->store_count; i++) {
        free(report->stores[i].url);
        free(report->stores[i].error);
    }
    free(report->sources);
    free(report->stores);
}

void eidc_report_assign(struct eidc_report *report, struct eidc_source_report *sources,
                        size_t source_count, struct eidc_store_report *stores, size_t store_count)
{
    pthread_mutex_lock(&report->lock);
    free_lists(report);
    report->sources = sources;
    report->source_count = source_count;
    report->stores = stores;
    report->store_count = store_count;
    pthread_mutex_unlock(&report->lock);
}

/* error: NULL or "" when there is none. */
static void set_error(char **row, const char *error)
{
    free(*row);
    *row = error != NULL && error[0] != '\0' ? eidc_xstrdup(error) : NULL;
}

void eidc_report_source(struct eidc_report *report, size_t i, const struct eidc_tally *holds,
                        uint32_t failed_scopes, const char *error,
                        struct eidc_scope_failures *failures)
{
    pthread_mutex_lock(&report->lock);
    struct eidc_source_report *row = &report->sources[i];
    if (holds != NULL) {
        row->names = holds->names;
        row->scopes = holds->scopes;
        row->verified_at_ms = holds->verified_at;
    }
    if (row->scopes < failed_scopes)
        row->scopes = failed_scopes; /* some never had an answer */
    row->failed_scopes = failed_scopes;
    set_error(&row->error, error);
    eidc_scope_failures_free(&row->failures);
    row->failures = *failures;
    pthread_mutex_unlock(&report->lock);
    *failures = (struct eidc_scope_failures){0};
}

void eidc_report_store(struct eidc_report *report, size_t i, const char *error)
{
    pthread_mutex_lock(&report->lock);
    if (error == NULL)
        report->stores[i].last_saved_at_ms = eidc_now_ms();
    set_error(&report->stores[i].error, error);
    pthread_mutex_unlock(&report->lock);
}

void eidc_report_guard(struct eidc_report *report, const struct eidc_guard *guard)
{
    pthread_mutex_lock(&report->lock);
    report->guard_held = guard->held;
    report->guard_removals = guard->removals;
    report->guard_agreed = guard->agreed;
    report->guard_confirmations = guard->confirmations;
    free(report->guard_sample);
    report->guard_sample = guard->held ? eidc_xstrdup(guard->sample) : NULL;
    pthread_mutex_unlock(&report->lock);
}

void eidc_report_free(struct eidc_report *report)
{
    free_lists(report);
    free(report->guard_sample);
    pthread_mutex_destroy(&report->lock);
}

void eidc_report_add_round(struct eidc_report *report, const struct eidc_round_report *round)
{
    pthread_mutex_lock(&report->lock);
    report->history[report->rounds++ % EIDC_HISTORY] = *round;
    pthread_mutex_unlock(&report->lock);
}

void eidc_report_state(struct eidc_report *report, enum eidc_refresh_state state,
                       int64_t next_at_ms)
{
    pthread_mutex_lock(&report->lock);
    report->state = state;
    report->next_at_ms = next_at_ms;
    pthread_mutex_unlock(&report->lock);
}

void eidc_report_progress(struct eidc_report *report, const struct eidc_progress *progress)
{
    pthread_mutex_lock(&report->lock);
    report->in_progress = progress != NULL;
    if (progress != NULL)
        report->progress = *progress;
    pthread_mutex_unlock(&report->lock);
}

bool eidc_report_last(struct eidc_report *report, struct eidc_round_report *out)
{
    pthread_mutex_lock(&report->lock);
    bool any = report->rounds > 0;
    if (any)
        *out = report->history[(report->rounds - 1) % EIDC_HISTORY];
    pthread_mutex_unlock(&report->lock);
    return any;
}

bool eidc_report_round(struct eidc_report *report, uint64_t ticket, struct eidc_round_report *out)
{
    bool found = false;

    pthread_mutex_lock(&report->lock);
    for (uint64_t i = 0; !found && i < EIDC_HISTORY && i < report->rounds; i++) {
        const struct eidc_round_report *r = &report->history[i];
        found = r->ticket == ticket;
        if (found)
            *out = *r;
    }
    pthread_mutex_unlock(&report->lock);
    return found;
}

bool eidc_report_has_source(struct eidc_report *report, struct eidc_str name)
{
    bool found = false;

    pthread_mutex_lock(&report->lock);
    for (size_t i = 0; !found && i < report->source_count; i++)
        found = eidc_str_eq(name, eidc_str_of(report->sources[i].name));
    pthread_mutex_unlock(&report->lock);
    return found;
}

/* Null when nothing is held. */
static void write_agreement(struct eidc_json *j, bool held, uint32_t agreed, uint32_t confirmations)
{
    eidc_json_key(j, "agreed");
    if (held)
        eidc_json_u64(j, agreed);
    else
        eidc_json_null(j);
    eidc_json_key(j, "confirmations");
    if (held)
        eidc_json_u64(j, confirmations);
    else
        eidc_json_null(j);
}

void eidc_round_report_write(const struct eidc_round_report *r, struct eidc_json *j)
{
    eidc_json_put_z(j, "result", eidc_refresh_result_name(r->result));
    eidc_json_put_time(j, "started_at", r->started_at_ms);
    eidc_json_put_seconds(j, "duration_seconds", r->duration_ms);
    eidc_json_put_u64(j, "generation", r->generation);
    eidc_json_put_u64(j, "names", r->names);
    eidc_json_put_u64(j, "added", r->added);
    eidc_json_put_u64(j, "removed", r->removed);
    eidc_json_put_u64(j, "held", r->held);
    write_agreement(j, r->held > 0, r->agreed, r->confirmations);
    eidc_json_put_u64(j, "scopes_listed", r->scopes_listed);
    eidc_json_put_u64(j, "scopes_kept", r->scopes_kept);
    eidc_json_put_u64(j, "scopes_failed", r->scopes_failed);
    eidc_json_put_z(j, "error", r->error[0] ? r->error : NULL);
}

void eidc_round_outcome_write(const struct eidc_round_report *r, struct eidc_json *j)
{
    eidc_round_report_write(r, j);
    eidc_json_key(j, "saved");
    if (r->saving == EIDC_SAVING_NONE)
        eidc_json_null(j);
    else
        eidc_json_bool(j, r->saving == EIDC_SAVING_DONE);
}

static void write_round(struct eidc_json *j, const struct eidc_round_report *r)
{
    eidc_json_open_object(j);
    eidc_round_outcome_write(r, j);
    eidc_json_close_object(j);
}

static void write_refresh(struct eidc_report *report, struct eidc_json *j)
{
    const uint64_t shown = report->rounds < EIDC_HISTORY ? report->rounds : EIDC_HISTORY;
    const struct eidc_round_report *last =
        shown ? &report->history[(report->rounds - 1) % EIDC_HISTORY] : NULL;

    eidc_json_key(j, "refresh");
    eidc_json_open_object(j);
    eidc_json_put_z(j, "state", eidc_refresh_state_name(report->state));
    eidc_json_put_z(j, "last_result", last ? eidc_refresh_result_name(last->result) : NULL);
    eidc_json_put_z(j, "last_error", last && last->error[0] ? last->error : NULL);
    eidc_json_key(j, "last_duration_seconds");
    if (last)
        eidc_json_seconds(j, last->duration_ms);
    else
        eidc_json_null(j);
    eidc_json_put_time(j, "next_at", report->next_at_ms);
    if (report->in_progress) {
        eidc_json_key(j, "progress");
        eidc_progress_write(&report->progress, j);
    }
    eidc_json_key(j, "history"); /* the newest first */
    eidc_json_open_array(j);
    for (uint64_t i = 0; i < shown; i++)
        write_round(j, &report->history[(report->rounds - 1 - i) % EIDC_HISTORY]);
    eidc_json_close_array(j);
    eidc_json_close_object(j);
}

static void write_sources(struct eidc_report *report, struct eidc_json *j)
{
    eidc_json_key(j, "sources");
    eidc_json_open_array(j);
    for (size_t i = 0; i < report->source_count; i++) {
        const struct eidc_source_report *s = &report->sources[i];
        eidc_json_open_object(j);
        eidc_json_put_z(j, "name", s->name);
        eidc_json_put_z(j, "type", s->type);
        eidc_json_put_u64(j, "scopes", s->scopes);
        eidc_json_put_u64(j, "failed_scopes", s->failed_scopes);
        eidc_json_put_u64(j, "names", s->names);
        eidc_json_put_time(j, "verified_at", s->verified_at_ms);
        eidc_json_put_z(j, "error", s->error);
        eidc_scope_failures_write(&s->failures, j);
        eidc_json_close_object(j);
    }
    eidc_json_close_array(j);
}

static void write_guard(struct eidc_report *report, struct eidc_json *j)
{
    eidc_json_key(j, "guard");
    eidc_json_open_object(j);
    eidc_json_put_bool(j, "held", report->guard_held);
    eidc_json_put_u64(j, "removals", report->guard_removals);
    write_agreement(j, report->guard_held, report->guard_agreed, report->guard_confirmations);
    eidc_json_put_z(j, "sample", report->guard_sample);
    eidc_json_close_object(j);
}

static void write_stores(struct eidc_report *report, struct eidc_json *j)
{
    eidc_json_key(j, "stores");
    eidc_json_open_array(j);
    for (size_t i = 0; i < report->store_count; i++) {
        const struct eidc_store_report *s = &report->stores[i];
        eidc_json_open_object(j);
        eidc_json_put_z(j, "url", s->url);
        eidc_json_put_z(j, "role", s->role);
        eidc_json_put_time(j, "last_saved_at", s->last_saved_at_ms);
        eidc_json_put_z(j, "error", s->error);
        eidc_json_close_object(j);
    }
    eidc_json_close_array(j);
}

void eidc_report_write(struct eidc_report *report, struct eidc_json *json)
{
    pthread_mutex_lock(&report->lock);
    write_refresh(report, json);
    write_sources(report, json);
    write_guard(report, json);
    write_stores(report, json);
    pthread_mutex_unlock(&report->lock);
}
