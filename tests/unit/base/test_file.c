#include "eidcached/base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "eidcached/base/mem.h"

static char *folder;
static struct eidc_err err;

static char *in_folder(const char *name)
{
    return eidc_xprintf("%s/%s", folder, name);
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st, (void)flag, (void)ftw;
    return remove(path);
}

static int setup(void **state)
{
    (void)state;
    folder = eidc_xstrdup("/tmp/eidc-test-file-XXXXXX");
    return mkdtemp(folder) == NULL;
}

static int teardown(void **state)
{
    (void)state;
    nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(folder);
    return 0;
}

/* Entries of the folder, temporary ones too. */
static int entries(void)
{
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    int n = -2;
    while (readdir(dir) != NULL)
        n++;
    closedir(dir);
    return n;
}

static void holds(const char *path, struct eidc_str expected)
{
    EIDC_BUF_AUTO text = {0};
    assert_true(eidc_file_read(path, 1 << 20, &text, &err));
    assert_true(eidc_str_eq(eidc_buf_view(&text), expected));
}

static void test_write_then_read(void **state)
{
    (void)state;
    char *path EIDC_AUTO_FREE = in_folder("a");
    assert_true(eidc_file_write(path, EIDC_STR("one\0two"), 0640, &err));
    holds(path, EIDC_STR("one\0two"));
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    assert_int_equal(entries(), 1);
}

static void test_write_replaces_whole(void **state)
{
    (void)state;
    char *path EIDC_AUTO_FREE = in_folder("a");
    assert_true(eidc_file_write(path, EIDC_STR("a longer text"), 0600, &err));
    assert_true(eidc_file_write(path, EIDC_STR("short"), 0644, &err));
    holds(path, EIDC_STR("short"));
    assert_true(eidc_file_write(path, EIDC_STR(""), 0644, &err));
    holds(path, EIDC_STR(""));
    assert_int_equal(entries(), 1);
}

static void test_write_ignores_the_umask(void **state)
{
    (void)state;
    char *path EIDC_AUTO_FREE = in_folder("a");
    mode_t old = umask(077);
    assert_true(eidc_file_write(path, EIDC_STR("x"), 0664, &err));
    umask(old);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0664);
}

static void test_write_failure_leaves_nothing(void **state)
{
    (void)state;
    char *missing EIDC_AUTO_FREE = in_folder("no/such/folder");
    assert_false(eidc_file_write(missing, EIDC_STR("x"), 0600, &err));
    assert_int_equal(err.kind, EIDC_ERR_NOT_FOUND);
    assert_non_null(strstr(err.text, missing));

    char *dir EIDC_AUTO_FREE = in_folder("dir");
    assert_int_equal(mkdir(dir, 0700), 0);
    assert_false(eidc_file_write(dir, EIDC_STR("x"), 0600, &err));
    assert_int_equal(err.kind, EIDC_ERR_IO);
    assert_int_equal(entries(), 1);
}

static void test_read_appends(void **state)
{
    (void)state;
    char *path EIDC_AUTO_FREE = in_folder("a");
    assert_true(eidc_file_write(path, EIDC_STR("second"), 0600, &err));
    EIDC_BUF_AUTO text = {0};
    eidc_buf_add_z(&text, "first ");
    assert_true(eidc_file_read(path, 6, &text, &err));
    assert_string_equal(text.p, "first second");
}

static void test_read_big(void **state)
{
    (void)state;
    char *path EIDC_AUTO_FREE = in_folder("a");
    EIDC_BUF_AUTO big = {0};
    for (int i = 0; i < 100000; i++)
        eidc_buf_addf(&big, "%d\n", i);
    assert_true(eidc_file_write(path, eidc_buf_view(&big), 0600, &err));
    holds(path, eidc_buf_view(&big));
}

static void test_read_refuses_too_long(void **state)
{
    (void)state;
    char *path EIDC_AUTO_FREE = in_folder("a");
    assert_true(eidc_file_write(path, EIDC_STR("1234567"), 0600, &err));
    EIDC_BUF_AUTO text = {0};
    eidc_buf_add_z(&text, "kept");
    assert_false(eidc_file_read(path, 6, &text, &err));
    assert_int_equal(err.kind, EIDC_ERR_LIMIT);
    assert_string_equal(text.p, "kept");
    assert_int_equal(text.n, 4);
    assert_false(eidc_file_read(path, 0, &text, &err));
    assert_true(eidc_file_read(path, 7, &text, &err));
}

static void test_read_refuses(void **state)
{
    (void)state;
    EIDC_BUF_AUTO text = {0};
    char *missing EIDC_AUTO_FREE = in_folder("missing");
    assert_false(eidc_file_read(missing, 100, &text, &err));
    assert_int_equal(err.kind, EIDC_ERR_NOT_FOUND);
    assert_non_null(strstr(err.text, missing));
    assert_false(eidc_file_read(folder, 100, &text, &err));
    assert_int_equal(err.kind, EIDC_ERR_IO);
    assert_int_equal(text.n, 0);
}

