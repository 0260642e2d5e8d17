#include "eidcached/adapters/store_dir_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "eidcached/base/clock.h"
#include "eidcached/base/log.h"
#include "eidcached/base/mem.h"

#define LOCK_WAIT_MS  5000
#define LOCK_RETRY_MS 20

static void close_dir(DIR **dir)
{
    if (*dir != NULL)
        closedir(*dir);
}
#define DIR_AUTO __attribute__((cleanup(close_dir))) DIR

/* DIR/images itself, never what a link in its place leads to: its files are deleted. NULL when it
 * cannot be opened; then *err says why. */
static DIR *open_images(const char *dir, struct eidc_err *err)
{
    struct stat st;
    char *path EIDC_AUTO_FREE = eidc_xprintf("%s/images", dir);
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
    if (folder != NULL)
        return folder;
    eidc_fail_errno(err, "cannot list %s", path);
    if (fd >= 0)
        close(fd);
    else if (lstat(path, &st) == 0 && S_ISLNK(st.st_mode))
        eidc_fail(err, EIDC_ERR_INVALID, "%s is a symbolic link; it must be a folder of its own",
                  path);
    return NULL;
}

bool eidc_images_check(const char *dir, struct eidc_err *err)
{
    DIR_AUTO *folder = open_images(dir, err);
    return folder != NULL;
}

/* Numbers have a fixed width: the order of bytes is theirs. */
static int newest_first(const void *a, const void *b)
{
    return strcmp(b, a);
}

bool eidc_image_keys_list(const char *dir, struct eidc_image_keys *out, struct eidc_err *err)
{
    DIR_AUTO *folder = open_images(dir, err);
    struct eidc_image_keys keys = {0};
    const struct dirent *entry;
    uint64_t number;
    if (folder == NULL && err->kind != EIDC_ERR_NOT_FOUND)
        return false;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        if (!eidc_pointer_key_number(eidc_str_of(entry->d_name), &number) ||
            !eidc_str_ends(eidc_str_of(entry->d_name), EIDC_STR(".eidc")))
            continue;
        keys.at = eidc_xrealloc(keys.at, keys.n + 1, sizeof(keys.at[0]));
        snprintf(keys.at[keys.n++], sizeof(keys.at[0]), "images/%.64s", entry->d_name);
    }
    if (keys.n > 0)
        qsort(keys.at, keys.n, sizeof(keys.at[0]), newest_first);
    *out = keys;
    return true;
}

void eidc_image_keys_free(struct eidc_image_keys *keys)
{
    free(keys->at);
    *keys = (struct eidc_image_keys){0};
}

void eidc_images_prune(const char *dir, unsigned keep, const char *current)
{
    struct eidc_err err = {0};
    EIDC_IMAGE_KEYS_AUTO keys = {0};
    if (!eidc_image_keys_list(dir, &keys, &err))
        eidc_warn("old images stay: %s", err.text);
    for (size_t i = keep; i < keys.n; i++) {
        char *path EIDC_AUTO_FREE = eidc_xprintf("%s/%s", dir, keys.at[i]);
        if (strcmp(keys.at[i], current) != 0 && unlink(path) != 0 && errno != ENOENT) {
            eidc_fail_errno(&err, "cannot remove %s", path);
            eidc_warn("an old image stays: %s", err.text);
        }
    }
}

static bool wait_for_lock(int fd, const char *path, struct eidc_err *err)
{
    static const struct timespec pause_between = {.tv_nsec = LOCK_RETRY_MS * 1000000};
    int64_t until = eidc_mono_ms() + LOCK_WAIT_MS;
    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return eidc_fail_errno(err, "cannot lock %s", path);
        if (eidc_mono_ms() >= until)
            return eidc_fail(err, EIDC_ERR_UNAVAILABLE, "%s: another process holds it", path);
        nanosleep(&pause_between, NULL);
    }
    return true;
}

bool eidc_dir_lock(const char *dir, int *out, struct eidc_err *err)
{
    char *path EIDC_AUTO_FREE = eidc_xprintf("%s/.lock", dir);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0)
        return eidc_fail_errno(err, "cannot open %s", path);
    if (!wait_for_lock(fd, path, err)) {
        close(fd);
        return false;
    }
    *out = fd;
    return true;
}

/* ".NAME.PID.N.tmp" of a name that a snapshot directory has, as eidc_file_write makes them. */
static bool is_stray(const char *name)
{
    static const char *const ours[] = {".CURRENT.", ".eid_cache.json.", ".summary.json.",
                                       ".current.eidc."};
    static const size_t image_name = sizeof("00000000000000000042-0123456789abcdef.eidc") - 1;
    size_t length = strlen(name);
    uint64_t number;
    if (name[0] != '.' || !eidc_str_ends(eidc_str_of(name), EIDC_STR(".tmp")))
        return false;
    for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
        if (strncmp(name, ours[i], strlen(ours[i])) == 0)
            return true;
    return length > image_name + 1 &&
           eidc_pointer_key_number((struct eidc_str){name + 1, image_name}, &number);
}

static void remove_strays_of(DIR *folder)
{
    const struct dirent *entry;
    while (folder != NULL && (entry = readdir(folder)) != NULL)
        if (is_stray(entry->d_name))
            unlinkat(dirfd(folder), entry->d_name, 0);
}

void eidc_dir_remove_strays(const char *dir)
{
    struct eidc_err ignored = {0};
    DIR_AUTO *folder = opendir(dir);
    DIR_AUTO *images = open_images(dir, &ignored);
    remove_strays_of(folder);
    remove_strays_of(images);
}
