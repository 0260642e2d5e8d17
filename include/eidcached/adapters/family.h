#pragma once
/* What one listing of parents found, to be listed one after the other. For source_aws_run.c. */
#include "eidcached/adapters/lineage.h"
#include "eidcached/aws/call.h"
#include "eidcached/core/names.h"

struct eidc_family_member {
    struct eidc_str name, value; /* value: what it is asked by */
};

struct eidc_family {
    struct eidc_family *next;
    const struct eidc_aws_target *target;
    struct eidc_lineage lineage; /* where the parents were listed */
    struct eidc_names names;
    struct eidc_family_member *members; /* views into names, sorted, each name once */
    size_t count, started;
};

/* lineage and names are taken, and left empty. */
struct eidc_family *eidc_family_new(const struct eidc_aws_target *target,
                                    struct eidc_lineage *lineage, struct eidc_names *names);
void eidc_family_free(struct eidc_family *family);
