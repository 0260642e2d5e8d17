#include "eidcached/adapters/eid_cache_body.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/support/build_image.h"
#include "tests/support/eid_cache_whole.h"

/* Reads all of it in bites of so many bytes; stops early at `until` (0: at its end). */
static void read_all(const struct eidc_http_body *body, size_t bite, size_t until,
                     struct eidc_buf *out)
{
    eidc_buf_clear(out);
    while (until == 0 || out->n < until) {
        char *to = eidc_buf_reserve(out, bite);
        size_t n = body->read(body->arg, to, bite);
        assert_in_range(n, 0, bite);
        if (n == 0)
            return;
        eidc_buf_commit(out, n);
    }
}

static struct eidc_image *large_image(void)
{
    static struct test_entry entries[5000];
    static char names[5000][64];
    for (unsigned i = 0; i < 5000; i++) {
        snprintf(names[i], sizeof names[i], "a_database_of_some_length.table_%05u", i);
        entries[i] = (struct test_entry){names[i], NULL, NULL};
    }
    return build_image(1, entries, 5000);
}

static void it_is_the_document(void **state)
{
    (void)state;
    struct eidc_image *image = large_image();
    EIDC_EID_CACHE_BODY_AUTO made = {0};
    EIDC_BUF_AUTO whole = {0}, read = {0};
    uint8_t sha256[EIDC_SHA256_BYTES];
    struct eidc_err err;
    assert_true(eid_cache_whole(image, 7, &whole));
    assert_true(eidc_eid_cache_body_make(&made, image, 7, &err));
    assert_int_equal(made.body.size, whole.n);
    eidc_sha256(eidc_buf_view(&whole), sha256);
    assert_memory_equal(made.sha256, sha256, sizeof sha256);
    made.body.rewind(made.body.arg);
    read_all(&made.body, 1000, 0, &read);
    assert_true(eidc_str_eq(eidc_buf_view(&read), eidc_buf_view(&whole)));
    eidc_image_free(image);
}

static void it_can_be_sent_again_from_anywhere(void **state)
{
    (void)state;
    static const size_t places[] = {1, 70000, 300000};
    struct eidc_image *image = large_image();
    EIDC_EID_CACHE_BODY_AUTO made = {0};
    EIDC_BUF_AUTO first = {0}, again = {0};
    struct eidc_err err;
    assert_true(eidc_eid_cache_body_make(&made, image, 7, &err));
    made.body.rewind(made.body.arg);
    read_all(&made.body, 1 << 20, 0, &first);
    assert_int_equal(first.n, made.body.size);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        made.body.rewind(made.body.arg);
        read_all(&made.body, 999, places[i], &again);
        assert_true(again.n < first.n);
        made.body.rewind(made.body.arg);
        read_all(&made.body, 4096, 0, &again);
        assert_true(eidc_str_eq(eidc_buf_view(&again), eidc_buf_view(&first)));
    }
    eidc_image_free(image);
}

static void it_takes_little_memory(void **state)
{
    (void)state;
    struct eidc_image *image = large_image();
    EIDC_EID_CACHE_BODY_AUTO made = {0};
    struct eidc_err err;
    assert_true(eidc_eid_cache_body_make(&made, image, 7, &err));
    assert_true(made.body.size > 700000);
    assert_true(made.piece.cap <= 256 * 1024);
    eidc_image_free(image);
}

static void of_an_empty_image(void **state)
{
    (void)state;
    struct eidc_image *image = build_image(1, NULL, 0);
    EIDC_EID_CACHE_BODY_AUTO made = {0};
    EIDC_BUF_AUTO read = {0};
    struct eidc_err err;
    assert_true(eidc_eid_cache_body_make(&made, image, 7, &err));
    made.body.rewind(made.body.arg);
    read_all(&made.body, 7, 0, &read);
    assert_int_equal(read.n, made.body.size);
    assert_int_equal(strncmp(read.p, "{\"forward_dict\":{},", 19), 0);
    assert_int_equal(made.body.read(made.body.arg, read.p, 1), 0);
    eidc_image_free(image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_the_document),
        cmocka_unit_test(it_can_be_sent_again_from_anywhere),
        cmocka_unit_test(it_takes_little_memory),
        cmocka_unit_test(of_an_empty_image),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
