#include "eidcached/aws/s3.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/support/aws_target.h"
#include "tests/support/fake_http.h"

#define OBJECT "http://aws.test/bucket/dir/CURRENT"

struct bench {
    struct eidc_http_client *http;
    struct eidc_aws *aws;
    struct test_creds *creds;
    struct eidc_s3 s3;
    struct eidc_err err;
};

static void set_up(struct bench *b, const struct fake_exchange *script, size_t n)
{
    *b = (struct bench){.http = fake_http_new(script, n)};
    b->aws = eidc_aws_new(b->http, 2, NULL);
    b->s3 =
        (struct eidc_s3){.aws = b->aws, .target = test_target("s3", &b->creds), .bucket = "bucket"};
}

static void tear_down(struct bench *b)
{
    fake_http_end(b->http);
    eidc_aws_free(b->aws);
    test_target_free(&b->s3.target);
}

#define SET_UP(b, ...)                                                                             \
    static const struct fake_exchange script[] = {__VA_ARGS__};                                    \
    set_up(b, script, sizeof(script) / sizeof(script[0]))

/* --- GET ------------------------------------------------------------------------------------ */

static bool get(struct bench *b, const char *if_none_match, bool *modified, struct eidc_buf *body,
                char etag[static EIDC_ETAG_MAX])
{
    return eidc_s3_get(&b->s3, "dir/CURRENT", if_none_match, 4, modified, body, etag, &b->err);
}

static void an_object_is_fetched(void **state)
{
    (void)state;
    struct bench b;
    SET_UP(&b, {.method = "GET",
                .url = OBJECT,
                .has_header = {"x-amz-content-sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b"
                               "934ca495991b7852b855",
                               "Authorization: /eu-west-1/s3/aws4_request", "!If-None-Match",
                               "!x-amz-expected-bucket-owner"},
                .status = 200,
                .headers = {"ETag: \"e1\""},
                .body = "data"});
    EIDC_BUF_AUTO body = {0};
    char etag[EIDC_ETAG_MAX];
    bool modified = false;
    assert_true(get(&b, NULL, &modified, &body, etag));
    assert_true(modified);
    assert_string_equal(etag, "\"e1\"");
    assert_string_equal(body.p, "data");
    tear_down(&b);
}

/* A 304 that was not asked for, as from a cache in between: it says nothing of what is there. */
static void unchanged_since_nothing(void **state)
{
    (void)state;
    struct bench b;
    SET_UP(&b, {.has_header = {"!If-None-Match"}, .status = 304});
    EIDC_BUF_AUTO body = {0};
    char etag[EIDC_ETAG_MAX] = "";
    bool modified = true;
    assert_false(get(&b, NULL, &modified, &body, etag));
    assert_int_equal(b.err.kind, EIDC_ERR_INVALID);
    tear_down(&b);
}

static void an_unchanged_object(void **state)
{
    (void)state;
    struct bench b;
    SET_UP(&b, {.has_header = {"If-None-Match: \"e1\""}, .status = 304});
    EIDC_BUF_AUTO body = {0};
    char etag[EIDC_ETAG_MAX] = "kept";
    bool modified = true;
    assert_true(get(&b, "\"e1\"", &modified, &body, etag));
    assert_false(modified);
    assert_null(body.p);
    assert_string_equal(etag, "kept");
    tear_down(&b);
}

