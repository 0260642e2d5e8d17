#include "eidcached/adapters/store_s3.h"

#include "eidcached/base/clock.h"
#include "eidcached/base/digest.h"
#include "tests/support/default_scheme.h"
#include "tests/support/eid_cache_whole.h"
#include "tests/support/s3_bench.h"

/* --- saving --------------------------------------------------------------------------------- */

static void the_first_save(void **state)
{
    (void)state;
    struct stored s = stored_of(1, "sales", false);
    const struct fake_exchange script[] = {no_current(), put_image(&s),
                                           put_current("If-None-Match: *", "ETag: \"c1\"")};
    struct eidc_snapshot snapshot = snapshot_of(&s);
    struct bench b;
    set_up(&b, script, COUNT(script));
    assert_string_equal(b.store->url, "s3://bucket/a/b");
    must_save(&b, &snapshot);
    assert_true(
        eidc_str_eq(eidc_buf_view(&fake_http_request(b.http, 1)->body), eidc_buf_view(&s.object)));
    assert_true(
        eidc_str_eq(eidc_buf_view(&fake_http_request(b.http, 2)->body), eidc_buf_view(&s.current)));
    tear_down(&b);
    stored_free(&s);
}

static void a_save_costs_few_requests(void **state)
{
    (void)state;
    struct stored one = stored_of(1, "sales", false), two = stored_of(2, "orders", false);
    const struct fake_exchange script[] = {
        no_current(),
        put_image(&one),
        put_current("If-None-Match: *", "ETag: \"c1\""),
        put_image(&two), /* CURRENT is remembered */
        {.method = "PUT", .url = ROOT "summary.json", .has_body = {"{\"x\":1}"}, .status = 200},
        put_current("If-Match: \"c1\"", "ETag: \"c2\"")};
    struct eidc_snapshot first = snapshot_of(&one), second = snapshot_of(&two);
    struct bench b;
    set_up(&b, script, COUNT(script));
    must_save(&b, &first);
    second.summary = EIDC_STR("{\"x\":1}");
    must_save(&b, &second);
    tear_down(&b);
    stored_free(&one);
    stored_free(&two);
}

static void a_save_takes_two_round_trips(void **state)
{
    (void)state;
    struct stored one = stored_of(1, "sales", false), two = stored_of(2, "orders", false);
    struct fake_exchange image = put_image(&two), current = put_current("If-Match: \"c1\"", "E: e");
    image.delay_ms = current.delay_ms = 20;
    const struct fake_exchange script[] = {
        no_current(),
        put_image(&one),
        put_current("If-None-Match: *", "ETag: \"c1\""),
        image,
        {.method = "PUT", .url = ROOT "eid_cache.json", .delay_ms = 20, .status = 200},
        {.method = "PUT", .url = ROOT "summary.json", .delay_ms = 20, .status = 200},
        current};
    struct eidc_snapshot first = snapshot_of(&one), second = snapshot_of(&two);
    struct bench b;
    set_up(&b, script, COUNT(script));
    must_save(&b, &first);
    second.summary = EIDC_STR("{\"x\":1}");
    second.json = true;
    must_save(&b, &second);
    assert_int_equal(fake_http_now(b.http), 40);
    tear_down(&b);
    stored_free(&one);
    stored_free(&two);
}

static void a_document_that_is_refused_fails_the_save(void **state)
{
    (void)state;
    struct stored s = stored_of(1, "sales", false);
    const struct fake_exchange script[] = {
        no_current(),
        put_image(&s),
        {.method = "PUT", .url = ROOT "summary.json", .status = 403}}; /* CURRENT stays */
    struct eidc_snapshot snapshot = snapshot_of(&s);
    struct bench b;
    uint64_t winner = 77;
    set_up(&b, script, COUNT(script));
    snapshot.summary = EIDC_STR("{\"x\":1}");
    assert_false(save(&b, &snapshot, &winner));
    assert_int_equal(b.err.kind, EIDC_ERR_DENIED);
    tear_down(&b);
    stored_free(&s);
}

static void a_failed_refresh_leaves_only_its_summary(void **state)
{
    (void)state;
    const struct fake_exchange script[] = {
        {.method = "PUT",
         .url = ROOT "summary.json",
         .has_header = {"!If-Match", "!If-None-Match"},
         .has_body = {"{\"x\":1}"},
         .status = 200},
        {.method = "PUT", .url = ROOT "summary.json", .status = 403}};
    struct bench b;
    set_up(&b, script, COUNT(script));
    assert_true(b.store->ops->summarize(b.store, EIDC_STR("{\"x\":1}"), &b.err));
    assert_false(b.store->ops->summarize(b.store, EIDC_STR("{\"x\":2}"), &b.err));
    assert_int_equal(b.err.kind, EIDC_ERR_DENIED);
    tear_down(&b);
}

