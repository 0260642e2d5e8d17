#include "eidcached/base/encode.h"
#include "eidcached/base/hex.h"
#include "eidcached/core/image_bucket.h"

/*
 * Nearly every look-up ends at the first slot with the tag in the home bucket: one cache line of
 * index and one record. That way is short and inline; everything else is apart and takes its time.
 * What is known of a record before it is compared is checked in one comparison, so that no branch
 * that waits for memory goes either way.
 */
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

/* No hits yet. */
static inline void reset(struct eidc_hits *hits, const struct eidc_image *image)
{
    hits->image = image;
    hits->has_first = hits->has_more = false;
}

/* One hit, and no more. The name lies behind the EID. */
static inline void hand_out(struct eidc_hits *hits, const struct eidc_image *image,
                            const struct eidc_record *first)
{
    hits->image = image;
    hits->eid = first->eid.p;
    hits->eid_size = (uint32_t)first->eid.n;
    hits->name_size = (uint32_t)first->name.n;
    hits->scope_set = first->scope_set;
    hits->eid_is_text = first->eid_is_text;
    hits->has_first = true;
    hits->has_more = hits->same_name = false;
}

__attribute__((noinline)) static bool forward_any(const struct eidc_image *image,
                                                  struct eidc_str name, struct eidc_hits *hits)
{
    struct found found;
    uint64_t hash = eidc_hash(name, image->forward.seed);
    reset(hits, image);
    if (!find(image, &image->forward, hash, KEY_NAME, name, &found))
        return false;
    hand_out(hits, image, &found.record);
    hits->has_more = hits->same_name = found.several;
    hits->posting[0] = false;
    hits->at[0] = found.next;
    hits->left[0] = image->info.entries;
    hits->left[1] = 0;
    return true;
}

typedef uint64_t word_pair __attribute__((vector_size(16)));

static inline word_pair differing(const uint8_t *a, const uint8_t *b)
{
    word_pair x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return x ^ y;
}

static inline word_pair differing_32(const uint8_t *a, const uint8_t *b)
{
    return differing(a, b) | differing(a + 16, b + 16);
}

/* 16 bytes and more: some of them twice rather than one by one. */
static inline bool same_long(const uint8_t *a, const uint8_t *b, size_t n)
{
    word_pair all;
    if (n < 32) {
        all = differing(a, b) | differing(a + n - 16, b + n - 16);
    } else {
        const uint8_t *last = a + n - 32;
        all = differing_32(last, b + n - 32);
        for (; a < last; a += 32, b += 32)
            all |= differing_32(a, b);
    }
    return (all[0] | all[1]) == 0;
}

/* Fewer than 16. No call: it would cost the long ones their registers. */
static inline bool same_few(const uint8_t *a, const uint8_t *b, size_t n)
{
    if (n >= 8)
        return ((eidc_load64(a) ^ eidc_load64(b)) |
                (eidc_load64(a + n - 8) ^ eidc_load64(b + n - 8))) == 0;
    if (n >= 4)
        return ((eidc_load32(a) ^ eidc_load32(b)) |
                (eidc_load32(a + n - 4) ^ eidc_load32(b + n - 4))) == 0;
    uint8_t all = 0;
    for (size_t i = 0; i < n; i++)
        all |= a[i] ^ b[i];
    return all == 0;
}

static inline bool same_bytes(const uint8_t *a, const char *b, size_t n)
{
    const uint8_t *bytes = (const uint8_t *)b;
    return n >= sizeof(word_pair) ? same_long(a, bytes, n) : same_few(a, bytes, n);
}

/* A record as most are: both varints one byte, its EID a checksum. The two bytes can be read where
 * a record could start, as other sections follow. */
#define HEAD_BYTES 2u
_Static_assert(EIDC_SECTION_RECORDS < EIDC_SECTION_FORWARD, "an index header follows, at least");

static inline struct eidc_record short_record(const uint8_t *p, size_t eid_size, size_t name_size)
{
    const char *eid = (const char *)p + HEAD_BYTES;
    return (struct eidc_record){{eid + eid_size, name_size}, {eid, eid_size}, false, p[1] >> 1};
}

/* Is there such a record with this name, of at most SHORT_NAME bytes? */
#define SHORT_NAME 0x7fu
static inline bool short_named(const struct eidc_records *records, uint64_t at,
                               struct eidc_str name, struct eidc_record *out)
{
    if (at >= records->n)
        return false;
    const uint8_t *p = records->p + at;
    const size_t eid_size = records->raw_size, front = HEAD_BYTES + eid_size;
    if ((eidc_load16(p) & 0x81ff) != name.n || front + name.n > records->n - at ||
        !same_bytes(p + front, name.p, name.n))
        return false;
    *out = short_record(p, eid_size, name.n);
    return true;
}

