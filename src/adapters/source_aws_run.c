/*
 * A run is one refresh of the source. A row without parents is one scope a region. A row with
 * parents begins with a listing of the outermost ones; what a listing of parents finds is a family,
 * and each of its members is listed in its turn: again for parents, or as a scope. Members are
 * started as other listings end, some more than the engine sends at once, so that a hundred
 * thousand of them cost no memory while they wait.
 */
#include <assert.h>

#include "eidcached/adapters/aws_names.h"
#include "eidcached/adapters/family.h"
#include "eidcached/adapters/pager.h"
#include "eidcached/base/mem.h"
#include "eidcached/base/words.h"
#include "source_aws_internal.h"

/* Listings under way for each that the engine sends. They take turns by pages: the more there are,
 * the fewer of the engine's places stand empty at the end. */
#define WINDOW 8

#define GENERATIONS_MAX 32 /* of a recursive row: more is a circle */
#define GLOBAL_SCOPE    "global"

struct run {
    struct source_aws *source;
    struct eidc_source_sink sink;
    struct eidc_family *families; /* those with members that are not started yet */
    size_t active;
    uint64_t total, parent_total; /* names, for max_names */
    uint64_t scopes_known;
    size_t finders; /* listings under way or waiting that may find more scopes */
    bool abandoned;
    struct eidc_aws_notes notes;
};

/* One listing in progress. */
struct scope {
    struct run *run;
    const struct eidc_aws_target *target;
    const struct eidc_listing *row;
    struct eidc_lineage lineage;
    bool of_parents;            /* only for what is below it */
    struct eidc_names children; /* of a recursive row: what is listed next */
    struct eidc_aws_names names;
    struct eidc_pager *pager;
};

/* --- one listing --------------------------------------------------------------------------- */

static bool add_parent(void *arg, struct eidc_str name, const cJSON *element,
                       struct eidc_names *names, struct eidc_err *err)
{
    struct scope *scope = arg;
    return eidc_aws_names_add_parent(&scope->names, scope->row, name, element, names, err);
}

static bool add_name(void *arg, struct eidc_str name, const cJSON *element,
                     struct eidc_names *names, struct eidc_err *err)
{
    struct scope *scope = arg;
    if (scope->row->recursive && !add_parent(arg, name, element, &scope->children, err))
        return false;
    return eidc_aws_names_add(&scope->names, name, element, names, err);
}

/* Whether a listing with so many parents may find scopes. */
static bool is_finder(const struct source_aws *source, size_t parents)
{
    return parents < source->above || source->options.listing->recursive;
}

/* Finders are listed every time: they tell which scopes there are. */
static bool is_due(const struct run *run, const struct eidc_lineage *lineage)
{
    const struct source_aws *source = run->source;
    const struct eidc_source_sink *sink = &run->sink;
    return is_finder(source, lineage->count) ||
           sink->due(sink->arg, &source->base, eidc_str_of(lineage->scope));
}

/* n listings with so many parents were found. */
static void count_found(struct run *run, size_t parents, size_t n)
{
    if (parents == run->source->above)
        run->scopes_known += n;
    if (is_finder(run->source, parents))
        run->finders += n;
}

static void on_ended(void *arg, struct eidc_names *names, const char *code,
                     const struct eidc_err *err);

static void start_pager(struct scope *scope)
{
    struct run *run = scope->run;
    struct source_aws *source = run->source;
    const struct eidc_source_aws_options *options = &source->options;
    const struct eidc_pager_plan plan = {
        .aws = source->aws,
        .target = scope->target,
        .row = scope->row,
        .parents = scope->lineage.values,
        .given = options->params,
        .given_count = options->param_count,
        .max_response = options->max_response,
        .max_names = options->max_names,
        .total = scope->of_parents ? &run->parent_total : &run->total,
        .without_optional = &source->without_optional[scope->lineage.count],
        .abandoned = &run->abandoned,
        .item = scope->of_parents ? add_parent : add_name,
        .ended = on_ended,
        .arg = scope,
    };
    run->active++;
    source->outstanding++;
    scope->pager = eidc_pager_new(&plan);
}

/* Unless it is not due. The lineage is taken. */
static void start_scope(struct run *run, const struct eidc_aws_target *target,
                        struct eidc_lineage *lineage)
{
    struct source_aws *source = run->source;
    const struct eidc_source_aws_options *options = &source->options;
    if (!is_due(run, lineage)) {
        run->notes.kept_some = true;
        eidc_lineage_free(lineage);
        return;
    }
    struct scope *scope = eidc_xcalloc(1, sizeof(*scope));
    scope->run = run;
    scope->target = target;
    scope->lineage = *lineage;
    scope->row = source->rows[lineage->count];
    scope->of_parents = lineage->count < source->above;
    scope->names = (struct eidc_aws_names){.row = options->listing,
                                           .name_template = options->name_template,
                                           .eid_field = options->eid_field,
                                           .filter = &options->filter,
                                           .region = target->region,
                                           .lineage = &scope->lineage,
                                           .notes = &run->notes};
    start_pager(scope);
}

static void scope_free(struct scope *scope)
{
    if (is_finder(scope->run->source, scope->lineage.count))
        scope->run->finders--;
    scope->run->active--;
    scope->run->source->outstanding--;
    eidc_pager_free(scope->pager);
    eidc_aws_names_free(&scope->names);
    eidc_names_free(&scope->children);
    eidc_lineage_free(&scope->lineage);
    free(scope);
}

/* --- families ------------------------------------------------------------------------------- */