static void what_get_says_when_it_fails(void **state)
{
    (void)state;
    static const struct {
        struct fake_exchange exchange;
        enum eidc_err_kind kind;
        const char *text;
    } cases[] = {
        {{.status = 404, .body = "<Error><Code>NoSuchKey</Code></Error>"},
         EIDC_ERR_NOT_FOUND,
         "s3://bucket/dir/CURRENT: s3 GetObject: NoSuchKey"},
        {{.status = 404, .body = "<Error><Code>NoSuchBucket</Code></Error>"},
         EIDC_ERR_INVALID,
         "NoSuchBucket"},
        {{.status = 404, .body = "<html>Not Found</html>"}, EIDC_ERR_INVALID, "status 404"},
        {{.status = 403, .body = "<Error><Code>AccessDenied</Code></Error>"},
         EIDC_ERR_DENIED,
         "s3:ListBucket"},
        {{.times = 3, .status = 503, .body = "<Error><Code>SlowDown</Code></Error>"},
         EIDC_ERR_THROTTLED,
         "3 tries"},
        {{.times = 3, .error = EIDC_ERR_UNAVAILABLE}, EIDC_ERR_UNAVAILABLE, "bucket/dir/CURRENT"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct bench b;
        set_up(&b, &cases[i].exchange, 1);
        EIDC_BUF_AUTO body = {0};
        char etag[EIDC_ETAG_MAX] = "kept";
        bool modified = true;
        assert_false(get(&b, NULL, &modified, &body, etag));
        assert_int_equal(b.err.kind, cases[i].kind);
        if (!strstr(b.err.text, cases[i].text))
            fail_msg("%s", b.err.text);
        assert_null(body.p);
        assert_string_equal(etag, "kept");
        tear_down(&b);
    }
}

/* --- a bucket in another region -------------------------------------------------------------- */

/* Each test has a bucket of its own: what is learnt stays. */
static bool get_from(struct bench *b, const char *bucket)
{
    EIDC_BUF_AUTO body = {0};
    char etag[EIDC_ETAG_MAX];
    bool modified;
    b->s3.bucket = bucket;
    return get(b, NULL, &modified, &body, etag);
}

static void it_is_asked_for_there_and_remembered(void **state)
{
    (void)state;
    struct bench b;
    SET_UP(&b,
           {.url = "http://aws.test/moved-1/dir/CURRENT",
            .has_header = {"Authorization: /eu-west-1/s3/aws4_request"},
            .status = 301,
            .headers = {"x-amz-bucket-region: us-east-1"},
            .body = "<Error><Code>PermanentRedirect</Code></Error>"},
           {.times = 2,
            .url = "http://aws.test/moved-1/dir/CURRENT",
            .has_header = {"Authorization: /us-east-1/s3/aws4_request"},
            .status = 200,
            .body = "data"},
           {.url = "http://aws.test/moved-2/dir/CURRENT", /* another bucket */
            .has_header = {"Authorization: /eu-west-1/s3/aws4_request"},
            .status = 200});
    assert_true(get_from(&b, "moved-1"));
    assert_true(get_from(&b, "moved-1"));
    assert_true(get_from(&b, "moved-2"));
    tear_down(&b);
}

static void every_answer_that_names_a_region(void **state)
{
    (void)state;
    static const struct fake_exchange answers[] = {
        {.status = 302, .headers = {"x-amz-bucket-region: us-west-2"}},
        {.status = 307, .headers = {"x-amz-bucket-region: us-west-2"}},
        {.status = 301,
         .body = "<Error><Code>PermanentRedirect</Code><Region>us-west-2</Region></Error>"},
        {.status = 400,
         .body = "<Error><Code>AuthorizationHeaderMalformed</Code><Region>us-west-2</Region>"
                 "</Error>"},
        {.status = 400, .headers = {"x-amz-bucket-region: us-west-2"}},
    };
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        char *bucket EIDC_AUTO_FREE = eidc_xprintf("named-%zu", i);
        const struct fake_exchange script[] = {
            answers[i], {.has_header = {"Authorization: /us-west-2/s3/"}, .status = 200}};
        struct bench b;
        set_up(&b, script, 2);
        assert_true(get_from(&b, bucket));
        tear_down(&b);
    }
}

static void heads_and_puts_move_too(void **state)
{
    (void)state;
    struct bench b;
    char etag[EIDC_ETAG_MAX] = "";
    uint64_t bytes = 0;
    SET_UP(
        &b, {.method = "HEAD", .status = 400, .headers = {"x-amz-bucket-region: us-east-1"}},
        {.method = "HEAD",
         .has_header = {"Authorization: /us-east-1/s3/"},
         .status = 200,
         .headers = {"Content-Length: 7"}},
        {.method = "PUT",
         .has_header = {"Authorization: /us-east-1/s3/"},
         .status = 307,
         .headers = {"x-amz-bucket-region: us-west-1"}},
        {.method = "PUT",
         .has_header = {"Authorization: /us-west-1/s3/", "If-None-Match: *", "Content-Type: a/b"},
         .has_body = {"body"},
         .status = 200,
         .headers = {"ETag: \"e\""}});
    b.s3.bucket = "moved-3";
    assert_true(eidc_s3_size(&b.s3, "k", &bytes, &b.err));
    assert_int_equal(bytes, 7);
    assert_true(eidc_s3_put(&b.s3, "k", EIDC_STR("body"), "a/b", EIDC_S3_IF_ABSENT, etag, &b.err));
    assert_string_equal(etag, "\"e\"");
    tear_down(&b);
}

