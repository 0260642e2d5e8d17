#include <assert.h>
#include <stdlib.h>

#include "eidcached/base/json.h"
#include "eidcached/base/utf8.h"
#include "eidcached/core/image_builder.h"

/*
 * The block is reserved for the largest image that the names could make and cut to size at the
 * end: sizes need not be known before the sections are written, and pages that nothing was
 * written to never exist.
 */
struct writer {
    struct eidc_builder *builder;
    struct eidc_build_work *work;
    uint8_t *block;
    size_t room;
    uint64_t end; /* of what is written */
    struct eidc_part part[EIDC_SECTION_COUNT];
    uint64_t entries, names, texts;
    unsigned shift;  /* of the records' unit */
    uint64_t *steps; /* the order index, gathered while writing records */
};

static uint8_t *section_begin(struct writer *w, enum eidc_image_section section)
{
    w->end = eidc_align64(w->end);
    w->part[section].p = w->block + w->end;
    return w->block + w->end;
}

static void section_end(struct writer *w, enum eidc_image_section section, uint64_t size)
{
    w->part[section].n = size;
    w->end += size;
    assert(w->end <= w->room);
}

static uint64_t scope_bytes(const struct writer *w)
{
    uint64_t bytes = 4 * (2 * (uint64_t)w->builder->scope_count + 1);
    for (uint32_t i = 0; i < w->builder->scope_count; i++)
        bytes += strlen(w->work->scopes[i]->source) + strlen(w->work->scopes[i]->name);
    return bytes;
}

static uint64_t set_bytes(const struct writer *w)
{
    return 4 * (w->work->merge.set_count + 1 + w->work->merge.members);
}

/* The most bytes there can be. A packed name is at most its record less the EID and scope set. */
static uint64_t most_bytes(const struct writer *w)
{
    uint64_t items = w->builder->items, scopes = w->builder->scope_count;
    uint64_t raw = eidc_eid_raw_size(&w->builder->options.scheme);
    uint64_t records = w->builder->packed_bytes + items * (raw + 5);
    if (eidc_unit_shift(records) > 0)
        records += items << EIDC_UNIT_SHIFT_MAX; /* each up to the next unit, at most */
    uint64_t order = 8 * (items / EIDC_ORDER_STEP + 1);
    uint64_t postings = 2 * EIDC_POSTING_BYTES * items;
    return EIDC_IMAGE_HEADER + EIDC_SCHEME_BYTES + scope_bytes(w) + set_bytes(w) + records + order +
           2 * eidc_index_bytes(items) + postings + 8 * scopes +
           (uint64_t)EIDC_SECTION_COUNT * EIDC_IMAGE_ALIGN + EIDC_IMAGE_HASH_BYTES;
}

static bool writer_alloc(struct writer *w, struct eidc_err *err)
{
    uint64_t bytes = most_bytes(w);
    w->block = eidc_big_alloc(bytes);
    w->steps = calloc(w->builder->items / EIDC_ORDER_STEP + 1, sizeof *w->steps);
    if (w->block == NULL || w->steps == NULL)
        return eidc_fail(err, EIDC_ERR_NOMEM, "no memory for an image of up to %llu bytes",
                         (unsigned long long)bytes);
    w->room = bytes;
    w->end = EIDC_IMAGE_HEADER;
    return true;
}

static void write_scheme(struct writer *w)
{
    const struct eidc_eid_scheme *s = &w->builder->options.scheme;
    uint8_t *p = section_begin(w, EIDC_SECTION_SCHEME);
    memcpy(p + EIDC_SCHEME_ALGORITHM, s->algorithm, strlen(s->algorithm));
    memcpy(p + EIDC_SCHEME_PREFIX, s->prefix, strlen(s->prefix));
    eidc_store16(p + EIDC_SCHEME_BITS, s->bits);
    p[EIDC_SCHEME_ENCODING] = s->encoding;
    p[EIDC_SCHEME_KEYED] = s->keyed;
    memcpy(p + EIDC_SCHEME_FINGERPRINT, s->fingerprint, sizeof s->fingerprint);
    section_end(w, EIDC_SECTION_SCHEME, EIDC_SCHEME_BYTES);
}

/* Writes text number i of the scopes' texts. */
static void write_text(uint8_t *offsets, uint32_t i, uint8_t *texts, const char *text)
{
    uint32_t at = eidc_load32(offsets + 4 * (size_t)i);
    size_t n = strlen(text);
    memcpy(texts + at, text, n);
    eidc_store32(offsets + 4 * ((size_t)i + 1), at + (uint32_t)n);
}

static bool write_scopes(struct writer *w, struct eidc_err *err)
{
    uint32_t n = w->builder->scope_count;
    uint64_t bytes = scope_bytes(w);
    if (bytes > UINT32_MAX)
        return eidc_fail(err, EIDC_ERR_LIMIT, "scope names of more than 4 GiB");
    uint8_t *offsets = section_begin(w, EIDC_SECTION_SCOPES);
    uint8_t *texts = offsets + 4 * (2 * (size_t)n + 1);
    for (uint32_t i = 0; i < n; i++) {
        write_text(offsets, 2 * i, texts, w->work->scopes[i]->source);
        write_text(offsets, 2 * i + 1, texts, w->work->scopes[i]->name);
    }
    section_end(w, EIDC_SECTION_SCOPES, bytes);
    return true;
}

