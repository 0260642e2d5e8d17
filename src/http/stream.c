#include "eidcached/http/stream.h"

bool eidc_stream_write(struct eidc_stream *stream, size_t want, struct eidc_buf *out)
{
    return stream->ops->write(stream, want, out);
}

void eidc_stream_free(struct eidc_stream *stream)
{
    if (stream != NULL)
        stream->ops->destroy(stream);
}
