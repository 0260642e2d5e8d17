#include "eidcached/refresh/kept_fds.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define FIRST 3

static void put(int number, int fd)
{
    assert_true(fd >= 0);
    if (fd == number)
        return;
    assert_int_equal(dup2(fd, number), number);
    close(fd);
}

/* What a service manager does, once for the process: an image, a listener, two documents. */
static int pass(void **state)
{
    char pid[24];

    (void)state;
    put(FIRST, memfd_create("image", 0));
    put(FIRST + 1, socket(AF_UNIX, SOCK_STREAM, 0));
    put(FIRST + 2, memfd_create("times", 0));
    put(FIRST + 3, memfd_create("times", 0));
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    return setenv("LISTEN_PID", pid, 1) | setenv("LISTEN_FDS", "4", 1) |
           setenv("LISTEN_FDNAMES", "image-1-a:http:times:times", 1) | unsetenv("NOTIFY_SOCKET");
}

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

static void assert_kept(size_t i, int fd, const char *name)
{
    const char *its_name;
    int its_fd;

    assert_true(eidc_kept_fd(i, &its_fd, &its_name));
    assert_int_equal(its_fd, fd);
    assert_string_equal(its_name, name);
}

static void assert_sockets(int only)
{
    int fd;

    assert_true(eidc_passed_socket(0, &fd));
    assert_int_equal(fd, only);
    assert_false(eidc_passed_socket(1, &fd));
}

static void test_sockets_and_others_are_told_apart(void **state)
{
    const char *name;
    int fd;

    (void)state;
    assert_kept(0, FIRST, "image-1-a");
    assert_kept(1, FIRST + 2, "times");
    assert_kept(2, FIRST + 3, "times");
    assert_false(eidc_kept_fd(3, &fd, &name));
    assert_sockets(FIRST + 1);
}

static void test_what_is_closed_is_passed_no_more_whatever_has_its_number(void **state)
{
    (void)state;
    eidc_close_kept_fd(FIRST);
    assert_false(is_open(FIRST));
    assert_kept(0, FIRST + 2, "times");
    put(FIRST, socket(AF_UNIX, SOCK_STREAM, 0));
    assert_sockets(FIRST + 1);
    eidc_close_kept_fd(FIRST); /* not ours to close any more */
    eidc_forget_fd("image-1-a");
    assert_true(is_open(FIRST));
    close(FIRST);
}

static void test_forgetting_closes_all_of_that_name_but_no_socket(void **state)
{
    const char *name;
    int fd;

    (void)state;
    eidc_forget_fd("times");
    assert_false(is_open(FIRST + 2));
    assert_false(is_open(FIRST + 3));
    assert_false(eidc_kept_fd(0, &fd, &name));
    eidc_forget_fd("http");
    eidc_close_kept_fd(FIRST + 1);
    eidc_close_kept_fd(FIRST + 4); /* was not passed */
    eidc_close_kept_fd(0);
    assert_true(is_open(FIRST + 1));
    assert_true(is_open(0));
    assert_sockets(FIRST + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sockets_and_others_are_told_apart),
        cmocka_unit_test(test_what_is_closed_is_passed_no_more_whatever_has_its_number),
        cmocka_unit_test(test_forgetting_closes_all_of_that_name_but_no_socket),
    };

    return cmocka_run_group_tests(tests, pass, NULL);
}
