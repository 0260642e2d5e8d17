#include "eidcached/core/image_hash.h"
#include "eidcached/core/image_parts.h"

enum key_kind { KEY_NAME, KEY_RAW_EID, KEY_TEXT_EID };

struct slot {
    uint64_t at; /* a record, or a posting list */
    bool several;
};

/* Bit i: lane i of four is zero. The lanes hold 15 bits, so that nothing carries between them. */
static inline unsigned zero_lanes(uint64_t lanes)
{
    uint64_t zero = ~(lanes + UINT64_C(0x7fff7fff7fff7fff)) & UINT64_C(0x8000800080008000);
    return (unsigned)(((zero >> 15) * UINT64_C(0x0001000200040008)) >> 48) & 0xf;
}

/* Bit i: slot i is in use and has this tag. */
static inline unsigned matching_slots(const uint8_t *bucket, uint16_t tag)
{
    const uint64_t ones = UINT64_C(0x0001000100010001), mask = ones * EIDC_TAG_MASK;
    unsigned match = zero_lanes((eidc_load64(bucket) ^ ones * tag) & mask);
    match |= zero_lanes((eidc_load64(bucket + 8) ^ ones * tag) & mask) << 4;
    match |= (unsigned)((eidc_load16(bucket + 16) & EIDC_TAG_MASK) == tag) << 8;
    return match & ((1u << (bucket[EIDC_BUCKET_STATE] & EIDC_BUCKET_USED)) - 1);
}

static inline struct slot slot_of(const uint8_t *bucket, unsigned i)
{
    return (struct slot){
        eidc_load40(bucket + EIDC_BUCKET_OFFSETS + (size_t)EIDC_OFFSET_BYTES * i),
        (eidc_load16(bucket + (size_t)2 * i) & EIDC_TAG_SEVERAL) != 0,
    };
}

/* The posting list at an offset: how many records, *first its first place. 0: there is none. */
static uint64_t posting_list(const struct eidc_image *image, uint64_t at, uint64_t *first)
{
    const struct eidc_part *part = &image->part[EIDC_SECTION_POSTINGS];
    if (at > part->n || part->n - at < EIDC_OFFSET_BYTES)
        return 0;
    uint64_t count = eidc_load40(part->p + at);
    *first = at + EIDC_OFFSET_BYTES;
    return count <= (part->n - *first) / EIDC_OFFSET_BYTES ? count : 0;
}

static inline uint64_t posting(const struct eidc_image *image, uint64_t place)
{
    return eidc_load40(image->part[EIDC_SECTION_POSTINGS].p + place);
}

static inline bool slot_has(const struct eidc_image *image, struct slot slot, enum key_kind kind,
                            struct eidc_str key)
{
    uint64_t at = slot.at, next;
    if (slot.several && kind != KEY_NAME) {
        uint64_t first;
        if (posting_list(image, slot.at, &first) == 0)
            return false;
        at = posting(image, first);
    }
    struct eidc_record record;
    if (!eidc_record_at(&image->records, at, &record, &next))
        return false;
    if (kind == KEY_NAME)
        return eidc_str_eq(record.name, key);
    return record.eid_is_text == (kind == KEY_TEXT_EID) && eidc_str_eq(record.eid, key);
}

static inline const uint8_t *home_of(const struct eidc_index *index, uint64_t hash)
{
    return index->buckets + eidc_hash_home(hash, index->count) * EIDC_BUCKET_BYTES;
}

/* One cache line of index and one record, nearly always. */
static inline bool find(const struct eidc_image *image, const struct eidc_index *index,
                        uint64_t hash, enum key_kind kind, struct eidc_str key, struct slot *out)
{
    const uint8_t *bucket = home_of(index, hash);
    const uint8_t *end = index->buckets + index->count * EIDC_BUCKET_BYTES;
    uint16_t tag = eidc_hash_tag(hash);
    for (uint64_t probe = 0;; probe++) {
        for (unsigned match = matching_slots(bucket, tag); match != 0; match &= match - 1) {
            *out = slot_of(bucket, (unsigned)__builtin_ctz(match));
            if (slot_has(image, *out, kind, key))
                return true;
        }
        if (!(bucket[EIDC_BUCKET_STATE] & EIDC_BUCKET_OVERFLOW) || probe == index->reach)
            return false;
        bucket += EIDC_BUCKET_BYTES;
        if (bucket == end)
            bucket = index->buckets;
    }
}

static bool forward(const struct eidc_image *image, uint64_t hash, struct eidc_str name,
                    struct eidc_hits *hits)
{
    *hits = (struct eidc_hits){.image = image};
    struct slot slot;
    if (!find(image, &image->forward, hash, KEY_NAME, name, &slot))
        return false;
    hits->at[0] = slot.at;
    hits->left[0] = 1;
    if (slot.several) {
        struct eidc_record record = {0};
        uint64_t next;
        (void)eidc_record_at(&image->records, slot.at, &record, &next); /* find just did */
        hits->name = record.name;
        hits->left[0] = image->info.entries;
    }
    return true;
}

bool eidc_image_forward(const struct eidc_image *image, struct eidc_str name,
                        struct eidc_hits *hits)
{
    return forward(image, eidc_hash_name(name, image->forward.seed), name, hits);
}

static void fill_lane(const struct eidc_image *image, struct slot slot, unsigned lane,
                      struct eidc_hits *hits)
{
    hits->at[lane] = slot.at;
    hits->left[lane] = 1;
    hits->posting[lane] = slot.several;
    if (slot.several)
        hits->left[lane] = posting_list(image, slot.at, &hits->at[lane]);
}