/* The body is made anew for each try, and is each time what the headers say. */
static void a_document_that_is_made_while_it_is_sent(void **state)
{
    (void)state;
    struct stored s = stored_of(1, "sales", false);
    const struct fake_exchange script[] = {
        no_current(),
        put_image(&s),
        {.method = "PUT", .url = ROOT "eid_cache.json", .status = 500},
        {.method = "PUT", .url = ROOT "eid_cache.json", .status = 200},
        put_current("If-None-Match: *", "ETag: \"c1\"")};
    struct eidc_store_s3_options options = options_of();
    struct eidc_snapshot snapshot = snapshot_of(&s);
    struct bench b;
    EIDC_BUF_AUTO whole = {0};
    char hex[2 * EIDC_SHA256_BYTES + 1];
    options.checksum_sha256 = true;
    snapshot.json = true;
    set_up_with(&b, &options, script, COUNT(script));
    must_save(&b, &snapshot);
    assert_true(eid_cache_whole(snapshot.image, 0, &whole));
    eidc_sha256_hex(eidc_buf_view(&whole), hex);
    for (size_t i = 2; i <= 3; i++) {
        const struct fake_request *put = fake_http_request(b.http, i);
        assert_true(eidc_str_eq(eidc_buf_view(&put->body), eidc_buf_view(&whole)));
        assert_string_equal(eidc_http_headers_get(&put->headers, "x-amz-content-sha256"), hex);
        assert_non_null(eidc_http_headers_get(&put->headers, "x-amz-checksum-sha256"));
    }
    tear_down(&b);
    stored_free(&s);
}

static void documents_compression_and_headers(void **state)
{
    (void)state;
    struct stored s = stored_of(1, "sales", true);
    struct fake_exchange image = put_image(&s);
    image.has_header[1] = "x-amz-server-side-encryption-aws-kms-key-id: k";
    image.has_header[2] = "x-amz-checksum-sha256: ";
    image.has_header[3] = "x-amz-expected-bucket-owner: 123456789012";
    const struct fake_exchange script[] = {
        no_current(),
        image,
        {.method = "PUT",
         .url = ROOT "eid_cache.json",
         .has_header = {"Content-Type: application/json", "!If-None-Match", "!If-Match"},
         .has_body = {"\"forward_dict\":{\"sales\":\""},
         .status = 200},
        put_current("If-None-Match: *", "ETag: \"c1\"")};
    struct eidc_store_s3_options options = options_of();
    options.compress = options.checksum_sha256 = true;
    options.kms_key = "k";
    options.expected_owner = "123456789012";
    struct eidc_snapshot snapshot = snapshot_of(&s);
    snapshot.json = true;
    struct bench b;
    set_up_with(&b, &options, script, COUNT(script));
    must_save(&b, &snapshot);
    struct eidc_pointer written;
    assert_true(
        eidc_pointer_read(eidc_buf_view(&fake_http_request(b.http, 3)->body), &written, &b.err));
    assert_string_equal(written.key, s.pointer.key); /* .eidc.zst */
    assert_int_equal(written.bytes, fake_http_request(b.http, 1)->body.n);
    tear_down(&b);
    stored_free(&s);
}

static void an_empty_prefix(void **state)
{
    (void)state;
    const struct fake_exchange script[] = {
        {.url = "http://s3.test/bucket/CURRENT", .status = 404, .body = NO_KEY}};
    struct eidc_store_s3_options options = options_of();
    options.url = "s3://bucket";
    struct bench b;
    set_up_with(&b, &options, script, COUNT(script));
    uint64_t number = 7;
    assert_true(b.store->ops->peek(b.store, &number, &b.err));
    assert_int_equal(number, 0);
    assert_string_equal(b.store->url, "s3://bucket");
    tear_down(&b);
}

static void a_save_of_what_current_names_moves_its_times(void **state)
{
    (void)state;
    struct stored s = stored_of(1, "sales", false);
    EIDC_BUF_AUTO length = {0};
    const struct fake_exchange script[] = {get_current(&s, "ETag: \"c1\""),
                                           head_image(&s, &length), /* once */
                                           put_current("If-Match: \"c1\"", "ETag: \"c2\""),
                                           put_current("If-Match: \"c2\"", "ETag: \"c3\"")};
    struct eidc_snapshot snapshot = snapshot_of(&s);
    struct bench b;
    uint64_t winner;
    set_up(&b, script, COUNT(script));
    snapshot.refreshed_at_ms += 5000;
    assert_true(b.store->ops->touch(b.store, &snapshot, &winner, &b.err));
    struct eidc_pointer written;
    assert_true(
        eidc_pointer_read(eidc_buf_view(&fake_http_request(b.http, 2)->body), &written, &b.err));
    assert_int_equal(written.refreshed_at_ms, s.pointer.refreshed_at_ms + 5000);
    assert_int_equal(written.verified_at_ms, s.pointer.verified_at_ms);
    assert_string_equal(written.key, s.pointer.key);
    snapshot.verified_at_ms += 1000;
    must_save(&b, &snapshot);
    tear_down(&b);
    stored_free(&s);
}

