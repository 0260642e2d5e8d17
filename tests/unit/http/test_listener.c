#include "eidcached/http/listener.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "eidcached/base/file.h"

static struct eidc_listener l;
static struct eidc_err err;
static char path[64], spec[80];

static void tcp(void **state)
{
    (void)state;
    assert_true(eidc_listener_open("127.0.0.1:0", &l, &err));
    assert_true(l.is_loopback);
    assert_false(l.is_unix);
    assert_int_equal(strncmp(l.text, "127.0.0.1:", 10), 0);
    assert_string_not_equal(l.text, "127.0.0.1:0");
    struct eidc_listener second;
    assert_false(eidc_listener_open(l.text, &second, &err)); /* in use */
    assert_non_null(strstr(err.text, l.text));
    eidc_listener_close(&l);

    assert_true(eidc_listener_open("localhost:0", &l, &err));
    assert_true(l.is_loopback);
    eidc_listener_close(&l);
    assert_true(eidc_listener_open("0.0.0.0:0", &l, &err));
    assert_false(l.is_loopback);
    eidc_listener_close(&l);
    assert_true(eidc_listener_open(":0", &l, &err));
    assert_false(l.is_loopback);
    eidc_listener_close(&l);
}

static void tcp6(void **state)
{
    (void)state;
    if (!eidc_listener_open("[::1]:0", &l, &err))
        skip(); /* a machine without IPv6 */
    assert_true(l.is_loopback);
    assert_true(l.is_ipv6);
    assert_int_equal(strncmp(l.text, "[::1]:", 6), 0);
    eidc_listener_close(&l);
}

static void refused(void **state)
{
    static const char *const specs[] = {
        "",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:65536",
        "127.0.0.1:http",
        "::1:80",
        "no such host:1",
        "127.0.0.1:-1",
        "unix:",
        "[::1]",
        "unix:/proc/nonexistent/dir/socket",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++) {
        if (eidc_listener_open(specs[i], &l, &err))
            fail_msg("%s", specs[i]);
        assert_non_null(strstr(err.text, specs[i]));
    }
    char longest[256] = "unix:/tmp/";
    memset(longest + 10, 'a', 200);
    assert_false(eidc_listener_open(longest, &l, &err));
}

/* Every listen of the program (see CMakeLists.txt): the mode that its socket's file has then. */
static mode_t mode_at_listen;

int __real_listen(int fd, int backlog);
int __wrap_listen(int fd, int backlog);

int __wrap_listen(int fd, int backlog)
{
    struct stat st;
    if (stat(path, &st) == 0)
        mode_at_listen = st.st_mode & 0777;
    return __real_listen(fd, backlog);
}

static void nobody_else_can_connect_even_for_a_moment(void **state)
{
    (void)state;
    static const mode_t masks[] = {0, 077};
    for (size_t i = 0; i < 2; i++) {
        mode_t before = umask(masks[i]);
        assert_true(eidc_listener_open(spec, &l, &err));
        umask(before);
        assert_int_equal(mode_at_listen, 0660);
        eidc_listener_close(&l);
    }
}

static void errors_say_what_to_do(void **state)
{
    (void)state;
    assert_false(eidc_listener_open("unix:/proc/nonexistent/dir/socket", &l, &err));
    assert_non_null(strstr(err.text, "the folder /proc/nonexistent/dir does not exist"));
    assert_false(eidc_listener_open("192.0.2.1:0", &l, &err));
    assert_non_null(strstr(err.text, "no interface"));
    assert_true(eidc_listener_open("127.0.0.1:0", &l, &err));
    struct eidc_listener second;
    assert_false(eidc_listener_open(l.text, &second, &err));
    assert_non_null(strstr(err.text, "Address already in use"));
    assert_non_null(strstr(err.text, "http.listen"));
    eidc_listener_close(&l);
}

static void stale_socket_is_replaced(void **state)
{
    (void)state;
    assert_true(eidc_listener_open(spec, &l, &err));
    struct eidc_listener second;
    assert_false(eidc_listener_open(spec, &second, &err)); /* somebody is there */
    close(l.fd);                                           /* as if the process had been killed */
    l.fd = -1;
    assert_true(eidc_listener_open(spec, &second, &err));
    assert_true(second.is_unix);
    assert_string_equal(second.text, spec);
    eidc_listener_close(&second);
    assert_int_equal(access(path, F_OK), -1);
    eidc_listener_close(&l);
}

static void other_files_are_left_alone(void **state)
{
    (void)state;
    assert_true(eidc_file_write(path, EIDC_STR("precious"), 0600, &err));
    assert_false(eidc_listener_open(spec, &l, &err));
    assert_non_null(strstr(err.text, "not a socket"));
    assert_int_equal(access(path, F_OK), 0);
    unlink(path);
}

static void adopted(void **state)
{
    (void)state;
    assert_true(eidc_listener_open("127.0.0.1:0", &l, &err));
    struct eidc_listener second;
    assert_true(eidc_listener_adopt(l.fd, &second, &err));
    assert_int_not_equal(second.fd, l.fd);
    assert_true(second.is_loopback);
    assert_string_equal(second.text, l.text);
    eidc_listener_close(&second);
    eidc_listener_close(&l);

    assert_false(eidc_listener_adopt(-1, &second, &err));
    int plain = socket(AF_INET, SOCK_STREAM, 0);
    assert_false(eidc_listener_adopt(plain, &second, &err));
    assert_non_null(strstr(err.text, "not a listening socket"));
    close(plain);
    int packets = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    const struct sockaddr_un any = {.sun_family = AF_UNIX};
    assert_int_equal(bind(packets, (const struct sockaddr *)&any, sizeof(any.sun_family)), 0);
    assert_int_equal(listen(packets, 1), 0);
    assert_false(eidc_listener_adopt(packets, &second, &err));
    assert_non_null(strstr(err.text, "not a stream socket"));
    close(packets);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tcp),
        cmocka_unit_test(tcp6),
        cmocka_unit_test(refused),
        cmocka_unit_test(errors_say_what_to_do),
        cmocka_unit_test(nobody_else_can_connect_even_for_a_moment),
        cmocka_unit_test(stale_socket_is_replaced),
        cmocka_unit_test(other_files_are_left_alone),
        cmocka_unit_test(adopted),
    };
    snprintf(path, sizeof(path), "/tmp/eidc-test-listener-%ld.sock", (long)getpid());
    snprintf(spec, sizeof(spec), "unix:%s", path);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
