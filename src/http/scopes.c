/*
 * GET /v1/scopes: the scopes of a source that are served, in byte order, each with the time of its
 * last successful listing. That moves while the generation stays: there is nothing to compare with.
 */
#include "eidcached/base/json.h"
#include "eidcached/base/mem.h"
#include "eidcached/http/freshness.h"
#include "eidcached/http/handlers.h"
#include "eidcached/http/parameters.h"
#include "eidcached/http/stream.h"

struct scopes {
    struct eidc_stream stream;
    struct eidc_generation *pinned;
    struct eidc_buf source, after;
    uint64_t limit, written;
    uint32_t at; /* the next to write */
    struct eidc_str last;
};

static bool is_there(const struct scopes *s, struct eidc_scope *scope)
{
    return eidc_image_scope(s->pinned->image, s->at, scope) &&
           eidc_str_eq(scope->source, eidc_buf_view(&s->source));
}

static void write_end(struct scopes *s, bool more, struct eidc_buf *out)
{
    s->stream.next = NULL;
    eidc_buf_add_byte(out, ']');
    if (more) {
        eidc_buf_add_z(out, ",\"next\":");
        eidc_json_quote(out, s->last);
    }
    eidc_buf_add_z(out, "}\n");
}

static void write_scope(struct eidc_stream *stream, struct eidc_buf *out)
{
    struct scopes *s = (struct scopes *)stream;
    struct eidc_scope scope;
    bool more = is_there(s, &scope);
    if (!more || s->written == s->limit) {
        write_end(s, more, out);
        return;
    }
    if (s->written++ > 0)
        eidc_buf_add_byte(out, ',');
    struct eidc_json j = eidc_json_to(out);
    eidc_json_open_object(&j);
    eidc_json_put_str(&j, "name", scope.name);
    eidc_json_put_time(&j, "verified_at",
                       atomic_load_explicit(&s->pinned->as_of[s->at], memory_order_relaxed));
    eidc_json_close_object(&j);
    s->last = scope.name;
    s->at++;
}

static void write_beginning(struct eidc_stream *stream, struct eidc_buf *out)
{
    eidc_buf_add_z(out, "{\"scopes\":[");
    stream->next = write_scope;
}

static void destroy(struct eidc_stream *stream)
{
    struct scopes *s = (struct scopes *)stream;
    eidc_buf_free(&s->source);
    eidc_buf_free(&s->after);
    eidc_generation_unpin(s->pinned);
    free(s);
}

static void go_to_start(struct scopes *s)
{
    const struct eidc_image *image = s->pinned->image;
    struct eidc_scope first;
    s->at = eidc_image_seek_scope(image, eidc_buf_view(&s->source), eidc_buf_view(&s->after));
    if (s->after.n > 0 && is_there(s, &first) && eidc_str_eq(first.name, eidc_buf_view(&s->after)))
        s->at++;
}

/* False, with a 400 in r. */
static bool read_question(struct eidc_request *r, struct scopes *s)
{
    if (!eidc_parameter_text(r, "source", &s->source) ||
        !eidc_parameter_text(r, "after", &s->after) || !eidc_parameter_limit(r, &s->limit))
        return false;
    if (s->source.n == 0)
        eidc_answer_problem(r, 400, "source is the name of one, as /v1/status lists them");
    return s->source.n > 0;
}

/* False, with a 404 in r. A source may be there without a scope: nothing of it was listed yet. */
static bool find_source(struct eidc_request *r, struct scopes *s)
{
    struct eidc_str source = eidc_buf_view(&s->source);
    struct eidc_scope first;
    s->at = eidc_image_seek_scope(s->pinned->image, source, EIDC_STR(""));
    if (is_there(s, &first) || eidc_report_has_source(r->service->report, source))
        return true;
    eidc_answer_problem(r, 404, "there is no source %.*s", EIDC_STR_ARG(source));
    return false;
}

void eidc_handle_scopes(struct eidc_request *r)
{
    struct scopes *s = eidc_xcalloc(1, sizeof(*s));
    s->stream = (struct eidc_stream){write_beginning, destroy};
    s->pinned = eidc_current_pin();
    r->answer.no_store = true;
    bool good = read_question(r, s) && eidc_answer_from(r, s->pinned);
    r->answer.etag[0] = '\0';
    if (!good || !find_source(r, s)) {
        destroy(&s->stream);
        return;
    }
    go_to_start(s);
    eidc_answer_stream(r, &s->stream, EIDC_TYPE_JSON);
}
