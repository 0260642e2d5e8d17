/*
 * A step is a list of packed changes in order, and what happened over several of them is a merge
 * of their lists. An entry's changes alternate from step to step, so that the first and the last
 * one tell what is left of them all: nothing, when they differ.
 */
#include "eidcached/core/change_log.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "eidcached/base/mem.h"

#define BYTES_MIN   (1ul << 20)
#define IMAGE_SHARE 8

struct eidc_step {
    uint64_t from, to;
    atomic_uint references;
    size_t n;
    char bytes[];
};

/* In front of the name and the EID. */
struct packed {
    uint16_t name_n, eid_n;
    uint8_t change;
};

static void step_unpin(struct eidc_step *step)
{
    if (step != NULL && atomic_fetch_sub(&step->references, 1) == 1)
        free(step);
}

static size_t size_of(const struct eidc_step *step)
{
    return sizeof(*step) + step->n;
}

/* The bytes are kept in a block that may not grow beyond what the log may hold: `failed` says that
 * it would have. The others are still counted. */
static bool pack(void *arg, enum eidc_change change, const struct eidc_image *of,
                 const struct eidc_record *record)
{
    struct eidc_buf *to = arg;
    char eid[EIDC_EID_TEXT_MAX];
    const struct packed head = {(uint16_t)record->name.n,
                                (uint16_t)eidc_record_print_eid(of, record, eid), (uint8_t)change};
    char *p = eidc_buf_reserve(to, sizeof(head) + head.name_n + head.eid_n);
    if (p == NULL)
        return true;
    memcpy(p, &head, sizeof(head));
    memcpy(p + sizeof(head), record->name.p, head.name_n);
    memcpy(p + sizeof(head) + head.name_n, eid, head.eid_n);
    eidc_buf_commit(to, sizeof(head) + head.name_n + head.eid_n);
    return true;
}

/* NULL: too large, or no memory. */
static struct eidc_step *make_step(const struct eidc_image *before, const struct eidc_image *after,
                                   size_t limit, struct eidc_diff_counts *counts)
{
    const struct eidc_image_info *old = eidc_image_info(before), *new = eidc_image_info(after);
    EIDC_BUF_AUTO bytes = {.limit = limit};
    if (strcmp(old->id, new->id) != 0) /* else only the number is another */
        eidc_diff(before, after, pack, &bytes, counts);
    struct eidc_step *step = bytes.failed ? NULL : malloc(sizeof(*step) + bytes.n);
    if (step == NULL)
        return NULL;
    step->from = old->number;
    step->to = new->number;
    step->n = bytes.n;
    atomic_init(&step->references, 1);
    memcpy(step->bytes, eidc_buf_view(&bytes).p, bytes.n);
    return step;
}

static struct eidc_step *step_at(const struct eidc_change_log *log, size_t i)
{
    return log->steps[(log->first + i) % EIDC_CHANGE_LOG_STEPS];
}

static void forget_first(struct eidc_change_log *log)
{
    struct eidc_step *step = step_at(log, 0);
    log->bytes -= size_of(step);
    log->first = (log->first + 1) % EIDC_CHANGE_LOG_STEPS;
    log->count--;
    step_unpin(step);
}

/* The lock is held. */
static void remember(struct eidc_change_log *log, struct eidc_step *step, size_t limit)
{
    while (log->count > 0 && (step == NULL || log->count == EIDC_CHANGE_LOG_STEPS ||
                              log->bytes + size_of(step) > limit))
        forget_first(log);
    if (step == NULL)
        return;
    log->steps[(log->first + log->count++) % EIDC_CHANGE_LOG_STEPS] = step;
    log->bytes += size_of(step);
}

void eidc_change_log_add(struct eidc_change_log *log, const struct eidc_image *before,
                         const struct eidc_image *after, struct eidc_diff_counts *counts)
{
    const size_t limit = BYTES_MIN + eidc_image_block(after).n / IMAGE_SHARE;
    struct eidc_diff_counts counted = {
        .added = before == NULL ? eidc_image_info(after)->entries : 0,
    };
    struct eidc_step *step =
        before != NULL ? make_step(before, after, limit - sizeof(*step), &counted) : NULL;
    pthread_mutex_lock(&log->lock);
    remember(log, step, limit);
    pthread_mutex_unlock(&log->lock);
    if (counts != NULL)
        *counts = counted;
}

