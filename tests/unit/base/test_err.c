#include "eidcached/base/err.h"

#include <errno.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void fail_sets_kind_and_text(void **state)
{
    (void)state;
    struct eidc_err err = {0};
    assert_false(eidc_fail(&err, EIDC_ERR_LIMIT, "%d of %s", 7, "nine"));
    assert_int_equal(err.kind, EIDC_ERR_LIMIT);
    assert_string_equal(err.text, "7 of nine");
}

static void fail_may_quote_the_error_it_replaces(void **state)
{
    (void)state;
    struct eidc_err err = {0};
    eidc_fail(&err, EIDC_ERR_IO, "inner");
    eidc_fail(&err, EIDC_ERR_CORRUPT, "outer (%s)", err.text);
    assert_string_equal(err.text, "outer (inner)");
}

static void errno_is_told_and_enoent_is_not_found(void **state)
{
    (void)state;
    struct eidc_err err = {0};
    errno = EACCES;
    assert_false(eidc_fail_errno(&err, "open %s", "x"));
    assert_int_equal(err.kind, EIDC_ERR_IO);
    assert_string_equal(err.text, "open x: Permission denied");
    errno = ENOENT;
    assert_false(eidc_fail_errno(&err, "open %s", "y"));
    assert_int_equal(err.kind, EIDC_ERR_NOT_FOUND);
}

static void wrap_puts_context_in_front_and_keeps_the_kind(void **state)
{
    (void)state;
    struct eidc_err err = {0};
    eidc_fail(&err, EIDC_ERR_DENIED, "no");
    assert_false(eidc_wrap(&err, "source %s", "prod"));
    assert_false(eidc_wrap(&err, "refresh"));
    assert_int_equal(err.kind, EIDC_ERR_DENIED);
    assert_string_equal(err.text, "refresh: source prod: no");
}

static void long_texts_are_cut_with_dots(void **state)
{
    (void)state;
    struct eidc_err err = {0};
    char text[3 * EIDC_ERR_TEXT_MAX];
    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    eidc_fail(&err, EIDC_ERR_INVALID, "%s", text);
    assert_int_equal(strlen(err.text), EIDC_ERR_TEXT_MAX - 1);
    assert_string_equal(err.text + EIDC_ERR_TEXT_MAX - 5, "a...");
    eidc_wrap(&err, "%s", text);
    assert_int_equal(strlen(err.text), EIDC_ERR_TEXT_MAX - 1);
    assert_string_equal(err.text + EIDC_ERR_TEXT_MAX - 5, "a...");
}

static void a_text_that_just_fits_is_not_cut(void **state)
{
    (void)state;
    struct eidc_err err = {0};
    char text[EIDC_ERR_TEXT_MAX];
    memset(text, 'b', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    eidc_fail(&err, EIDC_ERR_INVALID, "%s", text);
    assert_string_equal(err.text, text);
}

static void a_cut_never_halves_a_character(void **state)
{
    (void)state;
    struct eidc_err err = {0};
    for (size_t shift = 0; shift < 3; shift++) {
        char text[2 * EIDC_ERR_TEXT_MAX] = {0};
        memset(text, '.', shift);
        for (size_t at = shift; at + 3 < sizeof(text); at += 3)
            memcpy(text + at, "\xe2\x82\xac", 3);
        eidc_fail(&err, EIDC_ERR_INVALID, "%s", text);
        size_t length = strlen(err.text);
        assert_string_equal(err.text + length - 3, "...");
        assert_memory_equal(err.text + length - 6, "\xe2\x82\xac", 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fail_sets_kind_and_text),
        cmocka_unit_test(fail_may_quote_the_error_it_replaces),
        cmocka_unit_test(errno_is_told_and_enoent_is_not_found),
        cmocka_unit_test(wrap_puts_context_in_front_and_keeps_the_kind),
        cmocka_unit_test(long_texts_are_cut_with_dots),
        cmocka_unit_test(a_text_that_just_fits_is_not_cut),
        cmocka_unit_test(a_cut_never_halves_a_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
