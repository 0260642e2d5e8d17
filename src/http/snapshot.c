/*
 * GET /v1/snapshot: the image as it is in memory, or ?format=json, the EidCache document made of
 * it. Its tag is the content's id: an image of the same content under another number has it too,
 * so whoever joins ranges of several answers verifies the file (it ends with its hash).
 */
#include <inttypes.h>
#include <stdio.h>

#include "eidcached/base/mem.h"
#include "eidcached/core/eid_cache.h"
#include "eidcached/http/freshness.h"
#include "eidcached/http/handlers.h"
#include "eidcached/http/query.h"
#include "eidcached/http/range.h"
#include "eidcached/http/stream.h"

#define PIECE_BYTES ((size_t)4 * 1024)

struct document {
    struct eidc_stream stream;
    struct eidc_generation *pinned;
    struct eidc_eid_cache eid_cache;
};

static void write_piece(struct eidc_stream *stream, struct eidc_buf *out)
{
    struct document *d = (struct document *)stream;
    if (!eidc_eid_cache_write_some(&d->eid_cache, PIECE_BYTES, out))
        stream->next = NULL;
}

static void destroy(struct eidc_stream *stream)
{
    eidc_generation_unpin(((struct document *)stream)->pinned);
    free(stream);
}

static void answer_document(struct eidc_request *r, struct eidc_generation *pinned)
{
    struct document *d = eidc_xcalloc(1, sizeof(*d));
    d->stream = (struct eidc_stream){write_piece, destroy};
    d->pinned = pinned;
    d->eid_cache =
        (struct eidc_eid_cache){.image = pinned->image, .request_count = pinned->requests};
    eidc_answer_stream(r, &d->stream, EIDC_TYPE_JSON);
}

/* The range that is asked for, and whether there is one. */
static enum eidc_range range_of(const struct eidc_request *r, uint64_t size, uint64_t *from,
                                uint64_t *n)
{
    *from = 0;
    *n = size;
    if (r->method != EIDC_GET || !eidc_if_range(r->headers.if_range, eidc_str_of(r->answer.etag)))
        return EIDC_RANGE_WHOLE;
    return eidc_range_read(r->headers.range, size, from, n);
}

static void answer_image(struct eidc_request *r, struct eidc_generation *pinned)
{
    const struct eidc_image_info *info = eidc_image_info(pinned->image);
    const uint64_t size = eidc_image_block(pinned->image).n;
    uint64_t from, n;
    enum eidc_range range = range_of(r, size, &from, &n);
    if (range == EIDC_RANGE_UNSATISFIABLE) {
        eidc_generation_unpin(pinned);
        eidc_answer_problem(r, 416, "the image has %" PRIu64 " bytes", size);
        r->answer.unsatisfied = size;
        return;
    }
    struct eidc_excerpt *e = eidc_xcalloc(1, sizeof(*e));
    *e = (struct eidc_excerpt){.pinned = pinned, .from = from, .n = n};
    e->whole = range == EIDC_RANGE_WHOLE;
    snprintf(e->filename, sizeof(e->filename), "%020" PRIu64 "-%s.eidc", info->number, info->id);
    r->answer.excerpt = e;
    r->answer.status = e->whole ? 200 : 206;
    r->answer.content_type = "application/octet-stream";
}

/* False, with a 400 in r. */
static bool read_format(struct eidc_request *r, bool *json)
{
    struct eidc_param param;
    *json = false;
    if (!eidc_query_find(r->query, "format", &param) || eidc_str_eq(param.value, EIDC_STR("image")))
        return true;
    *json = eidc_str_eq(param.value, EIDC_STR("json"));
    if (!*json)
        eidc_answer_problem(r, 400, "format is image or json");
    return *json;
}

void eidc_handle_snapshot(struct eidc_request *r)
{
    bool json;
    if (!read_format(r, &json))
        return;
    struct eidc_generation *pinned = eidc_current_pin();
    if (!eidc_answer_from(r, pinned) || eidc_not_modified(r))
        eidc_generation_unpin(pinned);
    else if (json)
        answer_document(r, pinned);
    else
        answer_image(r, pinned);
}
