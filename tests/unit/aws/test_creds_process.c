/* The linker puts this file's clock and read() in place of the real ones (--wrap). */
#include "eidcached/aws/creds_process.h"

#include <errno.h>
#include <signal.h>
#include <sys/stat.h>

#include "eidcached/base/clock.h"
#include "tests/support/creds_bench.h"

#define LONG         "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SET          "\"Version\":1,\"AccessKeyId\":\"AKIAPROC\",\"SecretAccessKey\":\"s3cret\""

static int64_t later_ms;

int64_t __real_eidc_mono_ms(void);
int64_t __wrap_eidc_mono_ms(void);
int64_t __wrap_eidc_mono_ms(void)
{
    return __real_eidc_mono_ms() + later_ms;
}

/* A pipe that has given something is never found empty: its writer is always faster. */
static bool flooding;
static int flooded_fd;

ssize_t __real_read(int fd, void *into, size_t n);
ssize_t __wrap_read(int fd, void *into, size_t n);
ssize_t __wrap_read(int fd, void *into, size_t n)
{
    ssize_t got;
    do {
        got = __real_read(fd, into, n);
    } while (got < 0 && errno == EAGAIN && fd == flooded_fd);
    if (flooding && got > 0)
        flooded_fd = fd;
    return got;
}

static void set_up_clock_and_pipes(void)
{
    later_ms = 0;
    flooding = false;
    flooded_fd = -1;
}

static int set_up(void **state)
{
    set_up_clock_and_pipes();
    return bench_dir_make(state);
}

/* A program of these lines of shell; the command that runs it. */
static char *script_of(const char *lines)
{
    char *text EIDC_AUTO_FREE = eidc_xprintf("#!/bin/sh\n%s\n", lines);
    const char *path = bench_file("program", text);
    assert_int_equal(chmod(path, 0700), 0);
    return eidc_xprintf("%s one 'two  words' \"three \\\"quoted\\\"\" four\\ more", path);
}

static struct eidc_creds_provider *process_of(struct creds_bench *b, const char *lines)
{
    char *command EIDC_AUTO_FREE = script_of(lines);
    return eidc_creds_process_new(b->http, command);
}

static void a_program_prints_credentials(void **state)
{
    (void)state;
    struct creds_bench b = bench_start(NULL, 0);
    struct eidc_creds_provider *process =
        process_of(&b, "echo '{" SET ",\"SessionToken\":\"t0ken\","
                       "\"Expiration\":\"2031-01-02T03:04:05Z\"}'; echo note >&2");
    struct eidc_creds creds;
    struct eidc_err err;
    for (int i = 0; i < 2; i++) {
        if (!creds_get(process, b.http, &creds, &err))
            fail_msg("%s", err.text);
        assert_string_equal(creds.access_key, "AKIAPROC");
        assert_string_equal(creds.session_token, "t0ken");
        assert_string_equal(creds.provider, "process");
        assert_true(creds.strict);
        assert_int_equal(creds.expires_at_ms, 1925089445000);
        eidc_creds_wipe(&creds);
    }
    process->ops->destroy(process);
    bench_end(&b);
}

/* So do some programs say that there is none. */
static void an_expiration_of_null_is_none(void **state)
{
    (void)state;
    struct creds_bench b = bench_start(NULL, 0);
    struct eidc_creds_provider *process =
        process_of(&b, "echo '{" SET ",\"SessionToken\":null,\"Expiration\":null}'");
    struct eidc_creds creds;
    struct eidc_err err;
    if (!creds_get(process, b.http, &creds, &err))
        fail_msg("%s", err.text);
    assert_null(creds.session_token);
    assert_int_equal(creds.expires_at_ms, 0);
    eidc_creds_wipe(&creds);
    process->ops->destroy(process);
    bench_end(&b);
}