static void awss_own_endpoint_changes_its_host(void **state)
{
    (void)state;
    struct bench b;
    SET_UP(&b,
           {.url = "https://moved-4.s3.eu-west-1.amazonaws.com/dir/CURRENT",
            .status = 301,
            .headers = {"x-amz-bucket-region: ap-south-1"}},
           {.times = 2,
            .url = "https://moved-4.s3.ap-south-1.amazonaws.com/dir/CURRENT",
            .has_header = {"Authorization: /ap-south-1/s3/"},
            .status = 200});
    struct eidc_endpoint *endpoint = &b.s3.target.endpoint;
    endpoint->custom = false;
    free(endpoint->scheme);
    endpoint->scheme = eidc_xstrdup("https");
    free(endpoint->host);
    endpoint->host = eidc_xstrdup("s3.eu-west-1.amazonaws.com");
    assert_true(get_from(&b, "moved-4"));
    assert_true(get_from(&b, "moved-4"));
    tear_down(&b);
}

static void a_second_redirect_is_an_error(void **state)
{
    (void)state;
    struct bench b;
    SET_UP(&b, {.status = 301, .headers = {"x-amz-bucket-region: us-east-1"}},
           {.status = 301, .headers = {"x-amz-bucket-region: us-east-2"}});
    assert_false(get_from(&b, "moved-5"));
    if (!strstr(b.err.text, "the bucket is in region us-east-2, not us-east-1"))
        fail_msg("%s", b.err.text);
    tear_down(&b);
}

static void regions_that_are_not_followed(void **state)
{
    (void)state;
    static const struct fake_exchange answers[] = {
        {.status = 301, .headers = {"x-amz-bucket-region: cn-north-1"}}, /* no keys of ours */
        {.status = 301, .headers = {"x-amz-bucket-region: evil.example/"}},
        {.status = 301, .headers = {"x-amz-bucket-region: eu-west-1"}}, /* where we are */
        {.status = 301},
        {.status = 400, .body = "<Error><Code>InvalidRequest</Code></Error>"},
        {.status = 403, .headers = {"x-amz-bucket-region: us-east-1"}},
        {.status = 404, .headers = {"x-amz-bucket-region: us-east-1"}},
    };
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        char *bucket EIDC_AUTO_FREE = eidc_xprintf("stays-%zu", i);
        struct bench b;
        set_up(&b, &answers[i], 1);
        assert_false(get_from(&b, bucket));
        if (i == 0 && !strstr(b.err.text, "the bucket is in region cn-north-1, not eu-west-1"))
            fail_msg("%s", b.err.text);
        tear_down(&b);
    }
}

static void an_object_over_the_limit(void **state)
{
    (void)state;
    struct bench b;
    SET_UP(&b, {.status = 200, .body = "12345"});
    EIDC_BUF_AUTO body = {0};
    char etag[EIDC_ETAG_MAX];
    bool modified;
    assert_false(get(&b, NULL, &modified, &body, etag));
    assert_int_equal(b.err.kind, EIDC_ERR_LIMIT);
    tear_down(&b);
}

/* --- addressing ------------------------------------------------------------------------------ */

static void expect_url(enum eidc_s3_addressing addressing, bool custom, const char *bucket,
                       const char *key, const char *url)
{
    const struct fake_exchange script[] = {{.url = url, .status = 204}};
    struct bench b;
    set_up(&b, script, 1);
    b.s3.addressing = addressing;
    b.s3.target.endpoint.custom = custom;
    b.s3.bucket = bucket;
    assert_true(eidc_s3_delete(&b.s3, key, &b.err));
    tear_down(&b);
}

