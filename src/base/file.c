#include "eidcached/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "eidcached/base/mem.h"

#define READ_CHUNK ((size_t)64 * 1024)

void eidc_fds_take_standard(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 &&
            errno == EBADF) /* the lowest that is free, so it becomes fd */
            (void)open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

void eidc_fd_close(const int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static ssize_t read_some(int fd, char *into, size_t n)
{
    ssize_t got;
    do
        got = read(fd, into, n);
    while (got < 0 && errno == EINTR);
    return got;
}

static size_t first_chunk(int fd, size_t max)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size <= 0)
        return READ_CHUNK;
    size_t size = (size_t)st.st_size;
    return (size < max ? size : max) + 1; /* one more, so that the end is seen without growing */
}

/* Reads to the end. A byte more than max is asked for, to tell "exactly max" from "too long". */
static bool read_all(int fd, const char *path, size_t max, struct eidc_buf *out,
                     struct eidc_err *err)
{
    size_t chunk = first_chunk(fd, max);
    for (size_t total = 0;;) {
        if (max != SIZE_MAX && chunk > max - total + 1)
            chunk = max - total + 1;
        char *into = eidc_buf_reserve(out, chunk);
        if (into == NULL)
            return eidc_fail(err, out->limit != 0 ? EIDC_ERR_LIMIT : EIDC_ERR_NOMEM,
                             "%s: does not fit into memory set aside for it", path);
        ssize_t got = read_some(fd, into, chunk);
        if (got < 0)
            return eidc_fail_errno(err, "cannot read %s", path);
        if (got == 0)
            return true;
        total += (size_t)got;
        if (total > max)
            return eidc_fail(err, EIDC_ERR_LIMIT, "%s: longer than %zu bytes", path, max);
        eidc_buf_commit(out, (size_t)got);
        chunk = chunk > (size_t)got ? chunk - (size_t)got : READ_CHUNK;
    }
}

/* A pipe that was passed on, by its descriptor: whoever holds the other end will close it. */
static bool is_passed(const char *path)
{
    static const char *const places[] = {"/dev/fd/", "/dev/stdin", "/proc/"};
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
        if (strncmp(path, places[i], strlen(places[i])) == 0)
            return true;
    return false;
}

/* Opening a named pipe must not wait for a writer; reading one that was passed on must. */
static int open_readable(const char *path, struct eidc_err *err)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        if (errno == ENXIO)
            eidc_fail(err, EIDC_ERR_INVALID, "%s: a socket or a device that is not there", path);
        else
            eidc_fail_errno(err, "cannot open %s", path);
        return -1;
    }
    bool ok = fstat(fd, &st) == 0;
    if (!ok)
        eidc_fail_errno(err, "cannot look at %s", path);
    else if (S_ISFIFO(st.st_mode) && !is_passed(path))
        ok = eidc_fail(err, EIDC_ERR_INVALID, "%s: a named pipe, not a file", path);
    else if (!S_ISREG(st.st_mode) && fcntl(fd, F_SETFL, O_RDONLY) != 0)
        ok = eidc_fail_errno(err, "cannot read %s", path);
    if (ok)
        return fd;
    close(fd);
    return -1;
}

bool eidc_file_read(const char *path, size_t max, struct eidc_buf *out, struct eidc_err *err)
{
    EIDC_FD_AUTO fd = open_readable(path, err);
    if (fd < 0)
        return false;
    const struct eidc_buf before = *out;
    if (read_all(fd, path, max, out, err))
        return true;
    eidc_buf_truncate(out, before.n);
    out->failed = before.failed;
    return false;
}

/* The folder that holds path, for openat and fsync. */
static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        return eidc_xstrdup(".");
    return slash == path ? eidc_xstrdup("/") : eidc_xstrndup(path, (size_t)(slash - path));
}

/* A name beside path that no other process or thread uses, hidden from patterns such as *.eidc. */
static char *temporary_beside(const char *path)
{
    static atomic_uint counter;
    char *folder EIDC_AUTO_FREE = folder_of(path);
    const char *slash = strrchr(path, '/');
    return eidc_xprintf("%s/.%s.%d.%u.tmp", folder, slash != NULL ? slash + 1 : path, (int)getpid(),
                        atomic_fetch_add(&counter, 1));
}

/* A rename is on disk when its folder is. Some file systems cannot sync folders; that is fine. */
static bool sync_folder(const char *path, struct eidc_err *err)
{
    char *folder EIDC_AUTO_FREE = folder_of(path);
    EIDC_FD_AUTO fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || (fsync(fd) != 0 && errno != EINVAL && errno != ENOTSUP))
        return eidc_fail_errno(err, "cannot sync folder %s", folder);
    return true;
}