static void times_never_move_backwards(void **state)
{
    (void)state;
    struct stored s = stored_of(1, "sales", false);
    const struct fake_exchange script[] = {get_current(&s, "ETag: \"c1\""),
                                           {.method = "HEAD", .status = 403}}; /* who knows */
    struct eidc_snapshot snapshot = snapshot_of(&s);
    struct bench b;
    uint64_t winner;
    set_up(&b, script, COUNT(script));
    snapshot.refreshed_at_ms -= 1000;
    snapshot.verified_at_ms -= 1000;
    assert_true(b.store->ops->touch(b.store, &snapshot, &winner, &b.err)); /* nothing is sent */
    tear_down(&b);
    stored_free(&s);
}

static void times_in_the_future_give_way(void **state)
{
    (void)state;
    struct stored s = stored_of(1, "sales", false);
    struct eidc_snapshot snapshot = snapshot_of(&s);
    s.pointer.refreshed_at_ms = s.pointer.verified_at_ms = eidc_now_ms() + 86400000LL * 365;
    eidc_buf_clear(&s.current);
    eidc_pointer_write(&s.pointer, &s.current);
    const struct fake_exchange script[] = {get_current(&s, "ETag: \"c1\""),
                                           {.method = "HEAD", .status = 403}, /* who knows */
                                           put_current("If-Match: \"c1\"", "ETag: \"c2\"")};
    struct bench b;
    struct eidc_pointer written;
    uint64_t winner;
    set_up(&b, script, COUNT(script));
    assert_true(b.store->ops->touch(b.store, &snapshot, &winner, &b.err));
    assert_true(
        eidc_pointer_read(eidc_buf_view(&fake_http_request(b.http, 2)->body), &written, &b.err));
    assert_int_equal(written.refreshed_at_ms, snapshot.refreshed_at_ms);
    assert_int_equal(written.verified_at_ms, snapshot.verified_at_ms);
    tear_down(&b);
    stored_free(&s);
}

static void a_touch_of_a_store_that_is_behind_saves(void **state)
{
    (void)state;
    struct stored old = stored_of(1, "sales", false), new = stored_of(2, "orders", false);
    const struct fake_exchange script[] = {get_current(&old, "ETag: \"c1\""), put_image(&new),
                                           put_current("If-Match: \"c1\"", "ETag: \"c2\"")};
    struct eidc_snapshot snapshot = snapshot_of(&new);
    struct bench b;
    uint64_t winner;
    set_up(&b, script, COUNT(script));
    assert_true(b.store->ops->touch(b.store, &snapshot, &winner, &b.err));
    tear_down(&b);
    stored_free(&old);
    stored_free(&new);
}

/* --- others write too ----------------------------------------------------------------------- */

static void a_store_that_is_ahead(void **state)
{
    (void)state;
    struct stored theirs = stored_of(9, "theirs", false), same = stored_of(2, "theirs too", false),
                  ours = stored_of(2, "ours", false);
    const struct stored *const ahead[] = {&theirs, &same};
    for (size_t i = 0; i < COUNT(ahead); i++) {
        const struct fake_exchange script[] = {get_current(ahead[i], "ETag: \"c1\"")};
        struct eidc_snapshot snapshot = snapshot_of(&ours);
        struct bench b;
        uint64_t winner = 0;
        set_up(&b, script, COUNT(script));
        assert_false(save(&b, &snapshot, &winner));
        assert_int_equal(b.err.kind, EIDC_ERR_CONFLICT);
        assert_int_equal(winner, ahead[i]->pointer.number);
        tear_down(&b);
    }
    stored_free(&theirs);
    stored_free(&same);
    stored_free(&ours);
}

static void a_race_that_is_lost(void **state)
{
    (void)state;
    struct stored old = stored_of(1, "old", false), theirs = stored_of(2, "theirs", false),
                  ours = stored_of(2, "ours", false);
    const struct fake_exchange script[] = {
        get_current(&old, "ETag: \"c1\""), put_image(&ours), refused_current("If-Match: \"c1\""),
        get_current(&theirs, "ETag: \"c2\""), /* was it ours, or a server without quotes? */
        get_current(&theirs, "ETag: \"c2\"")};
    struct eidc_snapshot snapshot = snapshot_of(&ours);
    struct bench b;
    uint64_t winner = 0;
    set_up(&b, script, COUNT(script));
    assert_false(save(&b, &snapshot, &winner));
    assert_int_equal(b.err.kind, EIDC_ERR_CONFLICT);
    assert_int_equal(winner, 2);
    tear_down(&b);
    stored_free(&old);
    stored_free(&theirs);
    stored_free(&ours);
}

