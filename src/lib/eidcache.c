#include "eidcache.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "handle.h"

_Static_assert(EIDCACHE_MESSAGE >= EIDC_ERR_TEXT_MAX, "every error text fits");

const char *eidcache_result_name(enum eidcache_result result)
{
    static const char *const names[] = {
        [EIDCACHE_OK] = "ok",
        [EIDCACHE_MISS] = "miss",
        [EIDCACHE_TOO_SMALL] = "too small",
        [EIDCACHE_ERROR] = "error",
    };
    return (size_t)result < sizeof names / sizeof *names ? names[result] : "unknown";
}

static enum eidcache_result fail(const struct eidc_err *err, char *message)
{
    if (message != NULL)
        snprintf(message, EIDCACHE_MESSAGE, "%s", err->text);
    return EIDCACHE_ERROR;
}

static bool identify(const char *path, struct eidc_file_id *out, struct eidc_err *err)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return eidc_fail_errno(err, "cannot open %s", path);
    *out = (struct eidc_file_id){st.st_dev, st.st_ino, st.st_size, st.st_mtim};
    return true;
}

static bool same_file(const struct eidc_file_id *a, const struct eidc_file_id *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           a->modified.tv_sec == b->modified.tv_sec && a->modified.tv_nsec == b->modified.tv_nsec;
}

/* Maps the image and says which file it is. Asked before the file is opened: one that is replaced
 * in between is opened again by the next refresh, and none is missed. */
static bool map(const char *path, struct eidc_file_id *id, struct eidc_image **out,
                struct eidc_err *err)
{
    return identify(path, id, err) && eidc_image_map_file(path, out, err);
}

static void handle_free(eidcache *cache)
{
    free(cache->live);
    free(cache->path);
    free(cache);
}

/* Memory by hand: a library does not end its process. NULL: none. */
static eidcache *handle_new(const char *path)
{
    eidcache *cache = calloc(1, sizeof *cache);
    if (cache == NULL)
        return NULL;
    cache->live = aligned_alloc(_Alignof(struct eidc_live), sizeof *cache->live);
    cache->path = strdup(path);
    if (cache->live != NULL && cache->path != NULL)
        return cache;
    handle_free(cache);
    return NULL;
}

enum eidcache_result eidcache_open(const char *path, eidcache **out, char message[EIDCACHE_MESSAGE])
{
    struct eidc_image *image;
    struct eidc_err err;
    eidcache *cache = handle_new(path);
    if (cache == NULL) {
        eidc_fail(&err, EIDC_ERR_NOMEM, "%s: out of memory", path);
        return fail(&err, message);
    }
    if (!map(path, &cache->opened, &image, &err)) {
        handle_free(cache);
        return fail(&err, message);
    }
    eidc_live_init(cache->live, image);
    *out = cache;
    return EIDCACHE_OK;
}

void eidcache_close(eidcache *cache)
{
    if (cache == NULL)
        return;
    eidc_live_end(cache->live);
    handle_free(cache);
}

/* Under the lock. */
static bool follow(eidcache *cache, int *changed, struct eidc_err *err)
{
    struct eidc_image *image;
    struct eidc_file_id now = {0};
    if (!identify(cache->path, &now, err))
        return false;
    if (same_file(&now, &cache->opened))
        return true;
    if (!map(cache->path, &now, &image, err))
        return false;
    if (!eidc_live_replace(cache->live, image)) {
        eidc_image_free(image);
        return eidc_fail(err, EIDC_ERR_LIMIT, "%s: look-ups are still in %d older images",
                         cache->path, EIDC_LIVE_SLOTS - 1);
    }
    cache->opened = now;
    *changed = 1;
    return true;
}

enum eidcache_result eidcache_refresh(eidcache *cache, int *changed, char message[EIDCACHE_MESSAGE])
{
    struct eidc_err err;
    int took = 0;
    pthread_mutex_lock(&cache->live->lock);
    bool followed = follow(cache, &took, &err);
    pthread_mutex_unlock(&cache->live->lock);
    if (changed != NULL)
        *changed = took;
    return followed ? EIDCACHE_OK : fail(&err, message);
}

void eidcache_info(const eidcache *cache, struct eidcache_info *out)
{
    struct eidc_hold hold = eidc_live_hold(cache->live);
    const struct eidc_image_info *info = eidc_image_info(hold.image);
    *out = (struct eidcache_info){.number = info->number,
                                  .names = info->names,
                                  .entries = info->entries,
                                  .bytes = eidc_image_block(hold.image).n,
                                  .created_at_ms = info->created_at_ms};
    memcpy(out->id, info->id, sizeof out->id);
    eidc_live_release(cache->live, &hold);
}

enum eidcache_result eidcache_verify(const eidcache *cache, char message[EIDCACHE_MESSAGE])
{
    struct eidc_err err;
    struct eidc_hold hold = eidc_live_hold(cache->live);
    bool good = eidc_image_verify(hold.image, (struct eidc_str){0}, &err);
    eidc_live_release(cache->live, &hold);
    return good ? EIDCACHE_OK : fail(&err, message);
}
