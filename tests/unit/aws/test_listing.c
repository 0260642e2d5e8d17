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

static size_t count_members(const struct eidc_listing *row)
{
    size_t n = row->limit_key != NULL;
    for (size_t i = 0; i < EIDC_LISTING_PARAMS && row->params[i].key; i++)
        n++;
    for (size_t i = 0; i < EIDC_LISTING_CONSTS && row->constants[i].key; i++)
        n++;
    for (size_t i = 0; i < EIDC_LISTING_DEPTH && row->parent_keys[i]; i++)
        n++;
    return n + (row->optional.key != NULL) + 1; /* the token */
}

static void every_row_is_complete(void **state)
{
    (void)state;
    const struct eidc_listing *row;
    for (size_t i = 0; (row = eidc_listing_at(i)) != NULL; i++) {
        const struct eidc_listing_service *service = row->service;
        assert_ptr_equal(eidc_listing_find(row->id), row); /* no id twice */
        assert_true(service->sign && service->endpoint && service->env_suffix && service->iam);
        assert_true(row->operation && row->token_in && (row->token_out || row->more));
        assert_true(row->list && row->own_field && row->default_name);
        assert_true((service->target != NULL) == (service->protocol <= EIDC_LISTING_JSON_1_1));
        assert_true((service->target == NULL) == (row->method && row->path));
        assert_true(row->name || !(row->fields || row->objects || row->asked_by));
        assert_true(count_members(row) <= EIDC_LISTING_MEMBERS);
    }
}

static void parents_fit_their_children(void **state)
{
    (void)state;
    const struct eidc_listing *row, *above[EIDC_LISTING_DEPTH];
    for (size_t i = 0; (row = eidc_listing_at(i)) != NULL; i++) {
        size_t n = eidc_listing_above(row, above);
        assert_int_equal(n > 0, row->parent != NULL);
        for (size_t k = 0; k < EIDC_LISTING_DEPTH; k++)
            assert_int_equal(row->parent_keys[k] != NULL, k < n);
        for (size_t k = 0; k < n; k++)
            assert_ptr_equal(above[k]->service, row->service);
        assert_false(row->recursive && n != 1);
    }
    row = eidc_listing_find("athena.tables");
    assert_int_equal(eidc_listing_above(row, above), 2);
    assert_string_equal(above[0]->id, "athena.catalogs");
    assert_string_equal(above[1]->id, "athena.databases");
}

static void actions(void **state)
{
    (void)state;
    EIDC_BUF_AUTO text = {0};
    eidc_listing_actions(eidc_listing_find("glue.tables"), &text);
    assert_string_equal(text.p, "glue:GetTables");
    eidc_buf_clear(&text);
    eidc_listing_actions(eidc_listing_find("s3.buckets"), &text);
    assert_string_equal(text.p, "s3:ListAllMyBuckets");
}

