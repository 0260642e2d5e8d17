#include "eidcached/adapters/store_dir.h"

#include <sys/stat.h>
#include <unistd.h>

#include "eidcached/adapters/store_dir_files.h"
#include "eidcached/base/digest.h"
#include "eidcached/base/file.h"
#include "eidcached/base/log.h"
#include "eidcached/base/mem.h"
#include "eidcached/core/eid_cache.h"

#define FILE_MODE   0644
#define PIECE_BYTES ((size_t)64 * 1024)

struct store_dir {
    struct eidc_store base;
    char *url;
    char *dir; /* absolute, no slash behind it */
    unsigned keep;
};

static char *path_of(const struct store_dir *store, const char *name)
{
    return eidc_xprintf("%s/%s", store->dir, name);
}

static bool read_current(const struct store_dir *store, struct eidc_pointer *out,
                         struct eidc_err *err)
{
    char *path EIDC_AUTO_FREE = path_of(store, "CURRENT");
    EIDC_BUF_AUTO text = {0};
    if (eidc_file_read(path, EIDC_POINTER_MAX, &text, err))
        return eidc_pointer_read(eidc_buf_view(&text), out, err) ||
               eidc_wrap(err, "%s", store->dir);
    if (err->kind == EIDC_ERR_LIMIT || err->kind == EIDC_ERR_INVALID)
        err->kind = EIDC_ERR_CORRUPT;
    return false;
}

/* Number and id of the newest image, by its file name. */
static bool name_newest(const struct store_dir *store, struct eidc_pointer *out,
                        struct eidc_err *err)
{
    static const size_t id_at = sizeof("images/00000000000000000042-") - 1;
    EIDC_IMAGE_KEYS_AUTO keys = {0};
    if (!eidc_image_keys_list(store->dir, &keys, err))
        return false;
    if (keys.at == NULL)
        return true;
    eidc_pointer_key_number(eidc_str_of(keys.at[0]), &out->number);
    memcpy(out->id, keys.at[0] + id_at, sizeof(out->id) - 1);
    return true;
}

/* What CURRENT says, for whoever is about to replace it; all zero when there is none. Of a damaged
 * one, number and id are known from the newest image: enough not to go backwards. */
static bool standing(const struct store_dir *store, struct eidc_pointer *out, struct eidc_err *err)
{
    struct eidc_pointer now = {0};
    if (!read_current(store, &now, err)) {
        bool damaged = err->kind == EIDC_ERR_CORRUPT;
        if (damaged ? !name_newest(store, &now, err) : err->kind != EIDC_ERR_NOT_FOUND)
            return false;
    }
    *out = now;
    return true;
}

static void describe_image(const struct eidc_image *image, struct eidc_pointer *out)
{
    const struct eidc_image_info *info = eidc_image_info(image);
    struct eidc_str block = eidc_image_block(image);
    *out = (struct eidc_pointer){.number = info->number,
                                 .bytes = block.n,
                                 .names = info->names,
                                 .created_at_ms = info->created_at_ms};
    memcpy(out->id, info->id, sizeof(out->id));
    eidc_pointer_key(info->number, info->id, false, out->key);
    eidc_sha256(block, out->sha256);
}

/* Whether the image is whole and the one that its file name says; *found says what it is. */
static bool check_image(const struct eidc_image *image, const char *key, struct eidc_pointer *found,
                        struct eidc_err *err)
{
    if (!eidc_image_check(image, err))
        return false;
    describe_image(image, found);
    return strcmp(found->key, key) == 0 ||
           eidc_fail(err, EIDC_ERR_CORRUPT, "holds the image of %s", found->key);
}

static bool load_image(const struct store_dir *store, const char *key, struct eidc_image **out,
                       struct eidc_pointer *found, struct eidc_err *err)
{
    char *path EIDC_AUTO_FREE = path_of(store, key);
    struct eidc_image *image = NULL;
    if (!eidc_image_read_file(path, &image, err))
        return false;
    if (!check_image(image, key, found, err)) {
        eidc_image_free(image);
        return eidc_wrap(err, "%s", path);
    }
    *out = image;
    return true;
}

