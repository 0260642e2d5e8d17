#include "eidcached/http/respond.h"

#include <inttypes.h>
#include <microhttpd.h>
#include <stdio.h>

#include "eidcached/base/mem.h"
#include "eidcached/http/prepared.h"
#include "eidcached/http/stream.h"

#define BLOCK_BYTES (64ul * 1024)

/* A streamed answer on its way. */
struct sending {
    struct eidc_stream *stream;
    struct eidc_buf block;
    size_t sent; /* of the block */
    bool more;   /* behind the block */
};

static ssize_t send_some(void *arg, uint64_t position, char *to, size_t max)
{
    struct sending *s = arg;
    (void)position;
    if (s->sent == s->block.n && s->more) {
        eidc_buf_clear(&s->block);
        s->sent = 0;
        s->more = eidc_stream_write(s->stream, max, &s->block);
    }
    if (s->block.failed)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    size_t n = s->block.n - s->sent < max ? s->block.n - s->sent : max;
    if (n == 0)
        return MHD_CONTENT_READER_END_OF_STREAM;
    memcpy(to, s->block.p + s->sent, n);
    s->sent += n;
    return (ssize_t)n;
}

static void sending_free(void *arg)
{
    struct sending *s = arg;
    eidc_stream_free(s->stream);
    eidc_buf_free(&s->block);
    free(s);
}

/* Takes the stream and the beginning of the answer out of the request. */
static struct MHD_Response *streamed(struct eidc_request *r)
{
    struct sending *s = eidc_xcalloc(1, sizeof(*s));
    *s = (struct sending){.stream = r->answer.stream, .block = r->out, .more = true};
    r->answer.stream = NULL;
    r->out = (struct eidc_buf){0};
    struct MHD_Response *response = MHD_create_response_from_callback(
        MHD_SIZE_UNKNOWN, r->wait.over ? EIDC_AWAITED_PIECE : BLOCK_BYTES, send_some, s,
        sending_free);
    if (response == NULL)
        sending_free(s);
    return response;
}

static void add(struct MHD_Response *response, const char *name, const char *value)
{
    if (value != NULL)
        MHD_add_response_header(response, name, value);
}

static void excerpt_free(void *arg)
{
    eidc_excerpt_free(arg);
}

/* Takes the excerpt out of the request. Nothing is copied: libmicrohttpd sends from the image. */
static struct MHD_Response *excerpted(struct eidc_request *r)
{
    struct eidc_excerpt *e = r->answer.excerpt;
    struct eidc_str block = eidc_image_block(e->pinned->image);
    char text[96];
    const struct MHD_IoVec bytes = {block.p + e->from, e->n};
    struct MHD_Response *response = MHD_create_response_from_iovec(&bytes, 1, excerpt_free, e);
    if (response == NULL)
        return NULL;
    r->answer.excerpt = NULL;
    snprintf(text, sizeof(text), "attachment; filename=\"%s\"", e->filename);
    add(response, "Content-Disposition", text);
    add(response, "Accept-Ranges", "bytes");
    snprintf(text, sizeof(text), "bytes %" PRIu64 "-%" PRIu64 "/%zu", e->from, e->from + e->n - 1,
             block.n);
    add(response, "Content-Range", e->whole ? NULL : text);
    return response;
}

static struct MHD_Response *whole(struct eidc_request *r)
{
    return MHD_create_response_from_buffer(r->out.n, r->out.p, MHD_RESPMEM_PERSISTENT);
}

static struct MHD_Response *made_of(struct eidc_request *r)
{
    if (r->answer.stream != NULL)
        return streamed(r);
    return r->answer.excerpt != NULL ? excerpted(r) : whole(r);
}

const char *eidc_respond_number(uint64_t value, char text[EIDC_NUMBER_TEXT])
{
    size_t at = EIDC_NUMBER_TEXT - 1;
    text[at] = '\0';
    do
        text[--at] = (char)('0' + value % 10);
    while ((value /= 10) != 0);
    return text + at;
}

static void add_number(struct MHD_Response *response, const char *name, uint64_t value)
{
    char text[EIDC_NUMBER_TEXT];
    add(response, name, eidc_respond_number(value, text));
}

void eidc_respond_headers(struct MHD_Response *response, const struct eidc_answer *a)
{
    add(response, "Content-Type", a->content_type);
    add(response, "Content-Encoding", a->gzip ? "gzip" : NULL);
    add(response, "X-Content-Type-Options", "nosniff");
    add(response, "Vary", a->vary_accept ? "Accept" : NULL);
    add(response, "Cache-Control", a->no_store ? "no-store" : NULL);
    add(response, "Allow", a->allow);
    add(response, "WWW-Authenticate", a->www_authenticate ? "Bearer realm=\"eidcached\"" : NULL);
    add(response, "Connection", a->close ? "close" : NULL);
    add(response, "ETag", a->etag[0] != '\0' ? a->etag : NULL);
    if (a->has_generation) {
        add_number(response, "Eidcache-Generation", a->generation);
        add_number(response, "Age", (uint64_t)a->age_s);
    }
    if (a->unsatisfied != 0) {
        char range[40];
        snprintf(range, sizeof(range), "bytes */%" PRIu64, a->unsatisfied);
        add(response, "Content-Range", range);
    }
    if (a->retry_after_s != 0)
        add_number(response, "Retry-After", a->retry_after_s);
    for (const struct eidc_header *h = a->headers; h != NULL && h->name != NULL; h++)
        add(response, h->name, h->value);
}

bool eidc_respond(struct MHD_Connection *connection, struct eidc_request *r,
                  struct eidc_prepared **prepared)
{
    if (r->out.failed) {
        eidc_buf_free(&r->out);
        eidc_answer_unavailable(r, "out of memory");
    }
    *prepared = eidc_prepared_take(r);
    if (*prepared != NULL)
        return MHD_queue_response(connection, r->answer.status,
                                  eidc_prepared_response(*prepared)) == MHD_YES;
    struct MHD_Response *response = made_of(r);
    if (response == NULL)
        return false;
    eidc_respond_headers(response, &r->answer);
    bool queued = MHD_queue_response(connection, r->answer.status, response) == MHD_YES;
    MHD_destroy_response(response);
    return queued;
}
