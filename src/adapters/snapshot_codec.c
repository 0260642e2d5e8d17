#include "eidcached/adapters/snapshot_codec.h"

#include <zstd.h>

#include "eidcached/core/image_memory.h"

#define LEVEL 3

/* The most an image may be longer than its frame. EIDs are random bytes, so that real ones shrink
 * to a fifth or so; the room is for the empty tables of the smallest. */
#define RATIO_MAX 1000
#define ROOM      ((unsigned long long)1 << 20)

static void free_context(ZSTD_CCtx **context)
{
    ZSTD_freeCCtx(*context);
}

bool eidc_snapshot_compress(struct eidc_str block, struct eidc_buf *out, struct eidc_err *err)
{
    __attribute__((cleanup(free_context))) ZSTD_CCtx *context = ZSTD_createCCtx();
    size_t room = ZSTD_compressBound(block.n);
    char *to = context ? eidc_buf_reserve(out, room) : NULL;
    if (!to)
        return eidc_fail(err, EIDC_ERR_NOMEM, "no memory to compress %zu bytes", block.n);
    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, LEVEL);
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
    size_t n = ZSTD_compress2(context, to, room, block.p, block.n);
    if (ZSTD_isError(n))
        return eidc_fail(err, EIDC_ERR_NOMEM, "zstd: %s", ZSTD_getErrorName(n));
    eidc_buf_commit(out, n);
    return true;
}

/* One frame that says how long its content is, and nothing behind it. */
static bool content_size(struct eidc_str stored, size_t *out, struct eidc_err *err)
{
    size_t frame = ZSTD_findFrameCompressedSize(stored.p, stored.n);
    if (ZSTD_isError(frame))
        return eidc_fail(err, EIDC_ERR_CORRUPT, "not a zstd frame: %s", ZSTD_getErrorName(frame));
    if (frame != stored.n)
        return eidc_fail(err, EIDC_ERR_CORRUPT, "%zu bytes behind the zstd frame",
                         stored.n - frame);
    unsigned long long n = ZSTD_getFrameContentSize(stored.p, stored.n);
    if (n == ZSTD_CONTENTSIZE_UNKNOWN || n == ZSTD_CONTENTSIZE_ERROR)
        return eidc_fail(err, EIDC_ERR_CORRUPT, "the zstd frame does not say its content's size");
    if (n > ROOM && (n - ROOM) / RATIO_MAX > stored.n)
        return eidc_fail(err, EIDC_ERR_CORRUPT, "a zstd frame of %zu bytes that claims %llu",
                         stored.n, n);
    *out = (size_t)n;
    return true;
}

static bool fill(struct eidc_str stored, bool compressed, void *block, size_t size,
                 struct eidc_err *err)
{
    if (!compressed) {
        memcpy(block, stored.p, size);
        return true;
    }
    size_t n = ZSTD_decompress(block, size, stored.p, stored.n);
    if (ZSTD_isError(n))
        return eidc_fail(err, EIDC_ERR_CORRUPT, "zstd: %s", ZSTD_getErrorName(n));
    if (n != size)
        return eidc_fail(err, EIDC_ERR_CORRUPT, "zstd: %zu bytes where %zu were told", n, size);
    return true;
}

static void release_block(void *block, size_t size, void *arg)
{
    (void)arg;
    eidc_big_free(block, size);
}

bool eidc_snapshot_open(struct eidc_str stored, bool compressed, struct eidc_image **out,
                        struct eidc_err *err)
{
    size_t size = stored.n;
    if (compressed && !content_size(stored, &size, err))
        return false;
    if (size == 0)
        return eidc_fail(err, EIDC_ERR_CORRUPT, "an empty image");
    void *block = eidc_big_alloc(size);
    if (!block)
        return eidc_fail(err, EIDC_ERR_NOMEM, "no memory for an image of %zu bytes", size);
    if (fill(stored, compressed, block, size, err) &&
        eidc_image_open(block, size, release_block, NULL, out, err))
        return true;
    eidc_big_free(block, size);
    return false;
}