static bool write_all(int fd, struct eidc_str data)
{
    while (data.n > 0) {
        ssize_t put = write(fd, data.p, data.n);
        if (put < 0 && errno != EINTR)
            return false;
        if (put > 0) {
            data.p += put;
            data.n -= (size_t)put;
        }
    }
    return true;
}

/* What becomes the file: data, or pieces, of which one is in memory at a time. */
struct content {
    struct eidc_str data;
    eidc_file_piece *next; /* NULL: data */
    void *arg;
};

static bool write_content(int fd, const struct content *content)
{
    EIDC_BUF_AUTO piece = {0};
    bool ok = true, more = true;
    if (content->next == NULL)
        return write_all(fd, content->data);
    while (ok && more) {
        eidc_buf_clear(&piece);
        more = content->next(content->arg, &piece);
        if (piece.failed)
            errno = ENOMEM;
        ok = !piece.failed && write_all(fd, eidc_buf_view(&piece));
    }
    return ok;
}

static bool write_new(const char *path, const struct content *content, unsigned mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    bool ok = write_content(fd, content) && fchmod(fd, (mode_t)mode) == 0 && fsync(fd) == 0;
    int saved = errno;
    if (close(fd) != 0 && ok)
        return false; /* some file systems report a failed write only here */
    errno = saved;
    return ok;
}

/* Moves temporary over path; removes it when that fails. */
static bool put_in_place(const char *temporary, const char *path, struct eidc_err *err)
{
    if (rename(temporary, path) != 0) {
        int saved = errno;
        unlink(temporary);
        errno = saved;
        return eidc_fail_errno(err, "cannot replace %s", path);
    }
    return sync_folder(path, err);
}

static bool replace(const char *path, const struct content *content, unsigned mode,
                    struct eidc_err *err)
{
    char *temporary EIDC_AUTO_FREE = temporary_beside(path);
    if (!write_new(temporary, content, mode)) {
        int saved = errno;
        if (saved != EEXIST)
            unlink(temporary);
        errno = saved;
        return eidc_fail_errno(err, "cannot write %s", path);
    }
    return put_in_place(temporary, path, err);
}

bool eidc_file_write(const char *path, struct eidc_str data, unsigned mode, struct eidc_err *err)
{
    return replace(path, &(struct content){.data = data}, mode, err);
}

bool eidc_file_write_pieces(const char *path, eidc_file_piece *next, void *arg, unsigned mode,
                            struct eidc_err *err)
{
    return replace(path, &(struct content){.next = next, .arg = arg}, mode, err);
}

bool eidc_file_link(const char *path, const char *target, struct eidc_err *err)
{
    char *temporary EIDC_AUTO_FREE = temporary_beside(path);
    if (symlink(target, temporary) != 0)
        return eidc_fail_errno(err, "cannot link %s to %s", path, target);
    return put_in_place(temporary, path, err);
}

static bool make_one(const char *path)
{
    if (mkdir(path, 0755) == 0)
        return true;
    struct stat st;
    if (errno != EEXIST || stat(path, &st) != 0)
        return false;
    errno = ENOTDIR;
    return S_ISDIR(st.st_mode);
}

bool eidc_dir_make(const char *path, struct eidc_err *err)
{
    char *part EIDC_AUTO_FREE = eidc_xstrdup(path);
    for (char *slash = strchr(part + (*part == '/'), '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        if (!make_one(part))
            return eidc_fail_errno(err, "cannot make folder %s", part);
        *slash = '/';
    }
    if (!make_one(part))
        return eidc_fail_errno(err, "cannot make folder %s", path);
    return true;
}

bool eidc_file_map(const char *path, void **p, size_t *n, struct eidc_err *err)
{
    EIDC_FD_AUTO fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe must not hang us */
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0)
        return eidc_fail_errno(err, "cannot open %s", path);
    if (!S_ISREG(st.st_mode))
        return eidc_fail(err, EIDC_ERR_INVALID, "%s: not a regular file", path);
    if (st.st_size == 0)
        return eidc_fail(err, EIDC_ERR_CORRUPT, "%s: empty", path);
    void *map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED)
        return eidc_fail_errno(err, "cannot map %s", path);
    *p = map;
    *n = (size_t)st.st_size;
    return true;
}

bool eidc_file_changed(const char *path, struct eidc_file_stamp *seen)
{
    struct stat now = {0};
    const struct stat then = seen->st;
    if (stat(path, &now) != 0)
        now = (struct stat){0};
    seen->st = now;
    return now.st_ino != then.st_ino || now.st_dev != then.st_dev || now.st_size != then.st_size ||
           now.st_mtim.tv_sec != then.st_mtim.tv_sec || now.st_mtim.tv_nsec != then.st_mtim.tv_nsec;
}
