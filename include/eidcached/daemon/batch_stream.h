#pragma once
/* The answer of a batch, written piece by piece from the kept keys and one pinned generation:
 * memory does not grow with the number of keys. */
#include "eidcached/daemon/handlers.h"
#include "eidcached/daemon/keys.h"
#include "eidcached/daemon/negotiate.h"

/* Takes the pinned generation and the keys' memory. Never NULL. */
struct eidc_stream *eidc_stream_new(struct eidc_generation *pinned, struct eidc_keys *keys,
                                    enum eidc_direction direction, enum eidc_media media);
void eidc_stream_free(struct eidc_stream *stream); /* NULL is fine */

/* Appends about `want` bytes more (less at the end). False when nothing is left. A failed
 * allocation shows in out->failed. */
bool eidc_stream_write(struct eidc_stream *stream, size_t want, struct eidc_buf *out);
