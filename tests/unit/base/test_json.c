#include "eidcached/base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static void quote(struct eidc_str in, const char *want)
{
    EIDC_BUF_AUTO out = {0};
    eidc_json_quote(&out, in);
    assert_false(out.failed);
    assert_string_equal(out.p, want);
}

static void a_document(void **state)
{
    (void)state;
    EIDC_BUF_AUTO out = {0};
    struct eidc_json j = eidc_json_to(&out);
    eidc_json_open_object(&j);
    eidc_json_key(&j, "list");
    eidc_json_open_array(&j);
    eidc_json_u64(&j, UINT64_MAX);
    eidc_json_i64(&j, INT64_MIN);
    eidc_json_bool(&j, true);
    eidc_json_bool(&j, false);
    eidc_json_null(&j);
    eidc_json_open_object(&j);
    eidc_json_close_object(&j);
    eidc_json_open_array(&j);
    eidc_json_close_array(&j);
    eidc_json_close_array(&j);
    eidc_json_key_str(&j, EIDC_STR("k\"y"));
    eidc_json_str(&j, EIDC_STR("v"));
    eidc_json_key(&j, "none");
    eidc_json_z(&j, NULL);
    eidc_json_close_object(&j);
    assert_int_equal(j.depth, 0);
    assert_string_equal(out.p,
                        "{\"list\":[18446744073709551615,-9223372036854775808,true,false,null,"
                        "{},[]],\"k\\\"y\":\"v\",\"none\":null}");
}

static void seconds_and_times(void **state)
{
    (void)state;
    EIDC_BUF_AUTO out = {0};
    struct eidc_json j = eidc_json_to(&out);
    eidc_json_open_array(&j);
    eidc_json_seconds(&j, 1234);
    eidc_json_seconds(&j, 5);
    eidc_json_seconds(&j, -1500);
    eidc_json_seconds(&j, INT64_MIN);
    eidc_json_time(&j, 0);
    eidc_json_time(&j, 1795371877120);
    eidc_json_close_array(&j);
    assert_string_equal(out.p, "[1.234,0.005,-1.500,-9223372036854775.808,null,"
                               "\"2026-11-22T18:24:37.120Z\"]");
}

static void deepest_nesting(void **state)
{
    (void)state;
    EIDC_BUF_AUTO out = {0};
    struct eidc_json j = eidc_json_to(&out);
    for (unsigned i = 0; i < EIDC_JSON_DEPTH; i++)
        eidc_json_open_array(&j);
    eidc_json_null(&j);
    for (unsigned i = 0; i < EIDC_JSON_DEPTH; i++)
        eidc_json_close_array(&j);
    assert_string_equal(out.p, "[[[[[[[[[[[[[[[[null]]]]]]]]]]]]]]]]");
}

static void escapes(void **state)
{
    (void)state;
    quote(EIDC_STR(""), "\"\"");
    quote((struct eidc_str){0}, "\"\"");
    quote(EIDC_STR("\"\\/\b\f\n\r\t"), "\"\\\"\\\\/\\b\\f\\n\\r\\t\"");
    quote(EIDC_STR("\0\x01\x1f\x7f"), "\"\\u0000\\u0001\\u001f\x7f\"");
    quote(EIDC_STR("caf\xc3\xa9 \xf0\x9f\x98\x80"), "\"caf\xc3\xa9 \xf0\x9f\x98\x80\"");
}

static void bad_utf8_becomes_replacement_characters(void **state)
{
    (void)state;
    quote(EIDC_STR("\xff"), "\"\xef\xbf\xbd\"");
    quote(EIDC_STR("a\xc3"), "\"a\xef\xbf\xbd\"");
    quote(EIDC_STR("a\x80\"\xfez"), "\"a\xef\xbf\xbd\\\"\xef\xbf\xbdz\"");
    quote(EIDC_STR("\xed\xa0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
}

static void specials_are_found_at_every_offset(void **state)
{
    (void)state;
    static const char specials[] = {'"', '\\', '\0', '\x1f', '\n'};
    for (size_t s = 0; s < sizeof(specials); s++) {
        for (size_t at = 0; at < 40; at++) {
            char text[40];
            memset(text, (int)(s % 2 == 0 ? 0xa0 : '!'), sizeof(text));
            text[at] = specials[s];
            assert_int_equal(eidc_json_plain_prefix((struct eidc_str){text, sizeof(text)}), at);
        }
    }
    struct eidc_str plain = EIDC_STR("no specials in here: \x7f\x80\xff!#[]^ ");
    assert_int_equal(eidc_json_plain_prefix(plain), plain.n);
}

/* Each byte alone has its form, whatever stands around it. */
static void every_byte_at_every_offset(void **state)
{
    (void)state;
    static const char around[] = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuv";
    for (unsigned byte = 0; byte < 256; byte++) {
        EIDC_BUF_AUTO alone = {0};
        eidc_json_quote(&alone, (struct eidc_str){(char[]){(char)byte}, 1});
        for (size_t n = 1; n < sizeof(around); n += 5) {
            for (size_t at = 0; at < n; at++) {
                char text[sizeof(around)], want[2 * sizeof(around)];
                memcpy(text, around, sizeof(text));
                text[at] = (char)byte;
                snprintf(want, sizeof(want), "\"%.*s%.*s%.*s\"", (int)at, around, (int)alone.n - 2,
                         alone.p + 1, (int)(n - at - 1), around + at + 1);
                quote((struct eidc_str){text, n}, want);
            }
        }
    }
}

static void what_does_not_fit_fails(void **state)
{
    (void)state;
    EIDC_BUF_AUTO out = {.limit = 8};
    struct eidc_json j = eidc_json_to(&out);
    eidc_json_open_array(&j);
    eidc_json_str(&j, EIDC_STR("abcdefgh"));
    eidc_json_close_array(&j);
    assert_true(out.failed);
    assert_string_equal(out.p, "[");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_document),
        cmocka_unit_test(seconds_and_times),
        cmocka_unit_test(deepest_nesting),
        cmocka_unit_test(escapes),
        cmocka_unit_test(bad_utf8_becomes_replacement_characters),
        cmocka_unit_test(specials_are_found_at_every_offset),
        cmocka_unit_test(every_byte_at_every_offset),
        cmocka_unit_test(what_does_not_fit_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
