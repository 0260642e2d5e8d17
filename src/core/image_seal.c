/* The envelope's hashes, and images in memory of our own. */
#include <xxhash.h>

#include "eidcached/base/digest.h"
#include "eidcached/base/mem.h"
#include "eidcached/core/image_build.h"
#include "eidcached/core/image_parts.h"

struct eidc_str eidc_content_of(const uint8_t *block)
{
    const uint8_t *last = block + EIDC_AT_SECTIONS + (size_t)16 * EIDC_SECTION_POSTINGS;
    uint64_t end = eidc_load64(last) + eidc_load64(last + 8);
    return (struct eidc_str){(const char *)block + EIDC_AT_CONTENT, end - EIDC_AT_CONTENT};
}

void eidc_content_sha256(const uint8_t *block, uint8_t out[static 32])
{
    eidc_sha256(eidc_content_of(block), out);
}

static XXH128_canonical_t whole_hash(const uint8_t *block, size_t size)
{
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits(block, size - EIDC_IMAGE_HASH_BYTES));
    return canonical;
}

void eidc_image_seal(uint8_t *block, size_t size)
{
    XXH128_canonical_t hash = whole_hash(block, size);
    memcpy(block + size - EIDC_IMAGE_HASH_BYTES, hash.digest, sizeof hash.digest);
}

bool eidc_image_check(const struct eidc_image *image, struct eidc_err *err)
{
    XXH128_canonical_t hash = whole_hash(image->block, image->size);
    const uint8_t *stored = image->block + image->size - EIDC_IMAGE_HASH_BYTES;
    if (memcmp(stored, hash.digest, sizeof hash.digest) != 0)
        return eidc_fail(err, EIDC_ERR_CORRUPT, "image: damaged: its hash is not what it says");
    return true;
}

static void release_big(void *block, size_t size, void *arg)
{
    (void)size;
    struct eidc_part *mapped = arg;
    eidc_big_free(block, mapped->n);
    free(mapped);
}

bool eidc_image_adopt(uint8_t *block, size_t mapped, size_t size, struct eidc_image **out,
                      struct eidc_err *err)
{
    struct eidc_part *whole = eidc_xcalloc(1, sizeof *whole);
    *whole = (struct eidc_part){block, eidc_big_trim(block, mapped, size)};
    if (eidc_image_open(block, size, release_big, whole, out, err))
        return true;
    eidc_big_free(block, whole->n);
    free(whole);
    return false;
}

bool eidc_image_renumber(const struct eidc_image *image, uint64_t number, struct eidc_image **out,
                         struct eidc_err *err)
{
    uint8_t *block = eidc_big_alloc(image->size);
    if (block == NULL)
        return eidc_fail(err, EIDC_ERR_NOMEM, "no memory to renumber an image of %zu bytes",
                         image->size);
    memcpy(block, image->block, image->size);
    eidc_store64(block + EIDC_AT_NUMBER, number);
    eidc_image_seal(block, image->size);
    return eidc_image_adopt(block, image->size, image->size, out, err);
}
