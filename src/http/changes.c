/*
 * GET /v1/changes: what came and went since a generation, or, with a wait, as soon as there is a
 * newer one. A generation that is not remembered, be it too old, or never known to this process, is
 * 410: the client reads everything again. A number from the future is that too. Waiting for it
 * would be wrong: after a start from an older snapshot it would come to mean another content.
 */
#include <inttypes.h>

#include "eidcached/base/clock.h"
#include "eidcached/base/json.h"
#include "eidcached/base/mem.h"
#include "eidcached/http/freshness.h"
#include "eidcached/http/handlers.h"
#include "eidcached/http/negotiate.h"
#include "eidcached/http/query.h"
#include "eidcached/http/stream.h"
#include "eidcached/refresh/publish.h"

enum place { BEGINNING, AMONG_ADDED, AMONG_REMOVED, AMONG_LINES, AT_END };

struct list {
    struct eidc_stream stream;
    struct eidc_changes *changes;
    uint64_t since, generation;
    enum place place;
    bool any; /* in this array */
};

static void write_beginning(struct list *s, struct eidc_buf *out)
{
    eidc_buf_addf(out, "{\"since\":%" PRIu64 ",\"generation\":%" PRIu64 ",\"added\":[", s->since,
                  s->generation);
    s->place = AMONG_ADDED;
}

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
    eidc_buf_add_z(out, s->any ? ",{\"name\":" : "{\"name\":");
    eidc_json_quote(out, one->name);
    eidc_buf_add_z(out, ",\"eid\":");
    eidc_json_quote(out, one->eid);
    eidc_buf_add_byte(out, '}');
    s->any = true;
}

static void write_added(struct list *s, struct eidc_buf *out)
{
    struct eidc_changed one;
    if (next_of(s, EIDC_ADDED, &one)) {
        write_object(s, &one, out);
        return;
    }
    eidc_buf_add_z(out, "],\"removed\":[");
    eidc_changes_rewind(s->changes);
    s->any = false;
    s->place = AMONG_REMOVED;
}

static void write_removed(struct list *s, struct eidc_buf *out)
{
    struct eidc_changed one;
    if (next_of(s, EIDC_REMOVED, &one)) {
        write_object(s, &one, out);
        return;
    }
    eidc_buf_add_z(out, "]}\n");
    s->place = AT_END;
}

static void write_line(struct list *s, struct eidc_buf *out)
{
    struct eidc_changed one;
    if (!eidc_changes_next(s->changes, &one)) {
        s->place = AT_END;
        return;
    }
    eidc_buf_add_byte(out, one.change == EIDC_ADDED ? '+' : '-');
    eidc_buf_add_str(out, one.name);
    eidc_buf_add_byte(out, '\t');
    eidc_buf_add_str(out, one.eid);
    eidc_buf_add_byte(out, '\n');
}

static bool write_some(struct eidc_stream *stream, size_t want, struct eidc_buf *out)
{
    static void (*const steps[])(struct list *, struct eidc_buf *) = {
        [BEGINNING] = write_beginning,
        [AMONG_ADDED] = write_added,
        [AMONG_REMOVED] = write_removed,
        [AMONG_LINES] = write_line,
    };
    struct list *s = (struct list *)stream;
    size_t start = out->n;
    while (s->place != AT_END && out->n - start < want && !out->failed)
        steps[s->place](s, out);
    return s->place != AT_END;
}

static void destroy(struct eidc_stream *stream)
{
    eidc_changes_free(((struct list *)stream)->changes);
    free(stream);
}

static void answer_changes(struct eidc_request *r, struct eidc_changes *changes, uint64_t since)
{
    static const struct eidc_stream_ops ops = {write_some, destroy};
    bool text = eidc_accept(r->headers.accept, EIDC_MEDIA_JSON) == EIDC_MEDIA_TEXT;
    struct list *s = eidc_xcalloc(1, sizeof(*s));
    *s = (struct list){.stream.ops = &ops,
                       .changes = changes,
                       .since = since,
                       .generation = r->answer.generation,
                       .place = text ? AMONG_LINES : BEGINNING};
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
    if (eidc_query_find(r->query, "wait", &param) &&
        !eidc_query_duration(param.value, &q->wait_ms)) {
        eidc_answer_problem(r, 400, "wait is a duration like 30s, at most 1h");
        return false;
    }
    return true;
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
