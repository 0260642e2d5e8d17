#pragma once
/* Files of this machine. Errors name the path. */
#include "eidcached/base/buf.h"
#include "eidcached/base/err.h"

#include <sys/stat.h>

/* Appends the whole file to *out, or leaves it as it was; LIMIT when it is longer than max bytes.
 * Regular files, devices, and pipes that were passed on (/dev/fd/N, /dev/stdin, /proc/self/fd/N); a
 * named pipe elsewhere and a socket are INVALID, at once. */
bool eidc_file_read(const char *path, size_t max, struct eidc_buf *out, struct eidc_err *err);

/* Replaces path by data or leaves it as it was: write a temporary file beside it, fsync, rename,
 * fsync the folder. */
bool eidc_file_write(const char *path, struct eidc_str data, unsigned mode, struct eidc_err *err);

/* The same, of data that is made while it is written: next appends a piece, false says that it was
 * the last. A piece that failed ends it. */
typedef bool eidc_file_piece(void *arg, struct eidc_buf *piece);
bool eidc_file_write_pieces(const char *path, eidc_file_piece *next, void *arg, unsigned mode,
                            struct eidc_err *err);

/* Makes path a symbolic link to target, replacing it atomically. */
bool eidc_file_link(const char *path, const char *target, struct eidc_err *err);

/* Makes path and its parents, mode 0755 less the umask; fine when it is there. */
bool eidc_dir_make(const char *path, struct eidc_err *err);

/* Maps a regular file read-only; an empty file is CORRUPT. Unmap with munmap(*p, *n). */
bool eidc_file_map(const char *path, void **p, size_t *n, struct eidc_err *err);

/* Which file was at a path, and in which state; zeroed: none that could be looked at. */
struct eidc_file_stamp {
    struct stat st;
};
/* Whether the file at path is another one, or changed, since *seen; that becomes what is there. */
bool eidc_file_changed(const char *path, struct eidc_file_stamp *seen);

/* Whoever starts a process with standard input, output or error closed must not have its log lines
 * in a file or a connection that comes to have that number: it is taken, and still no use. First of
 * all that opens anything. */
void eidc_fds_take_standard(void);

/* Closes *fd unless it is negative. */
void eidc_fd_close(const int *fd);
#define EIDC_FD_AUTO __attribute__((cleanup(eidc_fd_close))) int
