/* The image over a real socket: whole, in ranges, as the EidCache document. */
#include <sys/socket.h>
#include <unistd.h>

#include "eidcached/base/clock.h"
#include "eidcached/base/json_read.h"
#include "eidcached/core/current.h"
#include "tests/unit/http/asking.h"

static struct eidc_str image; /* what is served; valid while `held` is */
static struct eidc_generation *held;
static char etag[32];

static void hold(void)
{
    eidc_generation_unpin(held);
    held = eidc_current_pin();
    image = eidc_image_block(held->image);
    snprintf(etag, sizeof(etag), "\"%s\"", eidc_image_info(held->image)->id);
}

static int set_up(void **state)
{
    set_up_httpd(state);
    httpd_fixture_start(&f);
    const struct published_entry entries[] = {
        {"a", "eid-a", "s", eidc_now_ms() - 90 * 1000},
        {"b", "k1", "s", 0},
        {"c", "k1", "s", 0},
    };
    httpd_publish(42, entries, sizeof(entries) / sizeof(entries[0]));
    hold();
    return 0;
}

static int tear_down(void **state)
{
    eidc_generation_unpin(held);
    held = NULL;
    return tear_down_httpd(state);
}

static void get(const char *query, const char *headers)
{
    get_path("/v1/snapshot", query, headers);
}

static void expect(unsigned status, size_t from, size_t n)
{
    expect_status(status);
    assert_int_equal(a.body.n, n);
    assert_memory_equal(a.body.p, image.p + from, n);
}

static void the_image_itself(void **state)
{
    (void)state;
    char text[96];
    get("", "");
    expect(200, 0, image.n);
    expect_header("Content-Type", "application/octet-stream");
    expect_header("ETag", etag);
    expect_header("Eidcache-Generation", "42");
    expect_header("Accept-Ranges", "bytes");
    snprintf(text, sizeof(text), "attachment; filename=\"%020d-%.16s.eidc\"", 42, etag + 1);
    expect_header("Content-Disposition", text);
    snprintf(text, sizeof(text), "%zu", image.n);
    expect_header("Content-Length", text);
    assert_non_null(http_header(&a, "Age"));
    assert_null(http_header(&a, "Content-Range"));
    get("?format=image", "");
    expect(200, 0, image.n);
}

static void head(void **state)
{
    (void)state;
    char text[24];
    ask("HEAD /v1/snapshot HTTP/1.1\r\nRange: bytes=0-9\r\n");
    assert_int_equal(a.status, 200); /* ranges are for GET */
    snprintf(text, sizeof(text), "%zu", image.n);
    expect_header("Content-Length", text);
    expect_header("ETag", etag);
    ask("HEAD /v1/snapshot?format=json HTTP/1.1\r\n");
    assert_int_equal(a.status, 200);
}

static void ranges(void **state)
{
    (void)state;
    char text[96];
    get("", "Range: bytes=8-15\r\n");
    expect(206, 8, 8);
    snprintf(text, sizeof(text), "bytes 8-15/%zu", image.n);
    expect_header("Content-Range", text);
    expect_header("ETag", etag);
    get("", "Range: bytes=-16\r\n");
    expect(206, image.n - 16, 16);
    get("", "Range: bytes=100-\r\n");
    expect(206, 100, image.n - 100);
    get("", "Range: bytes=0-3,8-9\r\n"); /* several: all */
    expect(200, 0, image.n);
    get("", "Range: bytes=9-8\r\n");
    expect(200, 0, image.n);
}

static void a_range_behind_the_end(void **state)
{
    (void)state;
    char text[96];
    snprintf(text, sizeof(text), "Range: bytes=%zu-\r\n", image.n);
    get("", text);
    assert_int_equal(a.status, 416);
    expect_header("Content-Type", "application/problem+json");
    snprintf(text, sizeof(text), "bytes */%zu", image.n);
    expect_header("Content-Range", text);
}

static void a_range_of_this_image_only(void **state)
{
    (void)state;
    char text[96];
    snprintf(text, sizeof(text), "Range: bytes=0-7\r\nIf-Range: %s\r\n", etag);
    get("", text);
    expect(206, 0, 8);
    get("", "Range: bytes=0-7\r\nIf-Range: \"0123456789abcdef\"\r\n");
    expect(200, 0, image.n);
    get("", "Range: bytes=999999999-\r\nIf-Range: \"0123456789abcdef\"\r\n");
    expect(200, 0, image.n);
}

static void conditions(void **state)
{
    (void)state;
    char text[96];
    snprintf(text, sizeof(text), "If-None-Match: %s\r\nRange: bytes=0-7\r\n", etag);
    get("", text);
    assert_int_equal(a.status, 304);
    get("?format=json", text);
    assert_int_equal(a.status, 304);
    get("", "Cache-Control: max-age=10\r\n");
    assert_int_equal(a.status, 503);
}

static void the_document(void **state)
{
    (void)state;
    char time[EIDC_TIME_TEXT], text[512];
    get("?format=json", "");
    eidc_time_print(eidc_image_info(held->image)->created_at_ms, time);
    snprintf(text, sizeof(text),
             "{\"forward_dict\":{\"a\":\"eid-a\",\"b\":\"k1\",\"c\":\"k1\"},"
             "\"reverse_dict\":{\"eid-a\":\"a\",\"k1\":\"b\"},"
             "\"created_at\":\"%s\",\"request_count\":12}\n",
             time);
    assert_int_equal(a.status, 200);
    assert_string_equal(a.body.p, text);
    expect_header("Content-Type", "application/json");
    expect_header("ETag", etag);
}

static void a_long_document_is_streamed(void **state)
{
    (void)state;
    EIDC_CJSON_AUTO *doc = NULL;
    struct eidc_err err;
    httpd_publish_many(43, 20000);
    get("?format=json", "");
    assert_true(a.chunked);
    assert_true(eidc_json_parse(eidc_buf_view(&a.body), &doc, &err));
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(doc, "forward_dict")), 20000);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(doc, "reverse_dict")), 20000);
}

/* Begun before a swap, read after it: the bytes are those of the generation that was asked for. */
static void a_download_outlives_its_generation(void **state)
{
    (void)state;
    httpd_publish_many(43, 300000); /* more than any socket buffer takes */
    hold();
    int fd = http_connect(&f);
    http_sendf(fd, "GET /v1/snapshot HTTP/1.1\r\nHost: localhost\r\n\r\n");
    char first;
    assert_int_equal(recv(fd, &first, 1, MSG_PEEK), 1);
    httpd_publish_many(44, 10);
    assert_true(http_receive(fd, false, &a));
    close(fd);
    expect(200, 0, image.n);
    expect_header("Eidcache-Generation", "43");
}

static void what_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"?format=xml", "?format=", "?format", "?format=JSON"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        get(bad[i], "");
        assert_int_equal(a.status, 400);
    }
    get("?x=json", ""); /* another parameter */
    expect(200, 0, image.n);
    http_post(&f, "/v1/snapshot", "", EIDC_STR(""), &a);
    assert_int_equal(a.status, 405);
    expect_header("Allow", "GET, HEAD");
    eidc_current_publish(NULL);
    get("", "");
    assert_int_equal(a.status, 503);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_image_itself),
        TEST(head),
        TEST(ranges),
        TEST(a_range_behind_the_end),
        TEST(a_range_of_this_image_only),
        TEST(conditions),
        TEST(the_document),
        TEST(a_long_document_is_streamed),
        TEST(a_download_outlives_its_generation),
        TEST(what_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
