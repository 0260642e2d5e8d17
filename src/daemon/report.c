#include "eidcached/daemon/report.h"

#include <stdlib.h>
#include <string.h>

#include "eidcached/base/clock.h"

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

bool eidc_report_last(struct eidc_report *report, struct eidc_round_report *out)
{
    pthread_mutex_lock(&report->lock);
    bool any = report->rounds > 0;
    if (any)
        *out = report->history[(report->rounds - 1) % EIDC_HISTORY];
    pthread_mutex_unlock(&report->lock);
    return any;
}

static void write_text(struct eidc_json *j, const char *key, const char *text)
{
    eidc_json_key(j, key);
    eidc_json_z(j, text && text[0] ? text : NULL);
}

static void write_number(struct eidc_json *j, const char *key, uint64_t number)
{
    eidc_json_key(j, key);
    eidc_json_u64(j, number);
}

static void write_time(struct eidc_json *j, const char *key, int64_t unix_ms)
{
    eidc_json_key(j, key);
    eidc_json_time(j, unix_ms);
}

static void write_round(struct eidc_json *j, const struct eidc_round_report *r)
{
    eidc_json_open_object(j);
    write_text(j, "result", eidc_refresh_result_name(r->result));
    write_time(j, "started_at", r->started_at_ms);
    eidc_json_key(j, "duration_seconds");
    eidc_json_seconds(j, r->duration_ms);
    write_number(j, "generation", r->generation);
    write_number(j, "names", r->names);
    write_number(j, "added", r->added);
    write_number(j, "removed", r->removed);
    write_text(j, "error", r->error);
    eidc_json_close_object(j);
}

static void write_refresh(struct eidc_report *report, struct eidc_json *j)
{
    const uint64_t shown = report->rounds < EIDC_HISTORY ? report->rounds : EIDC_HISTORY;
    const struct eidc_round_report *last =
        shown ? &report->history[(report->rounds - 1) % EIDC_HISTORY] : NULL;

    eidc_json_key(j, "refresh");
    eidc_json_open_object(j);
    write_text(j, "state", eidc_refresh_state_name(report->state));
    write_text(j, "last_result", last ? eidc_refresh_result_name(last->result) : NULL);
    write_text(j, "last_error", last ? last->error : NULL);
    eidc_json_key(j, "last_duration_seconds");
    if (last)
        eidc_json_seconds(j, last->duration_ms);
    else
        eidc_json_null(j);
    write_time(j, "next_at", report->next_at_ms);
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
        write_text(j, "name", s->name);
        write_text(j, "type", s->type);
        write_number(j, "scopes", s->scopes);
        write_number(j, "failed_scopes", s->failed_scopes);
        write_number(j, "names", s->names);
        write_time(j, "verified_at", s->verified_at_ms);
        write_text(j, "error", s->error);
        eidc_json_close_object(j);
    }
    eidc_json_close_array(j);
}

static void write_guard(struct eidc_report *report, struct eidc_json *j)
{
    eidc_json_key(j, "guard");
    eidc_json_open_object(j);
    eidc_json_key(j, "held");
    eidc_json_bool(j, report->guard_held);
    write_number(j, "removals", report->guard_removals);
    write_text(j, "sample", report->guard_sample);
    eidc_json_close_object(j);
}

static void write_stores(struct eidc_report *report, struct eidc_json *j)
{
    eidc_json_key(j, "stores");
    eidc_json_open_array(j);
    for (size_t i = 0; i < report->store_count; i++) {
        const struct eidc_store_report *s = &report->stores[i];
        eidc_json_open_object(j);
        write_text(j, "url", s->url);
        write_text(j, "role", s->role);
        write_time(j, "last_saved_at", s->last_saved_at_ms);
        write_text(j, "error", s->error);
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
