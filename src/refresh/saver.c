#include "eidcached/refresh/saver.h"

#include <stdlib.h>
#include <string.h>

#include "eidcached/base/clock.h"
#include "eidcached/base/log.h"
#include "eidcached/base/mem.h"
#include "eidcached/base/metrics.h"
#include "eidcached/core/image_build.h"
#include "eidcached/refresh/publish.h"

#define PASSES_MAX    3 /* over all stores, while their numbers do not agree */
#define CONFLICTS_MAX 3 /* races lost in a row before a store waits for the next refresh */

void eidc_saver_init(struct eidc_saver *s)
{
    s->owed = eidc_xcalloc(s->store_count + 1, sizeof *s->owed);
    s->silent = eidc_xcalloc(s->store_count + 1, sizeof *s->silent);
    for (size_t i = 0; i < s->store_count; i++)
        eidc_fail(&s->silent[i], EIDC_ERR_UNAVAILABLE, "not asked yet");
}

void eidc_saver_free(struct eidc_saver *s)
{
    free(s->owed);
    free(s->silent);
    s->silent = NULL;
    s->owed = NULL;
}

bool eidc_saver_is_silent(const struct eidc_saver *s, size_t store)
{
    return s->silent[store].kind != EIDC_ERR_NONE;
}

void eidc_saver_silent(struct eidc_saver *s, size_t store, const struct eidc_err *why)
{
    s->silent[store] = *why;
}

void eidc_saver_told(struct eidc_saver *s, size_t store)
{
    s->silent[store].kind = EIDC_ERR_NONE;
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
    struct eidc_generation *fresh = eidc_generation_move(now, image);
    eidc_generation_unpin(now);
    eidc_publish(fresh, NULL);
    return true;
}

static bool save_once(struct eidc_saver *s, size_t i, uint64_t *winner, struct eidc_err *err)
{
    struct eidc_store *store = s->stores[i];
    struct eidc_generation *now = eidc_current_pin();
    EIDC_BUF_AUTO summary = {0};

    s->summarize(s->summary_arg, eidc_image_info(now->image)->number, &summary);
    const struct eidc_snapshot snapshot = {
        .image = now->image,
        .refreshed_at_ms = atomic_load(&now->refreshed_at),
        .verified_at_ms = atomic_load(&now->verified_at),
        .requests = now->requests,
        .summary = eidc_buf_view(&summary),
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

    eidc_metric_add(eidc_metric(EIDC_METRIC_SNAPSHOT_SAVES, url, err ? "failed" : "ok"), 1);
    if (err != NULL)
        eidc_error("store %s: not saved: %s", url, err->text);
    eidc_report_store(s->report, i, err ? err->text : NULL);
}

/* No writer gets there, at a generation a millisecond for a hundred thousand years: whoever
 * believed it would soon have no number left for the next refresh. */
#define ABSURD_NUMBER (EIDC_GENERATION_MAX / 2)

/* Whether ours may become the number after the winner's: it must grow, and has an end. */
static bool may_follow(uint64_t winner, struct eidc_err *err)
{
    const uint64_t ours = eidc_served_number();

    if (winner < ours)
        return eidc_fail(err, EIDC_ERR_UNAVAILABLE, "it refused generation %llu",
                         (unsigned long long)ours);
    if (winner >= ABSURD_NUMBER)
        return eidc_fail(err, EIDC_ERR_CORRUPT, "it claims generation %llu, which nobody reaches",
                         (unsigned long long)winner);
    return true;
}

/* *moved: the generation got another number, so that the other stores owe it again. */
static bool save_store(struct eidc_saver *s, size_t i, bool *moved, struct eidc_err *err)
{
    uint64_t winner = 0;

    if (eidc_saver_is_silent(s, i)) {
        s->owed[i] = true;
        *err = s->silent[i];
        eidc_wrap(err, "what it holds could not be read, so it is not written over");
        tell(s, i, err);
        return false;
    }
    for (int lost = 0; lost <= CONFLICTS_MAX; lost++) {
        if (save_once(s, i, &winner, err)) {
            s->owed[i] = false;
            tell(s, i, NULL);
            return true;
        }
        s->owed[i] = true;
        if (err->kind != EIDC_ERR_CONFLICT || lost == CONFLICTS_MAX || !may_follow(winner, err))
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

static void beat(const struct eidc_saver *s)
{
    if (s->heartbeat != NULL)
        atomic_store(s->heartbeat, eidc_mono_ms());
}

/* Saves to all stores, or to those that owe it. *again: the number moved, so that the others hold
 * the old one, or will have to have the new one. */
static bool save_pass(struct eidc_saver *s, bool all, bool *again, struct eidc_err *err)
{
    bool ok = true;

    *again = false;
    for (size_t i = 0; i < s->store_count; i++) {
        struct eidc_err why = {0};
        bool moved = false;
        if (!all && !s->owed[i])
            continue;
        beat(s);
        if (!save_store(s, i, &moved, &why)) {
            if (ok) {
                *err = why;
                eidc_wrap(err, "not saved to %s", s->stores[i]->url);
            }
            ok = false;
        }
        for (size_t other = 0; moved && other < s->store_count; other++)
            if (other != i)
                s->owed[other] = *again = true;
    }
    return ok;
}

bool eidc_saver_save(struct eidc_saver *s, bool changed, struct eidc_err *err)
{
    bool again;

    for (size_t i = 0; i < s->store_count; i++)
        s->owed[i] = s->owed[i] || changed;
    bool ok = save_pass(s, true, &again, err);
    for (int pass = 1; again && pass < PASSES_MAX; pass++)
        ok = save_pass(s, false, &again, err);
    return ok;
}

void eidc_saver_summarize(struct eidc_saver *s, uint64_t number)
{
    EIDC_BUF_AUTO summary = {0};

    s->summarize(s->summary_arg, number, &summary);
    for (size_t i = 0; i < s->store_count; i++) {
        struct eidc_store *store = s->stores[i];
        struct eidc_err err = {0};
        if (eidc_saver_is_silent(s, i))
            continue;
        beat(s);
        if (!store->ops->summarize(store, eidc_buf_view(&summary), &err))
            eidc_warn("store %s: summary.json: %s", store->url, err.text);
    }
}
