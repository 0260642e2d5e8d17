/* The scopes of a source and their ages, over a real socket. */

#include "eidcached/base/json_read.h"
#include "eidcached/core/current.h"
#include "tests/support/images.h"
#include "tests/unit/http/asking.h"

#define MANY 12000

static int set_up(void **state)
{
    set_up_httpd(state);
    httpd_fixture_start(&f);
    return 0;
}

static void publish(void)
{
    static const char *const none[] = {NULL};
    static const struct test_scope scopes[] = {
        {"aws", "eu/a", 1000, none},    {"aws", "eu/b", 2000, none}, {"aws", "us/\"c\"", 0, none},
        {"awsome", "eu/a", 4000, none}, {"file", "x", 5000, none},
    };
    eidc_current_publish(test_generation(42, scopes, sizeof(scopes) / sizeof(scopes[0])));
}

static void get(const char *query)
{
    EIDC_BUF_AUTO head = {0};
    eidc_buf_addf(&head, "GET /v1/scopes%s HTTP/1.1\r\n", query);
    ask(head.p);
}

static void expect(const char *query, const char *body)
{
    get(query);
    if (a.status != 200)
        fail_msg("%s: %u: %s", query, a.status, a.body.p);
    assert_string_equal(a.body.p, body);
}

#define A "{\"name\":\"eu/a\",\"verified_at\":\"1970-01-01T00:00:01Z\"}"
#define B "{\"name\":\"eu/b\",\"verified_at\":\"1970-01-01T00:00:02Z\"}"
#define C "{\"name\":\"us/\\\"c\\\"\",\"verified_at\":null}"

static void of_one_source_in_byte_order(void **state)
{
    (void)state;
    publish();
    expect("?source=aws", "{\"scopes\":[" A "," B "," C "]}\n");
    assert_string_equal(http_header(&a, "Content-Type"), "application/json");
    assert_string_equal(http_header(&a, "Cache-Control"), "no-store");
    assert_string_equal(http_header(&a, "Eidcache-Generation"), "42");
    assert_null(http_header(&a, "ETag")); /* the times move while the generation stays */
    expect("?source=file", "{\"scopes\":[{\"name\":\"x\","
                           "\"verified_at\":\"1970-01-01T00:00:05Z\"}]}\n");
}

static void of_no_source(void **state)
{
    static const char *const none[] = {"aw", "awso", "zzz", "%22%0a"};
    (void)state;
    publish();
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        EIDC_BUF_AUTO query = {0};
        eidc_buf_addf(&query, "?source=%s", none[i]);
        get(query.p);
        expect_status(404);
        expect_header("Content-Type", "application/problem+json");
        expect_header("Eidcache-Generation", "42");
        assert_null(http_header(&a, "ETag"));
    }
    get("?source=zzz&after=aws");
    expect_status(404);
    assert_non_null(strstr(a.body.p, "\"detail\":\"there is no source zzz\""));
}

/* Configured, but nothing of it was listed yet. */
static void of_a_source_without_scopes(void **state)
{
    struct eidc_source_report *sources = calloc(1, sizeof(*sources));
    (void)state;
    *sources = (struct eidc_source_report){.name = strdup("fresh"), .type = "file"};
    eidc_report_assign(f.service.report, sources, 1, NULL, 0);
    publish();
    expect("?source=fresh", "{\"scopes\":[]}\n");
}

static void pages(void **state)
{
    (void)state;
    publish();
    expect("?source=aws&limit=2", "{\"scopes\":[" A "," B "],\"next\":\"eu/b\"}\n");
    expect("?source=aws&limit=2&after=eu/b", "{\"scopes\":[" C "]}\n");
    expect("?source=aws&limit=3", "{\"scopes\":[" A "," B "," C "]}\n");
    expect("?source=aws&after=eu%2Faa", "{\"scopes\":[" B "," C "]}\n"); /* it need not be there */
    expect("?source=aws&after=us/%22c%22", "{\"scopes\":[]}\n");
    expect("?source=aws&after=zzz", "{\"scopes\":[]}\n");
}

static void ages_move_without_a_new_generation(void **state)
{
    (void)state;
    publish();
    struct eidc_generation *g = eidc_current_pin();
    eidc_generation_confirm(g, 0, 7000);
    eidc_generation_unpin(g);
    expect("?source=aws&limit=1", "{\"scopes\":[{\"name\":\"eu/a\","
                                  "\"verified_at\":\"1970-01-01T00:00:07Z\"}],"
                                  "\"next\":\"eu/a\"}\n");
}

static void refusals(void **state)
{
    static const struct {
        unsigned status;
        const char *query;
    } cases[] = {
        {400, ""},
        {400, "?source="},
        {400, "?source=%ff"},
        {400, "?source=aws&after=%00"},
        {400, "?source=aws&limit=0"},
        {400, "?source=aws&limit=10001"},
    };
    (void)state;
    get("?source=aws");
    assert_int_equal(a.status, 503); /* there is nothing yet */
    publish();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        get(cases[i].query);
        if (a.status != cases[i].status)
            fail_msg("%s: %u: %s", cases[i].query, a.status, a.body.p);
    }
    ask("HEAD /v1/scopes?source=aws HTTP/1.1\r\n");
    assert_int_equal(a.status, 200);
    http_post(&f, "/v1/scopes?source=aws", "", EIDC_STR(""), &a);
    assert_int_equal(a.status, 405);
}

/* Longer than what is answered whole. */
static void many(void **state)
{
    static const char *const none[] = {NULL};
    struct test_scope *scopes = calloc(MANY, sizeof(*scopes));
    char(*texts)[16] = calloc(MANY, sizeof(*texts));
    EIDC_CJSON_AUTO *document = NULL;
    struct eidc_err err;
    struct eidc_str next;
    (void)state;
    for (size_t i = 0; i < MANY; i++) {
        snprintf(texts[i], sizeof(texts[i]), "scope%06zu", i);
        scopes[i] = (struct test_scope){"aws", texts[i], (int64_t)i + 1, none};
    }
    eidc_current_publish(test_generation(1, scopes, MANY));
    get("?source=aws&limit=10000");
    assert_int_equal(a.status, 200);
    assert_true(a.chunked);
    assert_true(eidc_json_parse(eidc_buf_view(&a.body), &document, &err));
    assert_true(eidc_json_get_str(document, "next", &next));
    assert_true(eidc_str_eq(next, EIDC_STR("scope009999")));
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(document, "scopes")), 10000);
    free(scopes);
    free(texts);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down_httpd)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(of_one_source_in_byte_order),
        TEST(of_no_source),
        TEST(of_a_source_without_scopes),
        TEST(pages),
        TEST(ages_move_without_a_new_generation),
        TEST(refusals),
        TEST(many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
