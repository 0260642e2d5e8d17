#include "eidcached/http/stream.h"

bool eidc_stream_write(struct eidc_stream *stream, size_t want, struct eidc_buf *out)
{
    const size_t start = out->n;
    while (stream->next != NULL && out->n - start < want && !out->failed)
        stream->next(stream, out);
    return stream->next != NULL;
}

void eidc_stream_free(struct eidc_stream *stream)
{
    if (stream != NULL)
        stream->destroy(stream);
}
