#include "eidcached/adapters/store_s3.h"

#include <sys/resource.h>

#include "tests/support/s3_bench.h"

/* --- loading -------------------------------------------------------------------------------- */

static bool load(struct bench *b, struct eidc_image **image, struct eidc_pointer *pointer)
{
    *image = NULL;
    return b->store->ops->load(b->store, image, pointer, &b->err);
}

static void the_newest_image_is_loaded(void **state)
{
    (void)state;
    for (int compressed = 0; compressed < 2; compressed++) {
        struct stored s = stored_of(4, "sales", compressed);
        const struct fake_exchange script[] = {get_current(&s, "ETag: \"c1\""), get_image(&s)};
        struct bench b;
        struct eidc_image *image;
        struct eidc_pointer pointer;
        set_up(&b, script, COUNT(script));
        if (!load(&b, &image, &pointer))
            fail_msg("%s", b.err.text);
        assert_true(eidc_str_eq(eidc_image_block(image), eidc_image_block(s.image)));
        assert_int_equal(pointer.refreshed_at_ms, s.pointer.refreshed_at_ms);
        assert_string_equal(pointer.key, s.pointer.key);
        eidc_image_free(image);
        tear_down(&b);
        stored_free(&s);
    }
}

static void a_store_without_snapshots(void **state)
{
    (void)state;
    const struct fake_exchange script[] = {no_current()};
    struct bench b;
    struct eidc_image *image;
    struct eidc_pointer pointer;
    set_up(&b, script, COUNT(script));
    assert_false(load(&b, &image, &pointer));
    assert_int_equal(b.err.kind, EIDC_ERR_NOT_FOUND);
    assert_null(image);
    tear_down(&b);
}

/* Each damages the newest image in its way; the older one is loaded instead. */
static void expect_older(struct stored *newest, const struct fake_exchange *instead, size_t times)
{
    struct stored older = stored_of(3, "older", false);
    EIDC_BUF_AUTO list = {0};
    eidc_buf_addf(&list,
                  "<ListBucketResult><Contents><Key>a/b/%s</Key></Contents>"
                  "<Contents><Key>a/b/%s</Key></Contents></ListBucketResult>",
                  older.pointer.key, newest->pointer.key);
    struct fake_exchange script[6];
    size_t n = 0;
    for (size_t i = 0; i < times; i++) {
        script[n++] = get_current(newest, "ETag: \"c1\"");
        script[n++] = *instead;
    }
    script[n++] = (struct fake_exchange){.url = LIST_URL, .status = 200, .body = list.p};
    script[n++] = get_image(&older);
    if (times == 2) { /* CURRENT is looked at again, and has not changed */
        script[2].has_header[0] = "If-None-Match: \"c1\"";
        script[2].status = 304;
        script[2].body = NULL;
    }
    struct bench b;
    struct eidc_image *image;
    struct eidc_pointer pointer;
    set_up(&b, script, n);
    if (!load(&b, &image, &pointer))
        fail_msg("%s", b.err.text);
    assert_int_equal(eidc_image_info(image)->number, 3);
    assert_int_equal(pointer.number, 3);
    assert_int_equal(pointer.verified_at_ms, eidc_image_info(image)->created_at_ms);
    eidc_image_free(image);
    tear_down(&b);
    stored_free(&older);
}

static void a_damaged_image_is_passed_over(void **state)
{
    (void)state;
    struct stored s = stored_of(4, "sales", false);
    struct fake_exchange cut = get_image(&s), flipped = get_image(&s), missing = get_image(&s);
    cut.body_n--;
    expect_older(&s, &cut, 1);

    char *copy = eidc_xcalloc(1, s.object.n);
    memcpy(copy, s.object.p, s.object.n);
    copy[s.object.n / 2] = (char)(copy[s.object.n / 2] ^ 1);
    flipped.body = copy;
    expect_older(&s, &flipped, 1);
    free(copy);

    missing.status = 404;
    missing.body = NO_KEY;
    missing.body_n = 0;
    expect_older(&s, &missing, 2); /* CURRENT is looked at again first */
    stored_free(&s);
}

/* The bytes are what CURRENT says, but they are no good image. */
static void a_pointer_to_garbage_is_passed_over(void **state)
{
    (void)state;
    struct stored s = stored_of(4, "sales", false);
    s.object.p[s.object.n - 1] = (char)(s.object.p[s.object.n - 1] ^ 1);
    eidc_sha256(eidc_buf_view(&s.object), s.pointer.sha256);
    eidc_buf_clear(&s.current);
    eidc_pointer_write(&s.pointer, &s.current);
    struct fake_exchange damaged = get_image(&s);
    expect_older(&s, &damaged, 1);
    stored_free(&s);
}