static inline bool forward(const struct eidc_image *image, const uint8_t *bucket, uint64_t hash,
                           struct eidc_str name, struct eidc_hits *hits)
{
    unsigned match = eidc_bucket_match(bucket, eidc_hash_tag(hash));
    if (match == 0 && !(eidc_bucket_state(bucket) & EIDC_BUCKET_OVERFLOW)) {
        reset(hits, image);
        return false;
    }
    if (match == 0)
        return forward_any(image, name, hits);
    unsigned slot = (unsigned)__builtin_ctz(match);
    uint64_t at = eidc_bucket_offset(bucket, slot) << image->records.shift;
    struct eidc_record record;
    if (eidc_bucket_several(bucket, slot) || !short_named(&image->records, at, name, &record))
        return forward_any(image, name, hits);
    hand_out(hits, image, &record);
    return true;
}

__attribute__((flatten)) bool eidc_image_forward(const struct eidc_image *image,
                                                 struct eidc_str name, struct eidc_hits *hits)
{
    if (__builtin_expect(name.n > SHORT_NAME || image->forward.seed != 0, 0))
        return forward_any(image, name, hits);
    uint64_t hash = eidc_hash(name, 0);
    return forward(image, eidc_bucket_home(&image->forward, hash), hash, name, hits);
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
__attribute__((noinline)) static bool reverse_any(const struct eidc_image *image,
                                                  struct eidc_str eid, struct eidc_hits *hits)
{
    const struct eidc_index *index = &image->reverse;
    uint8_t bytes[EIDC_EID_RAW_MAX];
    const struct eidc_str raw = {(const char *)bytes, image->records.raw_size};
    struct found found[2];
    reset(hits, image);
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
        hand_out(hits, image, &found[hits->left[1]].record);
    hits->has_more = left > 1;
    return left > 0;
}

/* Is there such a record with this EID? */
static inline bool short_of(const struct eidc_records *records, uint64_t at, struct eidc_words eid,
                            struct eidc_record *out)
{
    if (at >= records->n)
        return false;
    const uint8_t *p = records->p + at;
    const uint32_t head = eidc_load16(p), name_size = head & 0x7f;
    const uint64_t differing =
        (eidc_load64(p + HEAD_BYTES) ^ eid.low) | (eidc_load64(p + HEAD_BYTES + 8) ^ eid.high);
    if ((head & 0x8180) != 0 || name_size == 0 || differing != 0 ||
        HEAD_BYTES + EIDC_HEX_STEP + name_size > records->n - at)
        return false;
    *out = short_record(p, EIDC_HEX_STEP, name_size);
    return true;
}

/* An image of plain EIDs: 32 hex digits, parsed by the caller. */
static inline bool reverse_plain(const struct eidc_image *image, const uint8_t *bucket,
                                 uint64_t hash, struct eidc_words raw, struct eidc_str eid,
                                 struct eidc_hits *hits)
{
    unsigned match = eidc_bucket_match(bucket, eidc_hash_tag(hash));
    if (match == 0 && !(eidc_bucket_state(bucket) & EIDC_BUCKET_OVERFLOW)) {
        reset(hits, image);
        return false;
    }
    if (match == 0)
        return reverse_any(image, eid, hits);
    unsigned slot = (unsigned)__builtin_ctz(match);
    uint64_t at = eidc_bucket_offset(bucket, slot) << image->records.shift;
    struct eidc_record record;
    if (eidc_bucket_several(bucket, slot) || !short_of(&image->records, at, raw, &record))
        return reverse_any(image, eid, hits);
    hand_out(hits, image, &record);
    return true;
}

__attribute__((flatten)) bool eidc_image_reverse(const struct eidc_image *image,
                                                 struct eidc_str eid, struct eidc_hits *hits)
{
    struct eidc_words raw;
    if (__builtin_expect(!image->plain || eid.n != 2 * sizeof raw || image->reverse.seed != 0, 0) ||
        !eidc_hex_decode_words(eid.p, &raw))
        return reverse_any(image, eid, hits);
    uint64_t hash = eidc_hash_words(raw, 0);
    return reverse_plain(image, eidc_bucket_home(&image->reverse, hash), hash, raw, eid, hits);
}

/* Many at once: first all buckets are sent for, then all records, and then they are compared. */
#define GROUP 32

/* Always inline: gcc takes a function that only prefetches for one without effect, and its calls
 * for dead code. */
__attribute__((always_inline)) static inline void fetch_record(const struct eidc_image *image,
                                                               const uint8_t *bucket, uint64_t hash)
{
    unsigned match = eidc_bucket_match(bucket, eidc_hash_tag(hash));
    if (match == 0)
        return;
    uint64_t at = eidc_bucket_offset(bucket, (unsigned)__builtin_ctz(match))
                  << image->records.shift;
    if (at >= image->records.n)
        return;
    __builtin_prefetch(image->records.p + at);
    __builtin_prefetch(image->records.p + at + EIDC_BUCKET_BYTES);
}

struct group {
    const uint8_t *bucket[GROUP];
    uint64_t hash[GROUP];
};

__attribute__((flatten)) static void forward_group(const struct eidc_image *image,
                                                   const struct eidc_str *names, size_t n,
                                                   struct eidc_hits *hits)
{
    struct group group;
    for (size_t i = 0; i < n; i++) {
        group.hash[i] = eidc_hash(names[i], image->forward.seed);
        group.bucket[i] = eidc_bucket_home(&image->forward, group.hash[i]);
        __builtin_prefetch(group.bucket[i]);
    }
    for (size_t i = 0; i < n; i++)
        fetch_record(image, group.bucket[i], group.hash[i]);
    for (size_t i = 0; i < n; i++) {
        if (names[i].n > SHORT_NAME)
            forward_any(image, names[i], &hits[i]);
        else
            forward(image, group.bucket[i], group.hash[i], names[i], &hits[i]);
    }
}

void eidc_image_forward_many(const struct eidc_image *image, const struct eidc_str *names, size_t n,
                             struct eidc_hits *hits)
{
    for (size_t at = 0; at < n; at += GROUP)
        forward_group(image, names + at, n - at < GROUP ? n - at : GROUP, hits + at);
}

__attribute__((flatten)) static void reverse_group(const struct eidc_image *image,
                                                   const struct eidc_str *eids, size_t n,
                                                   struct eidc_hits *hits)
{
    struct eidc_words raw[GROUP];
    struct group group;
    for (size_t i = 0; i < n; i++) {
        group.bucket[i] = NULL; /* no EID of this image */
        if (eids[i].n != 2 * sizeof raw[i] || !eidc_hex_decode_words(eids[i].p, &raw[i]))
            continue;
        group.hash[i] = eidc_hash_words(raw[i], image->reverse.seed);
        group.bucket[i] = eidc_bucket_home(&image->reverse, group.hash[i]);
        __builtin_prefetch(group.bucket[i]);
    }
    for (size_t i = 0; i < n; i++)
        if (group.bucket[i] != NULL)
            fetch_record(image, group.bucket[i], group.hash[i]);
    for (size_t i = 0; i < n; i++) {
        if (group.bucket[i] == NULL)
            reset(&hits[i], image);
        else
            reverse_plain(image, group.bucket[i], group.hash[i], raw[i], eids[i], &hits[i]);
    }
}

/* An EID of any kind may have a slot as a checksum and one as text; the bucket of a lane it cannot
 * have is the other's. */
static void hash_lanes(const struct eidc_image *image, struct eidc_str eid, struct group lane[2],
                       size_t i)
{
    const struct eidc_index *index = &image->reverse;
    uint8_t bytes[EIDC_EID_RAW_MAX];
    struct eidc_str raw = {(const char *)bytes, image->records.raw_size};
    lane[1].hash[i] = eidc_hash_eid(eid, true, index->seed);
    lane[0].hash[i] = eidc_eid_parse(&image->info.scheme, eid, bytes)
                          ? eidc_hash_eid(raw, false, index->seed)
                          : lane[1].hash[i];
    for (unsigned k = 0; k < 2; k++) {
        lane[k].bucket[i] = eidc_bucket_home(index, lane[k].hash[i]);
        __builtin_prefetch(lane[k].bucket[i]);
    }
}

static void reverse_group_any(const struct eidc_image *image, const struct eidc_str *eids, size_t n,
                              struct eidc_hits *hits)
{
    struct group lane[2];
    for (size_t i = 0; i < n; i++)
        hash_lanes(image, eids[i], lane, i);
    for (size_t i = 0; i < n; i++) {
        fetch_record(image, lane[0].bucket[i], lane[0].hash[i]);
        fetch_record(image, lane[1].bucket[i], lane[1].hash[i]);
    }
    for (size_t i = 0; i < n; i++)
        reverse_any(image, eids[i], &hits[i]);
}

void eidc_image_reverse_many(const struct eidc_image *image, const struct eidc_str *eids, size_t n,
                             struct eidc_hits *hits)
{
    for (size_t at = 0; at < n; at += GROUP) {
        size_t some = n - at < GROUP ? n - at : GROUP;
        if (image->plain)
            reverse_group(image, eids + at, some, hits + at);
        else
            reverse_group_any(image, eids + at, some, hits + at);
    }
}