static void write_sets(struct writer *w)
{
    const struct eidc_merge *merge = &w->work->merge;
    uint8_t *offsets = section_begin(w, EIDC_SECTION_SCOPE_SETS);
    uint8_t *members = offsets + 4 * (merge->set_count + 1);
    uint32_t at = 0;
    for (size_t i = 0; i < merge->set_count; i++) {
        const struct eidc_scope_set *set = merge->sets[i];
        for (uint32_t j = 0; j < set->count; j++)
            eidc_store32(members + 4 * (size_t)at++, set->scopes[j]);
        eidc_store32(offsets + 4 * (i + 1), at);
    }
    section_end(w, EIDC_SECTION_SCOPE_SETS, set_bytes(w));
}

/* Up to where a record can start. */
static uint8_t *pad(const struct writer *w, uint8_t *p)
{
    for (; (uint64_t)(p - w->part[EIDC_SECTION_RECORDS].p) % (UINT64_C(1) << w->shift) != 0; p++)
        *p = 0;
    return p;
}

static bool write_record(void *arg, const struct eidc_entry *entry, struct eidc_err *err)
{
    struct writer *w = arg;
    uint64_t at = w->part[EIDC_SECTION_RECORDS].n;
    uint8_t *start = w->block + w->end + at;
    if (w->entries % EIDC_ORDER_STEP == 0)
        w->steps[w->entries / EIDC_ORDER_STEP] = at;
    uint64_t set = eidc_merge_set_number(&w->work->merge, entry);
    uint8_t *p = eidc_store_varint(start, entry->name.n);
    p = eidc_store_varint(p, set << 1 | entry->is_text);
    if (entry->is_text)
        *p++ = (uint8_t)entry->eid.n;
    if (entry->eid.n > 0) {
        memcpy(p, entry->eid.p, entry->eid.n);
        p += entry->eid.n;
    } else {
        uint8_t raw[EIDC_EID_RAW_MAX];
        if (!eidc_eid_compute(w->builder->hasher, entry->name, raw))
            return eidc_fail(err, EIDC_ERR_INVALID, "the checksum of a name cannot be computed");
        size_t n = eidc_eid_raw_size(&w->builder->options.scheme);
        memcpy(p, raw, n);
        p += n;
    }
    memcpy(p, entry->name.p, entry->name.n);
    p = pad(w, p + entry->name.n);
    w->part[EIDC_SECTION_RECORDS].n += (uint64_t)(p - start);
    w->entries++;
    w->texts += entry->is_text;
    return true;
}

#define PREFETCH_AHEAD 8 /* names lie where their listings left them, not in order */

static bool write_all_records(struct writer *w, struct eidc_err *err)
{
    const struct eidc_pair *pairs = w->work->pairs;
    size_t n = w->work->pair_count;
    w->entries = w->names = w->texts = w->part[EIDC_SECTION_RECORDS].n = 0;
    for (size_t i = 0, count; i < n; i += count) {
        if (n - i > PREFETCH_AHEAD)
            __builtin_prefetch(
                eidc_ref_packed(w->work->chunk_bytes, pairs[i + PREFETCH_AHEAD].value));
        count = eidc_merge_count(pairs + i, n - i);
        if (!eidc_merge_name(&w->work->merge, pairs + i, count, write_record, w, err))
            return false;
        w->names++;
    }
    return true;
}

/* Again with a larger unit where the records turn out too many for the one there was. */
static bool write_records(struct writer *w, struct eidc_err *err)
{
    unsigned needed = 0;
    section_begin(w, EIDC_SECTION_RECORDS);
    do {
        w->shift = needed;
        if (!write_all_records(w, err))
            return false;
        needed = eidc_unit_shift(w->part[EIDC_SECTION_RECORDS].n);
        if (needed > EIDC_UNIT_SHIFT_MAX)
            return eidc_fail(err, EIDC_ERR_LIMIT, "records of more than 1 TiB");
    } while (needed > w->shift);
    section_end(w, EIDC_SECTION_RECORDS, w->part[EIDC_SECTION_RECORDS].n);
    return true;
}

static void write_order(struct writer *w)
{
    uint8_t *p = section_begin(w, EIDC_SECTION_ORDER);
    uint64_t steps = (w->entries + EIDC_ORDER_STEP - 1) / EIDC_ORDER_STEP;
    for (uint64_t i = 0; i < steps; i++)
        eidc_store64(p + 8 * i, w->steps[i]);
    section_end(w, EIDC_SECTION_ORDER, 8 * steps);
}