#ifndef NO_ADDRESS_LIMIT
/* A frame of 5 MB, whole but for its header, which claims all that its ratio lets it. */
static void claim_too_much(struct stored *s)
{
    const size_t n = (size_t)5 << 20;
    char *noise EIDC_AUTO_FREE = eidc_xcalloc(1, n);
    struct eidc_err err;
    for (size_t i = 0, x = 1; i < n; i++, x = x * 6364136223846793005U + 1442695040888963407U)
        noise[i] = (char)(x >> 56);
    eidc_buf_clear(&s->object);
    assert_true(eidc_snapshot_compress((struct eidc_str){noise, n}, &s->object, &err));
    unsigned char head = (unsigned char)s->object.p[4];
    assert_int_equal(head >> 6, 2); /* the content's size has 4 bytes */
    memset(s->object.p + (head & 0x20 ? 5 : 6), 0xf0, 4);
    s->pointer.bytes = s->object.n;
    eidc_sha256(eidc_buf_view(&s->object), s->pointer.sha256);
    eidc_buf_clear(&s->current);
    eidc_pointer_write(&s->pointer, &s->current);
}

static void an_image_too_big_for_memory_is_passed_over(void **state)
{
    (void)state;
    struct stored s = stored_of(4, "newest", true);
    claim_too_much(&s);
    const struct fake_exchange instead = get_image(&s);
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
    const struct rlimit little = {(rlim_t)2 << 30, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_AS, &little), 0);
    expect_older(&s, &instead, 1);
    assert_int_equal(setrlimit(RLIMIT_AS, &before), 0);
    stored_free(&s);
}
#endif

static void an_image_replaced_meanwhile(void **state)
{
    (void)state;
    struct stored old = stored_of(4, "old", false), new = stored_of(5, "new", false);
    struct fake_exchange missing = get_image(&old);
    missing.status = 404;
    missing.body = NO_KEY;
    missing.body_n = 0;
    const struct fake_exchange script[] = {get_current(&old, "ETag: \"c4\""), missing,
                                           get_current(&new, "ETag: \"c5\""), get_image(&new)};
    struct bench b;
    struct eidc_image *image;
    struct eidc_pointer pointer;
    set_up(&b, script, COUNT(script));
    assert_true(load(&b, &image, &pointer));
    assert_int_equal(pointer.number, 5);
    eidc_image_free(image);
    tear_down(&b);
    stored_free(&old);
    stored_free(&new);
}

static void nothing_good_at_all(void **state)
{
    (void)state;
    const struct fake_exchange script[] = {
        {.url = ROOT "CURRENT", .status = 200, .headers = {"ETag: \"c\""}, .body = "not JSON"},
        {.url = LIST_URL, .status = 200, .body = "<ListBucketResult/>"}};
    struct bench b;
    struct eidc_image *image;
    struct eidc_pointer pointer;
    set_up(&b, script, COUNT(script));
    assert_false(load(&b, &image, &pointer));
    assert_int_equal(b.err.kind, EIDC_ERR_CORRUPT);
    tear_down(&b);
}

static void a_load_that_is_denied_tries_nothing_else(void **state)
{
    (void)state;
    struct stored s = stored_of(4, "sales", false);
    struct fake_exchange denied = get_image(&s);
    denied.status = 403;
    denied.body = "<Error><Code>AccessDenied</Code></Error>";
    denied.body_n = 0;
    const struct fake_exchange script[] = {get_current(&s, "ETag: \"c1\""), denied};
    struct bench b;
    struct eidc_image *image;
    struct eidc_pointer pointer;
    set_up(&b, script, COUNT(script));
    assert_false(load(&b, &image, &pointer));
    assert_int_equal(b.err.kind, EIDC_ERR_DENIED);
    tear_down(&b);
    stored_free(&s);
}

/* It is not even asked for: what comes would be kept until there is no memory left. */
static void an_object_larger_than_memory(void **state)
{
    (void)state;
    struct stored s = stored_of(4, "sales", true);
    eidc_buf_clear(&s.current);
    s.pointer.bytes = UINT64_C(1) << 50;
    eidc_pointer_write(&s.pointer, &s.current);
    const struct fake_exchange script[] = {
        get_current(&s, "ETag: \"c1\""),
        {.url = LIST_URL, .status = 200, .body = "<ListBucketResult></ListBucketResult>"}};
    struct bench b;
    struct eidc_image *image;
    struct eidc_pointer pointer;
    set_up(&b, script, COUNT(script));
    assert_false(load(&b, &image, &pointer));
    assert_int_equal(b.err.kind, EIDC_ERR_CORRUPT);
    assert_non_null(strstr(b.err.text, "more than there is memory"));
    tear_down(&b);
    stored_free(&s);
}

static void an_object_longer_than_current_says(void **state)
{
    (void)state;
    struct stored s = stored_of(4, "sales", true);
    eidc_buf_clear(&s.current);
    s.pointer.bytes--;
    eidc_pointer_write(&s.pointer, &s.current);
    const struct fake_exchange script[] = {
        get_current(&s, "ETag: \"c1\""),
        get_image(&s),
        {.url = LIST_URL, .status = 200, .body = "<ListBucketResult></ListBucketResult>"}};
    struct bench b;
    struct eidc_image *image;
    struct eidc_pointer pointer;
    set_up(&b, script, COUNT(script));
    assert_false(load(&b, &image, &pointer));
    assert_int_equal(b.err.kind, EIDC_ERR_CORRUPT);
    tear_down(&b);
    stored_free(&s);
}