static void addressing_styles(void **state)
{
    (void)state;
    expect_url(EIDC_S3_AUTO, false, "bucket", "a/b", "http://bucket.aws.test/a/b");
    expect_url(EIDC_S3_AUTO, true, "bucket", "a/b", "http://aws.test/bucket/a/b");
    expect_url(EIDC_S3_AUTO, false, "my.bucket", "a", "http://aws.test/my.bucket/a");
    expect_url(EIDC_S3_VIRTUAL, true, "bucket", "a", "http://bucket.aws.test/a");
    expect_url(EIDC_S3_AUTO, false, "My_bucket", "a", "http://aws.test/My_bucket/a");
    expect_url(EIDC_S3_PATH, false, "bucket", "a", "http://aws.test/bucket/a");
    expect_url(EIDC_S3_PATH, false, "bucket", "a b+\xc3\xa9//./x",
               "http://aws.test/bucket/a%20b%2B%C3%A9//./x");
}

/* --- PUT ------------------------------------------------------------------------------------ */

static bool put(struct bench *b, const char *body, enum eidc_s3_condition condition,
                char etag[static EIDC_ETAG_MAX])
{
    return eidc_s3_put(&b->s3, "dir/CURRENT", eidc_str_of(body), "text/plain", condition, etag,
                       &b->err);
}

static void a_put_with_everything(void **state)
{
    (void)state;
    struct bench b;
    SET_UP(&b, {.method = "PUT",
                .url = OBJECT,
                .has_header = {"If-None-Match: *", "Content-Type: text/plain",
                               "x-amz-checksum-sha256: "
                               "Om6weQ85rIfJTzhWst0sXREOaBFgImGpqSPTuyOtyLc=",
                               "x-amz-sdk-checksum-algorithm: SHA256",
                               "x-amz-server-side-encryption: aws:kms",
                               "x-amz-server-side-encryption-aws-kms-key-id: key-1",
                               "x-amz-expected-bucket-owner: 123456789012", "!If-Match"},
                .has_body = {"data"},
                .status = 200,
                .headers = {"ETag: \"new\""}});
    b.s3.checksum_sha256 = true;
    b.s3.kms_key = "key-1";
    b.s3.expected_owner = "123456789012";
    char etag[EIDC_ETAG_MAX] = "";
    assert_true(put(&b, "data", EIDC_S3_IF_ABSENT, etag));
    assert_string_equal(etag, "\"new\"");
    tear_down(&b);
}

static void a_put_with_nothing(void **state)
{
    (void)state;
    struct bench b;
    SET_UP(&b, {.has_header = {"!If-None-Match", "!If-Match", "!x-amz-checksum-sha256",
                               "!x-amz-server-side-encryption", "!x-amz-expected-bucket-owner"},
                .status = 200});
    char etag[EIDC_ETAG_MAX] = "old";
    assert_true(put(&b, "data", EIDC_S3_ALWAYS, etag));
    assert_string_equal(etag, ""); /* the server named none */
    tear_down(&b);
}

#define REFUSED "<Error><Code>PreconditionFailed</Code></Error>"
#define RACE    "<Error><Code>ConditionalRequestConflict</Code></Error>"

static void an_object_that_is_there_already(void **state)
{
    (void)state;
    struct bench b;
    SET_UP(&b, {.has_header = {"If-None-Match: *"}, .status = 412, .body = REFUSED},
           {.method = "GET", .status = 200, .headers = {"ETag: \"theirs\""}, .body = "other"});
    char etag[EIDC_ETAG_MAX] = "";
    assert_false(put(&b, "data", EIDC_S3_IF_ABSENT, etag));
    assert_int_equal(b.err.kind, EIDC_ERR_CONFLICT);
    tear_down(&b);
}

static void a_lost_compare_and_swap(void **state)
{
    (void)state;
    struct bench b;
    SET_UP(&b, {.has_header = {"If-Match: \"mine\""}, .status = 412, .body = REFUSED},
           {.method = "GET", .status = 200, .headers = {"ETag: \"theirs\""}, .body = "other"});
    char etag[EIDC_ETAG_MAX] = "\"mine\"";
    assert_false(put(&b, "data", EIDC_S3_IF_MATCH, etag));
    assert_int_equal(b.err.kind, EIDC_ERR_CONFLICT);
    assert_false(b.s3.etag_bare);
    tear_down(&b);
}