/* A name for a message: quoted, and cut where it is long. */
static void quote(struct eidc_buf *out, struct eidc_str name)
{
    const size_t most = 100;
    struct eidc_str shown = name;
    if (shown.n > most)
        shown.n = eidc_utf8_valid_prefix((struct eidc_str){name.p, most});
    eidc_json_quote(out, shown);
    if (shown.n < name.n)
        eidc_buf_add_z(out, "...");
}

static bool conflict(const struct eidc_collision *collision, struct eidc_err *err)
{
    EIDC_BUF_AUTO names = {0};
    quote(&names, collision->name[0]);
    eidc_buf_add_z(&names, " and ");
    quote(&names, collision->name[1]);
    return eidc_fail(err, EIDC_ERR_CONFLICT, "two names have one checksum EID: %s",
                     names.failed ? "" : names.p);
}

static bool write_indexes(struct writer *w, struct eidc_err *err)
{
    struct eidc_records records =
        eidc_records_of(&w->part[EIDC_SECTION_RECORDS], &w->builder->options.scheme);
    uint8_t *forward = section_begin(w, EIDC_SECTION_FORWARD);
    if (!eidc_index_forward(&records, w->entries, forward, err))
        return false;
    section_end(w, EIDC_SECTION_FORWARD, eidc_index_bytes(w->names));

    EIDC_BUF_AUTO postings = {0};
    struct eidc_collision collision = {0};
    uint64_t bytes;
    uint8_t *reverse = section_begin(w, EIDC_SECTION_REVERSE);
    if (!eidc_index_reverse(&records, w->entries, reverse, &bytes, &postings, &collision, err))
        return false;
    if (collision.found && !w->builder->options.keep_collisions)
        return conflict(&collision, err);
    section_end(w, EIDC_SECTION_REVERSE, bytes);
    uint8_t *lists = section_begin(w, EIDC_SECTION_POSTINGS);
    if (postings.n > 0)
        memcpy(lists, postings.p, postings.n);
    section_end(w, EIDC_SECTION_POSTINGS, postings.n);
    return true;
}

static void write_state(struct writer *w)
{
    uint8_t *p = section_begin(w, EIDC_SECTION_STATE);
    for (uint32_t i = 0; i < w->builder->scope_count; i++)
        eidc_store64(p + 8 * (size_t)i, (uint64_t)w->work->scopes[i]->as_of_ms);
    section_end(w, EIDC_SECTION_STATE, 8 * (uint64_t)w->builder->scope_count);
}

static void write_header(struct writer *w, uint64_t number, int64_t created_at_ms)
{
    uint8_t *p = w->block;
    w->end = eidc_align64(w->end) + EIDC_IMAGE_HASH_BYTES;
    memcpy(p + EIDC_AT_MAGIC, EIDC_IMAGE_MAGIC, sizeof EIDC_IMAGE_MAGIC - 1);
    eidc_store32(p + EIDC_AT_VERSION, EIDC_IMAGE_VERSION);
    eidc_store32(p + EIDC_AT_MARK, EIDC_IMAGE_MARK);
    eidc_store64(p + EIDC_AT_SIZE, w->end);
    eidc_store64(p + EIDC_AT_NUMBER, number);
    eidc_store64(p + EIDC_AT_CREATED, (uint64_t)created_at_ms);
    eidc_store64(p + EIDC_AT_ENTRIES, w->entries);
    eidc_store64(p + EIDC_AT_NAMES, w->names);
    eidc_store64(p + EIDC_AT_TEXTS, w->texts);
    eidc_store32(p + EIDC_AT_SCOPES, w->builder->scope_count);
    eidc_store32(p + EIDC_AT_SCOPE_SETS, (uint32_t)w->work->merge.set_count);
    for (size_t i = 0; i < EIDC_SECTION_COUNT; i++) {
        eidc_store64(p + EIDC_AT_SECTIONS + 16 * i, (uint64_t)(w->part[i].p - p));
        eidc_store64(p + EIDC_AT_SECTIONS + 16 * i + 8, w->part[i].n);
    }
    eidc_content_sha256(p, p + EIDC_AT_SHA256);
    eidc_image_seal(p, w->end);
}

static bool write_sections(struct writer *w, struct eidc_err *err)
{
    if (!writer_alloc(w, err))
        return false;
    write_scheme(w);
    if (!write_scopes(w, err))
        return false;
    write_sets(w);
    if (!write_records(w, err))
        return false;
    eidc_builder_drop_names(w->builder, w->work);
    write_order(w);
    if (!write_indexes(w, err))
        return false;
    write_state(w);
    return true;
}

bool eidc_image_write(struct eidc_builder *builder, struct eidc_build_work *work, uint64_t number,
                      int64_t created_at_ms, struct eidc_image **out, struct eidc_err *err)
{
    struct writer w = {.builder = builder, .work = work};
    bool written = write_sections(&w, err);
    free(w.steps);
    if (!written) {
        eidc_big_free(w.block, w.room);
        return false;
    }
    write_header(&w, number, created_at_ms);
    return eidc_image_adopt(w.block, w.room, w.end, out, err);
}
