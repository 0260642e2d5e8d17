/*
 * A run is one refresh of the source. It holds one lane a region; a lane is either one scope (a
 * plain row) or a listing of parents and then one scope for each of them. Scopes are started as
 * others end, a few more than the engine sends at once, so that a hundred thousand of them cost no
 * memory while they wait.
 */
#include "eidcached/adapters/source_aws.h"

#include <assert.h>

#include "eidcached/adapters/aws_names.h"
#include "eidcached/adapters/pager.h"
#include "eidcached/base/mem.h"

struct region {
    char *name;
    struct eidc_aws_target target;
};

struct source_aws {
    struct eidc_source base;
    struct eidc_source_aws_options options;
    const struct eidc_listing *parent_row; /* NULL: a plain row */
    struct eidc_aws *aws;
    struct eidc_creds_provider *creds; /* the engine's */
    struct region *regions;
    size_t region_count;
    bool without_optional, parent_without_optional; /* learnt about this server */
    struct run *run;                                /* NULL: idle */
    size_t outstanding;                             /* pagers, those of cancelled runs too */
};

struct lane {
    const struct region *region;
    struct eidc_names parents;
    struct eidc_str *sorted; /* views into parents, each once */
    size_t count, next;
};

struct run {
    struct source_aws *source;
    struct eidc_source_sink sink;
    struct lane *lanes;
    size_t active;
    uint64_t total, parent_total; /* names, for max_names */
    bool abandoned;
    struct eidc_aws_notes notes;
};

/* One listing in progress. */
struct scope {
    struct run *run;
    struct lane *lane;
    char *name; /* "eu-west-1/sales_prod"; of a parents' listing: "eu-west-1/" */
    bool of_parents;
    struct eidc_aws_names names;
    struct eidc_pager *pager;
};

/* --- one scope ----------------------------------------------------------------------------- */

static bool add_parent(void *arg, struct eidc_str name, const cJSON *element,
                       struct eidc_names *names, struct eidc_err *err)
{
    struct scope *scope = arg;
    (void)element;
    return eidc_aws_names_add_bare(&scope->names, name, names, err);
}

static bool add_name(void *arg, struct eidc_str name, const cJSON *element,
                     struct eidc_names *names, struct eidc_err *err)
{
    struct scope *scope = arg;
    return eidc_aws_names_add(&scope->names, name, element, names, err);
}

static void on_ended(void *arg, struct eidc_names *names, const char *code,
                     const struct eidc_err *err);

static char *scope_name(const struct lane *lane, bool of_parents, struct eidc_str parent)
{
    bool slash = of_parents || parent.n > 0;
    return eidc_xprintf("%s%s%.*s", lane->region->name, slash ? "/" : "", (int)parent.n,
                        parent.n ? parent.p : "");
}

/* Parents are listed every time: they tell which scopes there are. */
static bool is_due(const struct run *run, bool of_parents, const char *name)
{
    const struct eidc_source_sink *sink = &run->sink;
    return of_parents || sink->due(sink->arg, &run->source->base, eidc_str_of(name));
}

/* Unless it is not due. */
static void start_scope(struct run *run, struct lane *lane, bool of_parents, struct eidc_str parent)
{
    struct source_aws *source = run->source;
    const struct eidc_source_aws_options *options = &source->options;
    char *name = scope_name(lane, of_parents, parent);
    if (!is_due(run, of_parents, name)) {
        free(name);
        return;
    }
    struct scope *scope = eidc_xcalloc(1, sizeof(*scope));
    scope->run = run;
    scope->lane = lane;
    scope->of_parents = of_parents;
    scope->name = name;
    scope->names = (struct eidc_aws_names){.row = options->listing,
                                           .name_template = options->name_template,
                                           .eid_field = options->eid_field,
                                           .filter = &options->filter,
                                           .region = eidc_str_of(lane->region->name),
                                           .parent = parent,
                                           .scope = scope->name,
                                           .notes = &run->notes};
    const struct eidc_pager_plan plan = {
        .aws = source->aws,
        .target = &lane->region->target,
        .row = of_parents ? source->parent_row : options->listing,
        .parent = parent,
        .max_response = options->max_response,
        .max_names = options->max_names,
        .total = of_parents ? &run->parent_total : &run->total,
        .without_optional =
            of_parents ? &source->parent_without_optional : &source->without_optional,
        .abandoned = &run->abandoned,
        .item = of_parents ? add_parent : add_name,
        .ended = on_ended,
        .arg = scope,
    };
    run->active++;
    source->outstanding++;
    scope->pager = eidc_pager_new(&plan);
}

static void scope_free(struct scope *scope)
{
    scope->run->active--;
    scope->run->source->outstanding--;
    eidc_pager_free(scope->pager);
    eidc_aws_names_free(&scope->names);
    free(scope->name);
    free(scope);
}

/* --- parents -------------------------------------------------------------------------------- */

static int by_bytes(const void *a, const void *b)
{
    return eidc_str_cmp(*(const struct eidc_str *)a, *(const struct eidc_str *)b);
}

