#include "eidcached/http/http_request.h"

#include <stdlib.h>
#include <strings.h>

#include "eidcached/base/json.h"
#include "eidcached/http/stream.h"

#define KEPT_BUFFER_MAX (8ul * 1024) /* what a connection keeps between requests */
#define RETRY_AFTER_S   5
/* Answers up to this size are made whole and sent with their length; longer ones are streamed. */
#define WHOLE_ANSWER_MAX (256ul * 1024)

static void keep_small(struct eidc_buf *b)
{
    if (b->cap > KEPT_BUFFER_MAX)
        eidc_buf_free(b);
    eidc_buf_clear(b);
    b->limit = 0;
}

void eidc_excerpt_free(struct eidc_excerpt *excerpt)
{
    if (excerpt == NULL)
        return;
    eidc_generation_unpin(excerpt->pinned);
    free(excerpt);
}

/* Both belong to the answer that sends them once that is queued; see respond.c. */
static void drop_body(struct eidc_request *r)
{
    eidc_stream_free(r->answer.stream);
    eidc_excerpt_free(r->answer.excerpt);
    r->answer.stream = NULL;
    r->answer.excerpt = NULL;
}

static void drop_all(struct eidc_request *r)
{
    drop_body(r);
    free(r->wait.round);
    r->wait.round = NULL;
}

void eidc_request_reset(struct eidc_request *r)
{
    drop_all(r);
    keep_small(&r->uri);
    keep_small(&r->body);
    keep_small(&r->key);
    keep_small(&r->out);
    *r = (struct eidc_request){
        .service = r->service,
        .is_unix = r->is_unix,
        .is_loopback = r->is_loopback,
        .uri = r->uri,
        .body = r->body,
        .key = r->key,
        .out = r->out,
    };
}

void eidc_request_free(struct eidc_request *r)
{
    drop_all(r);
    eidc_buf_free(&r->uri);
    eidc_buf_free(&r->body);
    eidc_buf_free(&r->key);
    eidc_buf_free(&r->out);
}

/* "http://host:port/path": a server must take it (RFC 9112 section 3.2.2). */
static struct eidc_str cut_authority(struct eidc_request *r, struct eidc_str target)
{
    static const char *const schemes[] = {"http://", "https://"};
    for (size_t i = 0; i < 2; i++) {
        size_t n = strlen(schemes[i]);
        if (target.n < n || strncasecmp(target.p, schemes[i], n) != 0)
            continue;
        struct eidc_str rest = {target.p + n, target.n - n};
        size_t host = strcspn(rest.p, "/?");
        r->uri_host = (struct eidc_str){rest.p, host};
        return (struct eidc_str){rest.p + host, rest.n - host};
    }
    return target;
}

void eidc_request_set_uri(struct eidc_request *r, const char *uri)
{
    eidc_buf_clear(&r->uri);
    eidc_buf_add_z(&r->uri, uri);
    struct eidc_str target = eidc_buf_view(&r->uri);
    if (*uri != '/')
        target = cut_authority(r, target);
    const char *mark = target.n > 0 ? memchr(target.p, '?', target.n) : NULL;
    r->path = target;
    r->query = EIDC_STR("");
    if (mark != NULL) {
        r->path.n = (size_t)(mark - target.p);
        r->query = (struct eidc_str){mark + 1, target.n - r->path.n - 1};
    }
    if (r->path.n == 0)
        r->path = EIDC_STR("/");
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
    drop_body(r);
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
    if (eidc_stream_write(stream, WHOLE_ANSWER_MAX, &r->out))
        r->answer.stream = stream;
    else
        eidc_stream_free(stream);
}
