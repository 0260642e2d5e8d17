#include <stdlib.h>

#include "eidcached/base/name.h"
#include "eidcached/core/image_parts.h"
#include "eidcached/core/image_verify.h"

struct walk {
    const struct eidc_image *image;
    struct eidc_eid_hasher *hasher; /* NULL: the checksums' key is not known */
    uint8_t *set_used;              /* of each scope set */
    uint64_t entries, names, texts;
    struct eidc_record last;
};

static void walk_free(struct walk *walk)
{
    eidc_eid_hasher_free(walk->hasher);
    free(walk->set_used);
}
#define WALK_AUTO __attribute__((cleanup(walk_free))) struct walk

/* There is one way to write a record: the shortest, and zeros up to the next unit. */
static bool canonical(const struct eidc_records *records, const struct eidc_record *record,
                      uint64_t at, uint64_t next)
{
    uint64_t set_and_kind = (uint64_t)record->scope_set << 1 | record->eid_is_text;
    uint64_t size = eidc_varint_size(record->name.n) + eidc_varint_size(set_and_kind) +
                    record->eid_is_text + record->eid.n + record->name.n;
    if (next > records->n || next - at < size || (next - at - size) >> records->shift != 0)
        return false;
    for (at += size; at < next; at++)
        if (records->p[at] != 0)
            return false;
    return true;
}

static bool verify_order(struct walk *w, const struct eidc_record *record, struct eidc_err *err)
{
    int order = w->entries == 0 ? -1 : eidc_str_cmp(w->last.name, record->name);
    w->names += order != 0;
    if (order == 0) {
        if (!record->eid_is_text)
            return eidc_verify_fail(err, "a name has two checksum EIDs, or not the first");
        order = w->last.eid_is_text ? eidc_str_cmp(w->last.eid, record->eid) : -1;
    }
    return order < 0 || eidc_verify_fail(err, "records are not in order");
}

static bool verify_set(struct walk *w, uint32_t set, struct eidc_err *err)
{
    uint32_t scopes = w->image->info.scopes;
    if (set < scopes)
        return true;
    if (set - scopes >= w->image->scope_sets)
        return eidc_verify_fail(err, "a record's scope set does not exist");
    w->set_used[set - scopes] = 1;
    return true;
}

static bool verify_eid(struct walk *w, const struct eidc_record *record, struct eidc_err *err)
{
    if (record->eid_is_text) {
        w->texts++;
        return eidc_name_problem(record->eid) == NULL ||
               eidc_verify_fail(err, "a field EID is not text");
    }
    uint8_t raw[EIDC_EID_RAW_MAX];
    if (w->hasher == NULL)
        return true;
    if (!eidc_eid_compute(w->hasher, record->name, raw) ||
        memcmp(raw, record->eid.p, record->eid.n) != 0)
        return eidc_verify_fail(err, "a checksum EID is not that of its name");
    return true;
}

static bool verify_record(struct walk *w, uint64_t at, uint64_t *next, struct eidc_err *err)
{
    struct eidc_record record;
    if (!eidc_record_at(&w->image->records, at, &record, next) ||
        !canonical(&w->image->records, &record, at, *next))
        return eidc_verify_fail(err, "a record does not decode");
    if (eidc_name_problem(record.name) != NULL)
        return eidc_verify_fail(err, "a record's name is not a name");
    const uint8_t *steps = w->image->part[EIDC_SECTION_ORDER].p;
    if (w->entries % EIDC_ORDER_STEP == 0 &&
        eidc_load64(steps + 8 * (w->entries / EIDC_ORDER_STEP)) != at)
        return eidc_verify_fail(err, "the order index is not that of its records");
    if (!verify_order(w, &record, err) || !verify_set(w, record.scope_set, err) ||
        !verify_eid(w, &record, err))
        return false;
    w->last = record;
    w->entries++;
    return true;
}

static bool verify_counts(const struct walk *w, struct eidc_err *err)
{
    const struct eidc_image_info *info = &w->image->info;
    if (w->names != info->names || w->texts != info->text_entries)
        return eidc_verify_fail(err, "its counts are not those of its records");
    for (uint32_t i = 0; i < w->image->scope_sets; i++)
        if (!w->set_used[i])
            return eidc_verify_fail(err, "a scope set is not that of any record");
    return true;
}

static bool walk_records(struct walk *w, struct eidc_err *err)
{
    uint64_t at = 0;
    while (w->entries < w->image->info.entries)
        if (!verify_record(w, at, &at, err))
            return false;
    if (at != w->image->records.n)
        return eidc_verify_fail(err, "there are bytes behind the last record");
    return verify_counts(w, err);
}

bool eidc_verify_records(const struct eidc_image *image, struct eidc_str key, struct eidc_err *err)
{
    WALK_AUTO walk = {.image = image};
    const struct eidc_eid_scheme *scheme = &image->info.scheme;
    walk.set_used = calloc((size_t)image->scope_sets + 1, 1);
    if (walk.set_used == NULL)
        return eidc_fail(err, EIDC_ERR_NOMEM, "no memory to verify the scope sets");
    if ((!scheme->keyed || key.n > 0) && !eidc_eid_hasher_new(scheme, key, &walk.hasher, err))
        return false;
    return walk_records(&walk, err);
}
