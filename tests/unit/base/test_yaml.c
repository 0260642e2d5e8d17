#include "eidcached/base/yaml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

static struct eidc_err err;

/* The items on a line each, to compare whole documents at once. */
static void flattens_to(const char *text, const char *expected)
{
    struct eidc_yaml yaml = {0};
    if (!eidc_yaml_parse(eidc_str_of(text), &yaml, &err))
        fail_msg("%s: %s", text, err.text);
    EIDC_BUF_AUTO out = {0};
    eidc_buf_add_z(&out, "");
    for (size_t i = 0; i < yaml.count; i++) {
        const struct eidc_yaml_item *item = &yaml.items[i];
        eidc_buf_addf(&out, "%s[%d] %s%s @%u:%u key %u:%u\n", item->path, item->index,
                      item->value != NULL    ? item->value
                      : item->empty_sequence ? "(empty list)"
                      : item->empty_mapping  ? "(empty map)"
                                             : "(null)",
                      item->value != NULL && *item->value == 0 ? "(empty)" : "", item->line,
                      item->column, item->key_line, item->key_column);
    }
    eidc_yaml_free(&yaml);
    assert_string_equal(eidc_buf_view(&out).p, expected);
}

static void test_scalars_and_sequences(void **state)
{
    (void)state;
    flattens_to("# comment\n"
                "http:\n"
                "  listen: [a:1, b:2]\n"
                "  token_file: '/x y'   # why\n"
                "log:\n"
                "  level: info\n"
                "list:\n"
                "  - one\n"
                "  - \"two\"\n",
                "http.listen[0] a:1 @3:12 key 3:3\n"
                "http.listen[1] b:2 @3:17 key 3:3\n"
                "http.token_file[-1] /x y @4:15 key 4:3\n"
                "log.level[-1] info @6:10 key 6:3\n"
                "list[0] one @8:5 key 7:1\n"
                "list[1] two @9:5 key 7:1\n");
}

static void test_nulls_and_empties(void **state)
{
    (void)state;
    flattens_to("a:\nb: ~\nc: null\nd: ''\ne: 'null'\nf: []\ng: {}\nh: [~]\n",
                "a[-1] (null) @1:3 key 1:1\n"
                "b[-1] (null) @2:4 key 2:1\n"
                "c[-1] (null) @3:4 key 3:1\n"
                "d[-1] (empty) @4:4 key 4:1\n"
                "e[-1] null @5:4 key 5:1\n"
                "f[-1] (empty list) @6:4 key 6:1\n"
                "g[-1] (empty map) @7:4 key 7:1\n"
                "h[0] (null) @8:5 key 8:1\n");
}

static void test_empty_documents(void **state)
{
    (void)state;
    flattens_to("", "");
    flattens_to("\n\n# nothing but a comment\n", "");
    flattens_to("---\n", "");
    flattens_to("{}", "");
    flattens_to("~", "");
}

static void test_json_is_yaml(void **state)
{
    (void)state;
    flattens_to("{\"http\": {\"listen\": [\"a:1\"]}}", "http.listen[0] a:1 @1:22 key 1:11\n");
}

static void test_block_text(void **state)
{
    (void)state;
    flattens_to("a: |\n  one\n  two\n", "a[-1] one\ntwo\n @1:4 key 1:1\n");
    flattens_to("name: \"gr\xc3\xbc\xc3\x9f\"\n", "name[-1] gr\xc3\xbc\xc3\x9f @1:7 key 1:1\n");
}

static void test_parents(void **state)
{
    (void)state;
    struct eidc_yaml yaml = {0};
    assert_true(eidc_yaml_parse(EIDC_STR("top: 1\na:\n  b:\n    c: [1]\n"), &yaml, &err));
    assert_int_equal(yaml.items[0].parent_line, 0);
    assert_int_equal(yaml.items[0].parent_column, 0);
    assert_int_equal(yaml.items[1].parent_line, 3);
    assert_int_equal(yaml.items[1].parent_column, 3);
    eidc_yaml_free(&yaml);
}

static void refused(const char *text, const char *where, const char *what)
{
    struct eidc_yaml yaml = {0};
    if (eidc_yaml_parse(eidc_str_of(text), &yaml, &err))
        fail_msg("taken: %s", text);
    assert_int_equal(err.kind, EIDC_ERR_INVALID);
    assert_null(yaml.items);
    if (strncmp(err.text, where, strlen(where)) != 0 || strstr(err.text, what) == NULL)
        fail_msg("%s gives: %s", text, err.text);
}

static void test_duplicate_keys_name_both_lines(void **state)
{
    (void)state;
    refused("a: 1\nb: 2\na: 3\n", "line 3, column 1: ", "a: given twice, first in line 1");
    refused("a:\n  x: 1\nb:\n  x: 1\na:\n  y: 1\n", "line 5, column 1: ", "first in line 1");
    refused("a:\n  x: 1\n  y: 1\n  x: []\n", "line 4, column 3: ", "a.x: given twice");
    refused("a: {x: 1, 'x': 2}\n", "line 1, column 11: ", "given twice, first in line 1");
    flattens_to("a: {x: 1}\nb: {x: 1}\n", "a.x[-1] 1 @1:8 key 1:5\nb.x[-1] 1 @2:8 key 2:5\n");
}

