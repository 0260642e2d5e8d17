#pragma once
/* An answer that is made while it is sent: memory does not grow with its length. */
#include "eidcached/http/http_request.h"

struct eidc_stream_ops {
    /* Appends about `want` bytes more (less at the end). False when nothing is left. A failed
     * allocation shows in out->failed. */
    bool (*write)(struct eidc_stream *self, size_t want, struct eidc_buf *out);
    void (*destroy)(struct eidc_stream *self);
};

/* The first member of whatever makes one. */
struct eidc_stream {
    const struct eidc_stream_ops *ops;
};

bool eidc_stream_write(struct eidc_stream *stream, size_t want, struct eidc_buf *out);
void eidc_stream_free(struct eidc_stream *stream); /* NULL is fine */

/* 200, with what the stream writes: whole and with its length when it is short, else streamed.
 * Takes the stream. */
void eidc_answer_stream(struct eidc_request *r, struct eidc_stream *stream,
                        const char *content_type);
