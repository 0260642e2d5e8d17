#include "eidcached/aws/listing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static const struct eidc_listing bare = {.list = "Names", .token_out = "Next", .token_in = "Next"};

static void rows_are_found(void **state)
{
    (void)state;
    assert_string_equal(eidc_listing_find("glue.databases")->operation, "GetDatabases");
    assert_string_equal(eidc_listing_find("glue.tables")->parent, "glue.databases");
    assert_null(eidc_listing_find("glue.Tables"));
    assert_null(eidc_listing_find(""));
    assert_null(eidc_listing_at(1000));
}

static void every_row_is_complete(void **state)
{
    (void)state;
    const struct eidc_listing *row;
    for (size_t i = 0; (row = eidc_listing_at(i)) != NULL; i++) {
        assert_ptr_equal(eidc_listing_find(row->id), row);
        assert_true(row->service && row->endpoint && row->env_suffix && row->operation);
        assert_true(row->target && row->json_version && row->token_in && row->token_out);
        assert_true(row->list && row->own_field && row->default_name);
        if (!row->parent)
            continue;
        assert_true(row->parent_key && row->parent_field);
        assert_non_null(eidc_listing_find(row->parent));
        assert_null(eidc_listing_find(row->parent)->parent); /* one level */
    }
}

static void expect_body(const char *id, const char *parent, const char *token, bool optional,
                        const char *expected)
{
    EIDC_BUF_AUTO body = {0};
    eidc_listing_body(eidc_listing_find(id), eidc_str_of(parent), eidc_str_of(token), optional,
                      &body);
    assert_string_equal(body.p, expected);
}

static void bodies(void **state)
{
    (void)state;
    expect_body("glue.databases", NULL, NULL, true,
                "{\"AttributesToGet\":[\"NAME\"],\"MaxResults\":100}");
    expect_body("glue.databases", NULL, NULL, false, "{\"MaxResults\":100}");
    expect_body("glue.databases", NULL, "a+/=\"", true,
                "{\"AttributesToGet\":[\"NAME\"],\"MaxResults\":100,\"NextToken\":\"a+/=\\\"\"}");
    expect_body("glue.tables", "d\"\\\t\xc3\xa9", "t", true,
                "{\"DatabaseName\":\"d\\\"\\\\\\t\xc3\xa9\",\"AttributesToGet\":[\"NAME\"],"
                "\"MaxResults\":100,\"NextToken\":\"t\"}");
}

static void a_body_without_anything(void **state)
{
    (void)state;
    EIDC_BUF_AUTO body = {0};
    eidc_listing_body(&bare, EIDC_STR(""), EIDC_STR(""), true, &body);
    assert_string_equal(body.p, "{}");
    eidc_buf_clear(&body);
    const struct eidc_listing constant = {.constant = "\"HidePassword\":true", .token_in = "T"};
    eidc_listing_body(&constant, EIDC_STR(""), EIDC_STR("x"), true, &body);
    assert_string_equal(body.p, "{\"HidePassword\":true,\"T\":\"x\"}");
}

struct collected {
    char names[256];
    unsigned n, objects, fail_at;
};

static bool collect(void *arg, struct eidc_str name, const cJSON *element, struct eidc_err *err)
{
    struct collected *c = arg;
    if (++c->n == c->fail_at)
        return eidc_fail(err, EIDC_ERR_LIMIT, "enough");
    c->objects += element != NULL;
    size_t at = strlen(c->names);
    snprintf(c->names + at, sizeof(c->names) - at, "%.*s,", EIDC_STR_ARG(name));
    return true;
}

static bool read_page(const struct eidc_listing *row, const char *body, struct collected *c,
                      struct eidc_buf *token, struct eidc_err *err)
{
    return eidc_listing_page(row, eidc_str_of(body), collect, c, token, err);
}

static void a_page(void **state)
{
    (void)state;
    struct collected c = {0};
    EIDC_BUF_AUTO token = {0};
    struct eidc_err err;
    assert_true(read_page(eidc_listing_find("glue.databases"),
                          "{\"DatabaseList\":[{\"Name\":\"a\",\"X\":1},{\"Name\":\"\\u00e9\"}],"
                          "\"NextToken\":\"t1\"}",
                          &c, &token, &err));
    assert_string_equal(c.names, "a,\xc3\xa9,");
    assert_int_equal(c.objects, 2);
    assert_string_equal(token.p, "t1");
}

