#include "eidcached/refresh/fd_store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "eidcached/base/file.h"
#include "eidcached/base/log.h"
#include "eidcached/core/current.h"
#include "eidcached/refresh/kept_fds.h"

#define IMAGE_PREFIX "image-"
#define TIMES_NAME   "times"
#define FD_NAME_MAX  64
#define SEALS        (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL)

static char kept[FD_NAME_MAX]; /* the name of the image that is kept; "": none */
static int times = -1;

static void name_of(const struct eidc_image_info *info, char out[static FD_NAME_MAX])
{
    snprintf(out, FD_NAME_MAX, IMAGE_PREFIX "%" PRIu64 "-%s", info->number, info->id);
}

/* ---- what was passed ---- */

static bool read_times(int fd, struct eidc_pointer *out)
{
    char text[EIDC_POINTER_MAX];
    struct eidc_err ignored;
    ssize_t n = pread(fd, text, sizeof text, 0);

    return n > 0 && eidc_pointer_read((struct eidc_str){text, (size_t)n}, out, &ignored);
}

/* Whoever holds it could shorten or change what is not sealed under our readers. */
static bool map_image(int fd, struct eidc_image **out, struct eidc_err *err)
{
    char path[FD_NAME_MAX];

    const int seals = fcntl(fd, F_GET_SEALS); /* -1: a file that can have none */
    if (seals < 0 || (seals & SEALS) != SEALS)
        return eidc_fail(err, EIDC_ERR_CORRUPT, "it is not sealed");
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (!eidc_image_map_file(path, out, err))
        return false;
    if (eidc_image_check(*out, err))
        return true;
    eidc_image_free(*out);
    return false;
}

static bool parse_number(const char *name, uint64_t *out)
{
    const size_t n = sizeof IMAGE_PREFIX - 1;

    return strncmp(name, IMAGE_PREFIX, n) == 0 &&
           eidc_str_u64((struct eidc_str){name + n, strcspn(name + n, "-")}, EIDC_GENERATION_MAX,
                        out);
}

/* The descriptor of the image with the highest number; -1: there is none. */
static int newest_image(const char **newest_name)
{
    const char *name;
    int fd, newest = -1;
    uint64_t number, highest = 0;

    for (size_t i = 0; eidc_kept_fd(i, &fd, &name); i++) {
        if (!parse_number(name, &number) || (newest >= 0 && number <= highest))
            continue;
        highest = number;
        newest = fd;
        *newest_name = name;
    }
    return newest;
}

/* The newest that is good. The others are given up: each takes the place of one to come. */
static bool take_image(struct eidc_image **out)
{
    const char *name = NULL;
    struct eidc_err err;
    int fd;
    bool taken = false;

    while ((fd = newest_image(&name)) >= 0) {
        if (!taken && map_image(fd, out, &err)) {
            taken = true;
            snprintf(kept, sizeof kept, "%s", name);
            eidc_close_kept_fd(fd); /* the mapping suffices; a descriptor would hold the pages */
            continue;
        }
        if (!taken)
            eidc_warn("the image that the service manager kept, %s: %s", name, err.text);
        else if (strcmp(name, kept) == 0) /* a namesake: both go, ours is kept again */
            kept[0] = '\0';
        eidc_forget_fd(name);
    }
    return taken;
}

static void forget_times(void)
{
    eidc_forget_fd(TIMES_NAME);
    times = -1;
}

/* Those of that image; zeroed when there are none: a crash. One document is written on, more than
 * one, or that of no image, are given up. */
static void take_times(const struct eidc_image *image, struct eidc_pointer *pointer)
{
    const char *name;
    int fd;
    size_t documents = 0;

    *pointer = (struct eidc_pointer){0};
    for (size_t i = 0; eidc_kept_fd(i, &fd, &name); i++) {
        struct eidc_pointer read;
        if (strcmp(name, TIMES_NAME) != 0)
            continue;
        documents++;
        times = fd;
        if (image != NULL && read_times(fd, &read) &&
            strcmp(read.id, eidc_image_info(image)->id) == 0)
            *pointer = read;
    }
    if (documents > 1 || (documents == 1 && image == NULL))
        forget_times();
}