static void reverse_raw(const struct eidc_image *image, uint64_t hash, struct eidc_str raw,
                        struct eidc_hits *hits)
{
    struct slot slot;
    if (find(image, &image->reverse, hash, KEY_RAW_EID, raw, &slot))
        fill_lane(image, slot, 0, hits);
}

static void reverse_text(const struct eidc_image *image, struct eidc_str text,
                         struct eidc_hits *hits)
{
    if (image->info.text_entries == 0)
        return;
    struct slot slot;
    uint64_t hash = eidc_hash_eid(text, true, image->reverse.seed);
    if (find(image, &image->reverse, hash, KEY_TEXT_EID, text, &slot))
        fill_lane(image, slot, 1, hits);
}

static bool parse_eid(const struct eidc_image *image, struct eidc_str eid,
                      uint8_t raw[static EIDC_EID_RAW_MAX], struct eidc_str *out)
{
    *out = (struct eidc_str){(const char *)raw, image->records.raw_size};
    return eidc_eid_parse(&image->info.scheme, eid, raw);
}

bool eidc_image_reverse(const struct eidc_image *image, struct eidc_str eid, struct eidc_hits *hits)
{
    *hits = (struct eidc_hits){.image = image};
    uint8_t bytes[EIDC_EID_RAW_MAX];
    struct eidc_str raw;
    if (parse_eid(image, eid, bytes, &raw))
        reverse_raw(image, eidc_hash_eid(raw, false, image->reverse.seed), raw, hits);
    reverse_text(image, eid, hits);
    return hits->left[0] + hits->left[1] > 0;
}

bool eidc_hits_next(struct eidc_hits *hits, struct eidc_record *out)
{
    uint64_t at[2] = {0};
    for (unsigned i = 0; i < 2; i++)
        if (hits->left[i] > 0)
            at[i] = hits->posting[i] ? posting(hits->image, hits->at[i]) : hits->at[i];
    unsigned lane = hits->left[0] == 0 || (hits->left[1] > 0 && at[1] < at[0]);
    uint64_t next;
    struct eidc_record record;
    if (hits->left[lane] == 0)
        return false;
    bool found = eidc_record_at(&hits->image->records, at[lane], &record, &next);
    if (!found || (hits->name.n > 0 && !eidc_str_eq(record.name, hits->name))) {
        hits->left[lane] = 0;
        return false;
    }
    hits->at[lane] = hits->posting[lane] ? hits->at[lane] + EIDC_OFFSET_BYTES : next;
    hits->left[lane]--;
    *out = record;
    return true;
}

bool eidc_image_has(const struct eidc_image *image, const struct eidc_record *record)
{
    struct eidc_hits hits;
    struct eidc_record other;
    if (!eidc_image_forward(image, record->name, &hits))
        return false;
    while (eidc_hits_next(&hits, &other))
        if (other.eid_is_text == record->eid_is_text && eidc_str_eq(other.eid, record->eid))
            return true;
    return false;
}

/* Many at once: first every home bucket is on its way, then every record that may be the one;
 * by the time the look-ups proper run, their lines are there. */
#define LANES 32

static void fetch_records(const struct eidc_image *image, const struct eidc_index *index,
                          const uint64_t *hashes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const uint8_t *bucket = home_of(index, hashes[i]);
        unsigned match = matching_slots(bucket, eidc_hash_tag(hashes[i]));
        if (match == 0)
            continue;
        uint64_t at = slot_of(bucket, (unsigned)__builtin_ctz(match)).at;
        if (at >= image->records.n)
            continue;
        __builtin_prefetch(image->records.p + at);
        __builtin_prefetch(image->records.p + at + EIDC_BUCKET_BYTES);
    }
}

void eidc_image_forward_many(const struct eidc_image *image, const struct eidc_str *names, size_t n,
                             struct eidc_hits *hits)
{
    uint64_t hashes[LANES];
    for (size_t start = 0; start < n; start += LANES) {
        size_t lanes = n - start < LANES ? n - start : LANES;
        for (size_t i = 0; i < lanes; i++) {
            hashes[i] = eidc_hash_name(names[start + i], image->forward.seed);
            __builtin_prefetch(home_of(&image->forward, hashes[i]));
        }
        fetch_records(image, &image->forward, hashes, lanes);
        for (size_t i = 0; i < lanes; i++)
            forward(image, hashes[i], names[start + i], &hits[start + i]);
    }
}

void eidc_image_reverse_many(const struct eidc_image *image, const struct eidc_str *eids, size_t n,
                             struct eidc_hits *hits)
{
    uint64_t hashes[LANES];
    uint8_t bytes[LANES][EIDC_EID_RAW_MAX];
    struct eidc_str raw[LANES];
    for (size_t start = 0; start < n; start += LANES) {
        size_t lanes = n - start < LANES ? n - start : LANES;
        for (size_t i = 0; i < lanes; i++) {
            if (!parse_eid(image, eids[start + i], bytes[i], &raw[i]))
                raw[i].n = 0; /* a key that no record has */
            hashes[i] = eidc_hash_eid(raw[i], false, image->reverse.seed);
            __builtin_prefetch(home_of(&image->reverse, hashes[i]));
        }
        fetch_records(image, &image->reverse, hashes, lanes);
        for (size_t i = 0; i < lanes; i++) {
            hits[start + i] = (struct eidc_hits){.image = image};
            reverse_raw(image, hashes[i], raw[i], &hits[start + i]);
            reverse_text(image, eids[start + i], &hits[start + i]);
        }
    }
}
