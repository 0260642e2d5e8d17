#include "eidcached/adapters/family.h"

#include "eidcached/base/mem.h"

static int by_name(const void *a, const void *b)
{
    const struct eidc_family_member *x = a, *y = b;
    return eidc_str_cmp(x->name, y->name);
}

/* A name without a value of its own is asked by itself. */
static size_t unpack(const struct eidc_names *names, struct eidc_family_member *out)
{
    size_t at = 0, n = 0;
    for (; eidc_names_next(names, &at, &out[n].name, &out[n].value); n++) {
        if (out[n].value.n == 0)
            out[n].value = out[n].name;
    }
    return n;
}

/* A listing may repeat a name; a scope is listed once. */
static void sort_members(struct eidc_family *family)
{
    struct eidc_family_member *m = eidc_xcalloc(family->names.count + 1, sizeof(*m));
    size_t n = unpack(&family->names, m);
    qsort(m, n, sizeof(*m), by_name);
    for (size_t i = 0; i < n; i++) {
        if (family->count == 0 || !eidc_str_eq(m[family->count - 1].name, m[i].name))
            m[family->count++] = m[i];
    }
    family->members = m;
}

struct eidc_family *eidc_family_new(const struct eidc_aws_target *target,
                                    struct eidc_lineage *lineage, struct eidc_names *names)
{
    struct eidc_family *family = eidc_xcalloc(1, sizeof(*family));
    family->target = target;
    family->names = *names;
    family->lineage = *lineage;
    *names = (struct eidc_names){0};
    *lineage = (struct eidc_lineage){0};
    sort_members(family);
    return family;
}

void eidc_family_free(struct eidc_family *family)
{
    eidc_names_free(&family->names);
    eidc_lineage_free(&family->lineage);
    free(family->members);
    free(family);
}
