#include <string.h>

#include "handle.h"

_Static_assert(EIDCACHE_EID_MAX > EIDC_EID_TEXT_MAX, "every EID fits with its NUL");
_Static_assert(sizeof(struct eidcache_text) == sizeof(struct eidc_str) &&
                   offsetof(struct eidcache_text, n) == offsetof(struct eidc_str, n),
               "keys of a batch are passed on as they are");

#define BATCH 32 /* as many as are worth fetching at once; their hits are on the stack */

/* Where the first value of a look-up goes. */
struct copy {
    char *out;
    size_t size;
    size_t *length;
    enum eidcache_result result;
};

static int copy_first(void *arg, const char *text, size_t length)
{
    struct copy *copy = arg;
    if (copy->length != NULL)
        *copy->length = length;
    copy->result = length < copy->size ? EIDCACHE_OK : EIDCACHE_TOO_SMALL;
    if (copy->result == EIDCACHE_OK) {
        memcpy(copy->out, text, length);
        copy->out[length] = '\0';
    }
    return 1;
}

enum eidcache_result eidcache_forward_all(const eidcache *cache, const char *name,
                                          size_t name_length, eidcache_each *each, void *arg)
{
    struct eidc_hold hold = eidc_live_hold(cache->live);
    struct eidc_hits hits;
    struct eidc_record record;
    char text[EIDC_EID_TEXT_MAX];
    bool found = eidc_image_forward(hold.image, (struct eidc_str){name, name_length}, &hits);
    while (found && eidc_hits_next(&hits, &record)) {
        if (each(arg, text, eidc_record_print_eid(hold.image, &record, text)) != 0)
            break;
    }
    eidc_live_release(cache->live, &hold);
    return found ? EIDCACHE_OK : EIDCACHE_MISS;
}

enum eidcache_result eidcache_reverse_all(const eidcache *cache, const char *eid, size_t eid_length,
                                          eidcache_each *each, void *arg)
{
    struct eidc_hold hold = eidc_live_hold(cache->live);
    struct eidc_hits hits;
    struct eidc_record record;
    bool found = eidc_image_reverse(hold.image, (struct eidc_str){eid, eid_length}, &hits);
    while (found && eidc_hits_next(&hits, &record)) {
        if (each(arg, record.name.p, record.name.n) != 0)
            break;
    }
    eidc_live_release(cache->live, &hold);
    return found ? EIDCACHE_OK : EIDCACHE_MISS;
}

enum eidcache_result eidcache_forward(const eidcache *cache, const char *name, size_t name_length,
                                      char *out, size_t out_size, size_t *out_length)
{
    struct copy copy = {out, out_size, out_length, EIDCACHE_MISS};
    eidcache_forward_all(cache, name, name_length, copy_first, &copy);
    return copy.result;
}

enum eidcache_result eidcache_reverse(const eidcache *cache, const char *eid, size_t eid_length,
                                      char *out, size_t out_size, size_t *out_length)
{
    struct copy copy = {out, out_size, out_length, EIDCACHE_MISS};
    eidcache_reverse_all(cache, eid, eid_length, copy_first, &copy);
    return copy.result;
}

/* A batch under way. */
struct many {
    const struct eidc_image *image;
    bool reverse, missed, stopped;
    eidcache_each_key *each;
    void *arg;
};

/* Reports what one key has. */
static void report(struct many *many, size_t index, struct eidc_hits *hits)
{
    struct eidc_record record;
    char text[EIDC_EID_TEXT_MAX];
    bool found = false;
    while (!many->stopped && eidc_hits_next(hits, &record)) {
        const struct eidc_str name = record.name;
        many->stopped = many->reverse
                            ? many->each(many->arg, index, name.p, name.n) != 0
                            : many->each(many->arg, index, text,
                                         eidc_record_print_eid(many->image, &record, text)) != 0;
        found = true;
    }
    if (!found) {
        many->missed = true;
        many->stopped = many->each(many->arg, index, NULL, 0) != 0;
    }
}

static enum eidcache_result look_up_many(const eidcache *cache, struct many *many,
                                         const struct eidcache_text *keys, size_t n)
{
    struct eidc_hold hold = eidc_live_hold(cache->live);
    struct eidc_hits hits[BATCH];
    many->image = hold.image;
    for (size_t at = 0; at < n && !many->stopped; at += BATCH) {
        size_t some = n - at < BATCH ? n - at : BATCH;
        const struct eidc_str *batch = (const struct eidc_str *)(keys + at);
        if (many->reverse)
            eidc_image_reverse_many(hold.image, batch, some, hits);
        else
            eidc_image_forward_many(hold.image, batch, some, hits);
        for (size_t i = 0; i < some && !many->stopped; i++)
            report(many, at + i, &hits[i]);
    }
    eidc_live_release(cache->live, &hold);
    return many->missed ? EIDCACHE_MISS : EIDCACHE_OK;
}

enum eidcache_result eidcache_forward_many(const eidcache *cache, const struct eidcache_text *names,
                                           size_t n, eidcache_each_key *each, void *arg)
{
    struct many many = {.each = each, .arg = arg};
    return look_up_many(cache, &many, names, n);
}

enum eidcache_result eidcache_reverse_many(const eidcache *cache, const struct eidcache_text *eids,
                                           size_t n, eidcache_each_key *each, void *arg)
{
    struct many many = {.reverse = true, .each = each, .arg = arg};
    return look_up_many(cache, &many, eids, n);
}

enum eidcache_result eidcache_scan(const eidcache *cache, const char *prefix, size_t prefix_length,
                                   const char *after, size_t after_length,
                                   eidcache_each_entry *each, void *arg)
{
    const struct eidc_str start = {prefix, prefix_length}, behind = {after, after_length};
    const bool skip = after != NULL && eidc_str_cmp(behind, start) >= 0;
    struct eidc_hold hold = eidc_live_hold(cache->live);
    struct eidc_cursor cursor = eidc_image_seek(hold.image, skip ? behind : start);
    struct eidc_record record;
    char text[EIDC_EID_TEXT_MAX];
    bool found = false;
    while (eidc_cursor_next(&cursor, &record) && eidc_str_starts(record.name, start)) {
        if (skip && eidc_str_eq(record.name, behind))
            continue;
        found = true;
        size_t n = eidc_record_print_eid(hold.image, &record, text);
        if (each(arg, record.name.p, record.name.n, text, n) != 0)
            break;
    }
    eidc_live_release(cache->live, &hold);
    return found ? EIDCACHE_OK : EIDCACHE_MISS;
}