/* names and the scope's lineage are taken. */
static void add_family(struct scope *scope, struct eidc_names *names)
{
    struct run *run = scope->run;
    struct eidc_family *family = eidc_family_new(scope->target, &scope->lineage, names);
    size_t above = run->source->above, parents = family->lineage.count;
    count_found(run, parents < above ? parents + 1 : above, family->count);
    family->next = run->families; /* the newest first: so fewer wait at a time */
    run->families = family;
}

static void drop_first_family(struct run *run)
{
    struct eidc_family *family = run->families;
    run->families = family->next;
    eidc_family_free(family);
}

static void start_member(struct run *run, struct eidc_family *family)
{
    const struct eidc_family_member *member = &family->members[family->started++];
    struct eidc_lineage lineage;
    eidc_lineage_child(&family->lineage, member->name, member->value,
                       run->source->options.listing->recursive, &lineage);
    start_scope(run, family->target, &lineage);
}

/* Starts what may run now; false when there is nothing left to start. */
static bool start_members(struct run *run)
{
    size_t window = WINDOW * (size_t)eidc_aws_concurrency(run->source->aws);
    while (run->families) {
        struct eidc_family *family = run->families;
        if (family->started == family->count)
            drop_first_family(run);
        else if (run->active >= window)
            return true;
        else
            start_member(run, family);
    }
    return false;
}

/* --- a run ---------------------------------------------------------------------------------- */

static void run_free(struct run *run)
{
    while (run->families)
        drop_first_family(run);
    free(run);
}

/* Whatever is below a listing that failed is carried over. */
static void carry_below(const struct scope *scope, const struct eidc_err *err)
{
    const struct eidc_source_sink *sink = &scope->run->sink;
    char *prefix EIDC_AUTO_FREE = eidc_xprintf("%s/", scope->lineage.scope);
    sink->carry(sink->arg, &scope->run->source->base, eidc_str_of(prefix), err);
}

static void report_parents(struct scope *scope, struct eidc_names *names, bool gone,
                           const struct eidc_err *err)
{
    if (names)
        add_family(scope, names);
    else if (!gone)
        carry_below(scope, err);
}

static void descend(struct scope *scope)
{
    struct eidc_err err;
    if (scope->lineage.depth < GENERATIONS_MAX) {
        add_family(scope, &scope->children);
        return;
    }
    eidc_fail(&err, EIDC_ERR_LIMIT, "nested deeper than %d", GENERATIONS_MAX);
    carry_below(scope, &err);
}

static void report_names(struct scope *scope, struct eidc_names *names, bool gone,
                         const struct eidc_err *err)
{
    const struct eidc_source_sink *sink = &scope->run->sink;
    const struct eidc_source *source = &scope->run->source->base;
    struct eidc_str name = eidc_str_of(scope->lineage.scope);
    if (names)
        sink->scope(sink->arg, source, name, EIDC_SCOPE_LISTED, names, NULL);
    else
        sink->scope(sink->arg, source, name, gone ? EIDC_SCOPE_GONE : EIDC_SCOPE_FAILED, NULL, err);
    if (scope->row->recursive)
        names ? descend(scope) : report_parents(scope, NULL, gone, err);
}

static void report(struct scope *scope, struct eidc_names *names, const char *code,
                   const struct eidc_err *err)
{
    bool gone = !names && code[0] && eidc_words_have(scope->row->gone, eidc_str_of(code));
    if (scope->of_parents)
        report_parents(scope, names, gone, err);
    else
        report_names(scope, names, gone, err);
}

static void run_done(struct run *run)
{
    const struct eidc_source_sink sink = run->sink;
    struct source_aws *source = run->source;
    eidc_aws_notes_sum_up(&run->notes);
    source->run = NULL;
    run_free(run);
    sink.done(sink.arg, &source->base);
}

static void on_ended(void *arg, struct eidc_names *names, const char *code,
                     const struct eidc_err *err)
{
    struct scope *scope = arg;
    struct run *run = scope->run;
    if (!run->abandoned)
        report(scope, names, code, err);
    scope_free(scope);
    if (run->abandoned) {
        if (run->active == 0)
            run_free(run);
        return;
    }
    if (!start_members(run) && run->active == 0)
        run_done(run);
}

/* --- the outside -------------------------------------------------------------------------- */

void eidc_source_aws_begin(struct eidc_source *self, const struct eidc_source_sink *sink)
{
    struct source_aws *source = source_of(self);
    assert(!source->run);
    struct run *run = eidc_xcalloc(1, sizeof(*run));
    run->source = source;
    run->sink = *sink;
    run->notes = (struct eidc_aws_notes){.sink = &run->sink, .source = self};
    source->run = run;
    count_found(run, 0, source->region_count);
    for (size_t i = 0; i < source->region_count; i++) {
        struct eidc_lineage lineage;
        bool global = source->options.listing->service->global;
        eidc_lineage_root(global ? GLOBAL_SCOPE : source->regions[i].name, &lineage);
        start_scope(run, &source->regions[i].target, &lineage);
    }
    if (run->active == 0) /* nothing was due */
        run_done(run);
}

/* What is queued ends unsent and what is in flight ends unheard, in its own time. */
void eidc_source_aws_cancel(struct eidc_source *self)
{
    struct source_aws *source = source_of(self);
    if (source->run)
        source->run->abandoned = true;
    source->run = NULL;
}

void eidc_source_aws_progress(const struct eidc_source *self, struct eidc_source_progress *out)
{
    const struct run *run = ((const struct source_aws *)(const void *)self)->run;
    if (run)
        *out = (struct eidc_source_progress){
            .scopes_known = run->scopes_known, .all_known = run->finders == 0, .names = run->total};
}
