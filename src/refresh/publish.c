#include "eidcached/refresh/publish.h"

#include "eidcached/base/metrics.h"

static struct eidc_change_log change_log = {.lock = PTHREAD_MUTEX_INITIALIZER};

uint64_t eidc_served_number(void)
{
    const struct eidc_generation *now = eidc_current_enter();
    const uint64_t number = now ? eidc_image_info(now->image)->number : 0;

    eidc_current_leave();
    return number;
}

void eidc_publish_ages(const struct eidc_generation *g)
{
    eidc_metric_set(eidc_metric(EIDC_METRIC_VERIFIED),
                    (double)atomic_load(&g->verified_at) / 1000.0);
}

/* Whoever sees the generation finds its changes: they are remembered first. */
static void remember(const struct eidc_generation *fresh, struct eidc_diff_counts *counts)
{
    struct eidc_generation *before = eidc_current_pin();

    eidc_change_log_add(&change_log, before ? before->image : NULL, fresh->image, counts);
    eidc_generation_unpin(before);
}

struct eidc_changes *eidc_published_between(uint64_t from, uint64_t to)
{
    return eidc_changes_between(&change_log, from, to);
}

void eidc_publish(struct eidc_generation *fresh, struct eidc_diff_counts *counts)
{
    const struct eidc_image_info *info = eidc_image_info(fresh->image);

    eidc_metric_set(eidc_metric(EIDC_METRIC_NAMES), (double)info->names);
    eidc_metric_set(eidc_metric(EIDC_METRIC_IMAGE_BYTES), (double)eidc_image_block(fresh->image).n);
    eidc_metric_set(eidc_metric(EIDC_METRIC_GENERATION), (double)info->number);
    eidc_metric_set(eidc_metric(EIDC_METRIC_GENERATION_CREATED),
                    (double)info->created_at_ms / 1000.0);
    eidc_publish_ages(fresh);
    remember(fresh, counts);
    eidc_current_publish(fresh);
}
