#include "eidcached/base/log.h"

#include <errno.h>
#include <pthread.h>
#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "eidcached/base/buf.h"
#include "eidcached/base/json_read.h"

static int real_stderr = -1;
static FILE *caught;

static int catch_stderr(void **state)
{
    (void)state;
    caught = tmpfile();
    real_stderr = dup(STDERR_FILENO);
    return caught == NULL || dup2(fileno(caught), STDERR_FILENO) < 0;
}

static int release_stderr(void **state)
{
    (void)state;
    dup2(real_stderr, STDERR_FILENO);
    close(real_stderr);
    fclose(caught);
    eidc_log_setup(EIDC_LOG_INFO, EIDC_LOG_TEXT);
    return 0;
}

/* What was logged so far. */
static const char *output(void)
{
    static char text[65536];
    ssize_t n = pread(fileno(caught), text, sizeof text - 1, 0);
    assert_true(n >= 0);
    text[n] = 0;
    return text;
}

static void matches(const char *text, const char *pattern)
{
    regex_t re;
    assert_int_equal(regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB), 0);
    if (regexec(&re, text, 0, NULL, 0) != 0)
        fail_msg("%s does not match %s", text, pattern);
    regfree(&re);
}

#define TIME "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}([.][0-9]{3})?Z"

static void test_text(void **state)
{
    (void)state;
    eidc_info("refresh: %s, %d names", "ok", 250);
    matches(output(), "^" TIME " info  refresh: ok, 250 names\n$");
}

static void test_levels(void **state)
{
    (void)state;
    eidc_log_setup(EIDC_LOG_WARN, EIDC_LOG_TEXT);
    eidc_error("a");
    eidc_warn("b");
    eidc_info("c");
    eidc_debug("d");
    matches(output(), "^" TIME " error a\n" TIME " warn  b\n$");
    assert_true(eidc_log_enabled(EIDC_LOG_ERROR));
    assert_true(eidc_log_enabled(EIDC_LOG_WARN));
    assert_false(eidc_log_enabled(EIDC_LOG_INFO));
}

static void test_json(void **state)
{
    (void)state;
    eidc_log_setup(EIDC_LOG_DEBUG, EIDC_LOG_JSON);
    eidc_debug("a \"name\"\nwith \x01 and \xff");
    const char *text = output();
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
    EIDC_CJSON_AUTO *line = NULL;
    struct eidc_err err;
    assert_true(eidc_json_parse(eidc_str_of(text), &line, &err));
    struct eidc_str value;
    assert_true(eidc_json_get_str(line, "level", &value));
    assert_true(eidc_str_eq(value, EIDC_STR("debug")));
    assert_true(eidc_json_get_str(line, "message", &value));
    assert_true(eidc_str_eq(value, EIDC_STR("a \"name\"\nwith \x01 and \xef\xbf\xbd")));
    int64_t ms;
    assert_true(eidc_json_get_time(line, "time", &ms));
}

static void test_journal(void **state)
{
    (void)state;
    eidc_log_setup(EIDC_LOG_DEBUG, EIDC_LOG_JOURNAL);
    eidc_error("e");
    eidc_warn("w");
    eidc_info("i");
    eidc_debug("d");
    assert_string_equal(output(), "<3>e\n<4>w\n<6>i\n<7>d\n");
}

static void test_no_line_can_be_forged(void **state)
{
    (void)state;
    eidc_log_setup(EIDC_LOG_INFO, EIDC_LOG_JOURNAL);
    eidc_info("a\nb\rc\td\x1b[31m\x7f \xc2\x9b \xc3\xa9");
    assert_string_equal(output(), "<6>a\\nb\\rc\\td\\x1b[31m\\x7f \\xc2\\x9b \xc3\xa9\n");
}

static void test_long_messages_are_cut(void **state)
{
    (void)state;
    static char long_text[20000];
    memset(long_text, 'x', sizeof long_text - 1);
    eidc_log_setup(EIDC_LOG_INFO, EIDC_LOG_JOURNAL);
    eidc_info("%s", long_text);
    const char *text = output();
    size_t n = strlen(text);
    assert_in_range(n, 8000, 8300);
    assert_string_equal(text + n - 4, "...\n");
}

static void test_errno_is_kept(void **state)
{
    (void)state;
    close(STDERR_FILENO);
    errno = ERANGE;
    eidc_info("nobody reads this");
    assert_int_equal(errno, ERANGE);
}

static void *log_many(void *name)
{
    for (int i = 0; i < 200; i++)
        eidc_info("%s", (const char *)name);
    return NULL;
}

static void test_threads_do_not_mix_lines(void **state)
{
    (void)state;
    static char names[3][40];
    pthread_t threads[3];
    eidc_log_setup(EIDC_LOG_INFO, EIDC_LOG_JOURNAL);
    for (int i = 0; i < 3; i++) {
        memset(names[i], 'a' + i, sizeof names[i] - 1);
        assert_int_equal(pthread_create(&threads[i], NULL, log_many, names[i]), 0);
    }
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    int lines = 0;
    for (const char *line = output(); *line != 0; line = strchr(line, '\n') + 1, lines++)
        assert_int_equal(strspn(line + 3, (char[]){line[3], 0}), sizeof names[0] - 1);
    assert_int_equal(lines, 600);
}

int main(void)
{
#define CAUGHT(test) cmocka_unit_test_setup_teardown(test, catch_stderr, release_stderr)
    const struct CMUnitTest tests[] = {
        CAUGHT(test_text),
        CAUGHT(test_levels),
        CAUGHT(test_json),
        CAUGHT(test_journal),
        CAUGHT(test_no_line_can_be_forged),
        CAUGHT(test_long_messages_are_cut),
        CAUGHT(test_errno_is_kept),
        CAUGHT(test_threads_do_not_mix_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
