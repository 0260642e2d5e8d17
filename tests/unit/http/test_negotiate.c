#include "eidcached/http/negotiate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void accept_prefers(void **state)
{
    static const struct {
        const char *accept;
        enum eidc_media otherwise, expected;
    } cases[] = {
        {NULL, EIDC_MEDIA_JSON, EIDC_MEDIA_JSON},
        {NULL, EIDC_MEDIA_TEXT, EIDC_MEDIA_TEXT},
        {"", EIDC_MEDIA_JSON, EIDC_MEDIA_JSON},
        {"*/*", EIDC_MEDIA_JSON, EIDC_MEDIA_JSON},
        {"*/*", EIDC_MEDIA_TEXT, EIDC_MEDIA_TEXT},
        {"text/plain", EIDC_MEDIA_JSON, EIDC_MEDIA_TEXT},
        {"TEXT/Plain", EIDC_MEDIA_JSON, EIDC_MEDIA_TEXT},
        {"application/json", EIDC_MEDIA_TEXT, EIDC_MEDIA_JSON},
        {"text/*", EIDC_MEDIA_JSON, EIDC_MEDIA_TEXT},
        {"application/*", EIDC_MEDIA_TEXT, EIDC_MEDIA_JSON},
        {"text/plain;q=0.5, application/json", EIDC_MEDIA_TEXT, EIDC_MEDIA_JSON},
        {"text/plain;q=0.501,application/json;q=0.5", EIDC_MEDIA_JSON, EIDC_MEDIA_TEXT},
        {"text/plain ; q=0.9 , application/json ; q=0.1", EIDC_MEDIA_JSON, EIDC_MEDIA_TEXT},
        {"text/plain, application/json", EIDC_MEDIA_JSON, EIDC_MEDIA_JSON},
        {"text/plain;q=0, */*", EIDC_MEDIA_TEXT, EIDC_MEDIA_JSON},
        {"*/*;q=0.1, text/plain", EIDC_MEDIA_JSON, EIDC_MEDIA_TEXT},
        {"text/*;q=0.1, text/plain;q=0.8, application/json;q=0.5", EIDC_MEDIA_JSON,
         EIDC_MEDIA_TEXT},
        {"text/html,application/xhtml+xml,*/*;q=0.8", EIDC_MEDIA_JSON, EIDC_MEDIA_JSON},
        {"image/png", EIDC_MEDIA_JSON, EIDC_MEDIA_JSON},
        {"text/plain;q=2", EIDC_MEDIA_JSON, EIDC_MEDIA_JSON},
        {"text/plain;q=abc", EIDC_MEDIA_JSON, EIDC_MEDIA_JSON},
        {"text/plain;q=1.1", EIDC_MEDIA_JSON, EIDC_MEDIA_JSON},
        {"text/plain;x=\"a,b;q=0\"", EIDC_MEDIA_JSON, EIDC_MEDIA_TEXT},
        {",,;,", EIDC_MEDIA_JSON, EIDC_MEDIA_JSON},
        {"\"", EIDC_MEDIA_JSON, EIDC_MEDIA_JSON},
        {"\"\\", EIDC_MEDIA_JSON, EIDC_MEDIA_JSON},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        enum eidc_media got = eidc_accept(eidc_str_of(cases[i].accept), cases[i].otherwise);
        if (got != cases[i].expected)
            fail_msg("Accept: %s gave %d", cases[i].accept, got);
    }
}