/* Whoever repairs CURRENT need not start the daemon anew. */
static void who_was_beaten_looks_again(void **state)
{
    (void)state;
    struct stored theirs = stored_of(9, "theirs", false), old = stored_of(1, "old", false),
                  ours = stored_of(2, "ours", false);
    const struct fake_exchange script[] = {get_current(&theirs, "ETag: \"c9\""),
                                           get_current(&old, "ETag: \"c1\""), put_image(&ours),
                                           put_current("If-Match: \"c1\"", "ETag: \"c2\"")};
    struct eidc_snapshot snapshot = snapshot_of(&ours);
    struct bench b;
    uint64_t winner = 0;
    set_up(&b, script, COUNT(script));
    assert_false(save(&b, &snapshot, &winner));
    assert_int_equal(winner, 9);
    must_save(&b, &snapshot);
    tear_down(&b);
    stored_free(&theirs);
    stored_free(&old);
    stored_free(&ours);
}

static void a_race_lost_to_an_older_number_is_run_again(void **state)
{
    (void)state;
    struct stored old = stored_of(1, "old", false), theirs = stored_of(2, "theirs", false),
                  ours = stored_of(5, "ours", false);
    const struct fake_exchange script[] = {
        get_current(&old, "ETag: \"c1\""),
        put_image(&ours),
        refused_current("If-Match: \"c1\""),
        get_current(&theirs, "ETag: \"c2\""),
        get_current(&theirs, "ETag: \"c2\""),
        put_current("If-Match: \"c2\"", "ETag: \"c3\"")}; /* the image is not sent again */
    struct eidc_snapshot snapshot = snapshot_of(&ours);
    struct bench b;
    set_up(&b, script, COUNT(script));
    must_save(&b, &snapshot);
    tear_down(&b);
    stored_free(&old);
    stored_free(&theirs);
    stored_free(&ours);
}

/* The same content under a newer number: numbers only grow, so that number it becomes. */
static void the_same_content_under_a_newer_number_is_saved(void **state)
{
    (void)state;
    struct stored old = stored_of(4, "same", false), new = stored_of(7, "same", false);
    assert_string_equal(old.pointer.id, new.pointer.id);
    for (unsigned touch = 0; touch < 2; touch++) {
        const struct fake_exchange script[] = {get_current(&old, "ETag: \"c1\""), put_image(&new),
                                               put_current("If-Match: \"c1\"", "ETag: \"c2\"")};
        struct eidc_snapshot snapshot = snapshot_of(&new);
        struct bench b;
        struct eidc_pointer written;
        uint64_t winner;
        set_up(&b, script, COUNT(script));
        assert_true(touch ? b.store->ops->touch(b.store, &snapshot, &winner, &b.err)
                          : save(&b, &snapshot, &winner));
        assert_true(eidc_pointer_read(eidc_buf_view(&fake_http_request(b.http, 2)->body), &written,
                                      &b.err));
        assert_int_equal(written.number, 7);
        assert_string_equal(written.key, new.pointer.key);
        tear_down(&b);
    }
    stored_free(&old);
    stored_free(&new);
}

static void a_race_lost_to_the_same_content_is_won(void **state)
{
    (void)state;
    struct stored ours = stored_of(5, "same", false), theirs = stored_of(6, "same", false);
    EIDC_BUF_AUTO length = {0};
    const struct fake_exchange script[] = {no_current(),
                                           put_image(&ours),
                                           refused_current("If-None-Match: *"),
                                           get_current(&theirs, "ETag: \"c2\""), /* was it ours? */
                                           get_current(&theirs, "ETag: \"c2\""),
                                           head_image(&theirs, &length)};
    struct eidc_snapshot snapshot = snapshot_of(&ours);
    struct bench b;
    set_up(&b, script, COUNT(script));
    must_save(&b, &snapshot);
    tear_down(&b);
    stored_free(&ours);
    stored_free(&theirs);
}

static void an_answer_lost_while_writing_current(void **state)
{
    (void)state;
    struct stored s = stored_of(1, "sales", false);
    const struct fake_exchange script[] = {
        no_current(),
        put_image(&s),
        {.method = "PUT", .url = ROOT "CURRENT", .error = EIDC_ERR_UNAVAILABLE},
        refused_current("If-None-Match: *"),
        get_current(&s, "ETag: \"c1\"")};
    struct eidc_snapshot snapshot = snapshot_of(&s);
    struct bench b;
    set_up(&b, script, COUNT(script));
    must_save(&b, &snapshot);
    tear_down(&b);
    stored_free(&s);
}

static struct eidc_image *built_later(const char *name)
{
    struct eidc_build_options options = {0};
    struct eidc_builder *builder;
    struct eidc_names names = {0};
    struct eidc_image *image = NULL;
    struct eidc_err err;
    default_scheme(&options.scheme);
    assert_true(eidc_builder_new(&options, &builder, &err));
    assert_true(eidc_names_add(&names, eidc_str_of(name), EIDC_STR(""), &err));
    uint32_t scope = eidc_builder_scope(builder, EIDC_STR("test"), EIDC_STR("s"), 2000);
    assert_true(eidc_builder_add(builder, scope, &names, &err));
    assert_true(eidc_builder_finish(builder, 1, 1795999999999, &image, &err));
    eidc_builder_free(builder);
    return image;
}

