#include <stdio.h>
#include <stdlib.h>

#include "eidcached/base/clock.h"
#include "eidcached/base/log.h"
#include "eidcached/base/mem.h"
#include "eidcached/base/metrics.h"
#include "eidcached/core/diff.h"
#include "eidcached/core/held.h"
#include "eidcached/refresh/fd_store.h"
#include "eidcached/refresh/publish.h"
#include "eidcached/refresh/tally.h"
#include "refresh_internal.h"

/* One refresh under way. */
struct run {
    struct eidc_refresh *r;
    struct eidc_round round;
    struct eidc_generation *before; /* pinned; NULL at the first */
    bool before_served;             /* it is the current one */
    struct eidc_diff_counts changes;
    uint64_t calls_before; /* to AWS, when it began */
    int64_t began_ms;      /* monotonic, asking the stores included */
    bool changed;          /* a new image was published */
    bool accept_shrink;
    struct eidc_round_report *out;
};

static bool next_number(const struct run *x, uint64_t *out, struct eidc_err *err)
{
    const uint64_t served = eidc_served_number();
    const uint64_t before = x->before ? eidc_image_info(x->before->image)->number : 0;

    *out = (served > before ? served : before) + 1;
    return *out <= EIDC_GENERATION_MAX ||
           eidc_fail(err, EIDC_ERR_LIMIT, "generation %llu is the last number there is",
                     (unsigned long long)(*out - 1));
}

/* Nothing changed: the confirmed scopes of the generation before take the new ages. */
static void confirm(struct run *x, const struct eidc_image *same)
{
    for (uint32_t i = 0; i < eidc_image_info(same)->scopes; i++) {
        struct eidc_scope s;
        if (eidc_image_scope(same, i, &s))
            eidc_generation_confirm(x->before, i, s.as_of_ms);
    }
}

static void settle(struct run *x, struct eidc_generation *g)
{
    if (eidc_round_confirmed(&x->round))
        atomic_store(&g->refreshed_at, eidc_now_ms());
    else if (x->before != NULL)
        atomic_store(&g->refreshed_at, atomic_load(&x->before->refreshed_at));
    eidc_round_mark(&x->round, g);
    atomic_store(&g->partial, x->round.failed > 0 || x->r->guard.held);
    eidc_generation_settle(g, x->round.now_ms);
}

/* Takes the image: publishes it, or only its ages when the content is what is served already. */
static void publish(struct run *x, struct eidc_image *image)
{
    const char *id = eidc_image_info(image)->id;

    if (x->before_served && strcmp(id, eidc_image_info(x->before->image)->id) == 0) {
        confirm(x, image);
        settle(x, x->before);
        eidc_publish_ages(x->before);
        eidc_image_free(image);
        return;
    }
    if (!x->before_served)
        eidc_diff(x->before ? x->before->image : NULL, image, NULL, NULL, &x->changes);
    struct eidc_generation *fresh = eidc_generation_new(image);
    settle(x, fresh);
    fresh->requests = eidc_aws_counted(x->r->aws).calls - x->calls_before;
    eidc_publish(fresh, x->before_served ? &x->changes : NULL);
    x->changed = true;
}

static enum eidc_refresh_result result_of(const struct run *x)
{
    if (x->r->guard.held)
        return EIDC_RESULT_HELD;
    return x->round.failed > 0 ? EIDC_RESULT_PARTIAL : EIDC_RESULT_OK;
}

static void log_held(const struct eidc_guard *g)
{
    EIDC_BUF_AUTO agreement = {0};

    eidc_held_print(g->agreed, g->confirmations, &agreement);
    eidc_warn("refresh: %llu entries vanished, more than refresh.max_shrink allows: they are "
              "held (%s), such as %s; accept with: eidctl refresh --accept-shrink, "
              "or eidcached --once --accept-shrink",
              (unsigned long long)g->removals, agreement.p, g->sample);
}

static void tell_guard(struct eidc_refresh *r)
{
    struct eidc_guard *g = &r->guard;

    if (g->let_go_confirmed > 0)
        eidc_warn("refresh: %llu entries that were held are let go: %u refreshes in a row agree "
                  "that they vanished (refresh.shrink_confirmations)",
                  (unsigned long long)g->let_go_confirmed, g->confirmations);
    if (g->held)
        log_held(g);
    eidc_metric_set(eidc_metric(EIDC_METRIC_GUARD_HELD), g->held);
    eidc_report_guard(r->report, g);
}

/* A few names may always go, and an operator may accept any number: neither says "all". */
static void tell_emptied(const struct run *x, const struct eidc_image *image)
{
    const uint64_t names = x->before ? eidc_image_info(x->before->image)->names : 0;

    if (names > 0 && eidc_image_info(image)->names == 0)
        eidc_warn("refresh: the map is empty now; it had %llu names", (unsigned long long)names);
}

