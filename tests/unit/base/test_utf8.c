#include "eidcached/base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define VALID(text)          assert_int_equal(eidc_utf8_valid_prefix(EIDC_STR(text)), sizeof(text) - 1)
#define VALID_UP_TO(n, text) assert_int_equal(eidc_utf8_valid_prefix(EIDC_STR(text)), n)

static void valid_text(void **state)
{
    (void)state;
    VALID("");
    VALID("plain");
    VALID("a\0b");
    VALID("eight by eight and more, all ASCII");
    VALID("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 and ASCII behind it");
    VALID("\xc2\x80");
    VALID("\xe0\xa0\x80");
    VALID("\xed\x9f\xbf");
    VALID("\xee\x80\x80");
    VALID("\xf0\x90\x80\x80");
    VALID("\xf4\x8f\xbf\xbf");
    assert_int_equal(eidc_utf8_valid_prefix((struct eidc_str){0}), 0);
}

static void invalid_text(void **state)
{
    (void)state;
    VALID_UP_TO(0, "\x80");
    VALID_UP_TO(0, "\xc0\x80");         /* overlong NUL */
    VALID_UP_TO(0, "\xc1\xbf");         /* overlong */
    VALID_UP_TO(0, "\xe0\x9f\xbf");     /* overlong */
    VALID_UP_TO(0, "\xf0\x8f\xbf\xbf"); /* overlong */
    VALID_UP_TO(0, "\xed\xa0\x80");     /* surrogate */
    VALID_UP_TO(0, "\xed\xbf\xbf");     /* surrogate */
    VALID_UP_TO(0, "\xf4\x90\x80\x80"); /* above U+10FFFF */
    VALID_UP_TO(0, "\xf5\x80\x80\x80");
    VALID_UP_TO(0, "\xff");
    VALID_UP_TO(9, "123456789\xfe");
    VALID_UP_TO(3, "abc\xc3(");
    VALID_UP_TO(2, "\xc3\xa9\xe2\x28\xa1");
    VALID_UP_TO(0, "\xe2\x82\x28");
    VALID_UP_TO(0, "\xf0\x9f\x98\x28");
}

static void characters_cut_short(void **state)
{
    (void)state;
    VALID_UP_TO(1, "a\xc3");
    VALID_UP_TO(1, "a\xe2\x82");
    VALID_UP_TO(8, "aaaaaaaa\xf0\x9f\x98");
}

static void bad_bytes_are_found_at_every_offset(void **state)
{
    (void)state;
    for (size_t at = 0; at < 40; at++) {
        char text[40];
        memset(text, 'x', sizeof(text));
        text[at] = (char)0xc3;
        assert_int_equal(eidc_utf8_valid_prefix((struct eidc_str){text, sizeof(text)}), at);
    }
}

static void every_code_point_encodes_to_valid_text(void **state)
{
    (void)state;
    for (uint32_t c = 0; c <= 0x10ffff; c++) {
        if (c >= 0xd800 && c <= 0xdfff)
            continue;
        char text[4];
        size_t n = eidc_utf8_encode(c, text);
        if (eidc_utf8_valid_prefix((struct eidc_str){text, n}) != n)
            fail_msg("U+%04X", c);
    }
}

static void known_encodings(void **state)
{
    (void)state;
    char text[4];
    assert_int_equal(eidc_utf8_encode('A', text), 1);
    assert_memory_equal(text, "A", 1);
    assert_int_equal(eidc_utf8_encode(0xe9, text), 2);
    assert_memory_equal(text, "\xc3\xa9", 2);
    assert_int_equal(eidc_utf8_encode(0x20ac, text), 3);
    assert_memory_equal(text, "\xe2\x82\xac", 3);
    assert_int_equal(eidc_utf8_encode(0x1f600, text), 4);
    assert_memory_equal(text, "\xf0\x9f\x98\x80", 4);
}

static void what_a_terminal_obeys_is_not_shown(void **state)
{
    (void)state;
    static const struct {
        const char *text, *shown;
    } cases[] = {
        {"", ""},
        {"caf\xc3\xa9 \xe2\x82\xac", "caf\xc3\xa9 \xe2\x82\xac"},
        {"\x1b[31mred\x07\x7f\n", "?[31mred???"},
        {"a\xc2\x9b"
         "31m\xc2\xa0z",
         "a?31m\xc2\xa0z"},
        {"cut \xc3", "cut ?"},
        {"\xff\xfe"
         "a\xc3\x1b\xc3\xa9",
         "??a??\xc3\xa9"},
        {"\x9b\xc2", "??"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        EIDC_BUF_AUTO out = {0};
        eidc_utf8_add_visible(eidc_str_of(cases[i].text), &out);
        struct eidc_str shown = eidc_buf_view(&out);
        assert_int_equal(shown.n, strlen(cases[i].shown));
        assert_memory_equal(shown.p, cases[i].shown, shown.n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(valid_text),
        cmocka_unit_test(invalid_text),
        cmocka_unit_test(characters_cut_short),
        cmocka_unit_test(bad_bytes_are_found_at_every_offset),
        cmocka_unit_test(every_code_point_encodes_to_valid_text),
        cmocka_unit_test(known_encodings),
        cmocka_unit_test(what_a_terminal_obeys_is_not_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