static void racing_writers_try_again(void **state)
{
    (void)state;
    struct bench b;
    SET_UP(&b, {.times = 2, .status = 409, .body = RACE},
           {.has_header = {"If-None-Match: *"}, .status = 200, .headers = {"ETag: \"n\""}});
    char etag[EIDC_ETAG_MAX] = "";
    assert_true(put(&b, "data", EIDC_S3_IF_ABSENT, etag));
    assert_true(fake_http_now(b.http) >= 300); /* with pauses */
    tear_down(&b);
}

static void a_race_without_end(void **state)
{
    (void)state;
    struct bench b;
    SET_UP(&b, {.times = 5, .status = 409, .body = RACE});
    char etag[EIDC_ETAG_MAX] = "";
    assert_false(put(&b, "data", EIDC_S3_IF_ABSENT, etag));
    assert_int_equal(b.err.kind, EIDC_ERR_CONFLICT);
    tear_down(&b);
}

static void a_lost_answer_was_a_success(void **state)
{
    (void)state;
    struct bench b;
    SET_UP(&b, {.error = EIDC_ERR_UNAVAILABLE}, {.status = 412, .body = REFUSED},
           {.method = "GET", .status = 200, .headers = {"ETag: \"e7\""}, .body = "data"});
    char etag[EIDC_ETAG_MAX] = "";
    assert_true(put(&b, "data", EIDC_S3_IF_ABSENT, etag));
    assert_string_equal(etag, "\"e7\"");
    tear_down(&b);
}

static void a_lost_answer_and_someone_elses_object(void **state)
{
    (void)state;
    struct bench b;
    SET_UP(&b, {.error = EIDC_ERR_UNAVAILABLE}, {.status = 412, .body = REFUSED},
           {.method = "GET", .status = 200, .headers = {"ETag: \"e7\""}, .body = "datA"});
    char etag[EIDC_ETAG_MAX] = "";
    assert_false(put(&b, "data", EIDC_S3_IF_ABSENT, etag));
    assert_int_equal(b.err.kind, EIDC_ERR_CONFLICT);
    tear_down(&b);
}

/* The transport sends again on its own when a kept-alive connection turns out to be closed. */
static void an_answer_lost_unseen(void **state)
{
    (void)state;
    struct bench b;
    SET_UP(&b, {.status = 412, .body = REFUSED},
           {.method = "GET", .status = 200, .headers = {"ETag: \"ours\""}, .body = "data"},
           {.status = 412, .body = REFUSED},
           {.method = "GET", .status = 200, .headers = {"ETag: \"ours\""}, .body = "data"});
    char etag[EIDC_ETAG_MAX] = "\"before\"";
    assert_true(put(&b, "data", EIDC_S3_IF_MATCH, etag));
    assert_string_equal(etag, "\"ours\"");
    assert_true(put(&b, "data", EIDC_S3_IF_ABSENT, etag));
    tear_down(&b);
}

static void several_go_out_together(void **state)
{
    (void)state;
    struct bench b;
    SET_UP(&b, {.url = "http://aws.test/bucket/a", .delay_ms = 100, .status = 409, .body = RACE},
           {.url = "http://aws.test/bucket/b", .delay_ms = 100, .status = 403},
           {.url = "http://aws.test/bucket/c",
            .delay_ms = 100,
            .status = 200,
            .headers = {"ETag: \"c\""}},
           {.url = "http://aws.test/bucket/a", .status = 412, .body = REFUSED},
           {.url = "http://aws.test/bucket/a", .method = "GET", .status = 200, .body = "other"});
    struct eidc_s3_upload up[3] = {
        {.key = "a", .body = EIDC_STR("1"), .condition = EIDC_S3_IF_ABSENT},
        {.key = "b", .body = EIDC_STR("2")},
        {.key = "c", .body = EIDC_STR("3")},
    };
    for (size_t i = 0; i < 3; i++)
        up[i].content_type = "text/plain";
    eidc_aws_free(b.aws);
    b.s3.aws = b.aws = eidc_aws_new(b.http, 3, NULL);
    eidc_s3_put_all(&b.s3, up, 3);
    assert_int_equal(fake_http_most_at_once(b.http), 3);
    assert_false(up[0].ok);
    assert_int_equal(up[0].err.kind, EIDC_ERR_CONFLICT);
    assert_string_equal(up[0].found.p, "other");
    assert_false(up[1].ok);
    assert_int_equal(up[1].err.kind, EIDC_ERR_DENIED);
    assert_null(up[1].found.p);
    assert_true(up[2].ok);
    assert_string_equal(up[2].etag, "\"c\"");
    eidc_buf_free(&up[0].found);
    tear_down(&b);
}

