/*
 * GET /v1/names: a page of names in byte order, each with its EIDs. The limit is of names, so that
 * a page never ends among the EIDs of one, and its last name is the `after` of the next page.
 */
#include "eidcached/base/json.h"
#include "eidcached/base/mem.h"
#include "eidcached/http/direction.h"
#include "eidcached/http/freshness.h"
#include "eidcached/http/handlers.h"
#include "eidcached/http/negotiate.h"
#include "eidcached/http/parameters.h"
#include "eidcached/http/stream.h"

struct names {
    struct eidc_stream stream;
    struct eidc_generation *pinned;
    struct eidc_buf prefix, after;
    uint64_t limit;

    bool text;
    struct eidc_cursor at; /* behind `record` */
    struct eidc_record record;
    bool any;             /* `record` is one, the next to write */
    struct eidc_str last; /* the name written last */
    uint64_t written;     /* names */
};

/* A record's EID as text. */
static struct eidc_str print_eid(const struct names *s, char to[static EIDC_EID_TEXT_MAX])
{
    return eidc_record_eid_text(s->pinned->image, &s->record, to);
}

static void next_record(struct names *s)
{
    s->any = eidc_cursor_next(&s->at, &s->record) &&
             eidc_str_starts(s->record.name, eidc_buf_view(&s->prefix));
}

static bool same_name(const struct names *s)
{
    return s->any && eidc_str_eq(s->record.name, s->last);
}

static void go_to_start(struct names *s)
{
    struct eidc_str prefix = eidc_buf_view(&s->prefix), after = eidc_buf_view(&s->after);
    bool behind = eidc_str_cmp(after, prefix) >= 0;
    s->at = eidc_image_seek(s->pinned->image, behind ? after : prefix);
    s->last = after;
    do {
        next_record(s);
    } while (same_name(s) && after.n > 0);
}

static void write_end(struct names *s, struct eidc_buf *out)
{
    s->stream.next = NULL;
    if (s->text)
        return;
    eidc_buf_add_byte(out, ']');
    if (s->any) {
        eidc_buf_add_z(out, ",\"next\":");
        eidc_json_quote(out, s->last);
    }
    eidc_buf_add_z(out, "}\n");
}

static void write_line(struct names *s, struct eidc_buf *out)
{
    char eid[EIDC_EID_TEXT_MAX];
    eidc_buf_add_str(out, s->record.name);
    eidc_buf_add_byte(out, '\t');
    eidc_buf_add_str(out, print_eid(s, eid));
    eidc_buf_add_byte(out, '\n');
    next_record(s);
}

static eidc_stream_step write_eid;

/* {"name":NAME,"eid":EID} or the beginning of a longer list. */
static void write_object(struct names *s, struct eidc_buf *out)
{
    char text[EIDC_EID_TEXT_MAX];
    struct eidc_str eid = print_eid(s, text);
    if (s->written > 1)
        eidc_buf_add_byte(out, ',');
    eidc_direction_open(EIDC_FORWARD, s->record.name, eid, out);
    next_record(s);
    if (!same_name(s)) {
        eidc_buf_add_byte(out, '}');
        return;
    }
    eidc_buf_add_str(out, eidc_directions[EIDC_FORWARD].before_values);
    eidc_json_quote(out, eid);
    s->stream.next = write_eid;
}

static void write_name(struct eidc_stream *stream, struct eidc_buf *out)
{
    struct names *s = (struct names *)stream;
    bool fresh = !same_name(s) || s->written == 0;
    if (!s->any || (fresh && s->written == s->limit)) {
        write_end(s, out);
        return;
    }
    s->last = s->record.name;
    s->written += fresh;
    if (s->text)
        write_line(s, out);
    else
        write_object(s, out);
}

/* One name may have any number of EIDs: they too are written one at a time. */
static void write_eid(struct eidc_stream *stream, struct eidc_buf *out)
{
    struct names *s = (struct names *)stream;
    char eid[EIDC_EID_TEXT_MAX];
    if (!same_name(s)) {
        eidc_buf_add_z(out, "]}");
        stream->next = write_name;
        return;
    }
    eidc_buf_add_byte(out, ',');
    eidc_json_quote(out, print_eid(s, eid));
    next_record(s);
}

static void write_beginning(struct eidc_stream *stream, struct eidc_buf *out)
{
    eidc_buf_add_z(out, "{\"names\":[");
    stream->next = write_name;
}

static void destroy(struct eidc_stream *stream)
{
    struct names *s = (struct names *)stream;
    eidc_buf_free(&s->prefix);
    eidc_buf_free(&s->after);
    eidc_generation_unpin(s->pinned);
    free(s);
}

void eidc_handle_names(struct eidc_request *r)
{
    struct names *s = eidc_xcalloc(1, sizeof(*s));
    s->text = eidc_accept(r->headers.accept, EIDC_MEDIA_JSON) == EIDC_MEDIA_TEXT;
    s->stream = (struct eidc_stream){s->text ? write_name : write_beginning, destroy};
    r->answer.vary_accept = true;
    s->pinned = eidc_current_pin();
    if (!eidc_parameter_text(r, "prefix", &s->prefix) ||
        !eidc_parameter_text(r, "after", &s->after) || !eidc_parameter_limit(r, &s->limit) ||
        !eidc_answer_from(r, s->pinned) || eidc_not_modified(r)) {
        destroy(&s->stream);
        return;
    }
    go_to_start(s);
    eidc_answer_stream(r, &s->stream, s->text ? EIDC_TYPE_TEXT : EIDC_TYPE_JSON);
}