static void gzip_is_accepted(void **state)
{
    static const struct {
        const char *accept_encoding;
        bool expected;
    } cases[] = {
        {NULL, false},
        {"", false},
        {"gzip", true},
        {"GZip", true},
        {"x-gzip", true},
        {"gzip, deflate, br, zstd", true},
        {"br;q=1, gzip;q=0.001", true},
        {"*", true},
        {"*;q=0.5", true},
        {"identity", false},
        {"br, deflate", false},
        {"gzip;q=0", false},
        {"gzip;q=0.000, *", false},
        {"*, gzip ; q=0", false},
        {"*;q=0", false},
        {"*;q=0, gzip", true},
        {"gzip;q=high", false},
        {"gzipped", false},
        {";gzip", false},
        {",,;,", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (eidc_accepts_gzip(eidc_str_of(cases[i].accept_encoding)) != cases[i].expected)
            fail_msg("Accept-Encoding: %s", cases[i].accept_encoding);
    }
}

static void html_is_for_browsers(void **state)
{
    static const struct {
        const char *accept;
        bool expected;
    } cases[] = {
        {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true},
        {"text/html", true},
        {"TEXT/HTML;q=0.1", true},
        {"text/html, text/plain;q=0.9", true},
        {NULL, false},
        {"", false},
        {"*/*", false},
        {"text/*", false},
        {"text/plain", false},
        {"application/json", false},
        {"text/plain, text/html", false},
        {"text/html;q=0, */*", false},
        {"text/html;q=0.5, text/plain;q=0.6", false},
        {"text/html;q=x", false},
        {"text/htmlx", false},
        {"image/avif,image/webp,*/*;q=0.8", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (eidc_prefers_html(eidc_str_of(cases[i].accept)) != cases[i].expected)
            fail_msg("Accept: %s", cases[i].accept);
    }
}

static void content_type(void **state)
{
    static const struct {
        const char *type;
        enum eidc_media expected;
    } cases[] = {
        {"application/json", EIDC_MEDIA_JSON},
        {"Application/JSON; charset=UTF-8", EIDC_MEDIA_JSON},
        {"text/plain", EIDC_MEDIA_TEXT},
        {"text/plain; charset=\"utf-8\"", EIDC_MEDIA_TEXT},
        {"text/plain;charset=us-ascii", EIDC_MEDIA_TEXT},
        {"text/plain; charset=iso-8859-1", EIDC_MEDIA_OTHER},
        {"text/plain2", EIDC_MEDIA_OTHER},
        {"application/x-www-form-urlencoded", EIDC_MEDIA_OTHER},
        {"application/problem+json", EIDC_MEDIA_OTHER},
        {"*/*", EIDC_MEDIA_OTHER},
        {"", EIDC_MEDIA_OTHER},
        {NULL, EIDC_MEDIA_OTHER},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        enum eidc_media got = eidc_content_media(eidc_str_of(cases[i].type));
        if (got != cases[i].expected)
            fail_msg("Content-Type: %s gave %d", cases[i].type, got);
    }
}

static void none_match(void **state)
{
    static const struct {
        const char *header;
        bool expected;
    } cases[] = {
        {"\"abc\"", true},
        {"W/\"abc\"", true},
        {"*", true},
        {" \"abc\" ", true},
        {"\"x\", \"abc\"", true},
        {"\"x\",W/\"abc\" , \"y\"", true},
        {"\"a,b\", *", true},
        {"\"x, \\\"abc\"", false},
        {"abc", false},
        {"\"ab\"", false},
        {"\"abcd\"", false},
        {"w/\"abc\"", false},
        {"", false},
        {NULL, false},
        {"\"x,\"abc\"", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (eidc_none_match(eidc_str_of(cases[i].header), EIDC_STR("\"abc\"")) != cases[i].expected)
            fail_msg("If-None-Match: %s", cases[i].header);
    }
    assert_false(eidc_none_match(EIDC_STR("*"), EIDC_STR("")));
}

static void max_age(void **state)
{
    static const struct {
        const char *header;
        bool expected;
        uint64_t seconds;
    } cases[] = {
        {"max-age=5", true, 5},
        {"no-cache, Max-Age=0", true, 0},
        {"no-transform,max-age=\"60\"", true, 60},
        {"max-age=60, max-age=5", true, 5},
        {"max-age=5, max-age=60, max-age=x", true, 5},
        {"max-age=, max-age=7", true, 7},
        {"s-maxage=5", false, 0},
        {"max-age", false, 0},
        {"max-age=", false, 0},
        {"max-age=-1", false, 0},
        {"max-age=99999999999999999999", false, 0},
        {"", false, 0},
        {NULL, false, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t seconds = 0;
        bool got = eidc_max_age(eidc_str_of(cases[i].header), &seconds);
        if (got != cases[i].expected || seconds != cases[i].seconds)
            fail_msg("Cache-Control: %s", cases[i].header);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accept_prefers),       cmocka_unit_test(gzip_is_accepted),
        cmocka_unit_test(html_is_for_browsers), cmocka_unit_test(content_type),
        cmocka_unit_test(none_match),           cmocka_unit_test(max_age),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