static void the_size_of_an_object(void **state)
{
    (void)state;
    struct bench b;
    SET_UP(&b, {.method = "HEAD", .url = OBJECT, .status = 200, .headers = {"Content-Length: 77"}},
           {.method = "HEAD", .status = 404}, {.method = "HEAD", .status = 403},
           {.method = "HEAD", .status = 200});
    uint64_t bytes = 0;
    assert_true(eidc_s3_size(&b.s3, "dir/CURRENT", &bytes, &b.err));
    assert_int_equal(bytes, 77);
    static const enum eidc_err_kind kinds[] = {EIDC_ERR_NOT_FOUND, EIDC_ERR_DENIED,
                                               EIDC_ERR_CORRUPT};
    for (size_t i = 0; i < 3; i++) {
        assert_false(eidc_s3_size(&b.s3, "dir/CURRENT", &bytes, &b.err));
        assert_int_equal(b.err.kind, kinds[i]);
    }
    tear_down(&b);
}

static void an_answer_of_any_length_to_an_error(void **state)
{
    (void)state;
    struct bench b;
    SET_UP(&b, {.status = 404, .body = "<Error><Code>NoSuchKey</Code></Error>"},
           {.status = 200, .transfer_ms = 600000, .body = "data"});
    EIDC_BUF_AUTO body = {0};
    char etag[EIDC_ETAG_MAX];
    bool modified;
    assert_false(get(&b, NULL, &modified, &body, etag)); /* longer than an object may be */
    assert_int_equal(b.err.kind, EIDC_ERR_NOT_FOUND);
    assert_true(get(&b, NULL, &modified, &body, etag)); /* slow, but moving */
    tear_down(&b);
}

static void the_look_after_a_lost_answer_fails(void **state)
{
    (void)state;
    struct bench b;
    SET_UP(&b, {.error = EIDC_ERR_UNAVAILABLE}, {.status = 412, .body = REFUSED},
           {.method = "GET", .status = 403, .body = "<Error><Code>AccessDenied</Code></Error>"});
    char etag[EIDC_ETAG_MAX] = "";
    assert_false(put(&b, "data", EIDC_S3_IF_ABSENT, etag));
    assert_int_equal(b.err.kind, EIDC_ERR_DENIED);
    tear_down(&b);
}

static void a_server_without_quotes_is_recognised(void **state)
{
    (void)state;
    struct bench b;
    SET_UP(&b, {.has_header = {"If-Match: \"e1\""}, .status = 412, .body = REFUSED},
           {.method = "GET", .status = 200, .headers = {"ETag: \"e1\""}, .body = "old"},
           {.has_header = {"If-Match: e1"}, .status = 200, .headers = {"ETag: \"e2\""}},
           {.has_header = {"If-Match: e2"}, .status = 200, .headers = {"ETag: \"e3\""}});
    char etag[EIDC_ETAG_MAX] = "\"e1\"";
    assert_true(put(&b, "data", EIDC_S3_IF_MATCH, etag));
    assert_true(b.s3.etag_bare);
    assert_string_equal(etag, "\"e2\"");
    assert_true(put(&b, "data", EIDC_S3_IF_MATCH, etag)); /* remembered */
    assert_null(
        strchr(eidc_http_headers_get(&fake_http_request(b.http, 3)->headers, "If-Match"), '"'));
    tear_down(&b);
}

static void a_server_that_refuses_both_forms(void **state)
{
    (void)state;
    struct bench b;
    SET_UP(&b, {.status = 412, .body = REFUSED},
           {.method = "GET", .status = 200, .headers = {"ETag: \"e1\""}, .body = "old"},
           {.has_header = {"If-Match: e1"}, .status = 412, .body = REFUSED});
    char etag[EIDC_ETAG_MAX] = "\"e1\"";
    assert_false(put(&b, "data", EIDC_S3_IF_MATCH, etag));
    assert_int_equal(b.err.kind, EIDC_ERR_CONFLICT);
    assert_false(b.s3.etag_bare);
    tear_down(&b);
}

