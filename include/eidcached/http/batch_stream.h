#pragma once
/* The answer of a batch, written piece by piece from the kept keys and one pinned generation:
 * memory does not grow with the number of keys. */
#include "eidcached/http/handlers.h"
#include "eidcached/http/keys.h"
#include "eidcached/http/negotiate.h"
#include "eidcached/http/stream.h"

/* Takes the pinned generation and the keys' memory. Never NULL. */
struct eidc_stream *eidc_batch_stream(struct eidc_generation *pinned, struct eidc_keys *keys,
                                      enum eidc_direction direction, enum eidc_media media);