/* The bytes may differ although the content is the same: the other was built at another time. */
static void an_image_that_is_there_already_is_taken(void **state)
{
    (void)state;
    struct stored s = stored_of(1, "sales", false);
    struct fake_exchange there = put_image(&s), other = get_image(&s);
    there.status = 412;
    there.body = REFUSED;
    struct eidc_image *later = built_later("sales");
    assert_string_equal(eidc_image_info(later)->id, s.pointer.id);
    assert_false(eidc_str_eq(eidc_image_block(later), eidc_image_block(s.image)));
    const struct fake_exchange script[] = {no_current(), there, other,
                                           put_current("If-None-Match: *", "ETag: \"c1\"")};
    struct eidc_snapshot snapshot = snapshot_of(&s);
    snapshot.image = later;
    struct bench b;
    set_up(&b, script, COUNT(script));
    must_save(&b, &snapshot);
    assert_true(
        eidc_str_eq(eidc_buf_view(&fake_http_request(b.http, 3)->body), eidc_buf_view(&s.current)));
    tear_down(&b);
    eidc_image_free(later);
    stored_free(&s);
}

static void a_damaged_image_is_replaced(void **state)
{
    (void)state;
    struct stored s = stored_of(1, "sales", false), wrong = stored_of(1, "wrong", false);
    const struct fake_exchange others[] = {
        get_image(&wrong), {.status = 200, .body = "cut"}, {.status = 404, .body = NO_KEY}};
    for (size_t i = 0; i < COUNT(others); i++) {
        struct fake_exchange there = put_image(&s), other = others[i], again = put_image(&s);
        there.status = 412;
        there.body = REFUSED;
        other.url = s.url;
        again.has_header[0] = "!If-None-Match";
        const struct fake_exchange script[] = {no_current(), there, other, again,
                                               put_current("If-None-Match: *", "ETag: \"c1\"")};
        struct eidc_snapshot snapshot = snapshot_of(&s);
        struct bench b;
        set_up(&b, script, COUNT(script));
        must_save(&b, &snapshot);
        assert_true(eidc_str_eq(eidc_buf_view(&fake_http_request(b.http, 4)->body),
                                eidc_buf_view(&s.current)));
        tear_down(&b);
    }
    stored_free(&s);
    stored_free(&wrong);
}

/* What CURRENT names was deleted, or is of another length: sent again, not only confirmed. */
static void a_missing_image_is_sent_again(void **state)
{
    (void)state;
    struct stored s = stored_of(3, "sales", false), ahead = stored_of(4, "sales", false);
    const struct fake_exchange heads[] = {
        {.method = "HEAD", .url = s.url, .status = 404},
        {.method = "HEAD", .url = s.url, .status = 200, .headers = {"Content-Length: 3"}}};
    for (size_t i = 0; i < COUNT(heads); i++) {
        const struct fake_exchange script[] = {get_current(&s, "ETag: \"c1\""), heads[i],
                                               put_image(&s),
                                               put_current("If-Match: \"c1\"", "ETag: \"c2\"")};
        struct eidc_snapshot snapshot = snapshot_of(&s);
        struct bench b;
        uint64_t winner = 77;
        set_up(&b, script, COUNT(script));
        assert_true(b.store->ops->touch(b.store, &snapshot, &winner, &b.err));
        assert_true(b.store->ops->touch(b.store, &snapshot, &winner, &b.err)); /* all is well */
        tear_down(&b);
    }
    const struct fake_exchange script[] = {get_current(&ahead, "ETag: \"c1\""),
                                           {.method = "HEAD", .url = ahead.url, .status = 404}};
    struct eidc_snapshot snapshot = snapshot_of(&s);
    struct bench b;
    uint64_t winner = 77;
    set_up(&b, script, COUNT(script));
    assert_false(b.store->ops->touch(b.store, &snapshot, &winner, &b.err));
    assert_int_equal(b.err.kind, EIDC_ERR_CONFLICT); /* not backwards */
    assert_int_equal(winner, 4);
    tear_down(&b);
    stored_free(&s);
    stored_free(&ahead);
}

static void an_image_that_was_loaded_is_there(void **state)
{
    (void)state;
    struct stored s = stored_of(3, "sales", false);
    const struct fake_exchange script[] = {get_current(&s, "ETag: \"c1\""), get_image(&s),
                                           put_current("If-Match: \"c1\"", "ETag: \"c2\"")};
    struct eidc_snapshot snapshot = snapshot_of(&s);
    struct eidc_image *image = NULL;
    struct eidc_pointer pointer;
    struct bench b;
    uint64_t winner = 77;
    set_up(&b, script, COUNT(script));
    assert_true(b.store->ops->load(b.store, &image, &pointer, &b.err));
    snapshot.refreshed_at_ms += 5000;
    assert_true(b.store->ops->touch(b.store, &snapshot, &winner, &b.err));
    tear_down(&b);
    eidc_image_free(image);
    stored_free(&s);
}

