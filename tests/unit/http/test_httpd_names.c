/* Pages of names over a real socket. */

#include "eidcached/base/clock.h"
#include "eidcached/base/json_read.h"
#include "eidcached/core/current.h"
#include "tests/unit/http/asking.h"

static int set_up(void **state)
{
    set_up_httpd(state);
    httpd_fixture_start(&f);
    const struct published_entry entries[] = {
        {"a", "eid-a", "s", eidc_now_ms() - 90 * 1000},
        {"b", "k1", "s", 0},
        {"b", "k2", "s", 0},
        {"b", "k3", "s", 0},
        {"b.x", "eid-bx", "s", 0},
        {"b.y z", "eid-by", "s", 0},
        {"c \"q\"", "eid-c", "s", 0},
        {"\xc3\xa4", "eid-u", "s", 0},
    };
    httpd_publish(42, entries, sizeof(entries) / sizeof(entries[0]));
    return 0;
}

static void get(const char *query, const char *headers)
{
    get_path("/v1/names", query, headers);
}

#define A  "{\"name\":\"a\",\"eid\":\"eid-a\"}"
#define B  "{\"name\":\"b\",\"eid\":\"k1\",\"eids\":[\"k1\",\"k2\",\"k3\"]}"
#define BX "{\"name\":\"b.x\",\"eid\":\"eid-bx\"}"
#define BY "{\"name\":\"b.y z\",\"eid\":\"eid-by\"}"
#define C  "{\"name\":\"c \\\"q\\\"\",\"eid\":\"eid-c\"}"
#define U  "{\"name\":\"\xc3\xa4\",\"eid\":\"eid-u\"}"

static void all_in_byte_order(void **state)
{
    (void)state;
    get("", "");
    expect_answer(200, "{\"names\":[" A "," B "," BX "," BY "," C "," U "]}\n");
    assert_string_equal(http_header(&a, "Content-Type"), "application/json");
    assert_string_equal(http_header(&a, "Eidcache-Generation"), "42");
    assert_string_equal(http_header(&a, "Vary"), "Accept");
    assert_non_null(http_header(&a, "ETag"));
    assert_non_null(http_header(&a, "Age"));
}

static void pages(void **state)
{
    (void)state;
    get("?limit=2", "");
    expect_answer(200, "{\"names\":[" A "," B "],\"next\":\"b\"}\n");
    get("?limit=2&after=b", "");
    expect_answer(200, "{\"names\":[" BX "," BY "],\"next\":\"b.y z\"}\n");
    get("?limit=2&after=b.y%20z", "");
    expect_answer(200, "{\"names\":[" C "," U "]}\n");
    get("?after=%C3%A4", "");
    expect_answer(200, "{\"names\":[]}\n");
    get("?after=az&limit=1", ""); /* a name that is not there */
    expect_answer(200, "{\"names\":[" B "],\"next\":\"b\"}\n");
}

static void by_prefix(void **state)
{
    (void)state;
    get("?prefix=b.", "");
    expect_answer(200, "{\"names\":[" BX "," BY "]}\n");
    get("?prefix=b&limit=1", "");
    expect_answer(200, "{\"names\":[" B "],\"next\":\"b\"}\n");
    get("?prefix=b&after=b.x", "");
    expect_answer(200, "{\"names\":[" BY "]}\n");
    get("?prefix=b&after=a", ""); /* before the first of them */
    expect_answer(200, "{\"names\":[" B "," BX "," BY "]}\n");
    get("?prefix=b&after=zz", "");
    expect_answer(200, "{\"names\":[]}\n");
    get("?prefix=b.y+z", "");
    expect_answer(200, "{\"names\":[" BY "]}\n");
    get("?prefix=nope", "");
    expect_answer(200, "{\"names\":[]}\n");
    get("?prefix=&after=", "");
    assert_int_equal(a.status, 200);
    assert_ptr_equal(strstr(a.body.p, "{\"names\":[" A), a.body.p);
}

static void as_text(void **state)
{
    (void)state;
    get("?prefix=b&limit=2", "Accept: text/plain\r\n");
    expect_answer(200, "b\tk1\nb\tk2\nb\tk3\nb.x\teid-bx\n");
    assert_string_equal(http_header(&a, "Content-Type"), "text/plain; charset=utf-8");
    get("?prefix=nope", "Accept: text/plain\r\n");
    expect_answer(200, "");
}

static void conditions(void **state)
{
    (void)state;
    char condition[64];
    get("", "");
    snprintf(condition, sizeof(condition), "If-None-Match: %s\r\n", http_header(&a, "ETag"));
    get("", condition);
    expect_answer(304, "");
    get("", "Cache-Control: max-age=10\r\n"); /* "a" was listed 90 s ago */
    assert_int_equal(a.status, 503);
    assert_non_null(http_header(&a, "Retry-After"));
    get("", "Cache-Control: max-age=100000000000\r\n");
    assert_int_equal(a.status, 200);
}

static void what_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"?limit=0",    "?limit=10001", "?limit=",       "?limit=-1",
                                      "?limit=ten",  "?limit",       "?prefix=%GG",   "?prefix=%00",
                                      "?prefix=%FF", "?after=%2",    "?after=a%C3%28"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        get(bad[i], "");
        if (a.status != 400)
            fail_msg("%s: %u", bad[i], a.status);
        assert_string_equal(http_header(&a, "Content-Type"), "application/problem+json");
    }
    http_post(&f, "/v1/names", "", EIDC_STR(""), &a);
    assert_int_equal(a.status, 405);
    assert_string_equal(http_header(&a, "Allow"), "GET, HEAD");
}

static void before_the_first_generation(void **state)
{
    (void)state;
    eidc_current_publish(NULL);
    get("", "");
    assert_int_equal(a.status, 503);
    assert_non_null(http_header(&a, "Retry-After"));
}

static void head(void **state)
{
    (void)state;
    char length[24];
    get("?limit=2", "");
    snprintf(length, sizeof(length), "%zu", a.body.n);
    ask("HEAD /v1/names?limit=2 HTTP/1.1\r\n");
    expect_answer(200, "");
    assert_string_equal(http_header(&a, "Content-Length"), length);
}

/* Longer than what is answered whole; every name once, pages joined by `next`. */
static void many_are_streamed(void **state)
{
    (void)state;
    EIDC_BUF_AUTO next = {0};
    size_t names = 0;
    httpd_publish_many(43, 22000);
    for (unsigned page = 0; page < 3; page++) {
        EIDC_CJSON_AUTO *doc = NULL;
        struct eidc_err err;
        struct eidc_str last;
        char query[64];
        snprintf(query, sizeof(query), "?limit=10000&after=%s", next.p ? next.p : "");
        get(query, "");
        assert_int_equal(a.chunked, page < 2);
        assert_true(eidc_json_parse(eidc_buf_view(&a.body), &doc, &err));
        names += (size_t)cJSON_GetArraySize(cJSON_GetObjectItem(doc, "names"));
        eidc_buf_clear(&next);
        assert_int_equal(eidc_json_get_str(doc, "next", &last), page < 2);
        if (page < 2)
            eidc_buf_add_str(&next, last);
    }
    assert_int_equal(names, 22000);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down_httpd)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(all_in_byte_order),
        TEST(pages),
        TEST(by_prefix),
        TEST(as_text),
        TEST(conditions),
        TEST(what_is_refused),
        TEST(head),
        TEST(before_the_first_generation),
        TEST(many_are_streamed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