static void bare_strings(void **state)
{
    (void)state;
    struct collected c = {0};
    EIDC_BUF_AUTO token = {0};
    struct eidc_err err;
    assert_true(read_page(&bare, "{\"Names\":[\"a\",\"b\"]}", &c, &token, &err));
    assert_string_equal(c.names, "a,b,");
    assert_int_equal(c.objects, 0);
}

static void ends_of_a_listing(void **state)
{
    (void)state;
    static const char *const ends[] = {"{\"Names\":[]}", "{\"Names\":[],\"Next\":null}",
                                       "{\"Names\":[],\"Next\":\"\"}"};
    for (size_t i = 0; i < 3; i++) {
        struct collected c = {0};
        EIDC_BUF_AUTO token = {0};
        struct eidc_err err;
        eidc_buf_add_z(&token, "old");
        assert_true(read_page(&bare, ends[i], &c, &token, &err));
        assert_int_equal(token.n, 0);
    }
}

static void an_empty_page_with_a_token(void **state)
{
    (void)state;
    struct collected c = {0};
    EIDC_BUF_AUTO token = {0};
    struct eidc_err err;
    assert_true(read_page(&bare, "{\"Names\":[],\"Next\":\"more\"}", &c, &token, &err));
    assert_string_equal(token.p, "more");
}

static void pages_that_do_not_count(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "{",
        "{\"DatabaseList\":[{\"Name\":\"a\"}],",
        "{\"DatabaseList\":[{\"Name\":\"a\"}],}",
        "<html>Bad Gateway</html>",
        "\xff\xfe",
        "[]",
        "null",
        "{}",
        "{\"NextToken\":\"t\"}",
        "{\"DatabaseList\":null}",
        "{\"DatabaseList\":{\"Name\":\"x\"}}",
        "{\"DatabaseList\":[\"a\"]}",
        "{\"DatabaseList\":[{\"name\":\"a\"}]}",
        "{\"DatabaseList\":[{\"Name\":\"good\"},{\"Name\":null}]}",
        "{\"DatabaseList\":[{\"Name\":7}]}",
        "{\"DatabaseList\":[{\"Name\":\"a\"}],\"NextToken\":7}",
        "{\"DatabaseList\":[{\"Name\":\"a\\u0000b\"}]}",
        "{\"DatabaseList\":[],\"DatabaseList\":[]}",
        "{\"DatabaseList\":[]} x",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct collected c = {0};
        EIDC_BUF_AUTO token = {0};
        struct eidc_err err = {0};
        eidc_buf_add_z(&token, "old");
        if (read_page(eidc_listing_find("glue.databases"), bad[i], &c, &token, &err))
            fail_msg("counted: %s", bad[i]);
        assert_int_equal(err.kind, EIDC_ERR_CORRUPT);
        assert_int_equal(c.n, 0); /* nothing of a page before the whole of it is good */
        assert_string_equal(token.p, "old");
    }
}

static void an_item_may_fail_the_page(void **state)
{
    (void)state;
    struct collected c = {.fail_at = 2};
    EIDC_BUF_AUTO token = {0};
    struct eidc_err err = {0};
    assert_false(read_page(&bare, "{\"Names\":[\"a\",\"b\",\"c\"]}", &c, &token, &err));
    assert_int_equal(err.kind, EIDC_ERR_LIMIT);
    assert_int_equal(c.n, 2);
}

static void refusals_of_optional_members(void **state)
{
    (void)state;
    const struct eidc_listing *row = eidc_listing_find("glue.databases");
    assert_true(eidc_listing_refused_optional(row, "InvalidInputException",
                                              "Unknown parameter in input: \"AttributesToGet\""));
    assert_true(eidc_listing_refused_optional(row, "ValidationException",
                                              "glue: AttributesToGet is not supported"));
    assert_true(eidc_listing_refused_optional(row, "SerializationException", "unknown parameter"));
    assert_false(eidc_listing_refused_optional(row, "InvalidInputException", "Invalid NextToken"));
    assert_false(eidc_listing_refused_optional(row, "AccessDeniedException", "AttributesToGet"));
    assert_false(eidc_listing_refused_optional(&bare, "ValidationException", "Unknown parameter"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_found),
        cmocka_unit_test(every_row_is_complete),
        cmocka_unit_test(bodies),
        cmocka_unit_test(a_body_without_anything),
        cmocka_unit_test(a_page),
        cmocka_unit_test(bare_strings),
        cmocka_unit_test(ends_of_a_listing),
        cmocka_unit_test(an_empty_page_with_a_token),
        cmocka_unit_test(pages_that_do_not_count),
        cmocka_unit_test(an_item_may_fail_the_page),
        cmocka_unit_test(refusals_of_optional_members),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
