/*
 * GET /v1/changes: what came and went since a generation, or, with a wait, as soon as there is a
 * newer one. A generation that is not remembered, be it too old, or never known to this process, is
 * 410: the client reads everything again. A number from the future is that too. Waiting for it
 * would be wrong: after a start from an older snapshot it would come to mean another content.
 */
#include <inttypes.h>

#include "eidcached/base/clock.h"
#include "eidcached/base/mem.h"
#include "eidcached/http/direction.h"
#include "eidcached/http/freshness.h"
#include "eidcached/http/handlers.h"
#include "eidcached/http/negotiate.h"
#include "eidcached/http/parameters.h"
#include "eidcached/http/query.h"
#include "eidcached/http/stream.h"
#include "eidcached/refresh/publish.h"

struct list {
    struct eidc_stream stream;
    struct eidc_changes *changes;
    uint64_t since, generation;
    bool any; /* in this array */
};

/* The next change of one kind. Both lists are walked whole: that is cheaper than keeping one. */
static bool next_of(struct list *s, enum eidc_change kind, struct eidc_changed *one)
{
    bool any;
    do {
        any = eidc_changes_next(s->changes, one);
    } while (any && one->change != kind);
    return any;
}

static void write_object(struct list *s, const struct eidc_changed *one, struct eidc_buf *out)
{
    if (s->any)
        eidc_buf_add_byte(out, ',');
    eidc_direction_open(EIDC_FORWARD, one->name, one->eid, out);
    eidc_buf_add_byte(out, '}');
    s->any = true;
}

static void write_removed(struct eidc_stream *stream, struct eidc_buf *out)
{
    struct list *s = (struct list *)stream;
    struct eidc_changed one;
    if (next_of(s, EIDC_REMOVED, &one)) {
        write_object(s, &one, out);
        return;
    }
    eidc_buf_add_z(out, "]}\n");
    stream->next = NULL;
}

static void write_added(struct eidc_stream *stream, struct eidc_buf *out)
{
    struct list *s = (struct list *)stream;
    struct eidc_changed one;
    if (next_of(s, EIDC_ADDED, &one)) {
        write_object(s, &one, out);
        return;
    }
    eidc_buf_add_z(out, "],\"removed\":[");
    eidc_changes_rewind(s->changes);
    s->any = false;
    stream->next = write_removed;
}

static void write_beginning(struct eidc_stream *stream, struct eidc_buf *out)
{
    const struct list *s = (struct list *)stream;
    eidc_buf_addf(out, "{\"since\":%" PRIu64 ",\"generation\":%" PRIu64 ",\"added\":[", s->since,
                  s->generation);
    stream->next = write_added;
}

static void write_line(struct eidc_stream *stream, struct eidc_buf *out)
{
    struct eidc_changed one;
    if (!eidc_changes_next(((struct list *)stream)->changes, &one)) {
        stream->next = NULL;
        return;
    }
    eidc_buf_add_byte(out, one.change == EIDC_ADDED ? '+' : '-');
    eidc_buf_add_str(out, one.name);
    eidc_buf_add_byte(out, '\t');
    eidc_buf_add_str(out, one.eid);
    eidc_buf_add_byte(out, '\n');
}

static void destroy(struct eidc_stream *stream)
{
    eidc_changes_free(((struct list *)stream)->changes);
    free(stream);
}

static void answer_changes(struct eidc_request *r, struct eidc_changes *changes, uint64_t since)
{
    bool text = eidc_accept(r->headers.accept, EIDC_MEDIA_JSON) == EIDC_MEDIA_TEXT;
    struct list *s = eidc_xcalloc(1, sizeof(*s));
    *s = (struct list){.stream = {text ? write_line : write_beginning, destroy},
                       .changes = changes,
                       .since = since,
                       .generation = r->answer.generation};
    eidc_answer_stream(r, &s->stream, text ? EIDC_TYPE_TEXT : EIDC_TYPE_JSON);
}

struct question {
    bool any_since;
    uint64_t since;
    int64_t wait_ms;
};

/* False, with a 400 in r. */
static bool read_question(struct eidc_request *r, struct question *q)
{
    struct eidc_param param;
    *q = (struct question){0};
    q->any_since = eidc_query_find(r->query, "since", &param);
    if (q->any_since && !eidc_str_u64(param.value, UINT64_MAX, &q->since)) {
        eidc_answer_problem(r, 400, "since is the number of a generation");
        return false;
    }
    return eidc_parameter_wait(r, &q->wait_ms);
}

/* The generation is in r->answer. */
static void answer_question(struct eidc_request *r, const struct question *q)
{
    const uint64_t now = r->answer.generation;
    uint64_t since = q->any_since ? q->since : now;
    if (r->wait.over && !q->any_since)
        since = r->wait.past;
    if (since == now && q->wait_ms > 0 && !r->wait.over) {
        r->wait = (struct eidc_wait){.past = now, .until_ms = eidc_mono_ms() + q->wait_ms};
        return;
    }
    struct eidc_changes *changes = eidc_published_between(since, now);
    if (changes == NULL)
        eidc_answer_problem(r, 410,
                            "what changed from generation %" PRIu64 " to %" PRIu64
                            " is not known: read everything again, from /v1/names or "
                            "/v1/snapshot, and go on from its Eidcache-Generation",
                            since, now);
    else
        answer_changes(r, changes, since);
}

void eidc_handle_changes(struct eidc_request *r)
{
    struct question question;
    r->answer.no_store = r->answer.vary_accept = true;
    if (!read_question(r, &question))
        return;
    bool serves = eidc_answer_from(r, eidc_current_enter());
    eidc_current_leave();
    if (serves)
        answer_question(r, &question);
}
