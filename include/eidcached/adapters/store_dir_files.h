#pragma once
/* What a snapshot directory holds besides CURRENT: images, temporary files, the lock. Private to
 * store_dir.c. `dir` is its path. */
#include "eidcached/core/pointer.h"

struct eidc_image_keys {
    char (*at)[EIDC_POINTER_KEY_MAX]; /* "images/...", newest first */
    size_t n;
};

/* Uncompressed images only. No folder: none. */
bool eidc_image_keys_list(const char *dir, struct eidc_image_keys *out, struct eidc_err *err);
void eidc_image_keys_free(struct eidc_image_keys *keys);
#define EIDC_IMAGE_KEYS_AUTO __attribute__((cleanup(eidc_image_keys_free))) struct eidc_image_keys

/* Whether DIR/images is a folder and no symbolic link to one, whose files would be deleted. */
bool eidc_images_check(const char *dir, struct eidc_err *err);

/* Removes all but the `keep` newest images, and never `current`. Warns of what it cannot remove. */
void eidc_images_prune(const char *dir, unsigned keep, const char *current);

/* Takes DIR/.lock, waiting a few seconds at most: UNAVAILABLE. Until *fd is closed. */
bool eidc_dir_lock(const char *dir, int *fd, struct eidc_err *err);

/* Removes temporary files of our names. They are only made under the lock: one found by whoever
 * holds it is of a process that died. */
void eidc_dir_remove_strays(const char *dir);
