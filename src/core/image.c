#include "eidcached/core/image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "eidcached/base/encode.h"
#include "eidcached/base/file.h"
#include "eidcached/base/hex.h"
#include "eidcached/base/mem.h"
#include "eidcached/core/image_parts.h"

static bool corrupt(struct eidc_err *err, const char *what)
{
    return eidc_fail(err, EIDC_ERR_CORRUPT, "image: %s", what);
}

static bool read_identity(struct eidc_image *image, struct eidc_err *err)
{
    const uint8_t *p = image->block;
    if (image->size < EIDC_IMAGE_HEADER + EIDC_IMAGE_HASH_BYTES)
        return corrupt(err, "too short to be one");
    if (memcmp(p, EIDC_IMAGE_MAGIC, sizeof EIDC_IMAGE_MAGIC - 1) != 0)
        return corrupt(err, "it does not start with " EIDC_IMAGE_MAGIC);
    uint32_t mark = eidc_load32(p + EIDC_AT_MARK);
    if (mark == EIDC_IMAGE_MARK_FOREIGN)
        return corrupt(err, "written in big-endian byte order; the format is little-endian");
    if (mark != EIDC_IMAGE_MARK)
        return corrupt(err, "damaged byte order mark");
    image->info.format_version = eidc_load32(p + EIDC_AT_VERSION);
    if (image->info.format_version != EIDC_IMAGE_VERSION)
        return eidc_fail(err, EIDC_ERR_CORRUPT,
                         "image: format version %u; this program reads version %u",
                         image->info.format_version, EIDC_IMAGE_VERSION);
    uint64_t size = eidc_load64(p + EIDC_AT_SIZE);
    if (size != image->size)
        return eidc_fail(err, EIDC_ERR_CORRUPT, "image: %zu bytes; its header says %llu",
                         image->size, (unsigned long long)size);
    return true;
}

static void read_info(struct eidc_image *image)
{
    const uint8_t *p = image->block;
    struct eidc_image_info *info = &image->info;
    info->number = eidc_load64(p + EIDC_AT_NUMBER);
    info->created_at_ms = (int64_t)eidc_load64(p + EIDC_AT_CREATED);
    info->entries = eidc_load64(p + EIDC_AT_ENTRIES);
    info->names = eidc_load64(p + EIDC_AT_NAMES);
    info->text_entries = eidc_load64(p + EIDC_AT_TEXTS);
    info->scopes = eidc_load32(p + EIDC_AT_SCOPES);
    image->scope_sets = eidc_load32(p + EIDC_AT_SCOPE_SETS);
    memcpy(info->content_sha256, p + EIDC_AT_SHA256, sizeof info->content_sha256);
    size_t n = eidc_hex_encode(info->content_sha256, (EIDC_IMAGE_ID_TEXT - 1) / 2, info->id);
    info->id[n] = '\0';
}

/* Sections are aligned, in order, and end before the trailing hash. */
static bool read_sections(struct eidc_image *image, struct eidc_err *err)
{
    uint64_t limit = image->size - EIDC_IMAGE_HASH_BYTES, end = EIDC_IMAGE_HEADER;
    for (size_t i = 0; i < EIDC_SECTION_COUNT; i++) {
        const uint8_t *entry = image->block + EIDC_AT_SECTIONS + 16 * i;
        uint64_t offset = eidc_load64(entry), size = eidc_load64(entry + 8);
        if (offset % EIDC_IMAGE_ALIGN != 0 || offset < end || offset > limit ||
            size > limit - offset)
            return eidc_fail(err, EIDC_ERR_CORRUPT, "image: section %zu is not where it can be", i);
        image->part[i] = (struct eidc_part){image->block + offset, size};
        end = offset + size;
    }
    return true;
}

/* Are there n items of a size, and nothing else? */
static bool holds(const struct eidc_part *part, uint64_t n, uint64_t size)
{
    uint64_t bytes;
    return !__builtin_mul_overflow(n, size, &bytes) && bytes == part->n;
}

