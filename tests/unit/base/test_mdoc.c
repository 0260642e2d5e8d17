/* Text that roff would take for something else comes out as it is. */
#include "eidcached/base/mdoc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void text(void **state)
{
    EIDC_BUF_AUTO out = {0};
    (void)state;
    eidc_mdoc_add_text(&out, ".TH is \\fB. 'Next' 'one'");
    assert_string_equal(out.p, "\\&.TH is \\efB.\n\\&'Next' 'one'\n");
    eidc_buf_clear(&out);
    eidc_mdoc_add_text(&out, "");
    assert_string_equal(out.p, "\n");
}

static void long_text_is_broken_between_words(void **state)
{
    EIDC_BUF_AUTO out = {0}, words = {0};
    (void)state;
    for (int i = 0; i < 100; i++)
        eidc_buf_add_z(&words, i == 0 ? "word" : " word");
    eidc_mdoc_add_text(&out, words.p);
    assert_non_null(strstr(out.p, "word\nword"));
    for (const char *line = out.p, *end; (end = strchr(line, '\n')) != NULL; line = end + 1)
        assert_true(end - line < 80);
}

static void lines(void **state)
{
    EIDC_BUF_AUTO out = {0};
    (void)state;
    eidc_mdoc_add_lines(&out, "a. b\n.c \\t\n\n'd\n");
    assert_string_equal(out.p, "a. b\n\\&.c \\et\n\n\\&'d\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text),
        cmocka_unit_test(long_text_is_broken_between_words),
        cmocka_unit_test(lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
