#include "eidcached/http/batch_stream.h"

#include <inttypes.h>

#include "eidcached/base/json.h"
#include "eidcached/base/mem.h"
#include "eidcached/http/http_metrics.h"

#define GROUP 32 /* keys that are looked up side by side */

struct batch {
    struct eidc_stream stream;
    struct eidc_generation *pinned;
    struct eidc_keys keys;
    const struct eidc_direction_row *words;
    enum eidc_direction direction;
    bool text;
    struct eidc_str group[GROUP];
    struct eidc_hits hits[GROUP]; /* what is left of each; of the one before `at`, too */
    size_t count, at;             /* in the group */
    uint64_t found, missed;
};

static void write_line(struct eidc_str key, struct eidc_str value, struct eidc_buf *out)
{
    char *to = eidc_buf_reserve(out, key.n + value.n + 2);
    if (to == NULL)
        return;
    memcpy(to, key.p, key.n);
    to[key.n] = '\t';
    if (value.n > 0)
        memcpy(to + key.n + 1, value.p, value.n);
    to[key.n + 1 + value.n] = '\n';
    eidc_buf_commit(out, key.n + value.n + 2);
}

static eidc_stream_step write_value;

/* {"name":KEY,"eid":VALUE} or the beginning of a longer list. value.p NULL: a miss. */
static void write_object(struct batch *s, struct eidc_str key, struct eidc_str value,
                         struct eidc_hits *more, struct eidc_buf *out)
{
    struct eidc_hit hit;
    struct eidc_str second;
    if (s->found + s->missed > 1)
        eidc_buf_add_byte(out, ',');
    eidc_direction_open(s->direction, key, value, out);
    if (value.p == NULL || !eidc_hit_next(more, s->direction, &hit, &second)) {
        eidc_buf_add_byte(out, '}');
        return;
    }
    eidc_buf_add_str(out, s->words->before_values);
    eidc_json_quote(out, value);
    eidc_buf_add_byte(out, ',');
    eidc_json_quote(out, second);
    s->stream.next = write_value;
}

static void write_end(struct batch *s, struct eidc_buf *out)
{
    if (!s->text)
        eidc_buf_add_z(out, "]}\n");
    s->stream.next = NULL;
}

/* Looks up the next group. False: there is none. */
static bool take_group(struct batch *s, struct eidc_buf *out)
{
    struct eidc_err err;
    s->at = 0;
    if (!eidc_keys_next(&s->keys, s->group, GROUP, &s->count, &err)) {
        s->count = 0;
        out->failed = true; /* they were good when they were checked: no memory */
    }
    s->words->find_many(s->pinned->image, s->group, s->count, s->hits);
    return s->count > 0;
}

static void write_key(struct eidc_stream *stream, struct eidc_buf *out)
{
    struct batch *s = (struct batch *)stream;
    struct eidc_hit hit;
    struct eidc_str value = {0};
    if (s->at == s->count && !take_group(s, out)) {
        write_end(s, out);
        return;
    }
    struct eidc_str key = s->group[s->at];
    struct eidc_hits *hits = &s->hits[s->at++];
    bool found = eidc_hit_next(hits, s->direction, &hit, &value);
    s->found += found;
    s->missed += !found;
    if (s->text)
        write_line(key, value, out);
    else
        write_object(s, key, value, hits, out);
}

/* One key may have any number of values: they too are written one at a time. */
static void write_value(struct eidc_stream *stream, struct eidc_buf *out)
{
    struct batch *s = (struct batch *)stream;
    struct eidc_hit hit;
    struct eidc_str value;
    if (!eidc_hit_next(&s->hits[s->at - 1], s->direction, &hit, &value)) {
        eidc_buf_add(out, "]}", 2);
        stream->next = write_key;
        return;
    }
    eidc_buf_add_byte(out, ',');
    eidc_json_quote(out, value);
}

static void write_beginning(struct eidc_stream *stream, struct eidc_buf *out)
{
    const struct batch *s = (struct batch *)stream;
    eidc_buf_addf(out, "{\"generation\":%" PRIu64 ",\"results\":[",
                  eidc_image_info(s->pinned->image)->number);
    stream->next = write_key;
}

static void destroy(struct eidc_stream *stream)
{
    struct batch *s = (struct batch *)stream;
    eidc_http_count_lookups(s->direction, s->found, s->missed);
    eidc_keys_free(&s->keys);
    eidc_generation_unpin(s->pinned);
    free(s);
}

struct eidc_stream *eidc_batch_stream(struct eidc_generation *pinned, struct eidc_keys *keys,
                                      enum eidc_direction direction, enum eidc_media media)
{
    struct batch *s = eidc_xcalloc(1, sizeof(*s));
    s->pinned = pinned;
    s->keys = *keys;
    *keys = (struct eidc_keys){0};
    eidc_keys_rewind(&s->keys);
    s->words = &eidc_directions[direction];
    s->direction = direction;
    s->text = media == EIDC_MEDIA_TEXT;
    s->stream = (struct eidc_stream){s->text ? write_key : write_beginning, destroy};
    return &s->stream;
}
