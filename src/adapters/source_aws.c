/* Making a source, and its end: regions, endpoints, credentials, rows. */
#include "eidcached/adapters/source_aws.h"

#include "eidcached/adapters/eid_field.h"
#include "eidcached/aws/region.h"
#include "eidcached/aws/template.h"
#include "eidcached/base/mem.h"
#include "source_aws_internal.h"

static void aws_destroy(struct eidc_source *self)
{
    struct source_aws *source = source_of(self);
    eidc_source_aws_cancel(self);
    if (source->outstanding)
        eidc_aws_cancel(source->aws); /* its calls use what is freed below */
    for (size_t i = 0; i < source->region_count; i++) {
        eidc_endpoint_free(&source->regions[i].target.endpoint);
        free(source->regions[i].name);
    }
    free(source->regions);
    free(source);
}

static const struct eidc_source_ops ops = {.begin = eidc_source_aws_begin,
                                           .cancel = eidc_source_aws_cancel,
                                           .destroy = aws_destroy,
                                           .progress = eidc_source_aws_progress};

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