static void test_read_refuses_a_named_pipe_at_once(void **state)
{
    (void)state;
    EIDC_BUF_AUTO text = {0};
    char *fifo EIDC_AUTO_FREE = in_folder("fifo");
    assert_int_equal(mkfifo(fifo, 0600), 0);
    alarm(5);
    assert_false(eidc_file_read(fifo, 100, &text, &err));
    assert_int_equal(err.kind, EIDC_ERR_INVALID);
    assert_non_null(strstr(err.text, "named pipe"));
    int held = open(fifo, O_RDWR | O_CLOEXEC); /* as a writer that says nothing */
    assert_false(eidc_file_read(fifo, 100, &text, &err));
    close(held);
    alarm(0);
}

static void test_read_refuses_a_socket(void **state)
{
    (void)state;
    EIDC_BUF_AUTO text = {0};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char *path EIDC_AUTO_FREE = in_folder("socket");
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_false(eidc_file_read(path, 100, &text, &err));
    assert_int_equal(err.kind, EIDC_ERR_INVALID);
    assert_non_null(strstr(err.text, "socket"));
    close(fd);
}

static void test_read_respects_the_buffer(void **state)
{
    (void)state;
    char *path EIDC_AUTO_FREE = in_folder("a");
    assert_true(eidc_file_write(path, EIDC_STR("1234567"), 0600, &err));
    EIDC_BUF_AUTO text = {.limit = 4};
    assert_false(eidc_file_read(path, 100, &text, &err));
    assert_int_equal(err.kind, EIDC_ERR_LIMIT);
    assert_true(eidc_buf_add_z(&text, "1234")); /* as good as before */
}

static void test_read_pipe(void **state)
{
    (void)state;
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(write(fds[1], "piped", 5), 5);
    close(fds[1]);
    char *path EIDC_AUTO_FREE = eidc_xprintf("/proc/self/fd/%d", fds[0]);
    holds(path, EIDC_STR("piped"));
    close(fds[0]);
}

/* The reader must wait for what is still to come. */
static void test_read_pipe_that_is_slow(void **state)
{
    (void)state;
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    pid_t child = fork();
    if (child == 0) {
        usleep(50000);
        _exit(write(fds[1], "late", 4) == 4 ? 0 : 1);
    }
    close(fds[1]);
    char *path EIDC_AUTO_FREE = eidc_xprintf("/dev/fd/%d", fds[0]);
    holds(path, EIDC_STR("late"));
    close(fds[0]);
    assert_int_equal(waitpid(child, NULL, 0), child);
}

/* "0\n" "1\n" ... "999\n", a line a piece; the piece `fails_at` has no memory. */
struct count {
    unsigned n, fails_at;
};

static bool next_number(void *arg, struct eidc_buf *piece)
{
    struct count *c = arg;
    assert_int_equal(piece->n, 0);
    eidc_buf_addf(piece, "%u\n", c->n);
    if (++c->n == c->fails_at)
        piece->failed = true;
    return c->n < 1000;
}

static void test_write_pieces(void **state)
{
    (void)state;
    struct count c = {0};
    EIDC_BUF_AUTO all = {0};
    char *path EIDC_AUTO_FREE = in_folder("pieces");
    assert_true(eidc_file_write(path, EIDC_STR("old"), 0600, &err));
    assert_true(eidc_file_write_pieces(path, next_number, &c, 0640, &err));
    for (unsigned i = 0; i < 1000; i++)
        eidc_buf_addf(&all, "%u\n", i);
    holds(path, eidc_buf_view(&all));
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    assert_int_equal(entries(), 1);
}

static void test_a_piece_that_fails_leaves_the_file(void **state)
{
    (void)state;
    struct count c = {.fails_at = 500};
    char *path EIDC_AUTO_FREE = in_folder("pieces");
    assert_true(eidc_file_write(path, EIDC_STR("old"), 0600, &err));
    assert_false(eidc_file_write_pieces(path, next_number, &c, 0600, &err));
    assert_int_equal(c.n, 500); /* asked for no more */
    assert_non_null(strstr(err.text, path));
    holds(path, EIDC_STR("old"));
    assert_int_equal(entries(), 1);
}

static void test_link_is_replaced(void **state)
{
    (void)state;
    char *path EIDC_AUTO_FREE = in_folder("current");
    char target[32] = {0};
    assert_true(eidc_file_link(path, "images/1", &err));
    assert_true(eidc_file_link(path, "images/22", &err));
    assert_int_equal(readlink(path, target, sizeof target), 9);
    assert_string_equal(target, "images/22");
    assert_int_equal(entries(), 1);
}

