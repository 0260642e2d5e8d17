/*
 * How a generation stays alive: the publisher holds one reference to what it published and drops
 * it after a grace period, when no read section can still see it. So a generation seen inside a
 * read section always has at least that one reference, and pin may just add its own.
 */
#include "eidcached/core/current.h"

#include <urcu-bp.h>

#include "eidcached/base/mem.h"

/*
 * ThreadSanitizer cannot see into liburcu. These tell it the two orderings that read-copy-update
 * guarantees: what was written before a publish is seen after the reader's dereference, and what
 * a reader did in its section is over when synchronize_rcu returns. It checks all the rest.
 */
#if defined(__SANITIZE_THREAD__)
#define EIDC_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define EIDC_TSAN 1
#endif
#endif

#ifdef EIDC_TSAN
#include <sanitizer/tsan_interface.h>
static char published_mark, read_mark;
static void tell_published(void)
{
    __tsan_release(&published_mark);
}
static void tell_seen(void)
{
    __tsan_acquire(&published_mark);
}
static void tell_read(void)
{
    __tsan_release(&read_mark);
}
static void tell_grace_over(void)
{
    __tsan_acquire(&read_mark);
}
#else
static inline void tell_published(void)
{
}
static inline void tell_seen(void)
{
}
static inline void tell_read(void)
{
}
static inline void tell_grace_over(void)
{
}
#endif

static struct eidc_generation *current;

struct eidc_generation *eidc_generation_new(struct eidc_image *image)
{
    const struct eidc_image_info *info = eidc_image_info(image);
    struct eidc_generation *g = eidc_xcalloc(1, sizeof *g);
    g->image = image;
    g->as_of = eidc_xcalloc(info->scopes, sizeof *g->as_of);
    g->unconfirmed = eidc_xcalloc(info->scopes, sizeof *g->unconfirmed);
    atomic_init(&g->references, 1);
    for (uint32_t i = 0; i < info->scopes; i++) {
        struct eidc_scope scope = {0};
        eidc_image_scope(image, i, &scope); /* a damaged one stays "never" */
        atomic_init(&g->as_of[i], scope.as_of_ms);
    }
    eidc_generation_settle(g, info->created_at_ms);
    return g;
}

struct eidc_generation *eidc_generation_move(const struct eidc_generation *from,
                                             struct eidc_image *image)
{
    struct eidc_generation *g = eidc_generation_new(image);
    uint32_t scopes = eidc_image_info(from->image)->scopes;
    for (uint32_t i = 0; i < scopes; i++) {
        eidc_generation_confirm(g, i, atomic_load_explicit(&from->as_of[i], memory_order_relaxed));
        g->unconfirmed[i] = from->unconfirmed[i];
    }
    atomic_init(&g->refreshed_at, atomic_load(&from->refreshed_at));
    atomic_init(&g->verified_at, atomic_load(&from->verified_at));
    atomic_init(&g->partial, atomic_load(&from->partial));
    g->requests = from->requests;
    return g;
}

static void generation_free(struct eidc_generation *g)
{
    eidc_image_free(g->image);
    free(g->as_of);
    free(g->unconfirmed);
    free(g);
}

void eidc_generation_confirm(struct eidc_generation *g, uint32_t scope, int64_t as_of_ms)
{
    if (scope < eidc_image_info(g->image)->scopes)
        atomic_store_explicit(&g->as_of[scope], as_of_ms, memory_order_relaxed);
}

void eidc_generation_settle(struct eidc_generation *g, int64_t otherwise)
{
    uint32_t scopes = eidc_image_info(g->image)->scopes;
    int64_t oldest = scopes == 0 ? otherwise : INT64_MAX;
    for (uint32_t i = 0; i < scopes; i++) {
        int64_t as_of = atomic_load_explicit(&g->as_of[i], memory_order_relaxed);
        oldest = as_of < oldest ? as_of : oldest;
    }
    atomic_store_explicit(&g->verified_at, oldest, memory_order_relaxed);
}

static bool lower(_Atomic int64_t *time, int64_t most)
{
    if (atomic_load_explicit(time, memory_order_relaxed) <= most)
        return false;
    atomic_store_explicit(time, most, memory_order_relaxed);
    return true;
}

bool eidc_generation_not_after(struct eidc_generation *g, int64_t now_ms)
{
    uint32_t scopes = eidc_image_info(g->image)->scopes;
    bool lowered = lower(&g->refreshed_at, now_ms);
    for (uint32_t i = 0; i < scopes; i++)
        lowered |= lower(&g->as_of[i], now_ms);
    return lowered | lower(&g->verified_at, now_ms);
}

int64_t eidc_generation_record_as_of(const struct eidc_generation *g,
                                     const struct eidc_record *record)
{
    struct eidc_scope_cursor scopes = eidc_record_scopes(g->image, record);
    int64_t newest = 0;
    uint32_t scope;
    if (scopes.left == 0)
        return atomic_load_explicit(&g->verified_at, memory_order_relaxed);
    while (eidc_scope_cursor_next(&scopes, &scope)) {
        int64_t as_of = atomic_load_explicit(&g->as_of[scope], memory_order_relaxed);
        newest = as_of > newest ? as_of : newest;
    }
    return newest;
}

void eidc_current_publish(struct eidc_generation *fresh)
{
    tell_published();
    struct eidc_generation *old = rcu_xchg_pointer(&current, fresh);
    synchronize_rcu(); /* no reader can still see old */
    tell_grace_over();
    eidc_generation_unpin(old);
}

struct eidc_generation *eidc_current_enter(void)
{
    rcu_read_lock();
    struct eidc_generation *g = rcu_dereference(current);
    tell_seen();
    return g;
}

void eidc_current_leave(void)
{
    tell_read();
    rcu_read_unlock();
}

struct eidc_generation *eidc_current_pin(void)
{
    struct eidc_generation *g = eidc_current_enter();
    if (g != NULL)
        atomic_fetch_add_explicit(&g->references, 1, memory_order_relaxed);
    eidc_current_leave();
    return g;
}

void eidc_generation_unpin(struct eidc_generation *g)
{
    if (g != NULL && atomic_fetch_sub_explicit(&g->references, 1, memory_order_acq_rel) == 1)
        generation_free(g);
}