static bool check_counts(const struct eidc_image *image, struct eidc_err *err)
{
    const struct eidc_image_info *info = &image->info;
    const struct eidc_part *part = image->part;
    if (info->entries > part[EIDC_SECTION_RECORDS].n || info->names > info->entries ||
        info->text_entries > info->entries || part[EIDC_SECTION_RECORDS].n > EIDC_RECORDS_LIMIT)
        return corrupt(err, "more entries than bytes of records");
    uint64_t steps = (info->entries + EIDC_ORDER_STEP - 1) / EIDC_ORDER_STEP;
    if (!holds(&part[EIDC_SECTION_ORDER], steps, 8))
        return corrupt(err, "the order index is not of its size");
    if (part[EIDC_SECTION_SCOPES].n < 4 * (2 * (uint64_t)info->scopes + 1) ||
        part[EIDC_SECTION_SCOPE_SETS].n < 4 * ((uint64_t)image->scope_sets + 1) ||
        !holds(&part[EIDC_SECTION_STATE], info->scopes, 8))
        return corrupt(err, "the scopes are not of their size");
    return true;
}

static bool read_scheme(struct eidc_image *image, struct eidc_err *err)
{
    struct eidc_eid_scheme *s = &image->info.scheme;
    const uint8_t *p = image->part[EIDC_SECTION_SCHEME].p;
    if (image->part[EIDC_SECTION_SCHEME].n != EIDC_SCHEME_BYTES)
        return corrupt(err, "the EID scheme is not of its size");
    memcpy(s->algorithm, p + EIDC_SCHEME_ALGORITHM, sizeof s->algorithm);
    memcpy(s->prefix, p + EIDC_SCHEME_PREFIX, sizeof s->prefix);
    memcpy(s->fingerprint, p + EIDC_SCHEME_FINGERPRINT, sizeof s->fingerprint);
    s->bits = eidc_load16(p + EIDC_SCHEME_BITS);
    s->encoding = p[EIDC_SCHEME_ENCODING];
    s->keyed = p[EIDC_SCHEME_KEYED];
    bool texts_end = memchr(s->algorithm, '\0', sizeof s->algorithm) != NULL &&
                     memchr(s->prefix, '\0', sizeof s->prefix) != NULL;
    if (!texts_end || s->bits % 8 != 0 || s->bits < 32 || s->bits > 8 * EIDC_EID_RAW_MAX ||
        s->encoding > EIDC_EID_BASE64URL || s->keyed > 1)
        return corrupt(err, "no EID scheme that can be");
    return true;
}

static bool read_index(const struct eidc_part *part, struct eidc_index *out, struct eidc_err *err)
{
    if (part->n < EIDC_INDEX_HEADER)
        return corrupt(err, "an index is too short");
    out->seed = eidc_load64(part->p + EIDC_INDEX_SEED);
    out->count = eidc_load64(part->p + EIDC_INDEX_BUCKETS);
    out->reach = eidc_load64(part->p + EIDC_INDEX_REACH);
    out->buckets = part->p + EIDC_INDEX_HEADER;
    struct eidc_part buckets = {out->buckets, part->n - EIDC_INDEX_HEADER};
    if (out->count == 0 || !holds(&buckets, out->count, EIDC_BUCKET_BYTES) ||
        out->reach >= out->count)
        return corrupt(err, "an index is not of its size");
    return true;
}