/* A step that is walked. */
struct walk {
    struct eidc_step *step;
    size_t at; /* behind `now` */
    struct eidc_changed now;
};

struct eidc_changes {
    size_t count;
    struct walk *walks; /* in order of time */
    size_t *heap, left; /* indexes of those that are not at their end, the least in front */
};

static int order(const struct eidc_changed *a, const struct eidc_changed *b)
{
    int by_name = eidc_str_cmp(a->name, b->name);
    return by_name != 0 ? by_name : eidc_str_cmp(a->eid, b->eid);
}

/* Of one entry the earlier change is before the later. */
static bool is_before(const struct eidc_changes *c, size_t a, size_t b)
{
    int entries = order(&c->walks[a].now, &c->walks[b].now);
    return entries != 0 ? entries < 0 : a < b;
}

static bool walk_next(struct walk *w)
{
    struct packed head;
    const char *p = w->step->bytes + w->at;
    if (w->at == w->step->n)
        return false;
    memcpy(&head, p, sizeof(head));
    p += sizeof(head);
    w->now = (struct eidc_changed){
        (enum eidc_change)head.change, {p, head.name_n}, {p + head.name_n, head.eid_n}};
    w->at += sizeof(head) + head.name_n + head.eid_n;
    return true;
}

static void sink(struct eidc_changes *c, size_t at)
{
    for (size_t child = 2 * at + 1; child < c->left; child = 2 * at + 1) {
        if (child + 1 < c->left && is_before(c, c->heap[child + 1], c->heap[child]))
            child++;
        if (!is_before(c, c->heap[child], c->heap[at]))
            return;
        size_t parent = c->heap[at];
        c->heap[at] = c->heap[child];
        c->heap[child] = parent;
        at = child;
    }
}

/* The least change goes, the next one of its step takes part. */
static void pop(struct eidc_changes *c)
{
    if (!walk_next(&c->walks[c->heap[0]]))
        c->heap[0] = c->heap[--c->left];
    sink(c, 0);
}

void eidc_changes_rewind(struct eidc_changes *c)
{
    c->left = 0;
    for (size_t i = 0; i < c->count; i++) {
        c->walks[i].at = 0;
        if (walk_next(&c->walks[i]))
            c->heap[c->left++] = i;
    }
    for (size_t i = c->left / 2; i-- > 0;)
        sink(c, i);
}

bool eidc_changes_next(struct eidc_changes *c, struct eidc_changed *out)
{
    while (c->left > 0) {
        struct eidc_changed first = c->walks[c->heap[0]].now, last = first;
        for (pop(c); c->left > 0; pop(c)) {
            const struct eidc_changed *next = &c->walks[c->heap[0]].now;
            if (order(next, &first) != 0)
                break;
            last = *next;
        }
        if (first.change == last.change) {
            *out = last;
            return true;
        }
    }
    return false;
}

/* The index of the step that begins (or ends) with a generation; count: there is none. */
static size_t find(const struct eidc_change_log *log, uint64_t number, bool end)
{
    size_t i = 0;
    while (i < log->count && (end ? step_at(log, i)->to : step_at(log, i)->from) != number)
        i++;
    return i;
}

struct eidc_changes *eidc_changes_between(struct eidc_change_log *log, uint64_t from, uint64_t to)
{
    struct eidc_changes *c = eidc_xcalloc(1, sizeof(*c));
    pthread_mutex_lock(&log->lock);
    size_t first = find(log, from, false), last = find(log, to, true);
    bool known = from == to || (first <= last && last < log->count);
    c->count = from != to && known ? last - first + 1 : 0;
    c->walks = eidc_xcalloc(c->count + 1, sizeof(*c->walks));
    for (size_t i = 0; i < c->count; i++) {
        c->walks[i].step = step_at(log, first + i);
        atomic_fetch_add(&c->walks[i].step->references, 1);
    }
    pthread_mutex_unlock(&log->lock);
    if (!known) {
        eidc_changes_free(c);
        return NULL;
    }
    c->heap = eidc_xcalloc(c->count + 1, sizeof(*c->heap));
    eidc_changes_rewind(c);
    return c;
}

void eidc_changes_free(struct eidc_changes *c)
{
    if (c == NULL)
        return;
    for (size_t i = 0; i < c->count; i++)
        step_unpin(c->walks[i].step);
    free(c->walks);
    free(c->heap);
    free(c);
}