/* The image that CURRENT names, when it is exactly that. */
static bool load_named(const struct store_dir *store, const struct eidc_pointer *now,
                       struct eidc_image **out, struct eidc_err *err)
{
    struct eidc_pointer found = {0};
    struct eidc_image *image = NULL;
    if (!load_image(store, now->key, &image, &found, err)) {
        if (err->kind == EIDC_ERR_NOT_FOUND)
            err->kind = EIDC_ERR_CORRUPT; /* it is CURRENT that is wrong then */
        return false;
    }
    if (now->bytes != found.bytes || memcmp(now->sha256, found.sha256, sizeof(now->sha256)) != 0) {
        eidc_image_free(image);
        return eidc_fail(err, EIDC_ERR_CORRUPT, "%s/%s: not the bytes that CURRENT names",
                         store->dir, now->key);
    }
    *out = image;
    return true;
}

/* The newest good image but `except`, which has been tried. */
static bool load_newest(const struct store_dir *store, const char *except, struct eidc_image **out,
                        struct eidc_pointer *pointer, struct eidc_err *err)
{
    EIDC_IMAGE_KEYS_AUTO keys = {0};
    if (!eidc_image_keys_list(store->dir, &keys, err))
        return false;
    for (size_t i = 0; i < keys.n; i++) {
        if (strcmp(keys.at[i], except) == 0)
            continue;
        if (load_image(store, keys.at[i], out, pointer, err)) {
            eidc_warn("store %s: falling back to %s", store->url, keys.at[i]);
            return true;
        }
        eidc_warn("store %s: %s", store->url, err->text);
    }
    if (keys.n == 0)
        return eidc_fail(err, EIDC_ERR_NOT_FOUND, "nothing was saved there yet");
    return eidc_fail(err, EIDC_ERR_CORRUPT, "no good image in %s/images", store->dir);
}

static bool store_dir_load(struct eidc_store *self, struct eidc_image **image,
                           struct eidc_pointer *pointer, struct eidc_err *err)
{
    const struct store_dir *store = (const struct store_dir *)self;
    struct eidc_pointer now = {0};
    struct eidc_err first = {0};
    if (read_current(store, &now, &first) && load_named(store, &now, image, &first)) {
        *pointer = now;
        return true;
    }
    if (first.kind != EIDC_ERR_NOT_FOUND)
        eidc_warn("store %s: %s", store->url, first.text);
    if (load_newest(store, now.key, image, pointer, err))
        return true;
    if (err->kind == EIDC_ERR_NOT_FOUND && first.kind != EIDC_ERR_NOT_FOUND)
        *err = first;
    return false;
}

static bool store_dir_peek(struct eidc_store *self, uint64_t *number, struct eidc_err *err)
{
    struct eidc_pointer now;
    if (!standing((const struct store_dir *)self, &now, err))
        return false;
    *number = now.number;
    return true;
}

static bool write_file(const struct store_dir *store, const char *name, struct eidc_str data,
                       struct eidc_err *err)
{
    char *path EIDC_AUTO_FREE = path_of(store, name);
    return eidc_file_write(path, data, FILE_MODE, err);
}

static bool write_summary(const struct store_dir *store, const struct eidc_snapshot *snapshot,
                          struct eidc_err *err)
{
    return snapshot->summary.n == 0 || write_file(store, "summary.json", snapshot->summary, err);
}

static bool next_of_eid_cache(void *doc, struct eidc_buf *piece)
{
    return eidc_eid_cache_write_some(doc, PIECE_BYTES, piece);
}

static bool write_eid_cache(const struct store_dir *store, const struct eidc_snapshot *snapshot,
                            struct eidc_err *err)
{
    struct eidc_eid_cache doc = {.image = snapshot->image, .request_count = snapshot->requests};
    char *path EIDC_AUTO_FREE = path_of(store, "eid_cache.json");
    return !snapshot->json || eidc_file_write_pieces(path, next_of_eid_cache, &doc, FILE_MODE, err);
}

