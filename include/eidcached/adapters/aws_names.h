#pragma once
/* From a listed element to a name: template, filter, field EID. What is not a name is left out and
 * told of, the first few by name. For source_aws_run.c. */
#include "eidcached/adapters/eid_field.h"
#include "eidcached/adapters/filter.h"
#include "eidcached/adapters/lineage.h"
#include "eidcached/core/source.h"

/* Notes of one run of a source. */
struct eidc_aws_notes {
    const struct eidc_source_sink *sink;
    const struct eidc_source *source;
    uint64_t count;
    bool wanted, unwanted; /* names that the filter let pass, and such that it did not */
    bool kept_some;        /* scopes that were not due: they may hold wanted names */
};
/* Tells how many there were beyond those told one by one, and when the filter let none pass. */
void eidc_aws_notes_sum_up(const struct eidc_aws_notes *notes);

struct eidc_aws_names {
    const struct eidc_listing *row;
    const char *name_template, *eid_field; /* eid_field NULL: checksum */
    const struct eidc_filter *filter;
    const char *region;
    const struct eidc_lineage *lineage;
    struct eidc_aws_notes *notes;
    struct eidc_buf name, eid, field; /* private: reused from element to element */
};

/* False only for what fails the listing (NOMEM, LIMIT). */
bool eidc_aws_names_add(struct eidc_aws_names *in, struct eidc_str listed, const cJSON *element,
                        struct eidc_names *out, struct eidc_err *err);
/* A parent: the listed name as it is, unfiltered, and, as its EID, what its children are asked by.
 */
bool eidc_aws_names_add_parent(struct eidc_aws_names *in, const struct eidc_listing *row,
                               struct eidc_str listed, const cJSON *element, struct eidc_names *out,
                               struct eidc_err *err);
void eidc_aws_names_free(struct eidc_aws_names *in);
