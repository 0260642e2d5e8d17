/*
 * What was kept of earlier generations, here or elsewhere, and becomes the current one: at the
 * start from this machine, later from stores across the network.
 */
#include <string.h>

#include "eidcached/base/clock.h"
#include "eidcached/base/log.h"
#include "eidcached/refresh/fd_store.h"
#include "eidcached/refresh/publish.h"
#include "refresh_internal.h"

#define CLOCK_SKEW_MS 60000 /* between the writer of a snapshot and us */

/* A time that a snapshot tells. One in the future says nothing about how old the data is: then it
 * is as old as the image, and an image from the future as old as can be. */
static int64_t past(int64_t told_ms, int64_t created_at_ms)
{
    const int64_t now = eidc_now_ms();

    if (told_ms <= now)
        return told_ms;
    if (told_ms <= now + CLOCK_SKEW_MS)
        return now;
    return created_at_ms <= now ? created_at_ms : 1;
}

/* The generation of what a store had. What CURRENT says was verified later than the image knows. */
static struct eidc_generation *revive(struct eidc_image *image, const struct eidc_pointer *pointer)
{
    struct eidc_generation *g = eidc_generation_new(image);
    const struct eidc_image_info *info = eidc_image_info(image);
    const int64_t created = past(info->created_at_ms, 1);
    const int64_t verified = past(pointer->verified_at_ms, created);

    for (uint32_t i = 0; i < info->scopes; i++) {
        int64_t as_of = past(atomic_load(&g->as_of[i]), created);
        eidc_generation_confirm(g, i, verified > as_of ? verified : as_of);
    }
    eidc_generation_settle(g, verified ? verified : created);
    atomic_store(&g->refreshed_at,
                 pointer->refreshed_at_ms ? past(pointer->refreshed_at_ms, created) : created);
    return g;
}

/* Takes the image. NULL: its EIDs are made otherwise than ours, *err says how. */
static struct eidc_generation *adopt(const struct eidc_refresh *r, struct eidc_image *image,
                                     const struct eidc_pointer *pointer, struct eidc_err *err)
{
    char theirs[128], ours[128];

    if (eidc_eid_scheme_equal(&eidc_image_info(image)->scheme, &r->build.scheme))
        return revive(image, pointer);
    eidc_eid_scheme_describe(&eidc_image_info(image)->scheme, theirs);
    eidc_eid_scheme_describe(&r->build.scheme, ours);
    eidc_image_free(image);
    eidc_fail(err, EIDC_ERR_NOT_FOUND,
              "its image has EIDs by %s, the configuration says %s: not used", theirs, ours);
    return NULL;
}

/* NULL: *err says why. */
static struct eidc_generation *load_from(const struct eidc_refresh *r, struct eidc_store *store,
                                         struct eidc_err *err)
{
    struct eidc_image *image = NULL;
    struct eidc_pointer pointer = {0};
    struct eidc_generation *g = NULL;

    if (store->ops->load(store, &image, &pointer, err))
        g = adopt(r, image, &pointer, err);
    return g;
}

/* What the service manager kept over a restart. NULL: nothing of use. */
static struct eidc_generation *load_kept(const struct eidc_refresh *r)
{
    struct eidc_image *image = NULL;
    struct eidc_pointer pointer = {0};
    struct eidc_err err = {0};

    if (!eidc_fd_store_load(&image, &pointer, &err))
        return NULL;
    struct eidc_generation *g = adopt(r, image, &pointer, &err);
    if (g == NULL)
        eidc_warn("the service manager's descriptor store: %s", err.text);
    return g;
}

static void serve(struct eidc_generation *g, const char *from)
{
    const struct eidc_image_info *info = eidc_image_info(g->image);

    eidc_info("serving generation %llu (%s, %llu names) from %s", (unsigned long long)info->number,
              info->id, (unsigned long long)info->names, from);
    eidc_publish(g, NULL);
}

/* Whether a store is of this machine: quick, so that it is asked before anything is served. */
static bool is_local(const struct eidc_store *store)
{
    return strncmp(store->url, "file:", 5) == 0;
}

/* Whether the local directory holds something newer than what was kept: the service ran without
 * the descriptor store meanwhile. */
static bool is_behind(const struct eidc_generation *kept, struct eidc_store *local)
{
    struct eidc_err ignored = {0};
    uint64_t number = 0;

    return local->ops->peek(local, &number, &ignored) &&
           number > eidc_image_info(kept->image)->number;
}

bool eidc_refresh_warm_start(struct eidc_refresh *r, struct eidc_err *err)
{
    struct eidc_store *local = r->store_count > 0 && is_local(r->stores[0]) ? r->stores[0] : NULL;
    struct eidc_generation *kept = load_kept(r), *saved = NULL;

    if (local != NULL)
        eidc_saver_told(&r->saver, 0); /* what cannot be read here now never can */
    if (local != NULL && (kept == NULL || is_behind(kept, local))) {
        saved = load_from(r, local, err);
        if (saved == NULL && kept != NULL)
            eidc_warn("%s, though newer: %s", local->url, err->text);
    } else if (kept == NULL) {
        return eidc_fail(err, EIDC_ERR_NOT_FOUND, "no local snapshot directory is configured");
    }
    if (saved != NULL) {
        eidc_generation_unpin(kept);
        serve(saved, local->url);
    } else if (kept != NULL) {
        serve(kept, "the service manager's descriptor store");
    }
    eidc_fd_store_keep();
    return saved != NULL || kept != NULL || eidc_wrap(err, "%s", local->url);
}

/* Takes what the store holds, if it is newer than what is served; after a blind publishing in any
 * case, for the next refresh. */
static bool catch_up_with(struct eidc_refresh *r, struct eidc_store *store, struct eidc_err *err)
{
    const uint64_t ours = eidc_served_number();
    uint64_t theirs = 0;

    if (ours > 0 && (!store->ops->peek(store, &theirs, err) || theirs == 0))
        return err->kind == EIDC_ERR_NONE;
    if (ours > 0 && theirs <= ours && !r->baseline.blind)
        return true;
    struct eidc_generation *g = load_from(r, store, err);
    if (g == NULL)
        return false;
    if (r->baseline.blind)
        eidc_baseline_tell(&r->baseline, g);
    else
        serve(g, store->url);
    return true;
}

/* That it holds nothing of use is an answer too. */
static void ask(struct eidc_refresh *r, size_t i)
{
    struct eidc_err err = {0};
    bool ok = catch_up_with(r, r->stores[i], &err);

    if (!ok && err.kind != EIDC_ERR_NOT_FOUND)
        eidc_warn("store %s: %s", r->stores[i]->url, err.text);
    if (ok || err.kind == EIDC_ERR_NOT_FOUND || err.kind == EIDC_ERR_CORRUPT)
        eidc_saver_told(&r->saver, i);
    else
        eidc_saver_silent(&r->saver, i, &err);
}

void eidc_refresh_catch_up(struct eidc_refresh *r)
{
    if (eidc_served_number() == 0)
        r->baseline.blind = false; /* nothing came of it */
    for (size_t i = 0; i < r->store_count && !atomic_load(&r->stop); i++)
        if (eidc_saver_is_silent(&r->saver, i))
            ask(r, i);
    for (size_t i = 0; i < r->store_count; i++)
        if (eidc_saver_is_silent(&r->saver, i) && eidc_served_number() == 0)
            r->baseline.blind = true; /* whatever is published now */
}
