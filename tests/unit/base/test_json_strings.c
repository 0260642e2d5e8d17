#include "eidcached/base/json_strings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Walks a whole array; joins its strings with '|'. */
static enum eidc_json_step walk(struct eidc_str text, struct eidc_buf *joined, struct eidc_err *err)
{
    struct eidc_json_strings w = {.text = text};
    enum eidc_json_step step;
    struct eidc_str s;
    while ((step = eidc_json_strings_next(&w, &s, err)) == EIDC_JSON_STRING) {
        eidc_buf_add_str(joined, s);
        eidc_buf_add_byte(joined, '|');
    }
    assert_int_equal(eidc_json_strings_next(&w, &s, err), step); /* the end is the end */
    eidc_json_strings_free(&w);
    return step;
}

static void gives(struct eidc_str text, const char *want)
{
    struct eidc_err err = {0};
    EIDC_BUF_AUTO joined = {0};
    if (walk(text, &joined, &err) != EIDC_JSON_END)
        fail_msg("%.*s: %s", EIDC_STR_ARG(text), err.text);
    assert_true(eidc_str_eq(eidc_buf_view(&joined), eidc_str_of(want)));
}

static void refused(struct eidc_str text, const char *why)
{
    struct eidc_err err = {0};
    EIDC_BUF_AUTO joined = {0};
    if (walk(text, &joined, &err) != EIDC_JSON_BAD)
        fail_msg("accepted: %.*s", EIDC_STR_ARG(text));
    assert_int_equal(err.kind, EIDC_ERR_INVALID);
    if (strstr(err.text, why) == NULL)
        fail_msg("%.*s: \"%s\" says nothing of \"%s\"", EIDC_STR_ARG(text), err.text, why);
}

static void arrays(void **state)
{
    (void)state;
    gives(EIDC_STR("[]"), "");
    gives(EIDC_STR(" [ ] \r\n"), "");
    gives(EIDC_STR("[\"a\"]"), "a|");
    gives(EIDC_STR("\t[ \"a\" , \"\",\n\"sales_prod.orders and more\" ]\n"),
          "a||sales_prod.orders and more|");
    gives((struct eidc_str){"[\"a\"],", 5}, "a|");
}

static void escapes_are_decoded(void **state)
{
    (void)state;
    gives(EIDC_STR("[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]"), "\"\\/\b\f\n\r\t|");
    gives(EIDC_STR("[\"x\\u0041y\\u00e9z\\u20AC\",\"plain\",\"\\ud83d\\ude00\"]"),
          "xAy\xc3\xa9z\xe2\x82\xac|plain|\xf0\x9f\x98\x80|");
    gives(EIDC_STR("[\"caf\xc3\xa9\\\\\"]"), "caf\xc3\xa9\\|");
}

static void strings_without_escapes_are_views(void **state)
{
    (void)state;
    struct eidc_err err = {0};
    struct eidc_str text = EIDC_STR("[\"abc\"]"), s;
    struct eidc_json_strings w = {.text = text};
    assert_int_equal(eidc_json_strings_next(&w, &s, &err), EIDC_JSON_STRING);
    assert_ptr_equal(s.p, text.p + 2);
    assert_null(w.decoded.p);
    eidc_json_strings_free(&w);
}

static void bad_arrays(void **state)
{
    (void)state;
    refused(EIDC_STR(""), "expected '[' at byte 0");
    refused(EIDC_STR("{}"), "expected '['");
    refused(EIDC_STR("\"a\""), "expected '['");
    refused(EIDC_STR("["), "expected a string");
    refused(EIDC_STR("[1]"), "expected a string at byte 1");
    refused(EIDC_STR("[null]"), "expected a string");
    refused(EIDC_STR("[[\"a\"]]"), "expected a string");
    refused(EIDC_STR("[,]"), "expected a string");
    refused(EIDC_STR("[\"a\",]"), "expected a string at byte 5");
    refused(EIDC_STR("[\"a\""), "expected ',' or ']'");
    refused(EIDC_STR("[\"a\" \"b\"]"), "expected ',' or ']'");
    refused(EIDC_STR("[\"a\"}"), "expected ',' or ']'");
    refused(EIDC_STR("[]x"), "behind the array at byte 2");
    refused(EIDC_STR("[\"a\"] []"), "behind the array");
    refused(EIDC_STR("[]\0"), "behind the array");
}

static void bad_strings(void **state)
{
    (void)state;
    refused(EIDC_STR("[\"a"), "unfinished string");
    refused(EIDC_STR("[\"a\\"), "unfinished string");
    refused(EIDC_STR("[\"a\\\"]"), "unfinished string");
    refused(EIDC_STR("[\"a\nb\"]"), "control character");
    refused(EIDC_STR("[\"\\n\tb\"]"), "control character");
    refused(EIDC_STR("[\"a\xff\"]"), "not UTF-8 at byte 3");
    refused(EIDC_STR("[\"\\n\xc3\"]"), "not UTF-8");
    refused(EIDC_STR("[\"\\q\"]"), "bad escape");
    refused(EIDC_STR("[\"\\\xff\"]"), "bad escape");
    refused(EIDC_STR("[\"\\u00\"]"), "bad escape");
    refused(EIDC_STR("[\"\\u0000\"]"), "\\u0000");
    refused(EIDC_STR("[\"\\ud83d\"]"), "lone surrogate");
    refused(EIDC_STR("[\"\\ud83d\\n12345\"]"), "lone surrogate");
    refused(EIDC_STR("[\"\\ud83d\\ud83d\"]"), "lone surrogate");
    refused(EIDC_STR("[\"\\ude00\"]"), "lone surrogate");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arrays),
        cmocka_unit_test(escapes_are_decoded),
        cmocka_unit_test(strings_without_escapes_are_views),
        cmocka_unit_test(bad_arrays),
        cmocka_unit_test(bad_strings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
