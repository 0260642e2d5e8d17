#include "eidcached/adapters/eid_cache_body.h"

#define PIECE_BYTES ((size_t)64 * 1024)

static void begin(void *arg)
{
    struct eidc_eid_cache_body *b = arg;
    b->doc = (struct eidc_eid_cache){.image = b->doc.image, .request_count = b->doc.request_count};
    eidc_buf_clear(&b->piece);
    b->taken = 0;
}

/* False: that was all, or there is no memory for more. */
static bool next_piece(struct eidc_eid_cache_body *b)
{
    eidc_buf_clear(&b->piece);
    b->taken = 0;
    eidc_eid_cache_write_some(&b->doc, PIECE_BYTES, &b->piece);
    return b->piece.n > 0 && !b->piece.failed;
}

static size_t give(void *arg, char *to, size_t room)
{
    struct eidc_eid_cache_body *b = arg;
    if (b->taken == b->piece.n && !next_piece(b))
        return 0;
    size_t left = b->piece.n - b->taken;
    size_t n = left < room ? left : room;
    memcpy(to, b->piece.p + b->taken, n);
    b->taken += n;
    return n;
}

bool eidc_eid_cache_body_make(struct eidc_eid_cache_body *b, const struct eidc_image *image,
                              uint64_t request_count, struct eidc_err *err)
{
    struct eidc_sha256_sum *sum = eidc_sha256_begin();
    uint64_t size = 0;
    *b = (struct eidc_eid_cache_body){
        .doc = {.image = image, .request_count = request_count},
    };
    while (next_piece(b)) {
        eidc_sha256_add(sum, eidc_buf_view(&b->piece));
        size += b->piece.n;
    }
    eidc_sha256_end(sum, b->sha256);
    b->body = (struct eidc_http_body){.arg = b, .size = size, .rewind = begin, .read = give};
    return !b->piece.failed || eidc_fail(err, EIDC_ERR_NOMEM, "no memory for eid_cache.json");
}

void eidc_eid_cache_body_free(struct eidc_eid_cache_body *b)
{
    eidc_buf_free(&b->piece);
}
