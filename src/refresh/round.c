#include "eidcached/refresh/round.h"

#include <stdio.h>
#include <string.h>

#include "eidcached/base/clock.h"
#include "eidcached/base/log.h"
#include "eidcached/base/mem.h"
#include "eidcached/core/scope_clock.h"

/* What becomes of the entries of a scope that the image before has. */
enum fate {
    FATE_UNANSWERED, /* at the end: its source has it no more, it is dropped */
    FATE_ANSWERED,   /* listed anew, or known to be gone */
    FATE_CARRIED,
    FATE_KEPT, /* it was not due */
};

#define STEP_MS 200 /* how long a stop or a heartbeat may wait */

static size_t source_index(const struct eidc_round *r, const struct eidc_source *source)
{
    size_t i = 0;
    while (i + 1 < r->source_count && r->sources[i] != source)
        i++;
    return i;
}

static void keep_first(char into[static EIDC_ERR_TEXT_MAX], const char *text)
{
    if (into[0] == '\0')
        snprintf(into, EIDC_ERR_TEXT_MAX, "%s", text);
}

/* several: `scope` is the beginning of those that failed. */
static void tell_failure(struct eidc_round *r, size_t source, struct eidc_str scope, bool several,
                         const struct eidc_err *why)
{
    struct eidc_err told = *why;

    eidc_scope_failures_add(&r->told[source].failures, scope, several, why->text);
    if (scope.n > 0)
        eidc_wrap(&told, "%.*s%s", EIDC_STR_ARG(scope), several ? "*" : "");
    keep_first(r->told[source].error, told.text);
    eidc_wrap(&told, "source %s", r->sources[source]->name);
    keep_first(r->error, told.text);
}

/* Where the image before has the scope; UINT32_MAX: it has not. */
static uint32_t find_before(const struct eidc_round *r, const char *source, struct eidc_str scope)
{
    return r->before ? eidc_image_find_scope(r->before->image, eidc_str_of(source), scope)
                     : UINT32_MAX;
}

static void set_fate(struct eidc_round *r, const char *source, struct eidc_str scope,
                     enum fate fate, bool *known)
{
    uint32_t at = find_before(r, source, scope);

    *known = at != UINT32_MAX;
    if (*known)
        r->fate[at] = (uint8_t)fate;
}

/* What the last refresh could not confirm is asked for again without waiting for its time. */
static bool is_due(const struct eidc_round *r, const char *source, struct eidc_str scope,
                   uint32_t at)
{
    return r->scope_interval_ms == 0 || at == UINT32_MAX || r->before->unconfirmed[at] ||
           eidc_scope_is_due(eidc_str_of(source), scope, atomic_load(&r->before->as_of[at]),
                             r->now_ms, r->scope_interval_ms);
}

static bool on_due(void *arg, const struct eidc_source *source, struct eidc_str scope)
{
    struct eidc_round *r = arg;
    uint32_t at = find_before(r, source->name, scope);

    if (is_due(r, source->name, scope, at))
        return true;
    r->fate[at] = FATE_KEPT;
    r->told[source_index(r, source)].kept++;
    return false;
}

static void add_listed(struct eidc_round *r, const struct eidc_source *source,
                       struct eidc_str scope, struct eidc_names *names)
{
    uint32_t handle = eidc_builder_scope(r->builder, eidc_str_of(source->name), scope, r->now_ms);

    if (!r->broken && !eidc_builder_add(r->builder, handle, names, &r->why))
        r->broken = true;
}

static void on_scope(void *arg, const struct eidc_source *source, struct eidc_str scope,
                     enum eidc_scope_result result, struct eidc_names *names,
                     const struct eidc_err *err)
{
    struct eidc_round *r = arg;
    size_t i = source_index(r, source);
    bool known;
    char brief[EIDC_ERR_TEXT_MAX];

    set_fate(r, source->name, scope, result == EIDC_SCOPE_FAILED ? FATE_CARRIED : FATE_ANSWERED,
             &known);
    switch (result) {
    case EIDC_SCOPE_LISTED:
        r->told[i].listed++;
        r->told[i].names += names->count;
        add_listed(r, source, scope, names);
        break;
    case EIDC_SCOPE_GONE:
        r->told[i].gone++;
        eidc_info("source %s: scope %.*s is gone: %s", source->name, EIDC_STR_ARG(scope),
                  err->text);
        break;
    case EIDC_SCOPE_FAILED:
        r->told[i].failed++;
        tell_failure(r, i, scope, false, err);
        eidc_warn("source %s: scope %.*s failed%s: %s", source->name, EIDC_STR_ARG(scope),
                  known ? ", its last entries are kept" : "",
                  eidc_repeats_brief(&r->repeats, err->text, source->name, brief));
        break;
    }
}