/* A listing may repeat a name; a scope is listed once. */
static void take_parents(struct lane *lane, struct eidc_names *names)
{
    lane->parents = *names;
    *names = (struct eidc_names){0};
    lane->sorted = eidc_xcalloc(lane->parents.count + 1, sizeof(*lane->sorted));
    size_t at = 0, n = 0;
    struct eidc_str eid;
    while (eidc_names_next(&lane->parents, &at, &lane->sorted[n], &eid))
        n++;
    qsort(lane->sorted, n, sizeof(*lane->sorted), by_bytes);
    for (size_t i = 0; i < n; i++) {
        if (lane->count == 0 || !eidc_str_eq(lane->sorted[lane->count - 1], lane->sorted[i]))
            lane->sorted[lane->count++] = lane->sorted[i];
    }
}

/* Starts what may run now; false when there is nothing left to start. */
static bool start_children(struct run *run)
{
    const struct source_aws *source = run->source;
    size_t window = 2 * (size_t)eidc_aws_concurrency(source->aws);
    for (size_t i = 0; i < source->region_count; i++) {
        struct lane *lane = &run->lanes[i];
        for (; lane->next < lane->count; lane->next++) {
            if (run->active >= window)
                return true;
            start_scope(run, lane, false, lane->sorted[lane->next]);
        }
    }
    return false;
}

/* --- a run ---------------------------------------------------------------------------------- */

static void run_free(struct run *run)
{
    for (size_t i = 0; i < run->source->region_count; i++) {
        eidc_names_free(&run->lanes[i].parents);
        free(run->lanes[i].sorted);
    }
    free(run->lanes);
    free(run);
}

static void report(struct scope *scope, struct eidc_names *names, const char *code,
                   const struct eidc_err *err)
{
    const struct eidc_source_sink *sink = &scope->run->sink;
    const struct eidc_source *source = &scope->run->source->base;
    const char *gone = scope->run->source->options.listing->gone;
    struct eidc_str name = eidc_str_of(scope->name);
    if (scope->of_parents && names)
        take_parents(scope->lane, names);
    else if (scope->of_parents)
        sink->carry(sink->arg, source, name, err);
    else if (names)
        sink->scope(sink->arg, source, name, EIDC_SCOPE_LISTED, names, NULL);
    else if (gone && strcmp(code, gone) == 0)
        sink->scope(sink->arg, source, name, EIDC_SCOPE_GONE, NULL, err);
    else
        sink->scope(sink->arg, source, name, EIDC_SCOPE_FAILED, NULL, err);
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
    if (!start_children(run) && run->active == 0)
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
    run->lanes = eidc_xcalloc(source->region_count, sizeof(*run->lanes));
    source->run = run;
    for (size_t i = 0; i < source->region_count; i++) {
        run->lanes[i].region = &source->regions[i];
        start_scope(run, &run->lanes[i], source->parent_row != NULL, (struct eidc_str){0});
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

static const struct eidc_source_ops ops = {aws_begin, aws_cancel, aws_destroy};

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
    if (!eidc_region_resolve(&settings, &name, err))
        return false;
    if (has_region(source, name))
        return true;
    struct region region = {
        .target = {.service = row->service,
                   .creds = source->creds,
                   .max_attempts = settings.max_attempts,
                   .connect_timeout_ms = settings.connect_timeout_ms,
                   .timeout_ms = settings.timeout_ms},
    };
    if (!eidc_endpoint_resolve(&settings, row->endpoint, row->env_suffix, name,
                               &region.target.endpoint, err))
        return false;
    region.name = eidc_xstrdup(name);
    region.target.region = region.target.endpoint.region; /* a global service signs for its home */
    region.target.ca_bundle = region.target.endpoint.ca_bundle;
    source->regions[source->region_count++] = region;
    return true;
}

static bool add_regions(struct source_aws *source, struct eidc_err *err)
{
    const struct eidc_source_aws_options *options = &source->options;
    source->regions = eidc_xcalloc(options->region_count + 1, sizeof(*source->regions));
    if (options->region_count == 0)
        return add_region(source, NULL, err);
    for (size_t i = 0; i < options->region_count; i++) {
        if (!add_region(source, options->regions[i], err))
            return eidc_wrap(err, "regions: %s", options->regions[i]);
    }
    return true;
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
    if (!row->name)
        return eidc_fail(err, EIDC_ERR_INVALID, "eid: %s lists bare names without fields", row->id);
    if (!eidc_eid_field_check(options->eid_field, err))
        return eidc_wrap(err, "eid");
    return true;
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
    if (checked.listing->parent)
        source->parent_row = eidc_listing_find(checked.listing->parent);
    source->without_optional = checked.eid_field != NULL; /* names alone would not do */
    source->creds = eidc_aws_identity(aws, &source->options.aws);
    if (!add_regions(source, err)) {
        aws_destroy(&source->base);
        return false;
    }
    *out = &source->base;
    return true;
}
