/*
 * Nothing is sorted and nothing remembered: forward_dict is the image's own order, and for
 * reverse_dict each entry asks the image whether it is the first with its EID.
 */
#include "eidcached/core/eid_cache.h"

#include <inttypes.h>

#include "eidcached/base/json.h"

static void write_member(struct eidc_eid_cache *doc, struct eidc_str key, struct eidc_str value,
                         struct eidc_buf *out)
{
    if (doc->any)
        eidc_buf_add_byte(out, ',');
    doc->any = true;
    eidc_json_quote(out, key);
    eidc_buf_add_byte(out, ':');
    eidc_json_quote(out, value);
}

static void begin_dict(struct eidc_eid_cache *doc, enum eidc_eid_cache_part part, const char *text,
                       struct eidc_buf *out)
{
    eidc_buf_add_z(out, text);
    doc->at = eidc_image_begin(doc->image);
    doc->any = false;
    doc->part = part;
}

static void write_beginning(struct eidc_eid_cache *doc, struct eidc_buf *out)
{
    begin_dict(doc, EIDC_EID_CACHE_FORWARD, "{\"forward_dict\":{", out);
}

static void write_forward(struct eidc_eid_cache *doc, struct eidc_buf *out)
{
    struct eidc_record record;
    char eid[EIDC_EID_TEXT_MAX];
    if (!eidc_cursor_next(&doc->at, &record)) {
        begin_dict(doc, EIDC_EID_CACHE_REVERSE, "},\"reverse_dict\":{", out);
        return;
    }
    if (doc->any && eidc_str_eq(record.name, doc->last))
        return;
    doc->last = record.name;
    write_member(doc, record.name, eidc_record_eid_text(doc->image, &record, eid), out);
}

/* A look-up finds hex in either case: only an EID of this very text is the same key. */
static bool is_first_of(const struct eidc_image *image, const struct eidc_record *record,
                        struct eidc_str eid)
{
    struct eidc_hits hits;
    struct eidc_record hit;
    char text[EIDC_EID_TEXT_MAX];
    bool any = eidc_image_reverse(image, eid, &hits);
    while (any && eidc_hits_next(&hits, &hit)) {
        if (eidc_str_eq(eidc_record_eid_text(image, &hit, text), eid))
            return eidc_str_eq(hit.name, record->name) && hit.eid_is_text == record->eid_is_text;
    }
    return false;
}

static void write_end(struct eidc_eid_cache *doc, struct eidc_buf *out)
{
    struct eidc_json j = eidc_json_to(out);
    eidc_buf_add_z(out, "},\"created_at\":");
    eidc_json_time(&j, eidc_image_info(doc->image)->created_at_ms);
    eidc_buf_addf(out, ",\"request_count\":%" PRIu64 "}\n", doc->request_count);
    doc->part = EIDC_EID_CACHE_END;
}

static void write_reverse(struct eidc_eid_cache *doc, struct eidc_buf *out)
{
    struct eidc_record record;
    char text[EIDC_EID_TEXT_MAX];
    if (!eidc_cursor_next(&doc->at, &record)) {
        write_end(doc, out);
        return;
    }
    struct eidc_str eid = eidc_record_eid_text(doc->image, &record, text);
    if (is_first_of(doc->image, &record, eid))
        write_member(doc, eid, record.name, out);
}

bool eidc_eid_cache_write_some(struct eidc_eid_cache *doc, size_t want, struct eidc_buf *out)
{
    static void (*const steps[])(struct eidc_eid_cache *, struct eidc_buf *) = {
        [EIDC_EID_CACHE_BEGINNING] = write_beginning,
        [EIDC_EID_CACHE_FORWARD] = write_forward,
        [EIDC_EID_CACHE_REVERSE] = write_reverse,
    };
    size_t start = out->n;
    while (doc->part != EIDC_EID_CACHE_END && out->n - start < want && !out->failed)
        steps[doc->part](doc, out);
    return doc->part != EIDC_EID_CACHE_END;
}
