#include "eidcached/refresh/baseline.h"

struct eidc_generation *eidc_baseline_pin(const struct eidc_baseline *b, bool *served)
{
    struct eidc_generation *g = b->late != NULL ? b->late : eidc_current_pin();

    *served = g != NULL && b->late == NULL;
    return g;
}

void eidc_baseline_unpin(struct eidc_baseline *b, struct eidc_generation *g, bool followed)
{
    if (g != NULL && g == b->late && !followed)
        return; /* for the next refresh */
    if (g == b->late)
        b->late = NULL;
    eidc_generation_unpin(g);
}

void eidc_baseline_tell(struct eidc_baseline *b, struct eidc_generation *g)
{
    eidc_generation_unpin(b->late);
    b->late = g;
}

void eidc_baseline_inherit(struct eidc_baseline *b, struct eidc_baseline *from)
{
    *b = *from;
    *from = (struct eidc_baseline){0};
}

void eidc_baseline_free(struct eidc_baseline *b)
{
    eidc_baseline_tell(b, NULL);
}
