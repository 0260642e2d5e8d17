/* A binary heap: the children of i are 2i + 1 and 2i + 2, and no child is before its parent. */
#include "eidcached/net/timers.h"

#include "eidcached/base/mem.h"

static bool before(const struct eidc_timer *a, const struct eidc_timer *b)
{
    return a->due != b->due ? a->due < b->due : a->order < b->order;
}

static void swap(struct eidc_timer *a, struct eidc_timer *b)
{
    struct eidc_timer t = *a;
    *a = *b;
    *b = t;
}

void eidc_timers_add(struct eidc_timers *timers, int64_t due, eidc_http_timer *fire, void *arg)
{
    if (timers->n == timers->cap) {
        timers->cap = timers->cap == 0 ? 16 : 2 * timers->cap;
        timers->heap = eidc_xrealloc(timers->heap, timers->cap, sizeof(*timers->heap));
    }
    struct eidc_timer *heap = timers->heap;
    size_t i = timers->n++;
    heap[i] = (struct eidc_timer){.due = due, .order = timers->added++, .fire = fire, .arg = arg};
    for (; i > 0 && before(&heap[i], &heap[(i - 1) / 2]); i = (i - 1) / 2)
        swap(&heap[i], &heap[(i - 1) / 2]);
}

int64_t eidc_timers_next(const struct eidc_timers *timers)
{
    return timers->n == 0 ? INT64_MAX : timers->heap[0].due;
}

static struct eidc_timer take_first(struct eidc_timers *timers)
{
    struct eidc_timer *heap = timers->heap;
    struct eidc_timer first = heap[0];
    heap[0] = heap[--timers->n];
    for (size_t i = 0;;) {
        size_t least = i;
        for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < timers->n; child++)
            if (before(&heap[child], &heap[least]))
                least = child;
        if (least == i)
            return first;
        swap(&heap[i], &heap[least]);
        i = least;
    }
}

bool eidc_timers_run(struct eidc_timers *timers, int64_t now)
{
    bool fired = false;
    uint64_t added = timers->added;
    while (timers->n > 0 && timers->heap[0].due <= now && timers->heap[0].order < added) {
        struct eidc_timer timer = take_first(timers);
        timer.fire(timer.arg);
        fired = true;
    }
    return fired;
}

void eidc_timers_clear(struct eidc_timers *timers)
{
    free(timers->heap);
    *timers = (struct eidc_timers){.added = timers->added}; /* may happen inside a run */
}
