#include "eidcached/base/live_line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "eidcached/base/log.h"

struct screen {
    FILE *to;
    char *text;
    size_t n;
};

static void open_screen(struct screen *s)
{
    s->to = open_memstream(&s->text, &s->n);
    assert_non_null(s->to);
}

static void shows(struct screen *s, const char *expected)
{
    fflush(s->to);
    assert_string_equal(s->text, expected);
}

static void close_screen(struct screen *s)
{
    eidc_live_line_wipe();
    fclose(s->to);
    free(s->text);
}

static void it_is_written_over_and_wiped(void **state)
{
    (void)state;
    struct screen s;
    open_screen(&s);
    eidc_live_line_show(s.to, EIDC_STR("10 of 20"), 1000);
    eidc_live_line_show(s.to, EIDC_STR("11"), 1100);
    shows(&s, "\r10 of 20\033[K\r11\033[K");
    eidc_live_line_wipe();
    eidc_live_line_wipe(); /* there is none any more */
    shows(&s, "\r10 of 20\033[K\r11\033[K\r\033[K");
    close_screen(&s);
}

static void ten_a_second_at_most(void **state)
{
    (void)state;
    struct screen s;
    open_screen(&s);
    assert_true(eidc_live_line_due(5));
    eidc_live_line_show(s.to, EIDC_STR("a"), 1000);
    assert_false(eidc_live_line_due(1001));
    assert_false(eidc_live_line_due(1099));
    assert_true(eidc_live_line_due(1100));
    eidc_live_line_wipe();
    assert_true(eidc_live_line_due(1001)); /* at once */
    close_screen(&s);
}

static void long_ones_are_cut(void **state)
{
    (void)state;
    struct screen s;
    open_screen(&s);
    char text[200];
    memset(text, 'x', sizeof text);
    eidc_live_line_show(s.to, (struct eidc_str){text, sizeof text}, 1000);
    fflush(s.to);
    assert_int_equal(strspn(s.text + 1, "x"), 79);
    close_screen(&s);
}

static void a_log_line_wipes_it(void **state)
{
    (void)state;
    struct screen s;
    open_screen(&s);
    eidc_live_line_show(s.to, EIDC_STR("a"), 1000);
    eidc_debug("not shown at this level");
    shows(&s, "\ra\033[K");
    eidc_info("a line of its own");
    shows(&s, "\ra\033[K\r\033[K");
    eidc_info("and no more of that");
    shows(&s, "\ra\033[K\r\033[K");
    close_screen(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_written_over_and_wiped),
        cmocka_unit_test(ten_a_second_at_most),
        cmocka_unit_test(long_ones_are_cut),
        cmocka_unit_test(a_log_line_wipes_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