static bool point_link(const struct store_dir *store, const char *key, struct eidc_err *err)
{
    char *link EIDC_AUTO_FREE = path_of(store, "current.eidc");
    char target[EIDC_POINTER_KEY_MAX];
    ssize_t n = readlink(link, target, sizeof(target));
    bool right = n >= 0 && eidc_str_eq((struct eidc_str){target, (size_t)n}, eidc_str_of(key));
    return right || eidc_file_link(link, key, err);
}

static bool write_current(const struct store_dir *store, const struct eidc_pointer *pointer,
                          struct eidc_err *err)
{
    EIDC_BUF_AUTO text = {0};
    eidc_pointer_write(pointer, &text);
    return write_file(store, "CURRENT", eidc_buf_view(&text), err);
}

/* What nothing depends on when the daemon starts: its failures are told, the snapshot is saved. */
static void write_rest(const struct store_dir *store, const struct eidc_snapshot *snapshot,
                       const char *key, bool cache_is_due)
{
    struct eidc_err err = {0};
    if (cache_is_due && !write_eid_cache(store, snapshot, &err))
        eidc_warn("store %s: saved, but: %s", store->url, err.text);
    if (!write_summary(store, snapshot, &err))
        eidc_warn("store %s: saved, but: %s", store->url, err.text);
    if (!point_link(store, key, &err))
        eidc_warn("store %s: saved, but: %s", store->url, err.text);
}

static bool write_all(const struct store_dir *store, const struct eidc_snapshot *snapshot,
                      struct eidc_err *err)
{
    struct eidc_pointer pointer;
    describe_image(snapshot->image, &pointer);
    pointer.refreshed_at_ms = snapshot->refreshed_at_ms;
    pointer.verified_at_ms = snapshot->verified_at_ms;
    if (!write_file(store, pointer.key, eidc_image_block(snapshot->image), err) ||
        !write_current(store, &pointer, err))
        return false;
    write_rest(store, snapshot, pointer.key, true);
    eidc_images_prune(store->dir, store->keep, pointer.key);
    return true;
}

/* eid_cache.json is written after its image. Absent: snapshot.json was turned on since; older:
 * writing it failed. */
static bool cache_is_due(const struct store_dir *store, const char *key)
{
    char *cache EIDC_AUTO_FREE = path_of(store, "eid_cache.json");
    char *image EIDC_AUTO_FREE = path_of(store, key);
    struct stat ours, its;
    if (stat(cache, &ours) != 0 || stat(image, &its) != 0)
        return true;
    return ours.st_mtim.tv_sec != its.st_mtim.tv_sec ? ours.st_mtim.tv_sec < its.st_mtim.tv_sec
                                                     : ours.st_mtim.tv_nsec < its.st_mtim.tv_nsec;
}

static bool move_times(const struct store_dir *store, const struct eidc_snapshot *snapshot,
                       struct eidc_pointer now, struct eidc_err *err)
{
    eidc_pointer_advance(&now, snapshot->refreshed_at_ms, snapshot->verified_at_ms);
    if (!write_current(store, &now, err))
        return false;
    write_rest(store, snapshot, now.key, cache_is_due(store, now.key));
    return true;
}

/* Whether the file that CURRENT names is there: by its size, before times move. */
static bool is_there(const struct store_dir *store, const struct eidc_pointer *now)
{
    char *path EIDC_AUTO_FREE = path_of(store, now->key);
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && (uint64_t)st.st_size == now->bytes;
}

/* The same, by reading it, where saving again is the other choice. */
static bool is_whole(const struct store_dir *store, const struct eidc_pointer *now)
{
    struct eidc_image *image = NULL;
    struct eidc_err err = {0};
    bool whole = load_named(store, now, &image, &err);
    eidc_image_free(image);
    return whole;
}

typedef bool intact_fn(const struct store_dir *store, const struct eidc_pointer *now);