static bool list_and_publish(struct run *x, struct eidc_err *err)
{
    struct eidc_image *candidate = NULL, *kept = NULL;
    uint64_t number = 0;

    if (!next_number(x, &number, err) ||
        !eidc_round_run(&x->round, x->before, number, &candidate, err))
        return false;
    if (candidate == NULL) { /* nothing was due, or all that was failed */
        settle(x, x->before);
        return true;
    }
    if (!eidc_guard_judge(&x->r->guard, x->before, candidate, x->accept_shrink, &x->r->build, &kept,
                          err)) {
        eidc_image_free(candidate);
        return false;
    }
    tell_guard(x->r);
    if (kept != NULL) {
        eidc_image_free(candidate);
        candidate = kept;
    }
    tell_emptied(x, candidate);
    publish(x, candidate);
    return true;
}

static void write_failures(const struct run *x, struct eidc_json *j)
{
    eidc_json_key(j, "failures");
    eidc_json_open_array(j);
    for (size_t i = 0; x->round.told && i < x->r->source_count; i++) {
        const struct eidc_round_source *told = &x->round.told[i];
        if (told->failed == 0)
            continue;
        eidc_json_open_object(j);
        eidc_json_put_z(j, "source", x->r->sources[i]->name);
        eidc_json_put_u64(j, "scopes", told->failed);
        eidc_json_put_z(j, "error", told->error);
        eidc_json_close_object(j);
    }
    eidc_json_close_array(j);
}

/* summary.json: the round so far, saving not counted. */
static void summarize(void *arg, uint64_t number, struct eidc_buf *out)
{
    const struct run *x = arg;
    struct eidc_round_report round = *x->out;
    struct eidc_json j = eidc_json_to(out);

    round.generation = number;
    round.duration_ms = eidc_mono_ms() - x->began_ms;
    eidc_json_open_object(&j);
    eidc_round_report_write(&round, &j);
    write_failures(x, &j);
    eidc_json_close_object(&j);
    eidc_buf_add_byte(out, '\n');
}

static void tell_source(struct run *x, size_t i, const struct eidc_tally *t)
{
    struct eidc_round_source *told = &x->round.told[i];
    const char *name = x->r->sources[i]->name;

    if (t != NULL) {
        eidc_metric_set(eidc_metric(EIDC_METRIC_SOURCE_NAMES, name), (double)t->names);
        eidc_metric_set(eidc_metric(EIDC_METRIC_SOURCE_VERIFIED, name),
                        (double)t->verified_at / 1000.0);
    }
    eidc_metric_set(eidc_metric(EIDC_METRIC_SOURCE_FAILED_SCOPES, name), told->failed);
    eidc_report_source(x->r->report, i, t, told->failed, told->error, &told->failures);
}

static void tell_sources(struct run *x)
{
    struct eidc_generation *g = eidc_current_pin();
    struct eidc_tally *tally EIDC_AUTO_FREE =
        g ? eidc_tally_new(g, x->r->sources, x->r->source_count) : NULL;

    for (size_t i = 0; x->round.told && i < x->r->source_count; i++) {
        eidc_scope_failures_date(&x->round.told[i].failures, g, x->r->sources[i]->name);
        tell_source(x, i, tally ? &tally[i] : NULL);
    }
    eidc_generation_unpin(g);
}

static void fill_counts(struct run *x)
{
    struct eidc_generation *g = eidc_current_pin();

    if (g != NULL) {
        x->out->generation = eidc_image_info(g->image)->number;
        x->out->names = eidc_image_info(g->image)->names;
    }
    x->out->added = x->changes.added;
    x->out->removed = x->changes.removed;
    x->out->held = x->r->guard.held ? x->r->guard.removals : 0;
    x->out->agreed = x->r->guard.agreed;
    x->out->confirmations = x->r->guard.confirmations;
    x->out->scopes_listed = x->round.listed;
    x->out->scopes_kept = x->round.kept;
    x->out->scopes_failed = x->round.failed;
    eidc_generation_unpin(g);
}

/* After the error that the refresh has anyway, if it has one. */
static void tell_unsaved(struct run *x, const struct eidc_err *why)
{
    char *error = x->out->error;
    const size_t n = strlen(error);

    snprintf(error + n, sizeof x->out->error - n, "%spublished, but %s", n > 0 ? "; " : "",
             why->text);
}

