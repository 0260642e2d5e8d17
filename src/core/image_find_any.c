/* Looking up whatever the short way of image_find.h does not take. */
#include "eidcached/core/image_find.h"

enum key_kind { KEY_NAME, KEY_RAW_EID, KEY_TEXT_EID };

/* Where the key's slot leads to. */
struct found {
    uint64_t at; /* a record, or with several (reverse) a place in POSTINGS */
    bool several;
    struct eidc_record record; /* the first */
    uint64_t next;             /* behind it */
};

static bool is_key(enum key_kind kind, struct eidc_str key, const struct eidc_record *record)
{
    if (kind == KEY_NAME)
        return eidc_str_eq(record->name, key);
    return record->eid_is_text == (kind == KEY_TEXT_EID) && eidc_str_eq(record->eid, key);
}

/* Is it the key's slot? Then *out is filled in. */
static bool slot_has(const struct eidc_image *image, const uint8_t *bucket, unsigned slot,
                     enum key_kind kind, struct eidc_str key, struct found *out)
{
    uint64_t record = eidc_bucket_offset(bucket, slot) << image->records.shift;
    out->at = record;
    out->several = eidc_bucket_several(bucket, slot);
    if (out->several && kind != KEY_NAME) {
        out->at = eidc_bucket_offset(bucket, slot);
        uint64_t first;
        if (eidc_posting_list(image, out->at, &first) == 0)
            return false;
        record = eidc_posting(image, first);
    }
    return eidc_record_at(&image->records, record, &out->record, &out->next) &&
           is_key(kind, key, &out->record);
}

/* Every slot with the tag, in every bucket up to the first that nothing went past. */
static bool find(const struct eidc_image *image, const struct eidc_index *index, uint64_t hash,
                 enum key_kind kind, struct eidc_str key, struct found *out)
{
    const uint8_t *bucket = eidc_bucket_home(index, hash);
    const uint8_t *end = index->buckets + index->count * EIDC_BUCKET_BYTES;
    for (uint64_t probe = 0;; probe++) {
        unsigned match = eidc_bucket_match(bucket, eidc_hash_tag(hash));
        for (; match != 0; match &= match - 1)
            if (slot_has(image, bucket, (unsigned)__builtin_ctz(match), kind, key, out))
                return true;
        if (!(eidc_bucket_state(bucket) & EIDC_BUCKET_OVERFLOW) || probe == index->reach)
            return false;
        bucket += EIDC_BUCKET_BYTES;
        if (bucket == end)
            bucket = index->buckets;
    }
}

bool eidc_find_forward_any(const struct eidc_image *image, struct eidc_str name,
                           struct eidc_hits *hits)
{
    struct found found;
    uint64_t hash = eidc_hash(name, image->forward.seed);
    eidc_hits_set_none(hits, image);
    if (!find(image, &image->forward, hash, KEY_NAME, name, &found))
        return false;
    eidc_hits_set_one(hits, image, &found.record);
    hits->has_more = hits->same_name = found.several;
    hits->posting[0] = false;
    hits->at[0] = found.next;
    hits->left[0] = image->info.entries;
    hits->left[1] = 0;
    return true;
}

static void fill_lane(const struct eidc_image *image, const struct found *found, unsigned lane,
                      struct eidc_hits *hits)
{
    hits->at[lane] = found->at;
    hits->left[lane] = 1;
    hits->posting[lane] = found->several;
    if (found->several)
        hits->left[lane] = eidc_posting_list(image, found->at, &hits->at[lane]);
}

/* EIDs of any kind: the checksum's records and the text's, merged. */
bool eidc_find_reverse_any(const struct eidc_image *image, struct eidc_str eid,
                           struct eidc_hits *hits)
{
    const struct eidc_index *index = &image->reverse;
    uint8_t bytes[EIDC_EID_RAW_MAX];
    const struct eidc_str raw = {(const char *)bytes, image->records.raw_size};
    struct found found[2];
    eidc_hits_set_none(hits, image);
    hits->same_name = false;
    hits->left[0] = hits->left[1] = 0;
    if (eidc_eid_parse(&image->info.scheme, eid, bytes) &&
        find(image, index, eidc_hash_eid(raw, false, index->seed), KEY_RAW_EID, raw, &found[0]))
        fill_lane(image, &found[0], 0, hits);
    if (image->info.text_entries > 0 &&
        find(image, index, eidc_hash_eid(eid, true, index->seed), KEY_TEXT_EID, eid, &found[1]))
        fill_lane(image, &found[1], 1, hits);
    uint64_t left = hits->left[0] + hits->left[1];
    if (left == 1) /* one alone is handed out as it was found */
        eidc_hits_set_one(hits, image, &found[hits->left[1]].record);
    hits->has_more = left > 1;
    return left > 0;
}