/* Words as quoted, this environment, no files of ours, and nothing on standard input. */
static void how_it_is_run(void **state)
{
    (void)state;
    struct creds_bench b = bench_start(NULL, 0);
    setenv("EIDC_TEST_SEEN", "by-child", 1);
    struct eidc_creds_provider *process =
        process_of(&b, "[ $# = 4 ] && [ \"$1\" = one ] && [ \"$2\" = 'two  words' ] &&\n"
                       "[ \"$3\" = 'three \"quoted\"' ] && [ \"$4\" = 'four more' ] || exit 11\n"
                       "[ \"$EIDC_TEST_SEEN\" = by-child ] || exit 12\n"
                       "[ -z \"$(cat)\" ] || exit 13\n"
                       "[ ! -e /proc/self/fd/77 ] || exit 14\n"
                       "echo '{" SET "}'");
    assert_int_equal(dup2(0, 77), 77);
    assert_set(&b, process, "process", "AKIAPROC");
    close(77);
    process->ops->destroy(process);
    bench_end(&b);
}

static void programs_that_fail(void **state)
{
    (void)state;
    static const struct {
        const char *lines;
        enum eidc_err_kind kind;
        const char *error;
    } cases[] = {
        {"echo 'no ticket' >&2; echo more >&2; exit 3", EIDC_ERR_UNAVAILABLE,
         "credential_process: exit status 3: no ticket"},
        {"kill -9 $$", EIDC_ERR_UNAVAILABLE, "credential_process: ended by signal 9"},
        {"echo", EIDC_ERR_CORRUPT, "not JSON"},
        {"echo s3cret; echo oops >&2", EIDC_ERR_CORRUPT, "not JSON: oops"},
        {"echo '{}'", EIDC_ERR_CORRUPT, "not of Version 1"},
        {"echo '{\"Version\":2,\"AccessKeyId\":\"a\"}'", EIDC_ERR_CORRUPT, "not of Version 1"},
        {"echo '{\"Version\":\"1\",\"AccessKeyId\":\"a\"}'", EIDC_ERR_CORRUPT, "not of Version 1"},
        {"echo '{\"Version\":1,\"AccessKeyId\":\"a\"}'", EIDC_ERR_CORRUPT, "no SecretAccessKey"},
        {"echo '{" SET ",\"Expiration\":\"soon\"}'", EIDC_ERR_CORRUPT, "Expiration is no time"},
        {"echo '{" SET ",\"Expiration\":\"2020-01-02T03:04:05Z\"}'", EIDC_ERR_DENIED,
         "what it gave has expired"},
        {"head -c 8193 /dev/zero; exec sleep 100", EIDC_ERR_LIMIT,
         "it prints more than 8192 bytes"},
        {"echo '{" SET ",\"SessionToken\":\"t0ken-of-it\"}'; echo 'got s3cret t0ken-of-it' >&2; "
         "exit 1",
         EIDC_ERR_UNAVAILABLE, "exit status 1: got [redacted] [redacted]"},
        {"echo '{\"Version\":2,\"SecretAccessKey\":\"" LONG "\"}'; echo 'key=" LONG ", bad' >&2",
         EIDC_ERR_CORRUPT, "not of Version 1: key=[redacted], bad"},
        {"echo 'export KEY=" LONG "'; echo '\"" LONG "\"' >&2; exit 1", EIDC_ERR_UNAVAILABLE,
         "exit status 1: \"[redacted]\""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct creds_bench b = bench_start(NULL, 0);
        struct eidc_creds_provider *process = process_of(&b, cases[i].lines);
        assert_none(&b, process, cases[i].kind, cases[i].error);
        process->ops->destroy(process);
        bench_end(&b);
    }
}

static void commands_that_cannot_be_run(void **state)
{
    (void)state;
    static const struct {
        const char *command, *error;
    } cases[] = {
        {"/proc/nonexistent/program --x",
         "credential_process: /proc/nonexistent/program: No such file"},
        {"  ", "credential_process: empty, too long, or a quote does not end"},
        {"program 'x", "a quote does not end"},
        {"a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a "
         "a a a a a a a a a a a a a a a a a a a a a",
         "too long"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct creds_bench b = bench_start(NULL, 0);
        struct eidc_creds_provider *process = eidc_creds_process_new(b.http, cases[i].command);
        assert_none(&b, process, EIDC_ERR_INVALID, cases[i].error);
        process->ops->destroy(process);
        bench_end(&b);
    }
}

/* Its pid, once it has written it. */
static pid_t pid_of(const char *name)
{
    char *path EIDC_AUTO_FREE = eidc_xprintf("%s/%s", bench_dir, name);
    for (;;) {
        EIDC_BUF_AUTO text = {0};
        struct eidc_err err;
        uint64_t pid;
        if (eidc_file_read(path, 32, &text, &err) && text.n > 0 && text.p[text.n - 1] == '\n' &&
            eidc_str_u64(eidc_str_trim(eidc_buf_view(&text)), INT32_MAX, &pid))
            return (pid_t)pid;
        usleep(1000);
    }
}

static void assert_ends(pid_t pid)
{
    while (kill(pid, 0) == 0) {
        char *path EIDC_AUTO_FREE = eidc_xprintf("/proc/%d/stat", (int)pid);
        EIDC_BUF_AUTO text = {0};
        struct eidc_err err;
        if (eidc_file_read(path, 4096, &text, &err) && strstr(text.p, ") Z ") != NULL)
            return; /* ended; whoever is its parent has not looked yet */
        usleep(1000);
    }
}

static char *hanging(void)
{
    return eidc_xprintf("echo waiting >&2; sleep 1000 & echo $! > %s/child.tmp; "
                        "mv %s/child.tmp %s/child; wait",
                        bench_dir, bench_dir, bench_dir);
}

static void one_that_hangs_is_killed_with_its_children(void **state)
{
    (void)state;
    struct creds_bench b = bench_start(NULL, 0);
    char *lines EIDC_AUTO_FREE = hanging();
    struct eidc_creds_provider *process = process_of(&b, lines);
    struct creds_got got = {0};
    process->ops->get(process, creds_got_done, &got);
    pid_t child = pid_of("child");
    b.http->ops->step(b.http, 1000); /* it is looked after, and nothing is told */
    assert_int_equal(got.told, 0);
    later_ms = 60000;
    while (got.told == 0)
        b.http->ops->step(b.http, 1000);
    assert_int_equal(got.err.kind, EIDC_ERR_TIMEOUT);
    assert_string_equal(got.err.text, "credential_process: not done after 60 s: waiting");
    assert_ends(child);
    process->ops->destroy(process);
    bench_end(&b);
}

static void one_that_floods_is_ended(void **state)
{
    (void)state;
    static const struct {
        const char *lines;
        enum eidc_err_kind kind;
        const char *error;
    } cases[] = {
        {"exec yes", EIDC_ERR_LIMIT, "credential_process: it prints more than 8192 bytes"},
        {"exec yes flood >&2", EIDC_ERR_TIMEOUT, "credential_process: not done after 60 s: flood"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct creds_bench b = bench_start(NULL, 0);
        struct eidc_creds_provider *process = process_of(&b, cases[i].lines);
        struct creds_got got = {0};
        process->ops->get(process, creds_got_done, &got);
        flooding = true;
        alarm(60); /* ends a test that would be read for ever */
        while (got.told == 0 && b.http->ops->step(b.http, 1000))
            later_ms = flooded_fd >= 0 ? 60000 : 0;
        alarm(0);
        set_up_clock_and_pipes();
        assert_int_equal(got.told, 1);
        assert_int_equal(got.err.kind, cases[i].kind);
        assert_string_equal(got.err.text, cases[i].error);
        process->ops->destroy(process);
        bench_end(&b);
    }
}

static void a_cancel_kills_it(void **state)
{
    (void)state;
    struct creds_bench b = bench_start(NULL, 0);
    char *lines EIDC_AUTO_FREE = hanging();
    struct eidc_creds_provider *process = process_of(&b, lines);
    struct creds_got got = {0};
    process->ops->get(process, creds_got_done, &got);
    pid_t child = pid_of("child");
    b.http->ops->cancel(b.http);
    process->ops->cancel(process);
    assert_int_equal(got.told, 1);
    assert_int_equal(got.err.kind, EIDC_ERR_CANCELLED);
    process->ops->cancel(process); /* nothing to do */
    assert_ends(child);
    process->ops->destroy(process);
    bench_end(&b);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, bench_dir_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_program_prints_credentials),
        TEST(an_expiration_of_null_is_none),
        TEST(how_it_is_run),
        TEST(programs_that_fail),
        TEST(commands_that_cannot_be_run),
        TEST(one_that_hangs_is_killed_with_its_children),
        TEST(one_that_floods_is_ended),
        TEST(a_cancel_kills_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