static void test_link_failure_leaves_nothing(void **state)
{
    (void)state;
    char *dir EIDC_AUTO_FREE = in_folder("dir");
    assert_int_equal(mkdir(dir, 0700), 0);
    assert_false(eidc_file_link(dir, "x", &err));
    assert_int_equal(entries(), 1);
    char *missing EIDC_AUTO_FREE = in_folder("no/such");
    assert_false(eidc_file_link(missing, "x", &err));
    assert_int_equal(err.kind, EIDC_ERR_NOT_FOUND);
}

static void test_changed(void **state)
{
    (void)state;
    char *path EIDC_AUTO_FREE = in_folder("seen");
    struct eidc_file_stamp seen = {0};
    assert_false(eidc_file_changed(path, &seen)); /* not there before, nor now */
    assert_true(eidc_file_write(path, EIDC_STR("one"), 0600, &err));
    assert_true(eidc_file_changed(path, &seen));
    assert_false(eidc_file_changed(path, &seen));
    assert_true(eidc_file_write(path, EIDC_STR("two"), 0600, &err));
    assert_true(eidc_file_changed(path, &seen));
    unlink(path);
    assert_true(eidc_file_changed(path, &seen));
    assert_false(eidc_file_changed(path, &seen));
}

static void test_dir_make(void **state)
{
    (void)state;
    char *deep EIDC_AUTO_FREE = in_folder("a/b//c/");
    struct stat st;
    assert_true(eidc_dir_make(deep, &err));
    assert_int_equal(stat(deep, &st), 0);
    assert_true(S_ISDIR(st.st_mode));
    assert_true(eidc_dir_make(deep, &err));
    assert_true(eidc_dir_make("/", &err));
}

static void test_dir_make_refuses(void **state)
{
    (void)state;
    char *file EIDC_AUTO_FREE = in_folder("file");
    char *below EIDC_AUTO_FREE = in_folder("file/below");
    assert_true(eidc_file_write(file, EIDC_STR("x"), 0600, &err));
    assert_false(eidc_dir_make(file, &err));
    assert_non_null(strstr(err.text, strerror(ENOTDIR)));
    assert_false(eidc_dir_make(below, &err));
    assert_non_null(strstr(err.text, file));
    assert_false(eidc_dir_make("", &err));
}

static void test_map(void **state)
{
    (void)state;
    char *path EIDC_AUTO_FREE = in_folder("a");
    assert_true(eidc_file_write(path, EIDC_STR("mapped"), 0600, &err));
    void *p = NULL;
    size_t n = 0;
    assert_true(eidc_file_map(path, &p, &n, &err));
    assert_int_equal(n, 6);
    assert_memory_equal(p, "mapped", 6);
    munmap(p, n);
}

static void map_fails(const char *name, enum eidc_err_kind kind)
{
    char *path EIDC_AUTO_FREE = in_folder(name);
    void *p = NULL;
    size_t n = 0;
    assert_false(eidc_file_map(path, &p, &n, &err));
    assert_int_equal(err.kind, kind);
    assert_non_null(strstr(err.text, path));
    assert_null(p);
}

static void test_map_refuses(void **state)
{
    (void)state;
    char *empty EIDC_AUTO_FREE = in_folder("empty");
    char *fifo EIDC_AUTO_FREE = in_folder("fifo");
    assert_true(eidc_file_write(empty, EIDC_STR(""), 0600, &err));
    assert_int_equal(mkfifo(fifo, 0600), 0);
    map_fails("missing", EIDC_ERR_NOT_FOUND);
    map_fails("empty", EIDC_ERR_CORRUPT);
    map_fails("fifo", EIDC_ERR_INVALID);
    map_fails(".", EIDC_ERR_INVALID);
}

int main(void)
{
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_write_then_read),
        IN_FOLDER(test_write_replaces_whole),
        IN_FOLDER(test_write_ignores_the_umask),
        IN_FOLDER(test_write_failure_leaves_nothing),
        IN_FOLDER(test_read_appends),
        IN_FOLDER(test_read_big),
        IN_FOLDER(test_read_refuses_too_long),
        IN_FOLDER(test_read_refuses),
        IN_FOLDER(test_read_respects_the_buffer),
        IN_FOLDER(test_read_refuses_a_named_pipe_at_once),
        IN_FOLDER(test_read_refuses_a_socket),
        IN_FOLDER(test_read_pipe),
        IN_FOLDER(test_read_pipe_that_is_slow),
        IN_FOLDER(test_write_pieces),
        IN_FOLDER(test_a_piece_that_fails_leaves_the_file),
        IN_FOLDER(test_link_is_replaced),
        IN_FOLDER(test_link_failure_leaves_nothing),
        IN_FOLDER(test_dir_make),
        IN_FOLDER(test_dir_make_refuses),
        IN_FOLDER(test_map),
        IN_FOLDER(test_map_refuses),
        IN_FOLDER(test_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
