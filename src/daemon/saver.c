#include "eidcached/daemon/saver.h"

#include <stdlib.h>
#include <string.h>

#include "eidcached/base/clock.h"
#include "eidcached/base/log.h"
#include "eidcached/base/mem.h"
#include "eidcached/base/metrics.h"
#include "eidcached/core/image_build.h"

#define CONFLICTS_MAX 3 /* races lost in a row before a store waits for the next refresh */

void eidc_saver_init(struct eidc_saver *s)
{
    s->owed = eidc_xcalloc(s->store_count + 1, sizeof *s->owed);
}

void eidc_saver_free(struct eidc_saver *s)
{
    free(s->owed);
    s->owed = NULL;
}

void eidc_saver_publish(struct eidc_generation *fresh)
{
    const struct eidc_image_info *info = eidc_image_info(fresh->image);

    eidc_metric_set(eidc_metric(EIDC_METRIC_NAMES), (double)info->names);
    eidc_metric_set(eidc_metric(EIDC_METRIC_IMAGE_BYTES), (double)eidc_image_block(fresh->image).n);
    eidc_metric_set(eidc_metric(EIDC_METRIC_GENERATION), (double)info->number);
    eidc_metric_set(eidc_metric(EIDC_METRIC_GENERATION_CREATED),
                    (double)info->created_at_ms / 1000.0);
    eidc_metric_set(eidc_metric(EIDC_METRIC_VERIFIED),
                    (double)atomic_load(&fresh->verified_at) / 1000.0);
    eidc_current_publish(fresh);
}

/* The same generation, ages and all, under another number. */
static bool renumber(uint64_t number, struct eidc_err *err)
{
    struct eidc_generation *now = eidc_current_pin();
    struct eidc_image *image = NULL;

    if (!eidc_image_renumber(now->image, number, &image, err)) {
        eidc_generation_unpin(now);
        return false;
    }
    struct eidc_generation *fresh = eidc_generation_new(image);
    for (uint32_t i = 0; i < eidc_image_info(image)->scopes; i++)
        eidc_generation_confirm(fresh, i, atomic_load(&now->as_of[i]));
    atomic_store(&fresh->refreshed_at, atomic_load(&now->refreshed_at));
    atomic_store(&fresh->verified_at, atomic_load(&now->verified_at));
    atomic_store(&fresh->partial, atomic_load(&now->partial));
    eidc_generation_unpin(now);
    eidc_saver_publish(fresh);
    return true;
}

static bool save_once(struct eidc_saver *s, size_t i, struct eidc_str summary, uint64_t *winner,
                      struct eidc_err *err)
{
    struct eidc_store *store = s->stores[i];
    struct eidc_generation *now = eidc_current_pin();
    const struct eidc_snapshot snapshot = {
        .image = now->image,
        .refreshed_at_ms = atomic_load(&now->refreshed_at),
        .verified_at_ms = atomic_load(&now->verified_at),
        .summary = summary,
        .json = s->json,
    };
    bool ok = s->owed[i] ? store->ops->save(store, &snapshot, winner, err)
                         : store->ops->touch(store, &snapshot, winner, err);

    eidc_generation_unpin(now);
    return ok;
}

/* err: what went wrong, NULL when nothing did */
static void tell(struct eidc_saver *s, size_t i, const struct eidc_err *err)
{
    const char *url = s->stores[i]->url;
    struct eidc_store_report *r = &s->report->stores[i];

    eidc_metric_add(eidc_metric(EIDC_METRIC_SNAPSHOT_SAVES, url, err ? "failed" : "ok"), 1);
    if (err != NULL)
        eidc_error("store %s: not saved, will be tried at the next refresh: %s", url, err->text);
    pthread_mutex_lock(&s->report->lock);
    if (err == NULL)
        r->last_saved_at_ms = eidc_now_ms();
    free(r->error);
    r->error = err ? eidc_xstrdup(err->text) : NULL;
    pthread_mutex_unlock(&s->report->lock);
}

/* *moved: the generation got another number, so that the other stores owe it again. */
static bool save_store(struct eidc_saver *s, size_t i, struct eidc_str summary, bool *moved,
                       struct eidc_err *err)
{
    uint64_t winner = 0;

    for (int lost = 0; lost <= CONFLICTS_MAX; lost++) {
        if (save_once(s, i, summary, &winner, err)) {
            s->owed[i] = false;
            tell(s, i, NULL);
            return true;
        }
        s->owed[i] = true;
        if (err->kind != EIDC_ERR_CONFLICT || lost == CONFLICTS_MAX)
            break;
        eidc_info("store %s is at generation %llu: ours becomes %llu", s->stores[i]->url,
                  (unsigned long long)winner, (unsigned long long)winner + 1);
        if (!renumber(winner + 1, err))
            break;
        *moved = true;
    }
    tell(s, i, err);
    return false;
}

bool eidc_saver_save(struct eidc_saver *s, bool changed, struct eidc_str summary,
                     struct eidc_err *err)
{
    bool ok = true, again = true;

    for (size_t i = 0; i < s->store_count; i++)
        s->owed[i] = s->owed[i] || changed;
    for (int pass = 0; again && pass < 2; pass++) {
        again = false;
        ok = true;
        for (size_t i = 0; i < s->store_count; i++) {
            struct eidc_err why = {0};
            bool moved = false;
            if (pass > 0 && !s->owed[i])
                continue;
            if (!save_store(s, i, summary, &moved, &why)) {
                if (ok)
                    *err = why;
                ok = false;
            }
            /* earlier stores hold the old number now */
            for (size_t j = 0; moved && j < i; j++)
                s->owed[j] = again = true;
        }
    }
    return ok;
}
