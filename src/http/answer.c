#include "eidcached/http/answer.h"

#include <stdlib.h>

#include "eidcached/base/json.h"
#include "eidcached/http/http_request.h"
#include "eidcached/http/stream.h"

#define RETRY_AFTER_S 5
/* Answers up to this size are made whole and sent with their length; longer ones are streamed. */
#define WHOLE_ANSWER_MAX (256ul * 1024)

void eidc_excerpt_free(struct eidc_excerpt *excerpt)
{
    if (excerpt == NULL)
        return;
    eidc_generation_unpin(excerpt->pinned);
    free(excerpt);
}

void eidc_answer_drop_body(struct eidc_answer *answer)
{
    eidc_stream_free(answer->stream);
    eidc_excerpt_free(answer->excerpt);
    answer->stream = NULL;
    answer->excerpt = NULL;
}

static const char *title_of(unsigned status)
{
    static const struct {
        unsigned status;
        const char *title;
    } titles[] = {
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {410, "Gone"},
        {413, "Content Too Large"},
        {415, "Unsupported Media Type"},
        {416, "Range Not Satisfiable"},
        {503, "Service Unavailable"},
    };
    for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]); i++) {
        if (titles[i].status == status)
            return titles[i].title;
    }
    return "Error";
}

static void answer_problem(struct eidc_request *r, unsigned status, struct eidc_str detail)
{
    eidc_answer_drop_body(&r->answer);
    eidc_buf_clear(&r->out);
    struct eidc_json j = eidc_json_to(&r->out);
    eidc_json_open_object(&j);
    eidc_json_put_z(&j, "type", "about:blank");
    eidc_json_put_z(&j, "title", title_of(status));
    eidc_json_put_u64(&j, "status", status);
    eidc_json_put_str(&j, "detail", detail);
    eidc_json_close_object(&j);
    eidc_buf_add_byte(&r->out, '\n');
    r->answer.status = status;
    r->answer.content_type = EIDC_TYPE_PROBLEM;
    r->answer.gzip = r->answer.reusable = false;
}

void eidc_answer_problem(struct eidc_request *r, unsigned status, const char *fmt, ...)
{
    EIDC_BUF_AUTO detail = {0};
    va_list ap;
    va_start(ap, fmt);
    eidc_buf_addv(&detail, fmt, ap);
    va_end(ap);
    answer_problem(r, status, eidc_buf_view(&detail));
}

void eidc_answer_unavailable(struct eidc_request *r, const char *fmt, ...)
{
    EIDC_BUF_AUTO detail = {0};
    va_list ap;
    va_start(ap, fmt);
    eidc_buf_addv(&detail, fmt, ap);
    va_end(ap);
    answer_problem(r, 503, eidc_buf_view(&detail));
    r->answer.retry_after_s = RETRY_AFTER_S;
}

void eidc_answer_stream(struct eidc_request *r, struct eidc_stream *stream,
                        const char *content_type)
{
    r->answer.status = 200;
    r->answer.content_type = content_type;
    size_t whole = r->wait.over ? EIDC_AWAITED_PIECE : WHOLE_ANSWER_MAX;
    if (eidc_stream_write(stream, whole, &r->out))
        r->answer.stream = stream;
    else
        eidc_stream_free(stream);
}
