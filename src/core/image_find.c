#include "eidcached/core/image_find.h"

__attribute__((flatten)) bool eidc_image_forward(const struct eidc_image *image,
                                                 struct eidc_str name, struct eidc_hits *hits)
{
    if (__builtin_expect(name.n > EIDC_SHORT_NAME || image->forward.seed != 0, 0))
        return eidc_find_forward_any(image, name, hits);
    uint64_t hash = eidc_hash(name, 0);
    return eidc_find_forward(image, eidc_bucket_home(&image->forward, hash), hash, name, hits);
}

__attribute__((flatten)) bool eidc_image_reverse(const struct eidc_image *image,
                                                 struct eidc_str eid, struct eidc_hits *hits)
{
    struct eidc_words raw;
    if (__builtin_expect(!image->plain || eid.n != 2 * sizeof raw || image->reverse.seed != 0, 0) ||
        !eidc_hex_decode_words(eid.p, &raw))
        return eidc_find_reverse_any(image, eid, hits);
    uint64_t hash = eidc_hash_words(raw, 0);
    return eidc_find_reverse(image, eidc_bucket_home(&image->reverse, hash), hash, raw, eid, hits);
}
