#include "eidcached/refresh/guard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eidcached/base/mem.h"
#include "eidcached/core/diff.h"
#include "guard_hold.h"

/* The entries of the image before that the candidate lacks. */
struct vanished {
    struct eidc_missing *at;
    struct eidc_record *records; /* views into the image before */
    size_t n, cap;
    bool no_memory; /* it grows with the data: this costs a refresh, not the process */
};

/* FNV-1a, 64 bit: an identity to count by, not to trust; a clash merely shares a count. */
static uint64_t entry_hash(const struct eidc_record *r)
{
    uint64_t h = 0xcbf29ce484222325u;

    for (size_t i = 0; i < r->name.n; i++)
        h = (h ^ (uint8_t)r->name.p[i]) * 0x100000001b3u;
    h = (h ^ 0xffu) * 0x100000001b3u;
    for (size_t i = 0; i < r->eid.n; i++)
        h = (h ^ (uint8_t)r->eid.p[i]) * 0x100000001b3u;
    return h;
}

static bool grow(struct vanished *v)
{
    const size_t cap = v->cap ? v->cap * 2 : 64;
    struct eidc_missing *at = reallocarray(v->at, cap, sizeof *at);

    if (at != NULL)
        v->at = at;
    struct eidc_record *records = reallocarray(v->records, cap, sizeof *records);
    if (records != NULL)
        v->records = records;
    v->no_memory = at == NULL || records == NULL;
    if (!v->no_memory)
        v->cap = cap;
    return !v->no_memory;
}

static bool collect(void *arg, enum eidc_change change, const struct eidc_image *of,
                    const struct eidc_record *record)
{
    struct vanished *v = arg;

    (void)of;
    if (change != EIDC_REMOVED)
        return true;
    if (v->n == v->cap && !grow(v))
        return false;
    v->at[v->n] = (struct eidc_missing){.entry = entry_hash(record)};
    v->records[v->n++] = *record;
    return true;
}

static int by_entry(const void *a, const void *b)
{
    const struct eidc_missing *x = a, *y = b;

    return (x->entry > y->entry) - (x->entry < y->entry);
}

static uint32_t times_missed(const struct eidc_guard *g, uint64_t entry)
{
    const struct eidc_missing key = {.entry = entry};
    const struct eidc_missing *m =
        g->missing_count ? bsearch(&key, g->missing, g->missing_count, sizeof key, by_entry) : NULL;

    return m ? m->times : 0;
}

/* Counts this refresh in; returns how many of the vanished are not confirmed yet, and leaves only
 * their records. *agreed: how many refreshes in a row missed all of these. */
static size_t keep_unconfirmed(const struct eidc_guard *g, struct vanished *v, uint32_t *agreed)
{
    size_t unconfirmed = 0;

    *agreed = 0;
    for (size_t i = 0; i < v->n; i++) {
        const uint32_t times = times_missed(g, v->at[i].entry) + 1;
        v->at[i].times = times;
        if (times >= g->confirmations)
            continue;
        if (unconfirmed == 0 || times < *agreed)
            *agreed = times;
        v->records[unconfirmed++] = v->records[i];
    }
    return unconfirmed;
}

/* The window's slot that a time is in; without a window there is none, and nothing is counted. */
static int64_t slot_of(const struct eidc_guard *g, int64_t now_ms)
{
    const int64_t width = g->window_ms / EIDC_GUARD_SLOTS;

    return width > 0 ? now_ms / width : -1;
}

static void count_let_go(struct eidc_guard *g, int64_t slot, uint64_t n)
{
    if (slot < 0)
        return;
    size_t at = (size_t)(slot % EIDC_GUARD_SLOTS);
    if (g->let_go[at].slot != slot)
        g->let_go[at].removals = 0;
    g->let_go[at].slot = slot;
    g->let_go[at].removals += n;
}