/* Every scope of the source under the prefix that has not answered keeps its entries. */
static uint32_t carry_unanswered(struct eidc_round *r, const char *source, struct eidc_str prefix)
{
    uint32_t carried = 0;
    uint32_t scopes = r->before ? eidc_image_info(r->before->image)->scopes : 0;

    for (uint32_t i = 0; i < scopes; i++) {
        struct eidc_scope s;
        if (r->fate[i] != FATE_UNANSWERED || !eidc_image_scope(r->before->image, i, &s) ||
            !eidc_str_eq(s.source, eidc_str_of(source)) || !eidc_str_starts(s.name, prefix))
            continue;
        r->fate[i] = FATE_CARRIED;
        carried++;
    }
    return carried;
}

static void on_carry(void *arg, const struct eidc_source *source, struct eidc_str prefix,
                     const struct eidc_err *err)
{
    struct eidc_round *r = arg;
    size_t i = source_index(r, source);
    uint32_t carried = carry_unanswered(r, source->name, prefix);
    char brief[EIDC_ERR_TEXT_MAX];

    r->told[i].failed += carried > 0 ? carried : 1;
    tell_failure(r, i, prefix, true, err);
    eidc_warn("source %s: %.*s%s%s%s", source->name, EIDC_STR_ARG(prefix), prefix.n ? "*: " : "",
              eidc_repeats_brief(&r->repeats, err->text, source->name, brief),
              carried ? "; the entries it had are kept" : "");
}

static void on_note(void *arg, const struct eidc_source *source, const char *text)
{
    struct eidc_round *r = arg;

    keep_first(r->told[source_index(r, source)].error, text);
    eidc_warn("source %s: %s", source->name, text);
}

static void on_done(void *arg, const struct eidc_source *source)
{
    struct eidc_round *r = arg;

    r->told[source_index(r, source)].done = true;
}

static bool all_done(const struct eidc_round *r)
{
    for (size_t i = 0; i < r->source_count; i++)
        if (!r->told[i].done)
            return false;
    return true;
}

/* The sources that have not ended are cut off; what they did not report counts as failed. */
static void cut_off(struct eidc_round *r, const struct eidc_err *why)
{
    for (size_t i = 0; i < r->source_count; i++) {
        struct eidc_source *s = r->sources[i];
        if (r->told[i].done)
            continue;
        s->ops->cancel(s);
        on_carry(r, s, EIDC_STR(""), why);
        r->told[i].done = true;
    }
}

static bool list_all(struct eidc_round *r, struct eidc_err *err)
{
    const struct eidc_source_sink sink = {r, on_due, on_scope, on_carry, on_note, on_done};
    struct eidc_err late = {0};

    for (size_t i = 0; i < r->source_count; i++)
        r->sources[i]->ops->begin(r->sources[i], &sink);
    while (!all_done(r)) {
        atomic_store(r->heartbeat, eidc_mono_ms());
        bool more = r->http->ops->step(r->http, STEP_MS);
        r->tick(r->tick_arg, r, false);
        if (atomic_load(r->stop)) {
            eidc_fail(&late, EIDC_ERR_CANCELLED, "the process is stopping");
            cut_off(r, &late);
            *err = late;
            return false;
        }
        if (eidc_mono_ms() > r->until_ms) {
            eidc_fail(&late, EIDC_ERR_TIMEOUT, "not listed within %.1f s (%s)",
                      (double)r->allowed_ms / 1000.0, r->until_what);
            cut_off(r, &late);
        } else if (!more && !all_done(r)) {
            eidc_fail(&late, EIDC_ERR_UNAVAILABLE, "the listing ended without a result");
            cut_off(r, &late);
        }
    }
    return true;
}

static void sum_up(struct eidc_round *r)
{
    for (size_t i = 0; i < r->source_count; i++) {
        r->listed += r->told[i].listed;
        r->gone += r->told[i].gone;
        r->failed += r->told[i].failed;
        r->kept += r->told[i].kept;
    }
}

