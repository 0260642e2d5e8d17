#include "eidcached/http/token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "eidcached/base/file.h"

static char path[64];

static void write_token(const char *text)
{
    struct eidc_err err;
    assert_true(eidc_file_write(path, eidc_str_of(text), 0600, &err));
}

static enum eidc_token_state check(struct eidc_token *t, const char *header, int64_t now)
{
    return eidc_token_check(t, eidc_str_of(header), now);
}

static void is_checked(void **state)
{
    (void)state;
    write_token("secret\r\n");
    struct eidc_token *t = eidc_token_new(path);
    assert_int_equal(check(t, "Bearer secret", 10), EIDC_TOKEN_RIGHT);
    assert_int_equal(check(t, "Bearer secre", 10), EIDC_TOKEN_WRONG);
    assert_int_equal(check(t, "Bearer secrets", 10), EIDC_TOKEN_WRONG);
    assert_int_equal(check(t, "Basic secret", 10), EIDC_TOKEN_MISSING);
    assert_int_equal(check(t, NULL, 10), EIDC_TOKEN_MISSING);
    eidc_token_free(t);
}

static void is_read_again_when_it_changes(void **state)
{
    (void)state;
    write_token("one");
    struct eidc_token *t = eidc_token_new(path);
    assert_int_equal(check(t, "Bearer one", 5000), EIDC_TOKEN_RIGHT);
    write_token("two");
    assert_int_equal(check(t, "Bearer two", 5500), EIDC_TOKEN_WRONG); /* looked at a moment ago */
    assert_int_equal(check(t, "Bearer two", 6000), EIDC_TOKEN_RIGHT);
    assert_int_equal(check(t, "Bearer one", 6000 + EIDC_TOKEN_GRACE_MS - 1), EIDC_TOKEN_RIGHT);
    assert_int_equal(check(t, "Bearer one", 6000 + EIDC_TOKEN_GRACE_MS), EIDC_TOKEN_WRONG);
    assert_int_equal(check(t, "Bearer two", 6000 + EIDC_TOKEN_GRACE_MS), EIDC_TOKEN_RIGHT);
    eidc_token_free(t);
}

static void rewriting_the_same_keeps_the_one_before(void **state)
{
    (void)state;
    write_token("one");
    struct eidc_token *t = eidc_token_new(path);
    write_token("two");
    assert_int_equal(check(t, "Bearer two", 2000), EIDC_TOKEN_RIGHT);
    write_token("two");
    assert_int_equal(check(t, "Bearer one", 4000), EIDC_TOKEN_RIGHT);
    eidc_token_free(t);
}

static void without_a_file_nobody_gets_in(void **state)
{
    (void)state;
    unlink(path);
    struct eidc_token *t = eidc_token_new(path);
    assert_int_equal(check(t, "Bearer x", 1000), EIDC_TOKEN_UNREADABLE);
    assert_int_equal(check(t, "Bearer ", 1000), EIDC_TOKEN_MISSING);
    write_token(" \n");
    assert_int_equal(check(t, "Bearer x", 3000), EIDC_TOKEN_UNREADABLE);
    write_token("x");
    assert_int_equal(check(t, "Bearer x", 5000), EIDC_TOKEN_RIGHT);
    unlink(path);
    assert_int_equal(check(t, "Bearer x", 7000), EIDC_TOKEN_RIGHT); /* its minute */
    assert_int_equal(check(t, "Bearer y", 7000), EIDC_TOKEN_WRONG);
    assert_int_equal(check(t, "Bearer x", 7000 + EIDC_TOKEN_GRACE_MS), EIDC_TOKEN_UNREADABLE);
    eidc_token_free(t);
}

static FILE *logged;
static int real_stderr;

static void catch_log(void)
{
    logged = tmpfile();
    assert_non_null(logged);
    real_stderr = dup(STDERR_FILENO);
    assert_true(dup2(fileno(logged), STDERR_FILENO) >= 0);
}

static bool log_says(const char *what)
{
    char text[2048] = "";
    dup2(real_stderr, STDERR_FILENO);
    close(real_stderr);
    rewind(logged);
    (void)!fread(text, 1, sizeof(text) - 1, logged);
    fclose(logged);
    return strstr(text, what) != NULL;
}

static void the_log_says_what_is_still_accepted(void **state)
{
    static const char nothing[] = "no token is accepted until this is mended: ";
    static const char the_last[] = "no token is accepted but the one before, for a minute, until";
    (void)state;
    write_token("x");
    struct eidc_token *t = eidc_token_new(path);
    unlink(path);
    catch_log();
    assert_int_equal(check(t, "Bearer x", 1000), EIDC_TOKEN_RIGHT);
    assert_true(log_says(the_last));
    eidc_token_free(t);
    catch_log();
    t = eidc_token_new(path);
    assert_true(log_says(nothing));
    eidc_token_free(t);
}

static void none_configured(void **state)
{
    (void)state;
    struct eidc_token *t = eidc_token_new(NULL);
    assert_int_equal(check(t, "Bearer x", 1000), EIDC_TOKEN_NOT_CONFIGURED);
    eidc_token_free(t);
    eidc_token_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_checked),
        cmocka_unit_test(is_read_again_when_it_changes),
        cmocka_unit_test(rewriting_the_same_keeps_the_one_before),
        cmocka_unit_test(without_a_file_nobody_gets_in),
        cmocka_unit_test(the_log_says_what_is_still_accepted),
        cmocka_unit_test(none_configured),
    };
    snprintf(path, sizeof(path), "/tmp/eidc-test-token-%ld", (long)getpid());
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return failed;
}