/* --- peeking -------------------------------------------------------------------------------- */

static void peek_asks_whether_current_changed(void **state)
{
    (void)state;
    struct stored s = stored_of(4, "sales", false);
    const struct fake_exchange script[] = {get_current(&s, "ETag: \"c1\""),
                                           {.has_header = {"If-None-Match: \"c1\""}, .status = 304},
                                           {.status = 404, .body = NO_KEY}};
    static const uint64_t numbers[] = {4, 4, 0};
    struct bench b;
    set_up(&b, script, COUNT(script));
    for (size_t i = 0; i < COUNT(numbers); i++) {
        uint64_t number = 77;
        assert_true(b.store->ops->peek(b.store, &number, &b.err));
        assert_int_equal(number, numbers[i]);
    }
    tear_down(&b);
    stored_free(&s);
}

static void a_peek_that_fails(void **state)
{
    (void)state;
    const struct fake_exchange script[] = {{.times = 3, .error = EIDC_ERR_UNAVAILABLE},
                                           {.status = 200, .body = "{}"},
                                           {.url = LIST_URL, .status = 403}};
    struct bench b;
    uint64_t number = 77;
    set_up(&b, script, COUNT(script));
    assert_false(b.store->ops->peek(b.store, &number, &b.err));
    assert_int_equal(b.err.kind, EIDC_ERR_UNAVAILABLE);
    assert_false(b.store->ops->peek(b.store, &number, &b.err));
    assert_int_equal(b.err.kind, EIDC_ERR_DENIED);
    assert_int_equal(number, 77);
    tear_down(&b);
}

static void a_peek_at_a_damaged_current(void **state)
{
    (void)state;
    const struct fake_exchange script[] = {
        {.times = 1, .status = 200, .headers = {"ETag: \"c1\""}, .body = "{}"},
        {.url = LIST_URL,
         .status = 200,
         .body = "<ListBucketResult><Contents>"
                 "<Key>a/b/images/00000000000000000009-0123456789abcdef.eidc</Key>"
                 "</Contents></ListBucketResult>"},
        {.has_header = {"!If-None-Match"}, .status = 404, .body = NO_KEY}};
    struct bench b;
    uint64_t number = 77;
    set_up(&b, script, COUNT(script));
    assert_true(b.store->ops->peek(b.store, &number, &b.err));
    assert_int_equal(number, 9);
    assert_true(b.store->ops->peek(b.store, &number, &b.err));
    assert_int_equal(number, 0);
    tear_down(&b);
}

static void without_credentials_nothing_is_known(void **state)
{
    (void)state;
    struct stored s = stored_of(4, "sales", false);
    struct eidc_snapshot snapshot = snapshot_of(&s);
    struct bench b;
    struct eidc_image *image;
    struct eidc_pointer pointer;
    uint64_t number = 77;
    unsetenv("AWS_ACCESS_KEY_ID");
    set_up(&b, NULL, 0);
    assert_false(b.store->ops->peek(b.store, &number, &b.err)); /* not: there is none */
    assert_int_equal(b.err.kind, EIDC_ERR_DENIED);
    assert_false(load(&b, &image, &pointer));
    assert_int_equal(b.err.kind, EIDC_ERR_DENIED);
    assert_false(save(&b, &snapshot, &number));
    assert_int_equal(b.err.kind, EIDC_ERR_DENIED);
    assert_int_equal(number, 77);
    tear_down(&b);
    setenv("AWS_ACCESS_KEY_ID", "AKID", 1);
    stored_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_newest_image_is_loaded),
        cmocka_unit_test(a_store_without_snapshots),
        cmocka_unit_test(a_damaged_image_is_passed_over),
        cmocka_unit_test(a_pointer_to_garbage_is_passed_over),
#ifndef NO_ADDRESS_LIMIT
        cmocka_unit_test(an_image_too_big_for_memory_is_passed_over),
#endif
        cmocka_unit_test(an_image_replaced_meanwhile),
        cmocka_unit_test(nothing_good_at_all),
        cmocka_unit_test(a_load_that_is_denied_tries_nothing_else),
        cmocka_unit_test(an_object_longer_than_current_says),
        cmocka_unit_test(an_object_larger_than_memory),
        cmocka_unit_test(peek_asks_whether_current_changed),
        cmocka_unit_test(a_peek_that_fails),
        cmocka_unit_test(a_peek_at_a_damaged_current),
        cmocka_unit_test(without_credentials_nothing_is_known),
    };
    return cmocka_run_group_tests(tests, set_environment, NULL);
}