static void an_image_that_a_load_found_damaged_is_sent_again(void **state)
{
    (void)state;
    struct stored s = stored_of(3, "sales", false);
    struct fake_exchange damaged = get_image(&s), there = put_image(&s), again = put_image(&s);
    damaged.body = "damaged";
    damaged.body_n = 0;
    there.status = 412;
    there.body = REFUSED;
    again.has_header[0] = "!If-None-Match";
    const struct fake_exchange script[] = {
        get_current(&s, "ETag: \"c1\""),
        damaged,
        {.url = LIST_URL, .status = 200, .body = "<ListBucketResult></ListBucketResult>"},
        there,
        damaged,
        again,
        put_current("If-Match: \"c1\"", "ETag: \"c2\"")};
    struct eidc_snapshot snapshot = snapshot_of(&s);
    struct eidc_image *image = NULL;
    struct eidc_pointer pointer;
    struct bench b;
    uint64_t winner = 77;
    set_up(&b, script, COUNT(script));
    assert_false(b.store->ops->load(b.store, &image, &pointer, &b.err));
    assert_true(b.store->ops->touch(b.store, &snapshot, &winner, &b.err));
    assert_true(b.store->ops->touch(b.store, &snapshot, &winner, &b.err));
    tear_down(&b);
    stored_free(&s);
}

/* --- saves that fail ------------------------------------------------------------------------- */

static void saves_that_fail(void **state)
{
    (void)state;
    struct stored s = stored_of(1, "sales", false);
    static const struct {
        int status;
        const char *body;
        unsigned times;
        enum eidc_err_kind kind;
    } answers[] = {
        {403, "<Error><Code>AccessDenied</Code></Error>", 1, EIDC_ERR_DENIED},
        {404, "<Error><Code>NoSuchBucket</Code></Error>", 1, EIDC_ERR_INVALID},
        {503, "<Error><Code>SlowDown</Code></Error>", 3, EIDC_ERR_THROTTLED},
        {500, "<Error><Code>InternalError</Code></Error>", 3, EIDC_ERR_UNAVAILABLE},
    };
    for (size_t step = 0; step < 3; step++) {
        for (size_t i = 0; i < COUNT(answers); i++) {
            struct fake_exchange script[] = {no_current(), put_image(&s),
                                             put_current("If-None-Match: *", "ETag: \"c1\"")};
            script[step].status = answers[i].status;
            script[step].body = answers[i].body;
            script[step].times = answers[i].times;
            struct eidc_snapshot snapshot = snapshot_of(&s);
            struct bench b;
            uint64_t winner = 77;
            set_up(&b, script, step + 1);
            assert_false(save(&b, &snapshot, &winner));
            assert_int_equal(b.err.kind, answers[i].kind);
            assert_int_equal(winner, 77);
            assert_non_null(strstr(b.err.text, "s3://bucket/a/b/"));
            tear_down(&b);
        }
    }
    stored_free(&s);
}

/* Only a store that is ahead is a conflict, with its number. */
static void a_read_that_conflicts_names_no_winner(void **state)
{
    (void)state;
    struct stored s = stored_of(1, "sales", false);
    static const int statuses[] = {409, 412};
    for (size_t i = 0; i < COUNT(statuses); i++) {
        struct fake_exchange odd = no_current();
        odd.status = statuses[i];
        odd.body = REFUSED;
        struct eidc_snapshot snapshot = snapshot_of(&s);
        struct bench b;
        uint64_t winner = 77;
        set_up(&b, &odd, 1);
        assert_false(save(&b, &snapshot, &winner));
        assert_int_equal(b.err.kind, EIDC_ERR_UNAVAILABLE);
        assert_int_equal(winner, 77);
        tear_down(&b);
    }
    stored_free(&s);
}

static void after_a_failure_current_is_read_again(void **state)
{
    (void)state;
    struct stored s = stored_of(1, "sales", false);
    struct fake_exchange denied = put_current("If-None-Match: *", "ETag: \"c1\"");
    denied.status = 403;
    struct fake_exchange there = put_image(&s);
    there.status = 412;
    there.body = REFUSED;
    const struct fake_exchange script[] = {no_current(),
                                           put_image(&s),
                                           denied,
                                           no_current(),
                                           there,
                                           get_image(&s),
                                           put_current("If-None-Match: *", "ETag: \"c1\"")};
    struct eidc_snapshot snapshot = snapshot_of(&s);
    struct bench b;
    uint64_t winner;
    set_up(&b, script, COUNT(script));
    assert_false(save(&b, &snapshot, &winner));
    must_save(&b, &snapshot);
    tear_down(&b);
    stored_free(&s);
}

#define NEWEST(key)                                                                                \
    "<ListBucketResult><Contents><Key>a/b/" key "</Key></Contents></ListBucketResult>"

static struct fake_exchange damaged_current(void)
{
    return (struct fake_exchange){.method = "GET",
                                  .url = ROOT "CURRENT",
                                  .status = 200,
                                  .headers = {"ETag: \"c0\""},
                                  .body = "{}"};
}