static void save(struct run *x)
{
    struct eidc_err err = {0};

    x->r->saver.summarize = summarize;
    x->r->saver.summary_arg = x;
    eidc_refresh_wait_until(x->r, eidc_deadlines_saved(&x->r->deadlines, eidc_mono_ms()));
    eidc_refresh_watch_phase(x->r, &x->round, EIDC_PROGRESS_SAVING);
    if (x->out->result == EIDC_RESULT_FAILED) {
        eidc_saver_summarize(&x->r->saver, x->out->generation);
        return;
    }
    if (eidc_saver_save(&x->r->saver, x->changed, &err)) {
        x->out->saving = x->r->saver.store_count > 0 ? EIDC_SAVING_DONE : EIDC_SAVING_NONE;
    } else {
        x->out->saving = EIDC_SAVING_FAILED;
        tell_unsaved(x, &err);
    }
    fill_counts(x); /* the number may have moved */
}

static void tell_end(struct run *x)
{
    const struct eidc_round_report *o = x->out;
    const char *result = eidc_refresh_result_name(o->result);
    const bool good = o->result == EIDC_RESULT_OK && o->saving != EIDC_SAVING_FAILED;
    const enum eidc_log_level level = good                              ? EIDC_LOG_INFO
                                      : o->result == EIDC_RESULT_FAILED ? EIDC_LOG_ERROR
                                                                        : EIDC_LOG_WARN;

    eidc_log(level,
             "refresh: %s, generation %llu, %llu names, %llu added, %llu removed, %.3f s%s%s",
             result, (unsigned long long)o->generation, (unsigned long long)o->names,
             (unsigned long long)o->added, (unsigned long long)o->removed,
             (double)o->duration_ms / 1000.0, o->error[0] ? ": " : "", o->error);
    eidc_metric_add(eidc_metric(EIDC_METRIC_REFRESHES, result), 1);
    eidc_metric_observe(eidc_metric(EIDC_METRIC_REFRESH_DURATION), (double)o->duration_ms / 1000.0);
}

static void tick(void *arg, const struct eidc_round *round, bool listed)
{
    if (listed)
        eidc_refresh_watch_phase(arg, round, EIDC_PROGRESS_BUILDING);
    else
        eidc_refresh_watch_tick(arg, round);
}

static struct eidc_round round_of(struct eidc_refresh *r, bool asked)
{
    return (struct eidc_round){
        .sources = r->sources,
        .source_count = r->source_count,
        .http = r->http,
        .build = &r->build,
        .until_ms = r->deadlines.listed,
        .allowed_ms = r->deadlines.listed - r->deadlines.began,
        .until_what = r->deadlines.what,
        .scope_interval_ms = asked ? 0 : r->config->refresh.scope_interval,
        .stop = &r->stop,
        .heartbeat = &r->heartbeat,
        .tick = tick,
        .tick_arg = r,
    };
}

/* Before saving, which may take long: gives back what is not needed for it. */
static void end_listing(struct run *x, bool published)
{
    if (!published && x->before != NULL && x->round.fate != NULL)
        eidc_round_mark(&x->round, x->before);
    eidc_aws_cancel(x->r->aws); /* what a time-out left in flight holds slots that saving needs */
    eidc_baseline_unpin(&x->r->baseline, x->before, published);
    x->before = NULL;
}

bool eidc_refresh_run(struct eidc_refresh *r, uint64_t ticket, bool asked, bool accept_shrink,
                      struct eidc_round_report *out)
{
    struct eidc_err err = {0};
    struct run x = {
        .r = r,
        .round = round_of(r, asked),
        .accept_shrink = accept_shrink,
        .calls_before = eidc_aws_counted(r->aws).calls,
        .began_ms = r->deadlines.began,
        .out = out,
    };

    x.before = eidc_baseline_pin(&r->baseline, &x.before_served);
    x.round.before_is_served = x.before_served;
    if (x.before != NULL && eidc_generation_not_after(x.before, eidc_now_ms()))
        eidc_publish_ages(x.before);
    *out = (struct eidc_round_report){
        .ticket = ticket, .started_at_ms = eidc_now_ms() - (eidc_mono_ms() - x.began_ms)};
    bool published = list_and_publish(&x, &err);
    end_listing(&x, published);
    if (!published && atomic_load(&r->stop)) {
        eidc_round_free(&x.round);
        return false;
    }
    out->result = published ? result_of(&x) : EIDC_RESULT_FAILED;
    snprintf(out->error, sizeof out->error, "%s", published ? x.round.error : err.text);
    fill_counts(&x);
    tell_sources(&x);
    save(&x);
    eidc_fd_store_keep(); /* last: saving may have given it another number */
    out->duration_ms = eidc_mono_ms() - x.began_ms;
    tell_end(&x);
    eidc_round_free(&x.round);
    return true;
}
