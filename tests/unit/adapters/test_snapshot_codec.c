#include "eidcached/adapters/snapshot_codec.h"

#include <zstd.h>

#include "tests/support/build_image.h"

static struct eidc_image *sample(void)
{
    static const struct test_entry entries[] = {{"sales", NULL, NULL},
                                                {"sales.orders", NULL, NULL}};
    return build_image(7, entries, 2);
}

static void compress(const struct eidc_image *image, struct eidc_buf *out)
{
    struct eidc_err err;
    if (!eidc_snapshot_compress(eidc_image_block(image), out, &err))
        fail_msg("%s", err.text);
}

static void there_and_back(void **state)
{
    (void)state;
    struct eidc_image *image = sample(), *again = NULL;
    EIDC_BUF_AUTO stored = {0};
    struct eidc_err err;
    compress(image, &stored);
    assert_true(eidc_snapshot_open(eidc_buf_view(&stored), true, &again, &err));
    assert_true(eidc_str_eq(eidc_image_block(image), eidc_image_block(again)));
    eidc_image_free(image);
    eidc_image_free(again);
}

static void the_frame_says_size_and_checksum(void **state)
{
    (void)state;
    struct eidc_image *image = sample();
    EIDC_BUF_AUTO stored = {0};
    compress(image, &stored);
    assert_int_equal(ZSTD_getFrameContentSize(stored.p, stored.n), eidc_image_block(image).n);
    assert_true(((uint8_t)stored.p[4] & 4) != 0); /* Content_Checksum_flag */
    eidc_image_free(image);
}

static void uncompressed_bytes_are_copied(void **state)
{
    (void)state;
    struct eidc_image *image = sample(), *again = NULL;
    struct eidc_err err;
    assert_true(eidc_snapshot_open(eidc_image_block(image), false, &again, &err));
    assert_ptr_not_equal(eidc_image_block(image).p, eidc_image_block(again).p);
    eidc_image_free(image);
    assert_true(eidc_image_check(again, &err));
    eidc_image_free(again);
}

static void expect_corrupt(struct eidc_str stored, bool compressed)
{
    struct eidc_image *image = NULL;
    struct eidc_err err = {0};
    assert_false(eidc_snapshot_open(stored, compressed, &image, &err));
    assert_int_equal(err.kind, EIDC_ERR_CORRUPT);
    assert_null(image);
}

static void bytes_that_are_no_snapshot(void **state)
{
    (void)state;
    expect_corrupt(EIDC_STR(""), true);
    expect_corrupt(EIDC_STR(""), false);
    expect_corrupt(EIDC_STR("not zstd at all"), true);
    expect_corrupt(EIDC_STR("not an image at all"), false);
}

/* A frame that decompresses well, to far too much. */
static void a_bomb_is_not_lit(void **state)
{
    (void)state;
    static char zeros[64 << 20];
    struct eidc_image *image = NULL;
    EIDC_BUF_AUTO stored = {0};
    struct eidc_err err = {0};
    assert_true(eidc_snapshot_compress((struct eidc_str){zeros, sizeof(zeros)}, &stored, &err));
    assert_true(sizeof(zeros) / stored.n > 1000);
    assert_false(eidc_snapshot_open(eidc_buf_view(&stored), true, &image, &err));
    assert_int_equal(err.kind, EIDC_ERR_CORRUPT);
    assert_non_null(strstr(err.text, "that claims 67108864"));
    assert_null(image);
}

static void every_cut_is_noticed(void **state)
{
    (void)state;
    struct eidc_image *image = sample();
    EIDC_BUF_AUTO stored = {0};
    compress(image, &stored);
    for (size_t n = 0; n < stored.n; n++)
        expect_corrupt((struct eidc_str){stored.p, n}, true);
    eidc_buf_add_byte(&stored, 0);
    expect_corrupt(eidc_buf_view(&stored), true); /* and what stands behind */
    eidc_image_free(image);
}

/* A flipped bit fails here or in the image's own check, and never does harm. */
static void every_flipped_bit_is_noticed(void **state)
{
    (void)state;
    struct eidc_image *image = sample();
    EIDC_BUF_AUTO stored = {0};
    compress(image, &stored);
    for (size_t i = 0; i < 8 * stored.n; i++) {
        struct eidc_image *again = NULL;
        struct eidc_err err;
        stored.p[i / 8] = (char)(stored.p[i / 8] ^ (1 << i % 8));
        bool ok = eidc_snapshot_open(eidc_buf_view(&stored), true, &again, &err);
        if (ok && !eidc_str_eq(eidc_image_block(image), eidc_image_block(again)))
            fail_msg("bit %zu", i);
        if (ok)
            eidc_image_free(again);
        stored.p[i / 8] = (char)(stored.p[i / 8] ^ (1 << i % 8));
    }
    eidc_image_free(image);
}

static void a_frame_without_its_size(void **state)
{
    (void)state;
    struct eidc_image *image = sample();
    char out[65536];
    ZSTD_CCtx *context = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0);
    struct eidc_str block = eidc_image_block(image);
    size_t n = ZSTD_compress2(context, out, sizeof(out), block.p, block.n);
    assert_false(ZSTD_isError(n));
    expect_corrupt((struct eidc_str){out, n}, true);
    ZSTD_freeCCtx(context);
    eidc_image_free(image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(the_frame_says_size_and_checksum),
        cmocka_unit_test(uncompressed_bytes_are_copied),
        cmocka_unit_test(bytes_that_are_no_snapshot),
        cmocka_unit_test(a_bomb_is_not_lit),
        cmocka_unit_test(every_cut_is_noticed),
        cmocka_unit_test(every_flipped_bit_is_noticed),
        cmocka_unit_test(a_frame_without_its_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