static void an_unreadable_current_is_replaced(void **state)
{
    (void)state;
    struct stored s = stored_of(9, "sales", false);
    EIDC_BUF_AUTO same = {0};
    eidc_buf_addf(&same, NEWEST("%s"), s.pointer.key);
    const char *const lists[] = {
        "<ListBucketResult></ListBucketResult>",
        NEWEST("images/00000000000000000008-0123456789abcdef.eidc"),
        same.p,
    };
    for (size_t i = 0; i < COUNT(lists); i++) {
        const struct fake_exchange script[] = {damaged_current(),
                                               {.url = LIST_URL, .status = 200, .body = lists[i]},
                                               put_image(&s),
                                               put_current("If-Match: \"c0\"", "ETag: \"c1\"")};
        struct eidc_snapshot snapshot = snapshot_of(&s);
        struct bench b;
        set_up(&b, script, COUNT(script));
        must_save(&b, &snapshot);
        tear_down(&b);
    }
    stored_free(&s);
}

static void an_unreadable_current_is_no_way_backwards(void **state)
{
    (void)state;
    struct stored s = stored_of(9, "sales", false);
    static const char *const lists[] = {
        NEWEST("images/00000000000000000009-0123456789abcdef.eidc"),
        NEWEST("images/00000000000000000010-0123456789abcdef.eidc.zst"),
    };
    for (size_t i = 0; i < COUNT(lists); i++) {
        const struct fake_exchange script[] = {damaged_current(),
                                               {.url = LIST_URL, .status = 200, .body = lists[i]},
                                               damaged_current(),
                                               {.url = LIST_URL, .status = 200, .body = lists[i]}};
        struct eidc_snapshot snapshot = snapshot_of(&s);
        struct bench b;
        uint64_t winner = 77;
        set_up(&b, script, COUNT(script));
        for (unsigned again = 0; again < 2; again++) {
            assert_false(save(&b, &snapshot, &winner));
            assert_int_equal(b.err.kind, EIDC_ERR_CONFLICT);
            assert_int_equal(winner, 9 + i);
        }
        tear_down(&b);
    }
    stored_free(&s);
}

/* A load reads CURRENT, too: what it found out is no reason to go backwards either. */
static void nor_after_a_load(void **state)
{
    (void)state;
    struct stored s = stored_of(9, "sales", false);
    static const char list[] = NEWEST("images/00000000000000000010-0123456789abcdef.eidc");
    const struct fake_exchange script[] = {
        damaged_current(),
        {.url = LIST_URL, .status = 200, .body = list},
        {.url = ROOT "images/00000000000000000010-0123456789abcdef.eidc",
         .status = 404,
         .body = NO_KEY},
        damaged_current(),
        {.url = LIST_URL, .status = 200, .body = list}};
    struct eidc_snapshot snapshot = snapshot_of(&s);
    struct eidc_image *image = NULL;
    struct eidc_pointer pointer;
    struct bench b;
    uint64_t winner = 77;
    set_up(&b, script, COUNT(script));
    assert_false(b.store->ops->load(b.store, &image, &pointer, &b.err));
    assert_false(save(&b, &snapshot, &winner));
    assert_int_equal(winner, 10);
    tear_down(&b);
    stored_free(&s);
}

/* --- retention ------------------------------------------------------------------------------- */

#define KEY(number) "<Contents><Key>a/b/images/" number "-0123456789abcdef.eidc</Key></Contents>"

static void only_the_newest_are_kept(void **state)
{
    (void)state;
    struct stored old = stored_of(3, "old", false), s = stored_of(4, "sales", false);
    const struct fake_exchange script[] = {
        get_current(&old, "ETag: \"c3\""),
        put_image(&s),
        put_current("If-Match: \"c3\"", "ETag: \"c4\""),
        {.method = "GET",
         .url = LIST_URL,
         .status = 200,
         .body = "<ListBucketResult>" KEY("00000000000000000001") KEY("00000000000000000002")
             KEY("00000000000000000003")
                 KEY("00000000000000000004") "<Contents><Key>a/b/images/README</Key></Contents></"
                                             "ListBucketResult>"},
        {.method = "DELETE",
         .url = ROOT "images/00000000000000000002-0123456789abcdef.eidc",
         .status = 204},
        {.method = "DELETE",
         .url = ROOT "images/00000000000000000001-0123456789abcdef.eidc",
         .status = 204}};
    struct eidc_store_s3_options options = options_of();
    options.keep = 2;
    struct eidc_snapshot snapshot = snapshot_of(&s);
    struct bench b;
    set_up_with(&b, &options, script, COUNT(script));
    must_save(&b, &snapshot);
    must_save(&b, &snapshot); /* nothing new: nothing is listed */
    tear_down(&b);
    stored_free(&old);
    stored_free(&s);
}

