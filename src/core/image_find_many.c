/* Many at once: first all buckets are sent for, then all records, and then they are compared. */
#include "eidcached/core/image_find.h"

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
        if (names[i].n > EIDC_SHORT_NAME)
            eidc_find_forward_any(image, names[i], &hits[i]);
        else
            eidc_find_forward(image, group.bucket[i], group.hash[i], names[i], &hits[i]);
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
            eidc_hits_set_none(&hits[i], image);
        else
            eidc_find_reverse(image, group.bucket[i], group.hash[i], raw[i], eids[i], &hits[i]);
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
        eidc_find_reverse_any(image, eids[i], &hits[i]);
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