static void a_put_that_is_denied(void **state)
{
    (void)state;
    struct bench b;
    SET_UP(&b, {.status = 403, .body = "<Error><Code>AccessDenied</Code></Error>"});
    char etag[EIDC_ETAG_MAX] = "";
    assert_false(put(&b, "data", EIDC_S3_ALWAYS, etag));
    assert_int_equal(b.err.kind, EIDC_ERR_DENIED);
    assert_non_null(strstr(b.err.text, "s3://bucket/dir/CURRENT"));
    tear_down(&b);
}

/* --- LIST ----------------------------------------------------------------------------------- */

struct keys {
    char text[256];
    unsigned n, fail_at;
};

static bool collect(void *arg, struct eidc_str key, uint64_t bytes, struct eidc_err *err)
{
    struct keys *keys = arg;
    assert_true(bytes == 1);
    if (++keys->n == keys->fail_at)
        return eidc_fail(err, EIDC_ERR_LIMIT, "enough");
    size_t at = strlen(keys->text);
    snprintf(keys->text + at, sizeof(keys->text) - at, "%.*s|", EIDC_STR_ARG(key));
    return true;
}

#define PAGE(inner) "<ListBucketResult>" inner "</ListBucketResult>"
#define KEY(k)      "<Contents><Key>" k "</Key><Size>1</Size></Contents>"

static void pages_are_followed_and_keys_decoded(void **state)
{
    (void)state;
    struct bench b;
    SET_UP(&b,
           {.method = "GET",
            .url = "http://aws.test/bucket?list-type=2&encoding-type=url&prefix=dir%2F",
            .status = 200,
            .body = PAGE("<EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>" KEY(
                "dir/a+b%2Bc%26") KEY("dir/%C3%A9") "<NextContinuationToken>t+/="
                                                    "</NextContinuationToken>")},
           {.url = "http://aws.test/bucket?list-type=2&encoding-type=url&prefix=dir%2F"
                   "&continuation-token=t%2B%2F%3D",
            .status = 200,
            .body = PAGE("<IsTruncated>false</IsTruncated>" KEY("dir/raw+%2B"))});
    struct keys keys = {0};
    assert_true(eidc_s3_list(&b.s3, "dir/", collect, &keys, &b.err));
    assert_string_equal(keys.text, "dir/a b+c&|dir/\xc3\xa9|dir/raw+%2B|");
    tear_down(&b);
}

static void an_empty_list(void **state)
{
    (void)state;
    struct bench b;
    SET_UP(&b, {.status = 200, .body = PAGE("<KeyCount>0</KeyCount>")});
    struct keys keys = {0};
    assert_true(eidc_s3_list(&b.s3, "", collect, &keys, &b.err));
    assert_int_equal(keys.n, 0);
    tear_down(&b);
}

static void a_cut_list_is_asked_for_again(void **state)
{
    (void)state;
    struct bench b;
    SET_UP(&b, {.status = 200, .body = "<ListBucketResult>" KEY("a")},
           {.status = 200, .body = PAGE(KEY("a") KEY("b"))});
    struct keys keys = {0};
    assert_true(eidc_s3_list(&b.s3, "", collect, &keys, &b.err));
    assert_string_equal(keys.text, "a|b|");
    tear_down(&b);
}

static void lists_that_do_not_count(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "<html></html>",
        PAGE("<IsTruncated>true</IsTruncated>"),
        PAGE("<EncodingType>url</EncodingType>" KEY("a%2")),
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const struct fake_exchange script[] = {
            {.status = 200, .body = bad[i], .times = i == 3 ? 1 : 3}};
        struct bench b;
        struct keys keys = {0};
        set_up(&b, script, 1);
        assert_false(eidc_s3_list(&b.s3, "", collect, &keys, &b.err));
        assert_int_equal(b.err.kind, EIDC_ERR_CORRUPT);
        assert_int_equal(keys.n, 0);
        tear_down(&b);
    }
}

static void a_token_that_comes_twice(void **state)
{
    (void)state;
    struct bench b;
    SET_UP(&b, {.times = 2,
                .status = 200,
                .body = PAGE("<IsTruncated>true</IsTruncated>" KEY(
                    "a") "<NextContinuationToken>t</NextContinuationToken>")});
    struct keys keys = {0};
    assert_false(eidc_s3_list(&b.s3, "", collect, &keys, &b.err));
    assert_int_equal(b.err.kind, EIDC_ERR_CORRUPT);
    assert_int_equal(keys.n, 1);
    tear_down(&b);
}