static void pointers_of_field_eids(void **state)
{
    (void)state;
    struct eidc_err err = {0};
    const struct eidc_listing *tables = eidc_listing_find("glue.tables");
    assert_true(eidc_listing_check_pointer(eidc_listing_find("kms.aliases"), "/TargetKeyId", &err));
    assert_true(eidc_listing_check_pointer(tables, "/Parameters/id", &err));
    assert_false(eidc_listing_check_pointer(tables, "/Parameters", &err)); /* an object */
    assert_false(eidc_listing_check_pointer(tables, "/Name/x", &err));
    assert_false(eidc_listing_check_pointer(tables, "/Id", &err));
    assert_int_equal(err.kind, EIDC_ERR_INVALID);
    assert_non_null(strstr(err.text, "/Owner"));
    assert_non_null(strstr(err.text, "/Parameters/..."));
    assert_false(eidc_listing_check_pointer(eidc_listing_find("sqs.queues"), "/Id", &err));
    assert_non_null(strstr(err.text, "bare names"));
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

/* --- more, last names, paths ------------------------------------------------------------------ */

static void expect_page(const struct eidc_listing *row, const char *body, const char *names,
                        const char *token)
{
    struct collected c = {0};
    EIDC_BUF_AUTO next = {0};
    struct eidc_err err = {0};
    if (!read_page(row, body, &c, &next, &err))
        fail_msg("%s: %s", body, err.text);
    assert_string_equal(c.names, names);
    assert_string_equal(eidc_buf_view(&next).p, token);
}

static void expect_no_page(const struct eidc_listing *row, const char *body, const char *why)
{
    struct collected c = {0};
    EIDC_BUF_AUTO next = {0};
    struct eidc_err err = {0};
    if (read_page(row, body, &c, &next, &err))
        fail_msg("counted: %s", body);
    assert_int_equal(err.kind, EIDC_ERR_CORRUPT);
    if (!strstr(err.text, why))
        fail_msg("%s: %s", body, err.text);
    assert_int_equal(c.n, 0);
}

#define ALIASES "\"Aliases\":[{\"AliasName\":\"a\"}]"

static void a_more_flag_is_honoured(void **state)
{
    (void)state;
    const struct eidc_listing *row = eidc_listing_find("kms.aliases");
    expect_page(row, "{" ALIASES ",\"Truncated\":true,\"NextMarker\":\"m\"}", "a,", "m");
    expect_page(row, "{" ALIASES ",\"Truncated\":false,\"NextMarker\":\"m\"}", "a,", "");
    expect_page(row, "{" ALIASES ",\"NextMarker\":\"m\"}", "a,", "");
    expect_page(row, "{" ALIASES ",\"Truncated\":null}", "a,", "");
    expect_no_page(row, "{" ALIASES ",\"Truncated\":true}", "Truncated is true");
    expect_no_page(row, "{" ALIASES ",\"Truncated\":true,\"NextMarker\":\"\"}",
                   "Truncated is true");
    expect_no_page(row, "{" ALIASES ",\"Truncated\":\"true\"}", "neither true nor false");
}

static void the_last_name_is_the_token(void **state)
{
    (void)state;
    const struct eidc_listing *row = eidc_listing_find("firehose.delivery_streams");
    expect_page(row, "{\"DeliveryStreamNames\":[\"a\",\"b\"],\"HasMoreDeliveryStreams\":true}",
                "a,b,", "b");
    expect_page(row, "{\"DeliveryStreamNames\":[\"a\"],\"HasMoreDeliveryStreams\":false}", "a,",
                "");
    expect_no_page(row, "{\"DeliveryStreamNames\":[],\"HasMoreDeliveryStreams\":true}",
                   "HasMoreDeliveryStreams is true");
    row = eidc_listing_find("dynamodb.tables");
    expect_page(row, "{\"TableNames\":[\"a\"],\"LastEvaluatedTableName\":\"a\"}", "a,", "a");
}

static void names_behind_the_last_slash(void **state)
{
    (void)state;
    expect_page(eidc_listing_find("sqs.queues"),
                "{\"QueueUrls\":[\"https://sqs.eu-west-1.amazonaws.com/1/jobs\",\"plain\"]}",
                "jobs,plain,", "");
    expect_page(eidc_listing_find("ecs.clusters"),
                "{\"clusterArns\":[\"arn:aws:ecs:eu-west-1:1:cluster/c\"],\"nextToken\":\"\"}",
                "c,", "");
    /* a token is not cut */
    static const struct eidc_listing_service none = {.sign = "x"};
    static const struct eidc_listing row = {
        .service = &none, .list = "N", .token_in = "T", .more = "M", .last_part = true};
    expect_page(&row, "{\"N\":[\"a/b\"],\"M\":true}", "b,", "a/b");
}

static void names_deep_in_an_element(void **state)
{
    (void)state;
    const struct eidc_listing *row = eidc_listing_find("s3tables.namespaces");
    expect_page(row, "{\"namespaces\":[{\"namespace\":[\"sales\"]}]}", "sales,", "");
    expect_no_page(row, "{\"namespaces\":[{\"namespace\":[]}]}", "namespace/0");
    expect_no_page(row, "{\"namespaces\":[{\"namespace\":\"sales\"}]}", "namespace/0");
    expect_no_page(row, "{\"namespaces\":[{\"namespace\":[[\"sales\"]]}]}", "namespace/0");
    expect_no_page(row, "{\"namespaces\":[{}]}", "namespace/0");
    expect_no_page(row, "{\"namespaces\":[\"sales\"]}", "namespace/0");
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
        cmocka_unit_test(parents_fit_their_children),
        cmocka_unit_test(actions),
        cmocka_unit_test(pointers_of_field_eids),
        cmocka_unit_test(a_more_flag_is_honoured),
        cmocka_unit_test(the_last_name_is_the_token),
        cmocka_unit_test(names_behind_the_last_slash),
        cmocka_unit_test(names_deep_in_an_element),
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