bool eidc_fd_store_load(struct eidc_image **image, struct eidc_pointer *pointer,
                        struct eidc_err *err)
{
    const bool taken = take_image(image);

    take_times(taken ? *image : NULL, pointer);
    return taken || eidc_fail(err, EIDC_ERR_NOT_FOUND, "the service manager keeps no good image");
}

/* ---- what is kept ---- */

static bool write_all(int fd, struct eidc_str data)
{
    for (size_t at = 0; at < data.n;) {
        ssize_t n = pwrite(fd, data.p + at, data.n - at, (off_t)at);
        if (n < 0 && errno != EINTR)
            return false;
        at += n > 0 ? (size_t)n : 0;
    }
    return ftruncate(fd, (off_t)data.n) == 0;
}

static bool new_memfd(const char *name, struct eidc_str data, int seals, int *out,
                      struct eidc_err *err)
{
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

    if (fd < 0)
        return eidc_fail_errno(err, "memfd_create");
    if (!write_all(fd, data) || (seals && fcntl(fd, F_ADD_SEALS, seals) != 0)) {
        eidc_fail_errno(err, "a memfd of %zu bytes", data.n);
        close(fd);
        return false;
    }
    *out = fd;
    return true;
}

static bool hand_over(int fd, const char *name, struct eidc_err *err)
{
    return eidc_keep_fd(fd, name) ||
           eidc_fail(err, EIDC_ERR_UNAVAILABLE, "the service manager did not take %s", name);
}

static bool keep_image(const struct eidc_generation *now, const char *name, struct eidc_err *err)
{
    EIDC_FD_AUTO fd = -1;
    struct eidc_image *moved = NULL;

    if (!new_memfd(name, eidc_image_block(now->image), SEALS, &fd, err) ||
        !map_image(fd, &moved, err))
        return false;
    eidc_current_publish(eidc_generation_move(now, moved)); /* one copy in memory, not two */
    if (!hand_over(fd, name, err))
        return false;
    if (kept[0] != '\0')
        eidc_forget_fd(kept);
    snprintf(kept, sizeof kept, "%s", name);
    return true;
}

static bool keep_times(const struct eidc_generation *now, struct eidc_err *err)
{
    const struct eidc_image_info *info = eidc_image_info(now->image);
    EIDC_BUF_AUTO text = {0};
    struct eidc_pointer pointer = {
        .number = info->number,
        .bytes = eidc_image_block(now->image).n,
        .names = info->names,
        .created_at_ms = info->created_at_ms,
        .refreshed_at_ms = atomic_load(&now->refreshed_at),
        .verified_at_ms = atomic_load(&now->verified_at),
    };

    memcpy(pointer.id, info->id, sizeof pointer.id);
    eidc_pointer_key(info->number, info->id, false, pointer.key);
    eidc_pointer_write(&pointer, &text);
    if (times >= 0)
        return write_all(times, eidc_buf_view(&text)) || eidc_fail_errno(err, TIMES_NAME);
    return new_memfd(TIMES_NAME, eidc_buf_view(&text), 0, &times, err) &&
           hand_over(times, TIMES_NAME, err);
}

void eidc_fd_store_keep(void)
{
    struct eidc_err err = {0};
    struct eidc_generation *now = eidc_keeps_fds() ? eidc_current_pin() : NULL;
    char name[FD_NAME_MAX];

    if (now == NULL)
        return;
    name_of(eidc_image_info(now->image), name);
    if ((strcmp(name, kept) != 0 && !keep_image(now, name, &err)) || !keep_times(now, &err))
        eidc_warn("the image is not kept for a restart: %s", err.text);
    eidc_generation_unpin(now);
}
