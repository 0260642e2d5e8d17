#include "eidcached/base/encode.h"
#include "eidcached/core/image_hash.h"
#include "eidcached/core/image_parts.h"

enum key_kind { KEY_NAME, KEY_RAW_EID, KEY_TEXT_EID };

struct slot {
    uint64_t at; /* a record, or a posting list */
    bool several;
};

/* What the key's slot leads to. The record is decoded where the caller wants it. */
struct found {
    struct slot slot;
    uint64_t next; /* offset behind the key's first record */
    struct eidc_record *record;
};

typedef uint16_t tag_vector __attribute__((vector_size(16)));
typedef int8_t lane_vector __attribute__((vector_size(8)));
_Static_assert(EIDC_BUCKET_SLOTS == 9, "eight tags at once, and one");

/* Bit i: slot i has this tag. A slot that is not in use may match, too: its record is compared
 * and is not the one, and the key's own slot is in front of it. */
static inline unsigned matching_slots(const uint8_t *bucket, uint16_t tag)
{
    tag_vector eight;
    memcpy(&eight, bucket, sizeof eight);
    lane_vector equal =
        __builtin_convertvector((eight & htole16(EIDC_TAG_MASK)) == htole16(tag), lane_vector);
    uint8_t lanes[sizeof equal];
    memcpy(lanes, &equal, sizeof equal);
    uint64_t ones = eidc_load64(lanes) & UINT64_C(0x0101010101010101);
    unsigned match = (unsigned)(ones * UINT64_C(0x0102040810204080) >> 56);
    return match | (unsigned)((eidc_load16(bucket + 16) & EIDC_TAG_MASK) == tag) << 8;
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

/* Eight bytes at a time, as a parsed EID was just stored: a wider load would have to wait until
 * those stores, and so all misses before them, are done. */
static inline bool same_raw(struct eidc_str a, struct eidc_str b)
{
    const uint8_t *p = (const uint8_t *)a.p, *q = (const uint8_t *)b.p;
    uint64_t differing = 0;
    size_t i = 0;
    if (a.n != b.n)
        return false;
    for (; a.n - i >= sizeof differing; i += sizeof differing)
        differing |= eidc_load64(p + i) ^ eidc_load64(q + i);
    for (; i < a.n; i++)
        differing |= p[i] ^ q[i];
    return differing == 0;
}

/* Is it the key's slot? Then *out is filled in. */
__attribute__((always_inline)) static inline bool
slot_has(const struct eidc_image *image, enum key_kind kind, struct eidc_str key, struct found *out)
{
    uint64_t at = out->slot.at;
    if (out->slot.several && kind != KEY_NAME) {
        uint64_t first;
        if (posting_list(image, at, &first) == 0)
            return false;
        at = posting(image, first);
    }
    if (!eidc_record_at(&image->records, at, out->record, &out->next))
        return false;
    if (kind == KEY_NAME)
        return eidc_str_eq(out->record->name, key);
    if (kind == KEY_RAW_EID)
        return !out->record->eid_is_text && same_raw(out->record->eid, key);
    return out->record->eid_is_text && eidc_str_eq(out->record->eid, key);
}

static inline const uint8_t *home_of(const struct eidc_index *index, uint64_t hash)
{
    return index->buckets + eidc_hash_home(hash, index->count) * EIDC_BUCKET_BYTES;
}

/* Every slot with the tag, in every bucket up to the first that nothing went past. */
__attribute__((noinline)) static bool find_anywhere(const struct eidc_image *image,
                                                    const struct eidc_index *index, uint64_t hash,
                                                    enum key_kind kind, struct eidc_str key,
                                                    struct found *out)
{
    const uint8_t *bucket = home_of(index, hash);
    const uint8_t *end = index->buckets + index->count * EIDC_BUCKET_BYTES;
    for (uint64_t probe = 0;; probe++) {
        unsigned match = matching_slots(bucket, eidc_hash_tag(hash));
        for (; match != 0; match &= match - 1) {
            out->slot = slot_of(bucket, (unsigned)__builtin_ctz(match));
            if (slot_has(image, kind, key, out))
                return true;
        }
        if (!(bucket[EIDC_BUCKET_STATE] & EIDC_BUCKET_OVERFLOW) || probe == index->reach)
            return false;
        bucket += EIDC_BUCKET_BYTES;
        if (bucket == end)
            bucket = index->buckets;
    }
}

/* Nearly always the first slot with the tag in the home bucket is the one: one cache line of index
 * and one record. The next look-up's misses start while these are under way if there are few
 * instructions between them, hence a short path of its own, and inline. */
__attribute__((always_inline)) static inline bool find(const struct eidc_image *image,
                                                       const struct eidc_index *index,
                                                       uint64_t hash, enum key_kind kind,
                                                       struct eidc_str key, struct found *out)
{
    const uint8_t *bucket = home_of(index, hash);
    unsigned match = matching_slots(bucket, eidc_hash_tag(hash));
    if (match != 0) {
        out->slot = slot_of(bucket, (unsigned)__builtin_ctz(match));
        if (slot_has(image, kind, key, out))
            return true;
    }
    return find_anywhere(image, index, hash, kind, key, out);
}

/* No hits yet; `first` and `at` mean nothing until the rest says so. */
static inline void reset(struct eidc_hits *hits, const struct eidc_image *image)
{
    hits->image = image;
    hits->has_first = hits->same_name = hits->posting[0] = hits->posting[1] = false;
    hits->left[0] = hits->left[1] = 0;
}

static inline bool forward(const struct eidc_image *image, uint64_t hash, struct eidc_str name,
                           struct eidc_hits *hits)
{
    struct found found = {.record = &hits->first};
    reset(hits, image);
    if (!find(image, &image->forward, hash, KEY_NAME, name, &found))
        return false;
    hits->has_first = hits->same_name = true;
    hits->at[0] = found.next;
    hits->left[0] = found.slot.several ? image->info.entries : 0;
    return true;
}

bool eidc_image_forward(const struct eidc_image *image, struct eidc_str name,
                        struct eidc_hits *hits)
{
    return forward(image, eidc_hash_name(name, image->forward.seed), name, hits);
}

static inline void fill_lane(const struct eidc_image *image, struct slot slot, unsigned lane,
                             struct eidc_hits *hits)
{
    hits->at[lane] = slot.at;
    hits->left[lane] = 1;
    hits->posting[lane] = slot.several;
    if (slot.several)
        hits->left[lane] = posting_list(image, slot.at, &hits->at[lane]);
}

/* One record alone is handed out as it was found; several are merged. */
static bool settle(struct eidc_hits *hits)
{
    uint64_t left = hits->left[0] + hits->left[1];
    hits->has_first = left == 1;
    if (hits->has_first)
        hits->left[0] = hits->left[1] = 0;
    return left > 0;
}

static void reverse_raw(const struct eidc_image *image, uint64_t hash, struct eidc_str raw,
                        struct eidc_hits *hits)
{
    struct found found = {.record = &hits->first};
    if (find(image, &image->reverse, hash, KEY_RAW_EID, raw, &found))
        fill_lane(image, found.slot, 0, hits);
}

static void reverse_text(const struct eidc_image *image, struct eidc_str text,
                         struct eidc_hits *hits)
{
    if (image->info.text_entries == 0)
        return;
    struct eidc_record record = {0}; /* a miss must not spoil the other lane's */
    struct found found = {.record = &record};
    uint64_t hash = eidc_hash_eid(text, true, image->reverse.seed);
    if (!find(image, &image->reverse, hash, KEY_TEXT_EID, text, &found))
        return;
    fill_lane(image, found.slot, 1, hits);
    hits->first = record;
}

static bool parse_eid(const struct eidc_image *image, struct eidc_str eid,
                      uint8_t raw[static EIDC_EID_RAW_MAX], struct eidc_str *out)
{
    *out = (struct eidc_str){(const char *)raw, image->records.raw_size};
    const struct eidc_eid_scheme *scheme = &image->info.scheme;
    /* as by default: fewer instructions, so that look-ups one after the other overlap more */
    if (scheme->encoding == EIDC_EID_HEX && scheme->prefix[0] == '\0')
        return eidc_hex_decode(eid, raw, image->records.raw_size);
    return eidc_eid_parse(scheme, eid, raw);
}

bool eidc_image_reverse(const struct eidc_image *image, struct eidc_str eid, struct eidc_hits *hits)
{
    uint8_t bytes[EIDC_EID_RAW_MAX];
    struct eidc_str raw;
    reset(hits, image);
    if (parse_eid(image, eid, bytes, &raw))
        reverse_raw(image, eidc_hash_eid(raw, false, image->reverse.seed), raw, hits);
    reverse_text(image, eid, hits);
    return settle(hits);
}

static uint64_t lane_offset(const struct eidc_hits *hits, unsigned lane)
{
    if (hits->left[lane] == 0)
        return UINT64_MAX;
    return hits->posting[lane] ? posting(hits->image, hits->at[lane]) : hits->at[lane];
}

static bool next_record(struct eidc_hits *hits, struct eidc_record *out)
{
    uint64_t at[2] = {lane_offset(hits, 0), lane_offset(hits, 1)}, next;
    unsigned lane = at[1] < at[0];
    struct eidc_record record;
    if (hits->left[lane] == 0)
        return false;
    if (!eidc_record_at(&hits->image->records, at[lane], &record, &next) ||
        (hits->same_name && !eidc_str_eq(record.name, hits->first.name))) {
        hits->left[lane] = 0;
        return false;
    }
    hits->at[lane] = hits->posting[lane] ? hits->at[lane] + EIDC_OFFSET_BYTES : next;
    hits->left[lane]--;
    *out = record;
    return true;
}

bool eidc_hits_next(struct eidc_hits *hits, struct eidc_record *out)
{
    if (!hits->has_first)
        return next_record(hits, out);
    *out = hits->first;
    hits->has_first = false;
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

/* Many at once: while one key is compared, the record of the one AHEAD of it is on its way, and
 * the bucket of the one twice as far ahead. */
#define AHEAD 8
#define RING  32 /* a power of two, more than 2 * AHEAD */

/* Always inline: gcc takes a function that only prefetches for one without effect, and its calls
 * for dead code. */
__attribute__((always_inline)) static inline void
fetch_record(const struct eidc_image *image, const struct eidc_index *index, uint64_t hash)
{
    const uint8_t *bucket = home_of(index, hash);
    unsigned match = matching_slots(bucket, eidc_hash_tag(hash));
    if (match == 0)
        return;
    uint64_t at = slot_of(bucket, (unsigned)__builtin_ctz(match)).at;
    if (at >= image->records.n)
        return;
    __builtin_prefetch(image->records.p + at);
    __builtin_prefetch(image->records.p + at + EIDC_BUCKET_BYTES);
}

void eidc_image_forward_many(const struct eidc_image *image, const struct eidc_str *names, size_t n,
                             struct eidc_hits *hits)
{
    const struct eidc_index *index = &image->forward;
    uint64_t hashes[RING];
    for (size_t i = 0; i < n + (size_t)2 * AHEAD; i++) {
        if (i < n) {
            hashes[i % RING] = eidc_hash_name(names[i], index->seed);
            __builtin_prefetch(home_of(index, hashes[i % RING]));
        }
        if (i >= AHEAD && i - AHEAD < n)
            fetch_record(image, index, hashes[(i - AHEAD) % RING]);
        if (i < (size_t)2 * AHEAD)
            continue;
        size_t done = i - (size_t)2 * AHEAD;
        forward(image, hashes[done % RING], names[done], &hits[done]);
    }
}

struct reverse_key {
    uint64_t hash;
    struct eidc_str raw;
    uint8_t bytes[EIDC_EID_RAW_MAX];
};

static inline void read_key(const struct eidc_image *image, struct eidc_str eid,
                            struct reverse_key *key)
{
    if (!parse_eid(image, eid, key->bytes, &key->raw))
        key->raw.n = 0; /* a key that no record has */
    key->hash = eidc_hash_eid(key->raw, false, image->reverse.seed);
}

void eidc_image_reverse_many(const struct eidc_image *image, const struct eidc_str *eids, size_t n,
                             struct eidc_hits *hits)
{
    const struct eidc_index *index = &image->reverse;
    struct reverse_key keys[RING];
    for (size_t i = 0; i < n + (size_t)2 * AHEAD; i++) {
        if (i < n) {
            read_key(image, eids[i], &keys[i % RING]);
            __builtin_prefetch(home_of(index, keys[i % RING].hash));
        }
        if (i >= AHEAD && i - AHEAD < n)
            fetch_record(image, index, keys[(i - AHEAD) % RING].hash);
        if (i < (size_t)2 * AHEAD)
            continue;
        size_t done = i - (size_t)2 * AHEAD;
        const struct reverse_key *key = &keys[done % RING];
        reset(&hits[done], image);
        reverse_raw(image, key->hash, key->raw, &hits[done]);
        reverse_text(image, eids[done], &hits[done]);
        settle(&hits[done]);
    }
}