/* What save and touch do under the lock. A touch whose image is gone, or older, saves. */
static bool put_locked(const struct store_dir *store, const struct eidc_snapshot *snapshot,
                       intact_fn *is_intact, uint64_t *winner, struct eidc_err *err)
{
    const struct eidc_image_info *ours = eidc_image_info(snapshot->image);
    struct eidc_pointer now;
    if (!standing(store, &now, err))
        return false;
    bool same = strcmp(now.id, ours->id) == 0;
    if (same && now.number >= ours->number && is_intact(store, &now))
        return move_times(store, snapshot, now, err);
    if (now.number > ours->number || (now.number == ours->number && !same && now.number > 0)) {
        *winner = now.number;
        return eidc_fail(err, EIDC_ERR_CONFLICT, "%s already holds generation %llu, ours is %llu",
                         store->dir, (unsigned long long)now.number,
                         (unsigned long long)ours->number);
    }
    return write_all(store, snapshot, err);
}

static bool put(const struct store_dir *store, const struct eidc_snapshot *snapshot,
                intact_fn *is_intact, uint64_t *winner, struct eidc_err *err)
{
    char *images EIDC_AUTO_FREE = path_of(store, "images");
    int lock;
    if (!eidc_dir_make(images, err) || !eidc_dir_lock(store->dir, &lock, err))
        return false;
    eidc_dir_remove_strays(store->dir);
    bool ok =
        eidc_images_check(store->dir, err) && put_locked(store, snapshot, is_intact, winner, err);
    close(lock);
    return ok;
}

static bool store_dir_save(struct eidc_store *self, const struct eidc_snapshot *snapshot,
                           uint64_t *winner, struct eidc_err *err)
{
    return put((const struct store_dir *)self, snapshot, is_whole, winner, err);
}

static bool store_dir_touch(struct eidc_store *self, const struct eidc_snapshot *snapshot,
                            uint64_t *winner, struct eidc_err *err)
{
    return put((const struct store_dir *)self, snapshot, is_there, winner, err);
}

static bool store_dir_summarize(struct eidc_store *self, struct eidc_str summary,
                                struct eidc_err *err)
{
    const struct store_dir *store = (const struct store_dir *)self;
    int lock;
    if (!eidc_dir_make(store->dir, err) || !eidc_dir_lock(store->dir, &lock, err))
        return false;
    bool ok = write_file(store, "summary.json", summary, err);
    close(lock);
    return ok;
}

static void store_dir_destroy(struct eidc_store *self)
{
    struct store_dir *store = (struct store_dir *)self;
    free(store->url);
    free(store->dir);
    free(store);
}

/* Absolute and without slashes behind it, so that the URL holds whatever the working directory. */
static bool absolute(const char *dir, char **out, struct eidc_err *err)
{
    char *here EIDC_AUTO_FREE = *dir == '/' ? NULL : getcwd(NULL, 0);
    if (*dir != '/' && here == NULL)
        return eidc_fail_errno(err, "cannot tell the working directory");
    char *path = here != NULL ? eidc_xprintf("%s/%s", here, dir) : eidc_xstrdup(dir);
    for (size_t n = strlen(path); n > 1 && path[n - 1] == '/'; n--)
        path[n - 1] = '\0';
    *out = path;
    return true;
}

bool eidc_store_dir_new(const char *dir, unsigned keep, struct eidc_store **out,
                        struct eidc_err *err)
{
    static const struct eidc_store_ops ops = {.load = store_dir_load,
                                              .peek = store_dir_peek,
                                              .save = store_dir_save,
                                              .touch = store_dir_touch,
                                              .summarize = store_dir_summarize,
                                              .destroy = store_dir_destroy};
    char *path = NULL;
    if (dir == NULL || *dir == '\0')
        return eidc_fail(err, EIDC_ERR_INVALID, "the snapshot directory has no name");
    if (!absolute(dir, &path, err))
        return false;
    struct store_dir *store = eidc_xcalloc(1, sizeof(*store));
    store->dir = path;
    store->url = eidc_xprintf("file://%s", path);
    store->keep = keep > 0 ? keep : 1;
    store->base = (struct eidc_store){.ops = &ops, .url = store->url};
    *out = &store->base;
    return true;
}