/* Looking through all keys before each would take minutes. */
static void test_many_keys(void **state)
{
    (void)state;
    EIDC_BUF_AUTO text = {0};
    struct eidc_yaml yaml;
    for (unsigned i = 0; i < 200000; i++)
        eidc_buf_addf(&text, "key%u: %u\n", i, i);
    alarm(60);
    assert_true(eidc_yaml_parse(eidc_buf_view(&text), &yaml, &err));
    alarm(0);
    assert_int_equal(yaml.count, 200000);
    eidc_yaml_free(&yaml);
    eidc_buf_add_z(&text, "key77: 1\n");
    assert_false(eidc_yaml_parse(eidc_buf_view(&text), &yaml, &err));
    assert_string_equal(err.text, "line 200001, column 1: key77: given twice, first in line 78");
}

static void test_what_we_do_not_support(void **state)
{
    (void)state;
    refused("a: &x 1\nb: 2\n", "line 1, column 4: ", "anchors and aliases");
    refused("a: &x 1\nb: *x\n", "line 1, column 4: ", "anchors and aliases");
    refused("a: &x [1]\n", "line 1, column 4: ", "anchors and aliases");
    refused("a: &x {y: 1}\n", "line 1, column 4: ", "anchors and aliases");
    refused("&x a: 1\n", "line 1, column 1: ", "anchors and aliases");
    refused("a: !!binary aGk=\n", "line 1, column 4: ", "tags");
    refused("a: !x [1]\n", "line 1, column 4: ", "tags");
    refused("a: 1\n---\nb: 2\n", "line 2, column 1: ", "more than one document");
    refused("a: [[1]]\n", "line 1, column 5: ", "list");
    refused("a:\n  - x: 1\n", "line 2, column 5: ", "list");
    refused("a: \"x\\0y\"\n", "line 1, column 4: ", "NUL");
}

static void test_bad_keys(void **state)
{
    (void)state;
    refused("[a]: 1\n", "line 1, column 1: ", "key");
    refused("{a: 1}: 1\n", "line 1, column 1: ", "key");
    refused("a.b: 1\n", "line 1, column 1: ", "'.'");
    refused("'': 1\n", "line 1, column 1: ", "empty");
    refused("~: 1\n", "line 1, column 1: ", "empty");
}

static void test_not_a_mapping(void **state)
{
    (void)state;
    refused("just text\n", "line 1, column 1: ", "key: value");
    refused("- a\n- b\n", "line 1, column 1: ", "key: value");
}

static void test_broken_documents(void **state)
{
    (void)state;
    refused("a: [1, 2\n", "line 2, column 1: ", "");
    refused("a: 1\n b: 2\n", "line 2, column 3: ", "");
    refused("a: 'x\n", "line 2, column 1: ", "");
    refused("a: 1\n\tb: 2\n", "line 2, column 1: ", "a tab: YAML is indented with spaces");
    refused("a:\n  b: 1\n\tc: 2\n", "line 3, column 1: ", "a tab: YAML is");
    refused("a:\n  \tb: 1\n", "line 2, column 3: ", "a tab: YAML is");
    refused("\"\xc3\xa4\": 1\n- \tb: 2\n", "line 2", "");
    refused("a: \x01\n", "line 1, ", "");
    refused("a: \xff\n", "line 1, ", "UTF-8");
    refused("}\n", "line 1, column 1: ", "");
}

static void test_depth(void **state)
{
    (void)state;
    EIDC_BUF_AUTO text = {0};
    for (unsigned i = 0; i < 16; i++)
        eidc_buf_add_z(&text, "{a: ");
    eidc_buf_add_z(&text, "1");
    for (unsigned i = 0; i < 16; i++)
        eidc_buf_add_z(&text, "}");
    struct eidc_yaml yaml = {0};
    assert_true(eidc_yaml_parse(eidc_buf_view(&text), &yaml, &err));
    assert_int_equal(yaml.count, 1);
    eidc_yaml_free(&yaml);

    eidc_buf_clear(&text);
    for (unsigned i = 0; i < 20; i++)
        eidc_buf_add_z(&text, "{a: ");
    refused(text.p, "line 1, column 65: ", "too deep");
    eidc_buf_clear(&text);
    for (unsigned i = 0; i < 100000; i++)
        eidc_buf_add_z(&text, "[");
    refused(text.p, "line 1, column 1: ", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scalars_and_sequences),
        cmocka_unit_test(test_nulls_and_empties),
        cmocka_unit_test(test_empty_documents),
        cmocka_unit_test(test_json_is_yaml),
        cmocka_unit_test(test_block_text),
        cmocka_unit_test(test_parents),
        cmocka_unit_test(test_duplicate_keys_name_both_lines),
        cmocka_unit_test(test_many_keys),
        cmocka_unit_test(test_what_we_do_not_support),
        cmocka_unit_test(test_bad_keys),
        cmocka_unit_test(test_not_a_mapping),
        cmocka_unit_test(test_broken_documents),
        cmocka_unit_test(test_depth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
