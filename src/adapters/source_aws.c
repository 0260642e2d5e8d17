/*
 * A run is one refresh of the source. A row without parents is one scope a region. A row with
 * parents begins with a listing of the outermost ones; what a listing of parents finds is a family,
 * and each of its members is listed in its turn: again for parents, or as a scope. Members are
 * started as other listings end, some more than the engine sends at once, so that a hundred
 * thousand of them cost no memory while they wait.
 */
#include "eidcached/adapters/source_aws.h"

#include <assert.h>

#include "eidcached/adapters/aws_names.h"
#include "eidcached/adapters/family.h"
#include "eidcached/adapters/pager.h"
#include "eidcached/aws/region.h"
#include "eidcached/aws/target.h"
#include "eidcached/aws/template.h"
#include "eidcached/base/mem.h"

/* Listings under way for each that the engine sends. They take turns by pages: the more there are,
 * the fewer of the engine's places stand empty at the end. */
#define WINDOW 8

#define GENERATIONS_MAX 32 /* of a recursive row: more is a circle */
#define GLOBAL_SCOPE    "global"

struct region {
    char *name;
    struct eidc_aws_target target;
};

struct source_aws {
    struct eidc_source base;
    struct eidc_source_aws_options options;
    const struct eidc_listing *rows[EIDC_LISTING_DEPTH + 1]; /* the outermost first, then its own */
    size_t above;                                            /* rows above its own */
    bool without_optional[EIDC_LISTING_DEPTH + 1];           /* learnt about this server */
    struct eidc_aws *aws;
    struct eidc_creds_provider *creds; /* the engine's */
    struct region *regions;
    size_t region_count;
    struct run *run;    /* NULL: idle */
    size_t outstanding; /* pagers, those of cancelled runs too */
};

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

/* --- the source ----------------------------------------------------------------------------- */

static struct source_aws *source_of(struct eidc_source *self)
{
    return (struct source_aws *)(void *)self;
}

static void aws_begin(struct eidc_source *self, const struct eidc_source_sink *sink)
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
static void aws_cancel(struct eidc_source *self)
{
    struct source_aws *source = source_of(self);
    if (source->run)
        source->run->abandoned = true;
    source->run = NULL;
}

static void aws_progress(const struct eidc_source *self, struct eidc_source_progress *out)
{
    const struct run *run = ((const struct source_aws *)(const void *)self)->run;
    if (run)
        *out = (struct eidc_source_progress){
            .scopes_known = run->scopes_known, .all_known = run->finders == 0, .names = run->total};
}

static void aws_destroy(struct eidc_source *self)
{
    struct source_aws *source = source_of(self);
    aws_cancel(self);
    if (source->outstanding)
        eidc_aws_cancel(source->aws); /* its calls use what is freed below */
    for (size_t i = 0; i < source->region_count; i++) {
        eidc_endpoint_free(&source->regions[i].target.endpoint);
        free(source->regions[i].name);
    }
    free(source->regions);
    free(source);
}

static const struct eidc_source_ops ops = {
    .begin = aws_begin, .cancel = aws_cancel, .destroy = aws_destroy, .progress = aws_progress};

/* --- making one ----------------------------------------------------------------------------- */

static bool has_region(const struct source_aws *source, const char *name)
{
    for (size_t i = 0; i < source->region_count; i++) {
        if (strcmp(source->regions[i].name, name) == 0)
            return true;
    }
    return false;
}

/* wanted NULL: the default region. */
static bool add_region(struct source_aws *source, const char *wanted, struct eidc_err *err)
{
    const struct eidc_listing *row = source->options.listing;
    struct eidc_aws_settings settings = source->options.aws;
    if (wanted)
        settings.region = wanted;
    char *name EIDC_AUTO_FREE = NULL;
    if (!eidc_region_find(&settings, eidc_aws_http(source->aws), &name, err))
        return false;
    if (has_region(source, name))
        return true;
    struct region region = {0};
    if (!eidc_aws_target_resolve(&settings, row->service->sign, row->service->endpoint,
                                 row->service->env_suffix, name, &region.target, err))
        return false;
    region.target.creds = source->creds;
    region.name = eidc_xstrdup(name);
    source->regions[source->region_count++] = region;
    return true;
}

static bool add_regions(struct source_aws *source, struct eidc_err *err)
{
    const struct eidc_source_aws_options *options = &source->options;
    source->regions = eidc_xcalloc(options->region_count + 1, sizeof(*source->regions));
    if (options->region_count == 0)
        return add_region(source, NULL, err);
    size_t count = options->listing->service->global ? 1 : options->region_count;
    for (size_t i = 0; i < count; i++) {
        if (!add_region(source, options->regions[i], err))
            return eidc_wrap(err, "regions: %s", options->regions[i]);
    }
    return true;
}

/* A role is asked for in the default region, or, where none is set, in the first that is listed. */
static struct eidc_creds_provider *find_identity(struct eidc_aws *aws,
                                                 const struct eidc_source_aws_options *options)
{
    struct eidc_aws_settings settings = options->aws;
    struct eidc_err ignored;
    char *region EIDC_AUTO_FREE = NULL;
    if (options->region_count > 0 && !eidc_region_resolve(&settings, &region, &ignored))
        settings.region = options->regions[0];
    return eidc_aws_identity(aws, &settings);
}

static bool check_options(struct eidc_source_aws_options *options, struct eidc_err *err)
{
    const struct eidc_listing *row = options->listing;
    if (!options->name_template)
        options->name_template = row->default_name;
    if (!eidc_template_check(row, options->name_template, err))
        return eidc_wrap(err, "name");
    if (!options->eid_field)
        return true;
    if (!eidc_eid_field_check(options->eid_field, err) ||
        !eidc_listing_check_pointer(row, options->eid_field, err))
        return eidc_wrap(err, "eid");
    return true;
}

static void set_rows(struct source_aws *source)
{
    const struct eidc_source_aws_options *options = &source->options;
    source->above = eidc_listing_above(options->listing, source->rows);
    source->rows[source->above] = options->listing;
    /* with it, names alone would come */
    source->without_optional[source->above] =
        options->eid_field || eidc_template_needs_members(options->listing, options->name_template);
}

bool eidc_source_aws_new(const struct eidc_source_aws_options *options, struct eidc_aws *aws,
                         struct eidc_source **out, struct eidc_err *err)
{
    struct eidc_source_aws_options checked = *options;
    if (!check_options(&checked, err))
        return false;
    struct source_aws *source = eidc_xcalloc(1, sizeof(*source));
    source->base = (struct eidc_source){&ops, options->name, "aws"};
    source->options = checked;
    source->aws = aws;
    set_rows(source);
    source->creds = find_identity(aws, &source->options);
    if (!add_regions(source, err)) {
        aws_destroy(&source->base);
        return false;
    }
    *out = &source->base;
    return true;
}