static void what_current_names_is_never_deleted(void **state)
{
    (void)state;
    struct stored s = stored_of(1, "sales", false);
    EIDC_BUF_AUTO list = {0};
    eidc_buf_addf(&list,
                  "<ListBucketResult><Contents><Key>a/b/%s</Key></Contents>%s%s"
                  "</ListBucketResult>",
                  s.pointer.key, KEY("00000000000000000008"), KEY("00000000000000000009"));
    const struct fake_exchange script[] = {
        no_current(),
        put_image(&s),
        put_current("If-None-Match: *", "ETag: \"c1\""),
        {.url = LIST_URL, .status = 200, .body = list.p},
        {.method = "DELETE", .url = ROOT "images/00000000000000000008-*", .status = 204}};
    struct eidc_store_s3_options options = options_of();
    options.keep = 1;
    struct eidc_snapshot snapshot = snapshot_of(&s);
    struct bench b;
    set_up_with(&b, &options, script, COUNT(script));
    must_save(&b, &snapshot);
    tear_down(&b);
    stored_free(&s);
}

static void a_retention_that_fails_does_not_fail_the_save(void **state)
{
    (void)state;
    struct stored s = stored_of(1, "sales", false);
    const struct fake_exchange script[] = {
        no_current(),
        put_image(&s),
        put_current("If-None-Match: *", "ETag: \"c1\""),
        {.url = LIST_URL, .status = 403, .body = "<Error><Code>AccessDenied</Code></Error>"}};
    struct eidc_store_s3_options options = options_of();
    options.keep = 1;
    struct eidc_snapshot snapshot = snapshot_of(&s);
    struct bench b;
    set_up_with(&b, &options, script, COUNT(script));
    must_save(&b, &snapshot);
    tear_down(&b);
    stored_free(&s);
}

/* --- making one ------------------------------------------------------------------------------ */

static void urls_that_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"http://bucket/x", "s3://",        "s3:///x",
                                      "s3://ab/x",       "s3://bu cket", "s3://b\xc3\xa4r/x",
                                      "s3://buck%41/x",  "bucket",       ""};
    struct eidc_http_client *http = fake_http_new(NULL, 0);
    struct eidc_aws *aws = eidc_aws_new(http, 1, NULL);
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct eidc_store_s3_options options = options_of();
        struct eidc_store *store = NULL;
        struct eidc_err err = {0};
        options.url = bad[i];
        if (eidc_store_s3_new(&options, aws, &store, &err))
            fail_msg("%s", bad[i]);
        assert_int_equal(err.kind, EIDC_ERR_INVALID);
        assert_null(strstr(err.text, "snapshot.s3")); /* whoever has the option says its name */
        assert_null(store);
    }
    eidc_aws_free(aws);
    fake_http_end(http);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_save),
        cmocka_unit_test(a_save_costs_few_requests),
        cmocka_unit_test(a_save_takes_two_round_trips),
        cmocka_unit_test(a_document_that_is_refused_fails_the_save),
        cmocka_unit_test(a_failed_refresh_leaves_only_its_summary),
        cmocka_unit_test(a_document_that_is_made_while_it_is_sent),
        cmocka_unit_test(documents_compression_and_headers),
        cmocka_unit_test(an_empty_prefix),
        cmocka_unit_test(a_save_of_what_current_names_moves_its_times),
        cmocka_unit_test(times_never_move_backwards),
        cmocka_unit_test(times_in_the_future_give_way),
        cmocka_unit_test(a_touch_of_a_store_that_is_behind_saves),
        cmocka_unit_test(a_store_that_is_ahead),
        cmocka_unit_test(a_race_that_is_lost),
        cmocka_unit_test(who_was_beaten_looks_again),
        cmocka_unit_test(a_race_lost_to_an_older_number_is_run_again),
        cmocka_unit_test(the_same_content_under_a_newer_number_is_saved),
        cmocka_unit_test(a_race_lost_to_the_same_content_is_won),
        cmocka_unit_test(an_answer_lost_while_writing_current),
        cmocka_unit_test(an_image_that_is_there_already_is_taken),
        cmocka_unit_test(a_damaged_image_is_replaced),
        cmocka_unit_test(a_missing_image_is_sent_again),
        cmocka_unit_test(an_image_that_was_loaded_is_there),
        cmocka_unit_test(an_image_that_a_load_found_damaged_is_sent_again),
        cmocka_unit_test(saves_that_fail),
        cmocka_unit_test(a_read_that_conflicts_names_no_winner),
        cmocka_unit_test(after_a_failure_current_is_read_again),
        cmocka_unit_test(an_unreadable_current_is_replaced),
        cmocka_unit_test(an_unreadable_current_is_no_way_backwards),
        cmocka_unit_test(nor_after_a_load),
        cmocka_unit_test(only_the_newest_are_kept),
        cmocka_unit_test(what_current_names_is_never_deleted),
        cmocka_unit_test(a_retention_that_fails_does_not_fail_the_save),
        cmocka_unit_test(urls_that_are_refused),
    };
    return cmocka_run_group_tests(tests, set_environment, NULL);
}
