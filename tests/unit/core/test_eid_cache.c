#include "eidcached/core/eid_cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "eidcached/base/json_read.h"
#include "tests/support/build_image.h"
#include "tests/support/eid_cache_whole.h"

static void expect(struct eidc_image *image, const char *text)
{
    EIDC_BUF_AUTO out = {0};
    assert_true(eid_cache_whole(image, 7, &out));
    assert_string_equal(out.p, text);
    eidc_image_free(image);
}

#define END "\"created_at\":\"2026-11-22T18:24:37.120Z\",\"request_count\":7}\n"

static void the_document(void **state)
{
    (void)state;
    static const struct test_entry entries[] = {{"sales", NULL, NULL}, {"a", NULL, NULL}};
    expect(build_image(1, entries, 2), "{\"forward_dict\":{"
                                       "\"a\":\"ca978112ca1bbdcafac231b39a23dc4d\","
                                       "\"sales\":\"e04eb29020eaa961e99d3162635e9fe9\"},"
                                       "\"reverse_dict\":{"
                                       "\"ca978112ca1bbdcafac231b39a23dc4d\":\"a\","
                                       "\"e04eb29020eaa961e99d3162635e9fe9\":\"sales\"}," END);
}

static void empty(void **state)
{
    (void)state;
    expect(build_image(1, NULL, 0), "{\"forward_dict\":{},\"reverse_dict\":{}," END);
}

/* Several of either: the first in byte order; no key twice. */
static void several_show_the_first(void **state)
{
    (void)state;
    static const struct test_entry entries[] = {{"alias/b", "k1", NULL},
                                                {"alias/a", "k1", NULL},
                                                {"alias/a", "k2", NULL},
                                                {"alias/c", "k0", NULL}};
    expect(build_image(1, entries, 4),
           "{\"forward_dict\":{\"alias/a\":\"k1\",\"alias/b\":\"k1\",\"alias/c\":\"k0\"},"
           "\"reverse_dict\":{\"k1\":\"alias/a\",\"k2\":\"alias/a\",\"k0\":\"alias/c\"}," END);
}

static void both_ways_in_order_of_names(void **state)
{
    (void)state;
    struct eidc_eid_scheme scheme;
    struct eidc_err err;
    struct test_entry entries[200];
    static char names[200][16];
    EIDC_BUF_AUTO out = {0};
    EIDC_CJSON_AUTO *doc = NULL;
    assert_true(eidc_eid_scheme_make("sha256", 64, EIDC_EID_BASE32, "", (struct eidc_str){0},
                                     &scheme, &err));
    for (size_t i = 0; i < 200; i++) {
        snprintf(names[i], sizeof names[i], "name_%zu", i);
        entries[i] = (struct test_entry){names[i], i % 10 == 0 ? names[i] + 1 : NULL, NULL};
    }
    struct eidc_image *image = build_image_of(&scheme, 1, entries, 200);
    assert_true(eid_cache_whole(image, 0, &out));
    assert_true(eidc_json_parse(eidc_buf_view(&out), &doc, &err));
    const cJSON *reverse = cJSON_GetObjectItemCaseSensitive(doc, "reverse_dict");
    const cJSON *forward = cJSON_GetObjectItemCaseSensitive(doc, "forward_dict");
    assert_int_equal(cJSON_GetArraySize(reverse), 200);
    assert_int_equal(cJSON_GetArraySize(forward), 200);
    for (const cJSON *at = reverse->child; at->next != NULL; at = at->next)
        assert_true(strcmp(at->valuestring, at->next->valuestring) < 0);
    for (const cJSON *at = forward->child; at != NULL; at = at->next) {
        const cJSON *back = cJSON_GetObjectItemCaseSensitive(reverse, at->valuestring);
        assert_string_equal(back->valuestring, at->string);
        assert_true(at->next == NULL || strcmp(at->string, at->next->string) < 0);
    }
    eidc_image_free(image);
}

static void names_are_escaped(void **state)
{
    (void)state;
    static const struct test_entry entries[] = {{"tab\t\"q\"\\", "e\"1", NULL}};
    expect(build_image(1, entries, 1),
           "{\"forward_dict\":{\"tab\\t\\\"q\\\"\\\\\":\"e\\\"1\"},"
           "\"reverse_dict\":{\"e\\\"1\":\"tab\\t\\\"q\\\"\\\\\"}," END);
}

/* A look-up takes hex in either case; as keys they are different texts. */
static void the_case_of_hex_counts(void **state)
{
    (void)state;
    static const struct test_entry entries[] = {
        {"a", NULL, NULL},
        {"b", "CA978112CA1BBDCAFAC231B39A23DC4D", NULL},
        {"c", "ca978112ca1bbdcafac231b39a23dc4d", NULL}, /* the checksum of "a" */
    };
    expect(build_image(1, entries, 3),
           "{\"forward_dict\":{\"a\":\"ca978112ca1bbdcafac231b39a23dc4d\","
           "\"b\":\"CA978112CA1BBDCAFAC231B39A23DC4D\","
           "\"c\":\"ca978112ca1bbdcafac231b39a23dc4d\"},"
           "\"reverse_dict\":{\"ca978112ca1bbdcafac231b39a23dc4d\":\"a\","
           "\"CA978112CA1BBDCAFAC231B39A23DC4D\":\"b\"}," END);
}

static void piece_by_piece_it_is_the_same(void **state)
{
    (void)state;
    static const struct test_entry entries[] = {
        {"sales", NULL, NULL}, {"a", NULL, NULL}, {"a", "k", NULL}};
    struct eidc_image *image = build_image(1, entries, 3);
    struct eidc_eid_cache doc = {.image = image, .request_count = 7};
    EIDC_BUF_AUTO whole = {0}, pieces = {0};
    size_t steps = 1;
    assert_true(eid_cache_whole(image, 7, &whole));
    while (eidc_eid_cache_write_some(&doc, 1, &pieces))
        steps++;
    assert_string_equal(pieces.p, whole.p);
    assert_true(steps > 5);
    assert_false(eidc_eid_cache_write_some(&doc, 1, &pieces));
    assert_int_equal(pieces.n, whole.n);
    eidc_image_free(image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_case_of_hex_counts), cmocka_unit_test(piece_by_piece_it_is_the_same),
        cmocka_unit_test(the_document),           cmocka_unit_test(empty),
        cmocka_unit_test(several_show_the_first), cmocka_unit_test(both_ways_in_order_of_names),
        cmocka_unit_test(names_are_escaped),
    };
    return cmocka_run_group_tests_name("core.eid_cache", tests, NULL, NULL);
}
