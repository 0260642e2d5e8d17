/*
 * A damaged or hostile image gives errors and misses, never a fault. An input is tried as it is,
 * and with its hashes made right, so that what looks behind them is reached too.
 */
#include <string.h>
#include <xxhash.h>

#include "eidcached/base/digest.h"
#include "eidcached/core/image.h"
#include "eidcached/core/image_format.h"
#include "tests/fuzz/fuzz.h"

#define SCANNED 1000 /* entries of one input */

static void look_up(const struct eidc_image *image, struct eidc_str key)
{
    struct eidc_hits hits;
    struct eidc_record record;
    char text[EIDC_EID_TEXT_MAX];
    for (int reverse = 0; reverse < 2; reverse++) {
        bool found =
            reverse ? eidc_image_reverse(image, key, &hits) : eidc_image_forward(image, key, &hits);
        for (int n = 0; found && n < SCANNED && eidc_hits_next(&hits, &record); n++)
            fuzz_must(eidc_record_print_eid(image, &record, text) <= sizeof text);
    }
}

static void scan(const struct eidc_image *image)
{
    struct eidc_cursor cursor = eidc_image_begin(image);
    struct eidc_record record;
    struct eidc_scope scope;
    uint32_t at;
    char text[EIDC_EID_TEXT_MAX];
    for (int n = 0; n < SCANNED && eidc_cursor_next(&cursor, &record); n++) {
        look_up(image, record.name);
        look_up(image, (struct eidc_str){text, eidc_record_print_eid(image, &record, text)});
        struct eidc_scope_cursor scopes = eidc_record_scopes(image, &record);
        while (eidc_scope_cursor_next(&scopes, &at))
            eidc_image_scope(image, at, &scope);
    }
    for (uint32_t i = 0; i < SCANNED && eidc_image_scope(image, i, &scope); i++)
        eidc_image_find_scope(image, scope.source, scope.name);
    cursor = eidc_image_seek(image, EIDC_STR("sales"));
    eidc_cursor_next(&cursor, &record);
}

/* Reads all that can be read; whether the image verifies. */
static bool use(void *block, size_t size)
{
    static const struct eidc_str keys[] = {EIDC_STR("sales"), EIDC_STR("nope"),
                                           EIDC_STR("e04eb29020eaa961e99d3162635e9fe9")};
    struct eidc_image *image;
    struct eidc_hits hits[3];
    struct eidc_record record;
    struct eidc_err err;
    if (!eidc_image_open(block, size, NULL, NULL, &image, &err))
        return false;
    scan(image);
    eidc_image_forward_many(image, keys, 3, hits);
    for (int i = 0; i < 3; i++)
        eidc_hits_next(&hits[i], &record);
    eidc_image_reverse_many(image, keys, 3, hits);
    for (int i = 0; i < 3; i++)
        eidc_hits_next(&hits[i], &record);
    bool good = eidc_image_verify(image, (struct eidc_str){0}, &err);
    fuzz_must(!good || eidc_image_check(image, &err));
    eidc_image_free(image);
    return good;
}

static void mend_hashes(uint8_t *block, size_t size)
{
    const uint8_t *last = block + EIDC_AT_SECTIONS + (size_t)EIDC_SECTION_POSTINGS * 16;
    uint64_t at = eidc_load64(last), n = eidc_load64(last + 8);
    size_t hashed = size - EIDC_IMAGE_HASH_BYTES;
    XXH128_canonical_t whole;
    if (at >= EIDC_AT_CONTENT && at <= hashed && n <= hashed - at)
        eidc_sha256((struct eidc_str){(char *)block + EIDC_AT_CONTENT, at + n - EIDC_AT_CONTENT},
                    block + EIDC_AT_SHA256);
    XXH128_canonicalFromHash(&whole, XXH3_128bits(block, hashed));
    memcpy(block + hashed, &whole, sizeof whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *block = malloc(size + 1);
    fuzz_must(block != NULL);
    memcpy(block, data, size);
    use(block, size);
    if (size >= EIDC_IMAGE_HEADER + EIDC_IMAGE_HASH_BYTES) {
        mend_hashes(block, size);
        use(block, size);
    }
    free(block);
    return 0;
}
