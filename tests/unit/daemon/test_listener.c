#include "eidcached/daemon/listener.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
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
        "unix:/nonexistent/dir/socket",
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
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tcp),
        cmocka_unit_test(tcp6),
        cmocka_unit_test(refused),
        cmocka_unit_test(stale_socket_is_replaced),
        cmocka_unit_test(other_files_are_left_alone),
        cmocka_unit_test(adopted),
    };
    snprintf(path, sizeof(path), "/tmp/eidc-test-listener-%ld.sock", (long)getpid());
    snprintf(spec, sizeof(spec), "unix:%s", path);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
