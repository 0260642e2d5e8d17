#pragma once
/* What source_aws.c (making one) and source_aws_run.c (one refresh of it) share. */
#include "eidcached/adapters/source_aws.h"
#include "eidcached/aws/target.h"

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

static inline struct source_aws *source_of(struct eidc_source *self)
{
    return (struct source_aws *)(void *)self;
}

/* The vtable's, see core/source.h; they are in source_aws_run.c. */
void eidc_source_aws_begin(struct eidc_source *self, const struct eidc_source_sink *sink);
void eidc_source_aws_cancel(struct eidc_source *self);
void eidc_source_aws_progress(const struct eidc_source *self, struct eidc_source_progress *out);