static uint64_t let_go_lately(const struct eidc_guard *g, int64_t slot)
{
    uint64_t sum = 0;

    for (size_t i = 0; slot >= 0 && i < EIDC_GUARD_SLOTS; i++)
        if (g->let_go[i].slot > slot - EIDC_GUARD_SLOTS)
            sum += g->let_go[i].removals;
    return sum;
}

/* n: entries that nothing but this refresh says are gone. */
static bool too_many(const struct eidc_guard *g, const struct eidc_generation *before, int64_t slot,
                     size_t n)
{
    const uint64_t gone = n + let_go_lately(g, slot);
    const uint64_t entries = eidc_image_info(before->image)->entries;

    return n > 0 && gone > EIDC_GUARD_ALWAYS_ALLOWED &&
           (double)gone * 1000.0 > (double)entries * g->max_shrink;
}

static void forget(struct eidc_guard *g)
{
    free(g->missing);
    g->missing = NULL;
    g->missing_count = 0;
    g->held = false;
    g->removals = 0;
    g->agreed = 0;
    g->sample[0] = '\0';
}

/* A few names, for people: not those that fill the line. */
static void show(struct eidc_guard *g, const struct eidc_record *held, size_t n)
{
    size_t used = 0, shown = 0;

    for (size_t i = 0; i < n && shown < 3; i++) {
        if (held[i].name.n > 60)
            continue;
        used += (size_t)snprintf(g->sample + used, sizeof g->sample - used, "%s%.*s",
                                 shown ? ", " : "", EIDC_STR_ARG(held[i].name));
        shown++;
    }
}

static void remember(struct eidc_guard *g, struct vanished *v, size_t held, uint32_t agreed)
{
    forget(g);
    g->held = true;
    g->removals = held;
    g->agreed = agreed;
    show(g, v->records, held);
    g->missing = v->at; /* taken */
    g->missing_count = v->n;
    v->at = NULL;
    qsort(g->missing, g->missing_count, sizeof *g->missing, by_entry);
}

bool eidc_guard_judge(struct eidc_guard *g, const struct eidc_generation *before,
                      const struct eidc_image *candidate, bool accept,
                      const struct eidc_build_options *build, struct eidc_image **kept,
                      struct eidc_err *err)
{
    struct vanished v = {0};
    uint32_t agreed;
    bool ok = true;

    *kept = NULL;
    if (before != NULL && !accept)
        eidc_diff(before->image, candidate, collect, &v, &(struct eidc_diff_counts){0});
    size_t unconfirmed = keep_unconfirmed(g, &v, &agreed);
    int64_t slot = slot_of(g, eidc_image_info(candidate)->created_at_ms);
    if (v.no_memory)
        ok = eidc_fail(err, EIDC_ERR_NOMEM, "no memory to compare with the image before");
    else if (before != NULL && !accept && too_many(g, before, slot, unconfirmed)) {
        ok = eidc_guard_hold(before, candidate, v.records, unconfirmed, build, kept, err);
        if (ok)
            remember(g, &v, unconfirmed, agreed);
    } else {
        forget(g);
        count_let_go(g, slot, unconfirmed);
    }
    g->let_go_confirmed = ok ? v.n - unconfirmed : 0;
    if (accept)
        memset(g->let_go, 0, sizeof g->let_go);
    free(v.at);
    free(v.records);
    return ok;
}

void eidc_guard_free(struct eidc_guard *g)
{
    forget(g);
}

void eidc_guard_inherit(struct eidc_guard *g, struct eidc_guard *from)
{
    forget(g);
    g->missing = from->missing;
    g->missing_count = from->missing_count;
    g->held = from->held;
    g->removals = from->removals;
    g->agreed = from->agreed;
    memcpy(g->sample, from->sample, sizeof g->sample);
    if (g->window_ms == from->window_ms)
        memcpy(g->let_go, from->let_go, sizeof g->let_go);
    from->missing = NULL;
    from->missing_count = 0;
}
