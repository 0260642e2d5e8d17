#pragma once
/*
 * Where in a listing's tree something stands: what was listed above it, and the name of its scope:
 * "eu-west-1", "eu-west-1/sales_prod", "global/Root/Workloads". In a name '/' is %2F and '%' is
 * %25, so that no two places share a scope.
 */
#include "eidcached/aws/listing.h"

struct eidc_lineage {
    size_t count;                               /* rows above */
    struct eidc_str names[EIDC_LISTING_DEPTH];  /* what each is called, the outermost first, */
    struct eidc_str values[EIDC_LISTING_DEPTH]; /* and what its children are asked by */
    struct eidc_str path;                       /* of a recursive row: the names above, with '/' */
    unsigned depth;                             /* how many names are above */
    char *scope;
};

/* All strings are copies: eidc_lineage_free. */
void eidc_lineage_root(const char *scope, struct eidc_lineage *out);
/* One below. Recursive: in the place of `above`, with another value, when above is not a root. */
void eidc_lineage_child(const struct eidc_lineage *above, struct eidc_str name,
                        struct eidc_str value, bool recursive, struct eidc_lineage *out);
void eidc_lineage_free(struct eidc_lineage *lineage);
