#include "eidcached/base/json_read.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void accepted(struct eidc_str text)
{
    struct eidc_err err = {0};
    EIDC_CJSON_AUTO *value = NULL;
    if (!eidc_json_parse(text, &value, &err))
        fail_msg("%.*s: %s", EIDC_STR_ARG(text), err.text);
    assert_non_null(value);
}

static void refused(struct eidc_str text, const char *why)
{
    struct eidc_err err = {0};
    cJSON *value = NULL;
    if (eidc_json_parse(text, &value, &err))
        fail_msg("accepted: %.*s", EIDC_STR_ARG(text));
    assert_null(value);
    assert_int_equal(err.kind, EIDC_ERR_INVALID);
    if (strstr(err.text, why) == NULL)
        fail_msg("%.*s: \"%s\" says nothing of \"%s\"", EIDC_STR_ARG(text), err.text, why);
}

static void good_documents(void **state)
{
    (void)state;
    static const char *const good[] = {
        "null",
        "true",
        "false",
        "0",
        "-0.5e+3",
        "\"\"",
        "[]",
        "{}",
        " \t\r\n[ 1 , 2 ]\n ",
        "{\"a\":{\"a\":1},\"b\":[{\"a\":1},{\"a\":2}],\"A\":0}",
        "\"\\ud83d\\ude00\\n\\/\"",
        "\"caf\xc3\xa9\"",
        "\"\\\\u0000\"",
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        accepted(eidc_str_of(good[i]));
}

static void the_text_need_not_be_terminated(void **state)
{
    (void)state;
    accepted((struct eidc_str){"123]", 3});
    accepted((struct eidc_str){"[1]]", 3});
    refused((struct eidc_str){"[1]", 2}, "syntax");
}

static void bad_syntax(void **state)
{
    (void)state;
    refused(EIDC_STR(""), "empty");
    refused(EIDC_STR("  "), "syntax");
    refused(EIDC_STR("[1,]"), "syntax");
    refused(EIDC_STR("{\"a\":1,}"), "syntax");
    refused(EIDC_STR("{a:1}"), "syntax");
    refused(EIDC_STR("{\"a\"}"), "syntax");
    refused(EIDC_STR("[1 2]"), "syntax");
    refused(EIDC_STR("[1"), "syntax");
    refused(EIDC_STR("[1}"), "syntax");
    refused(EIDC_STR("tru"), "syntax");
    refused(EIDC_STR("True"), "unexpected character");
    refused(EIDC_STR("'a'"), "unexpected character");
    refused(EIDC_STR("]"), "unexpected bracket");
}

static void nothing_may_follow(void **state)
{
    (void)state;
    refused(EIDC_STR("1 2"), "at byte 2");
    refused(EIDC_STR("{} {}"), "behind the value");
    refused(EIDC_STR("[]]"), "unexpected bracket");
    refused(EIDC_STR("null,"), "behind the value");
    refused(EIDC_STR("null\0"), "unexpected character");
    refused(EIDC_STR("\xef\xbb\xbfnull"), "unexpected character");
    refused(EIDC_STR("\x0b[]"), "unexpected character");
}

static void bad_numbers(void **state)
{
    (void)state;
    static const char *const bad[] = {"01", "-", "1.", "-.5", "1e", "1e+", "[00]", "-01", "1.e5"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        refused(eidc_str_of(bad[i]), "bad number");
    refused(EIDC_STR("+1"), "unexpected character");
    refused(EIDC_STR("1e5e5"), "behind the value");
    refused(EIDC_STR("[1-2]"), "syntax");
    refused(EIDC_STR("0x10"), "unexpected character");
}

static void bad_strings(void **state)
{
    (void)state;
    refused(EIDC_STR("\"\\u0000\""), "\\u0000");
    refused(EIDC_STR("{\"a\\u0000b\":1}"), "\\u0000");
    refused(EIDC_STR("\"\\ud800\""), "lone surrogate");
    refused(EIDC_STR("\"\\ud800\\u0041\""), "lone surrogate");
    refused(EIDC_STR("\"\\udc00\""), "lone surrogate");
    refused(EIDC_STR("\"\\ud800"), "lone surrogate");
    refused(EIDC_STR("\"a\xff\""), "not UTF-8 at byte 2");
    refused(EIDC_STR("\"\xed\xa0\x80\""), "not UTF-8");
    refused(EIDC_STR("\"a\nb\""), "control character");
    refused(EIDC_STR("\"a\0b\""), "control character");
    refused(EIDC_STR("\"\\x41\""), "bad escape");
    refused(EIDC_STR("\"\\u12g4\""), "bad escape");
    refused(EIDC_STR("\"\\u12"), "bad escape");
    refused(EIDC_STR("\"abc"), "unfinished");
    refused(EIDC_STR("\"abc\\"), "unfinished");
    refused(EIDC_STR("\"abc\\\""), "unfinished");
}

static void duplicate_keys(void **state)
{
    (void)state;
    refused(EIDC_STR("{\"a\":1,\"b\":2,\"a\":3}"), "duplicate key \"a\"");
    refused(EIDC_STR("[{\"x\":{\"k\":1,\"\\u006b\":2}}]"), "duplicate key \"k\"");
    refused(EIDC_STR("{\"\":1,\"\":2}"), "duplicate key");
}

static void object_of(struct eidc_buf *out, int members, int last)
{
    eidc_buf_clear(out);
    eidc_buf_add_byte(out, '{');
    for (int i = 0; i < members - 1; i++)
        eidc_buf_addf(out, "\"k%d\":%d,", i, i);
    eidc_buf_addf(out, "\"k%d\":0}", last);
}

static void duplicate_keys_in_objects_of_every_size(void **state)
{
    (void)state;
    EIDC_BUF_AUTO text = {0};
    for (int members = 2; members < 60; members++) {
        object_of(&text, members, members);
        accepted(eidc_buf_view(&text));
        object_of(&text, members, members / 2 - 1);
        refused(eidc_buf_view(&text), "duplicate key");
    }
}

static void depth_is_limited(void **state)
{
    (void)state;
    char text[131];
    for (size_t depth = 64; depth <= 65; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        if (depth == 64)
            accepted((struct eidc_str){text, 2 * depth});
        else
            refused((struct eidc_str){text, 2 * depth}, "nested too deep at byte 64");
    }
}

static void fill(struct eidc_buf *out, const char *element, size_t times)
{
    eidc_buf_clear(out);
    eidc_buf_add_byte(out, '[');
    for (size_t i = 0; i < times; i++)
        eidc_buf_addf(out, "%s%s", i > 0 ? "," : "", element);
    eidc_buf_add_byte(out, ']');
}

/* What cJSON would make forty times as much memory of. */
static void long_documents_of_next_to_nothing(void **state)
{
    static const char *const dense[] = {"1", "[]", "{}", "\"\"", "null", "{\"a\":1}"};
    (void)state;
    EIDC_BUF_AUTO text = {0};
    for (size_t i = 0; i < sizeof(dense) / sizeof(dense[0]); i++) {
        fill(&text, dense[i], 30000);
        accepted(eidc_buf_view(&text));
        fill(&text, dense[i], 100000);
        refused(eidc_buf_view(&text), "too many values");
    }
}

static void the_densest_that_there_is(void **state)
{
    static const char *const real[] = {
        "{\"Name\":\"a\",\"Type\":\"int\"}", /* a column of Glue */
        "{\"name\":\"a\",\"eid\":null}",     /* an answer of ours */
        "{\"a\":\"00000000\"}",
    };
    (void)state;
    EIDC_BUF_AUTO text = {0};
    for (size_t i = 0; i < sizeof(real) / sizeof(real[0]); i++) {
        fill(&text, real[i], 100000);
        accepted(eidc_buf_view(&text));
    }
}

static void members_are_read(void **state)
{
    (void)state;
    struct eidc_err err = {0};
    EIDC_CJSON_AUTO *object = NULL;
    assert_true(eidc_json_parse(EIDC_STR("{\"s\":\"\\u20ac\",\"n\":9007199254740991,\"z\":0,"
                                         "\"t\":\"1970-01-01T00:00:01.5Z\"}"),
                                &object, &err));
    struct eidc_str s = {0};
    uint64_t n = 0;
    int64_t ms = 0;
    assert_true(eidc_json_get_str(object, "s", &s));
    assert_true(eidc_str_eq(s, EIDC_STR("\xe2\x82\xac")));
    assert_true(eidc_json_get_u64(object, "n", &n));
    assert_true(n == UINT64_C(9007199254740991));
    assert_true(eidc_json_get_u64(object, "z", &n));
    assert_int_equal(n, 0);
    assert_true(eidc_json_get_time(object, "t", &ms));
    assert_int_equal(ms, 1500);
}

static void members_of_another_kind_are_not(void **state)
{
    (void)state;
    struct eidc_err err = {0};
    EIDC_CJSON_AUTO *object = NULL;
    assert_true(
        eidc_json_parse(EIDC_STR("{\"s\":1,\"n\":\"1\",\"minus\":-1,\"half\":0.5,\"null\":null,"
                                 "\"big\":9007199254740993,\"inf\":1e999,\"t\":\"today\"}"),
                        &object, &err));
    struct eidc_str s = {"kept", 4};
    uint64_t n = 77;
    int64_t ms = 77;
    static const char *const keys[] = {"n", "minus", "half", "null", "big", "inf", "missing", "S"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        assert_false(eidc_json_get_u64(object, keys[i], &n));
    assert_false(eidc_json_get_str(object, "s", &s));
    assert_false(eidc_json_get_str(object, "missing", &s));
    assert_false(eidc_json_get_str(NULL, "s", &s));
    assert_false(eidc_json_get_time(object, "t", &ms));
    assert_false(eidc_json_get_time(object, "s", &ms));
    assert_int_equal(n, 77);
    assert_int_equal(ms, 77);
    assert_string_equal(s.p, "kept");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_documents),
        cmocka_unit_test(the_text_need_not_be_terminated),
        cmocka_unit_test(bad_syntax),
        cmocka_unit_test(nothing_may_follow),
        cmocka_unit_test(bad_numbers),
        cmocka_unit_test(bad_strings),
        cmocka_unit_test(duplicate_keys),
        cmocka_unit_test(duplicate_keys_in_objects_of_every_size),
        cmocka_unit_test(depth_is_limited),
        cmocka_unit_test(long_documents_of_next_to_nothing),
        cmocka_unit_test(the_densest_that_there_is),
        cmocka_unit_test(members_are_read),
        cmocka_unit_test(members_of_another_kind_are_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
