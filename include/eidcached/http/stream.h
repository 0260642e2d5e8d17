#pragma once
/*
 * An answer that is made while it is sent: memory does not grow with its length. It is written in
 * steps. Each appends a little (a member, an entry), and sets the step that comes after it, if that
 * is another one.
 */
#include "eidcached/base/buf.h"

struct eidc_stream;

/* A failed allocation shows in out->failed: that ends the stream. */
typedef void eidc_stream_step(struct eidc_stream *self, struct eidc_buf *out);

/* The first member of whatever makes one. */
struct eidc_stream {
    eidc_stream_step *next; /* NULL: that was all */
    void (*destroy)(struct eidc_stream *self);
};

/* Appends about `want` bytes more (less at the end). False when nothing is left. */
bool eidc_stream_write(struct eidc_stream *stream, size_t want, struct eidc_buf *out);
void eidc_stream_free(struct eidc_stream *stream); /* NULL is fine */