/* Of two pages each names the other as the next. */
static void a_list_without_an_end(void **state)
{
    (void)state;
    static struct fake_exchange script[EIDC_S3_LIST_PAGES];
    for (size_t i = 0; i < EIDC_S3_LIST_PAGES; i++)
        script[i] = (struct fake_exchange){
            .status = 200,
            .body = i % 2 == 0 ? PAGE("<IsTruncated>true</IsTruncated>"
                                      "<NextContinuationToken>a</NextContinuationToken>")
                               : PAGE("<IsTruncated>true</IsTruncated>"
                                      "<NextContinuationToken>b</NextContinuationToken>")};
    struct bench b;
    struct keys keys = {0};
    set_up(&b, script, EIDC_S3_LIST_PAGES);
    assert_false(eidc_s3_list(&b.s3, "", collect, &keys, &b.err));
    assert_int_equal(b.err.kind, EIDC_ERR_CORRUPT);
    assert_non_null(strstr(b.err.text, "no end"));
    tear_down(&b);
}

static void the_caller_may_stop(void **state)
{
    (void)state;
    struct bench b;
    SET_UP(&b, {.status = 200, .body = PAGE(KEY("a") KEY("b"))});
    struct keys keys = {.fail_at = 1};
    assert_false(eidc_s3_list(&b.s3, "", collect, &keys, &b.err));
    assert_int_equal(b.err.kind, EIDC_ERR_LIMIT);
    tear_down(&b);
}

static void a_bucket_that_is_not_there(void **state)
{
    (void)state;
    struct bench b;
    SET_UP(&b, {.status = 404, .body = "<Error><Code>NoSuchBucket</Code></Error>"});
    struct keys keys = {0};
    assert_false(eidc_s3_list(&b.s3, "", collect, &keys, &b.err));
    assert_int_equal(b.err.kind, EIDC_ERR_INVALID);
    assert_non_null(strstr(b.err.text, "s3://bucket: "));
    tear_down(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_object_is_fetched),
        cmocka_unit_test(an_unchanged_object),
        cmocka_unit_test(unchanged_since_nothing),
        cmocka_unit_test(what_get_says_when_it_fails),
        cmocka_unit_test(it_is_asked_for_there_and_remembered),
        cmocka_unit_test(every_answer_that_names_a_region),
        cmocka_unit_test(heads_and_puts_move_too),
        cmocka_unit_test(awss_own_endpoint_changes_its_host),
        cmocka_unit_test(a_second_redirect_is_an_error),
        cmocka_unit_test(regions_that_are_not_followed),
        cmocka_unit_test(an_object_over_the_limit),
        cmocka_unit_test(addressing_styles),
        cmocka_unit_test(a_put_with_everything),
        cmocka_unit_test(a_put_with_nothing),
        cmocka_unit_test(an_object_that_is_there_already),
        cmocka_unit_test(a_lost_compare_and_swap),
        cmocka_unit_test(racing_writers_try_again),
        cmocka_unit_test(a_race_without_end),
        cmocka_unit_test(a_lost_answer_was_a_success),
        cmocka_unit_test(a_lost_answer_and_someone_elses_object),
        cmocka_unit_test(an_answer_lost_unseen),
        cmocka_unit_test(several_go_out_together),
        cmocka_unit_test(the_size_of_an_object),
        cmocka_unit_test(an_answer_of_any_length_to_an_error),
        cmocka_unit_test(the_look_after_a_lost_answer_fails),
        cmocka_unit_test(a_server_without_quotes_is_recognised),
        cmocka_unit_test(a_server_that_refuses_both_forms),
        cmocka_unit_test(a_put_that_is_denied),
        cmocka_unit_test(pages_are_followed_and_keys_decoded),
        cmocka_unit_test(an_empty_list),
        cmocka_unit_test(a_cut_list_is_asked_for_again),
        cmocka_unit_test(lists_that_do_not_count),
        cmocka_unit_test(a_list_without_an_end),
        cmocka_unit_test(a_token_that_comes_twice),
        cmocka_unit_test(the_caller_may_stop),
        cmocka_unit_test(a_bucket_that_is_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