static bool read_all(struct eidc_image *image, struct eidc_err *err)
{
    if (!read_identity(image, err))
        return false;
    read_info(image);
    if (image->info.number > EIDC_GENERATION_MAX)
        return corrupt(err, "its number is higher than one can be");
    if (!read_sections(image, err) || !check_counts(image, err) || !read_scheme(image, err) ||
        !read_index(&image->part[EIDC_SECTION_FORWARD], &image->forward, err) ||
        !read_index(&image->part[EIDC_SECTION_REVERSE], &image->reverse, err))
        return false;
    image->records = eidc_records_of(&image->part[EIDC_SECTION_RECORDS], &image->info.scheme);
    image->plain = image->info.text_entries == 0 && image->info.scheme.encoding == EIDC_EID_HEX &&
                   image->info.scheme.prefix[0] == '\0' && image->records.raw_size == EIDC_HEX_STEP;
    return true;
}

bool eidc_image_open(void *block, size_t size, eidc_image_release *release, void *arg,
                     struct eidc_image **out, struct eidc_err *err)
{
    struct eidc_image *image = calloc(1, sizeof *image); /* used by libeidcache */
    if (image == NULL)
        return eidc_fail(err, EIDC_ERR_NOMEM, "no memory to open an image");
    image->block = block;
    image->size = size;
    if (!read_all(image, err)) {
        free(image);
        return false;
    }
    image->owned = block;
    image->release = release;
    image->release_arg = arg;
    *out = image;
    return true;
}

static void unmap(void *block, size_t size, void *arg)
{
    (void)arg;
    eidc_big_free(block, size);
}

bool eidc_image_map_file(const char *path, struct eidc_image **out, struct eidc_err *err)
{
    void *block;
    size_t size;
    if (!eidc_file_map(path, &block, &size, err))
        return false;
    if (!eidc_image_open(block, size, unmap, NULL, out, err)) {
        eidc_big_free(block, size);
        return eidc_wrap(err, "%s", path);
    }
    return true;
}

static bool read_whole(int fd, char *block, size_t size)
{
    for (size_t at = 0; at < size;) {
        ssize_t n = read(fd, block + at, size - at);
        if (n <= 0 && errno != EINTR)
            return false;
        at += n > 0 ? (size_t)n : 0;
    }
    return true;
}

bool eidc_image_read_file(const char *path, struct eidc_image **out, struct eidc_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return eidc_fail_errno(err, "cannot open %s", path);
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size == 0) {
        close(fd);
        return eidc_fail(err, EIDC_ERR_CORRUPT, "%s: not an image", path);
    }
    const size_t size = (size_t)st.st_size;
    void *block = eidc_big_alloc(size);
    if (block == NULL) {
        close(fd);
        return eidc_fail(err, EIDC_ERR_NOMEM, "%s: no memory for %zu bytes", path, size);
    }
    errno = 0;
    bool ok = read_whole(fd, block, size);
    if (!ok)
        eidc_fail(err, EIDC_ERR_CORRUPT, "%s: %s", path,
                  errno ? strerror(errno) : "became shorter while it was read");
    close(fd);
    if (ok && !eidc_image_open(block, size, unmap, NULL, out, err))
        ok = eidc_wrap(err, "%s", path);
    if (!ok)
        eidc_big_free(block, size);
    return ok;
}

void eidc_image_free(struct eidc_image *image)
{
    if (image == NULL)
        return;
    if (image->release != NULL)
        image->release(image->owned, image->size, image->release_arg);
    free(image);
}

const struct eidc_image_info *eidc_image_info(const struct eidc_image *image)
{
    return &image->info;
}

struct eidc_str eidc_image_block(const struct eidc_image *image)
{
    return (struct eidc_str){(const char *)image->block, image->size};
}

size_t eidc_record_print_eid(const struct eidc_image *image, const struct eidc_record *record,
                             char out[static EIDC_EID_TEXT_MAX])
{
    if (image->plain && !record->eid_is_text) {
        eidc_hex_encode_step((const uint8_t *)record->eid.p, out);
        return 2 * (size_t)EIDC_HEX_STEP;
    }
    if (!record->eid_is_text)
        return eidc_eid_print(&image->info.scheme, (const uint8_t *)record->eid.p, out);
    memcpy(out, record->eid.p, record->eid.n);
    return record->eid.n;
}