static bool stays(const struct eidc_round *r, uint32_t scope)
{
    return r->fate[scope] == FATE_CARRIED || r->fate[scope] == FATE_KEPT;
}

/* Registers the scopes that stay as they are, with the age they have; the others have no handle. */
static uint32_t *carried_scopes(struct eidc_round *r, uint32_t scopes, bool *any)
{
    uint32_t *handles = eidc_xcalloc(scopes + 1u, sizeof *handles);

    for (uint32_t i = 0; i < scopes; i++) {
        struct eidc_scope s;
        handles[i] = EIDC_NO_SCOPE;
        if (!stays(r, i) || !eidc_image_scope(r->before->image, i, &s))
            continue;
        handles[i] =
            eidc_builder_scope(r->builder, s.source, s.name, atomic_load(&r->before->as_of[i]));
        *any = true;
    }
    return handles;
}

static bool carry_over(struct eidc_round *r, struct eidc_err *err)
{
    uint32_t scopes = r->before ? eidc_image_info(r->before->image)->scopes : 0;
    bool any = false;

    if (scopes == 0)
        return true;
    uint32_t *handles EIDC_AUTO_FREE = carried_scopes(r, scopes, &any);
    return !any || eidc_builder_carry_all(r->builder, r->before->image, handles, err);
}

/* No scope was listed, and none is gone. */
static bool is_unchanged(const struct eidc_round *r)
{
    uint32_t scopes = r->before ? eidc_image_info(r->before->image)->scopes : 0;

    for (uint32_t i = 0; i < scopes; i++)
        if (!stays(r, i))
            return false;
    return scopes > 0 && r->listed == 0;
}

static bool build(struct eidc_round *r, uint64_t number, struct eidc_image **candidate,
                  struct eidc_err *err)
{
    if (r->broken) {
        *err = r->why;
        return false;
    }
    atomic_store(r->heartbeat, eidc_mono_ms());
    if (!carry_over(r, err))
        return eidc_wrap(err, "carrying entries over");
    return eidc_builder_finish(r->builder, number, r->now_ms, candidate, err);
}

bool eidc_round_run(struct eidc_round *r, const struct eidc_generation *before, uint64_t number,
                    struct eidc_image **candidate, struct eidc_err *err)
{
    uint32_t scopes = before ? eidc_image_info(before->image)->scopes : 0;

    r->before = before;
    r->told = eidc_xcalloc(r->source_count + 1, sizeof *r->told);
    r->fate = eidc_xcalloc(scopes + 1u, sizeof *r->fate);
    r->now_ms = eidc_now_ms();
    if (!eidc_builder_new(r->build, &r->builder, err))
        return false;
    if (!list_all(r, err))
        return false;
    sum_up(r);
    if (r->listed + r->gone + r->kept == 0 && r->failed > 0)
        return eidc_fail(err, EIDC_ERR_UNAVAILABLE, "%s", r->error);
    *candidate = NULL;
    r->tick(r->tick_arg, r, true);
    if (r->before_is_served && is_unchanged(r))
        return true;
    return build(r, number, candidate, err);
}

void eidc_round_mark(const struct eidc_round *r, struct eidc_generation *g)
{
    for (uint32_t i = 0; i < eidc_image_info(g->image)->scopes; i++) {
        struct eidc_scope s = {0};
        uint32_t at = UINT32_MAX;
        if (eidc_image_scope(g->image, i, &s) && r->before != NULL)
            at = eidc_image_find_scope(r->before->image, s.source, s.name);
        bool kept = at != UINT32_MAX && r->fate[at] == FATE_KEPT;
        g->unconfirmed[i] = !kept && atomic_load(&g->as_of[i]) != r->now_ms;
    }
}

bool eidc_round_confirmed(const struct eidc_round *r)
{
    return r->listed + r->gone > 0 || r->kept + r->failed == 0;
}

void eidc_round_free(struct eidc_round *r)
{
    eidc_builder_free(r->builder);
    for (size_t i = 0; r->told != NULL && i < r->source_count; i++)
        eidc_scope_failures_free(&r->told[i].failures);
    eidc_repeats_free(&r->repeats);
    free(r->told);
    free(r->fate);
    r->builder = NULL;
    r->told = NULL;
    r->fate = NULL;
}
