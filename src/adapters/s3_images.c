#include "eidcached/adapters/s3_images.h"

#include <stdio.h>
#include <unistd.h>

#include "eidcached/adapters/snapshot_codec.h"
#include "eidcached/base/cgroup.h"
#include "eidcached/base/digest.h"
#include "eidcached/base/log.h"
#include "eidcached/base/mem.h"

#define OLDER_TRIES 5
#define FOLDER      "images/"

static char *key_of(const struct eidc_s3_place *place, const char *relative)
{
    return eidc_xprintf("%s%s", place->prefix, relative);
}

static bool is_compressed(const char *key)
{
    return eidc_str_ends(eidc_str_of(key), EIDC_STR(".zst"));
}

/* Describes stored bytes that hold this image. */
static void describe(const struct eidc_image *image, struct eidc_str stored, const char *key,
                     struct eidc_pointer *out)
{
    const struct eidc_image_info *info = eidc_image_info(image);
    *out = (struct eidc_pointer){.number = info->number,
                                 .bytes = stored.n,
                                 .names = info->names,
                                 .created_at_ms = info->created_at_ms};
    memcpy(out->id, info->id, sizeof(out->id));
    snprintf(out->key, sizeof(out->key), "%s", key);
    eidc_sha256(stored, out->sha256);
}

/* --- fetching ------------------------------------------------------------------------------- */

/* What CURRENT claims must not make us take in more than there is room for. */
static bool fits_memory(uint64_t bytes, struct eidc_err *err)
{
    const long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    uint64_t memory = eidc_cgroup_memory_limit("");
    if (pages > 0 && page > 0 && (uint64_t)pages * (uint64_t)page < memory)
        memory = (uint64_t)pages * (uint64_t)page;
    return bytes <= memory ||
           eidc_fail(err, EIDC_ERR_CORRUPT, "%llu bytes, more than there is memory",
                     (unsigned long long)bytes);
}

/* max: what the object should have. */
static bool download(const struct eidc_s3_place *place, const char *key, uint64_t max,
                     struct eidc_buf *stored, struct eidc_err *err)
{
    char etag[EIDC_ETAG_MAX];
    bool modified;
    char *full EIDC_AUTO_FREE = key_of(place, key);
    if (eidc_s3_get(&place->s3, full, NULL, max < SIZE_MAX ? (size_t)max : SIZE_MAX, &modified,
                    stored, etag, err))
        return true;
    if (err->kind == EIDC_ERR_LIMIT)
        err->kind = EIDC_ERR_CORRUPT;
    return false;
}

/* Opens stored bytes and checks the whole of them. */
static bool open_checked(const struct eidc_s3_place *place, const char *key, struct eidc_str stored,
                         struct eidc_image **out, struct eidc_err *err)
{
    struct eidc_image *image = NULL;
    uint64_t number;
    if (!eidc_snapshot_open(stored, is_compressed(key), &image, err)) {
        if (err->kind == EIDC_ERR_LIMIT || err->kind == EIDC_ERR_NOMEM)
            err->kind = EIDC_ERR_CORRUPT; /* a size that cannot be its: another image may be good */
        return eidc_wrap(err, "s3://%s/%s%s", place->s3.bucket, place->prefix, key);
    }
    bool ok = eidc_image_check(image, err);
    if (ok &&
        (!eidc_pointer_key_number(eidc_str_of(key), &number) ||
         number != eidc_image_info(image)->number || !strstr(key, eidc_image_info(image)->id)))
        ok = eidc_fail(err, EIDC_ERR_CORRUPT, "holds another generation than its name says");
    if (!ok) {
        eidc_image_free(image);
        return eidc_wrap(err, "s3://%s/%s%s", place->s3.bucket, place->prefix, key);
    }
    *out = image;
    return true;
}

static bool is_promised(const struct eidc_pointer *pointer, struct eidc_str stored,
                        struct eidc_err *err)
{
    uint8_t sha256[EIDC_SHA256_BYTES];
    if (stored.n != pointer->bytes)
        return eidc_fail(err, EIDC_ERR_CORRUPT, "%zu bytes where CURRENT says %llu", stored.n,
                         (unsigned long long)pointer->bytes);
    eidc_sha256(stored, sha256);
    if (memcmp(sha256, pointer->sha256, sizeof(sha256)) != 0)
        return eidc_fail(err, EIDC_ERR_CORRUPT, "not the SHA-256 that CURRENT says");
    return true;
}

bool eidc_s3_images_fetch(const struct eidc_s3_place *place, const struct eidc_pointer *pointer,
                          struct eidc_image **out, struct eidc_err *err)
{
    EIDC_BUF_AUTO stored = {0};
    if (!fits_memory(pointer->bytes, err))
        return eidc_wrap(err, "s3://%s/%s%s", place->s3.bucket, place->prefix, pointer->key);
    if (!download(place, pointer->key, pointer->bytes, &stored, err))
        return false;
    if (!is_promised(pointer, eidc_buf_view(&stored), err))
        return eidc_wrap(err, "s3://%s/%s%s", place->s3.bucket, place->prefix, pointer->key);
    return open_checked(place, pointer->key, eidc_buf_view(&stored), out, err);
}

static bool fetch_unpromised(const struct eidc_s3_place *place, const char *key, uint64_t bytes,
                             struct eidc_image **out, struct eidc_pointer *pointer,
                             struct eidc_err *err)
{
    EIDC_BUF_AUTO stored = {0};
    if (!download(place, key, bytes, &stored, err) ||
        !open_checked(place, key, eidc_buf_view(&stored), out, err))
        return false;
    describe(*out, eidc_buf_view(&stored), key, pointer);
    return true;
}

bool eidc_s3_images_has(const struct eidc_s3_place *place, const struct eidc_pointer *pointer)
{
    char *full EIDC_AUTO_FREE = key_of(place, pointer->key);
    uint64_t bytes;
    struct eidc_err err;
    if (eidc_s3_size(&place->s3, full, &bytes, &err))
        return bytes == pointer->bytes;
    return err.kind != EIDC_ERR_NOT_FOUND;
}

/* --- putting -------------------------------------------------------------------------------- */

bool eidc_s3_images_prepare(const struct eidc_s3_place *place, const struct eidc_image *image,
                            bool compress, struct eidc_s3_sending *out,
                            struct eidc_s3_upload *upload, struct eidc_err *err)
{
    const struct eidc_image_info *info = eidc_image_info(image);
    struct eidc_str stored = eidc_image_block(image);
    char key[EIDC_POINTER_KEY_MAX];
    if (compress) {
        if (!eidc_snapshot_compress(stored, &out->compressed, err))
            return false;
        stored = eidc_buf_view(&out->compressed);
    }
    eidc_pointer_key(info->number, info->id, compress, key);
    out->key = key_of(place, key);
    describe(image, stored, key, &out->pointer);
    *upload = (struct eidc_s3_upload){
        .key = out->key,
        .content_type = compress ? "application/zstd" : "application/octet-stream",
        .body = stored,
        .condition = EIDC_S3_IF_ABSENT,
        .hashed = true,
    };
    memcpy(upload->sha256, out->pointer.sha256, sizeof(upload->sha256));
    return true;
}

/* Describes what is there instead, when it is the same generation. */
static bool adopt(const struct eidc_s3_place *place, struct eidc_str found,
                  struct eidc_pointer *pointer, struct eidc_err *err)
{
    struct eidc_image *image = NULL;
    char key[EIDC_POINTER_KEY_MAX];
    memcpy(key, pointer->key, sizeof(key));
    if (!open_checked(place, key, found, &image, err))
        return false;
    describe(image, found, key, pointer);
    eidc_image_free(image);
    return true;
}

bool eidc_s3_images_settle(struct eidc_s3_place *place, struct eidc_s3_sending *sending,
                           struct eidc_s3_upload *upload, struct eidc_err *err)
{
    EIDC_BUF_AUTO found = upload->found;
    char etag[EIDC_ETAG_MAX] = "";
    upload->found = (struct eidc_buf){0};
    if (upload->ok)
        return true;
    *err = upload->err;
    if (err->kind != EIDC_ERR_CONFLICT)
        return false;
    if (adopt(place, eidc_buf_view(&found), &sending->pointer, err))
        return true;
    if (err->kind != EIDC_ERR_CORRUPT)
        return false;
    eidc_warn("%s; it is replaced", err->text);
    return eidc_s3_put(&place->s3, upload->key, upload->body, upload->content_type, EIDC_S3_ALWAYS,
                       etag, err);
}

void eidc_s3_sending_free(struct eidc_s3_sending *sending)
{
    free(sending->key);
    eidc_buf_free(&sending->compressed);
    *sending = (struct eidc_s3_sending){0};
}

/* --- the list of them ------------------------------------------------------------------------ */

struct listed {
    uint64_t number, bytes;
    char *key; /* relative to the prefix */
};

struct listing {
    const struct eidc_s3_place *place;
    struct listed *at;
    size_t n, cap;
};

static bool on_key(void *arg, struct eidc_str key, uint64_t bytes, struct eidc_err *err)
{
    struct listing *l = arg;
    size_t skip = strlen(l->place->prefix);
    uint64_t number;
    (void)err;
    if (key.n <= skip)
        return true;
    struct eidc_str relative = {key.p + skip, key.n - skip};
    if (!eidc_pointer_key_number(relative, &number))
        return true; /* not ours: left alone */
    if (l->n == l->cap) {
        l->cap = l->cap ? 2 * l->cap : 32;
        l->at = eidc_xrealloc(l->at, l->cap, sizeof(*l->at));
    }
    l->at[l->n++] = (struct listed){number, bytes, eidc_xstrndup(relative.p, relative.n)};
    return true;
}

static int newest_first(const void *a, const void *b)
{
    const struct listed *x = a, *y = b;
    if (x->number != y->number)
        return x->number < y->number ? 1 : -1;
    return strcmp(x->key, y->key);
}

static bool list_images(const struct eidc_s3_place *place, struct listing *out,
                        struct eidc_err *err)
{
    char *prefix EIDC_AUTO_FREE = key_of(place, FOLDER);
    *out = (struct listing){.place = place};
    if (!eidc_s3_list(&place->s3, prefix, on_key, out, err))
        return false;
    if (out->n)
        qsort(out->at, out->n, sizeof(*out->at), newest_first);
    return true;
}

static void listing_free(struct listing *listing)
{
    for (size_t i = 0; i < listing->n; i++)
        free(listing->at[i].key);
    free(listing->at);
}

static bool fetch_first_good(const struct listing *listing, uint64_t below, struct eidc_image **out,
                             struct eidc_pointer *pointer, struct eidc_err *err)
{
    unsigned tried = 0;
    for (size_t i = 0; i < listing->n && tried < OLDER_TRIES; i++) {
        if (below && listing->at[i].number >= below)
            continue;
        tried++;
        if (fetch_unpromised(listing->place, listing->at[i].key, listing->at[i].bytes, out, pointer,
                             err)) {
            pointer->refreshed_at_ms = pointer->verified_at_ms = pointer->created_at_ms;
            return true;
        }
        if (err->kind != EIDC_ERR_CORRUPT && err->kind != EIDC_ERR_NOT_FOUND)
            return false;
        eidc_warn("%s; looking for an older image", err->text);
    }
    return eidc_fail(err, EIDC_ERR_NOT_FOUND, "s3://%s/%s%s: no good image",
                     listing->place->s3.bucket, listing->place->prefix, FOLDER);
}

bool eidc_s3_images_fetch_older(const struct eidc_s3_place *place, uint64_t below,
                                struct eidc_image **out, struct eidc_pointer *pointer,
                                struct eidc_err *err)
{
    struct listing listing;
    bool ok =
        list_images(place, &listing, err) && fetch_first_good(&listing, below, out, pointer, err);
    listing_free(&listing);
    return ok;
}

bool eidc_s3_images_newest(const struct eidc_s3_place *place, uint64_t *number,
                           char id[static EIDC_IMAGE_ID_TEXT], struct eidc_err *err)
{
    struct listing listing;
    bool ok = list_images(place, &listing, err);
    if (ok && listing.n > 0) {
        *number = listing.at[0].number;
        snprintf(id, EIDC_IMAGE_ID_TEXT, "%s", strchr(listing.at[0].key, '-') + 1);
    } else if (ok) {
        *number = 0;
        id[0] = '\0';
    }
    listing_free(&listing);
    return ok;
}

static bool delete_beyond(const struct listing *listing, unsigned keep, const char *current_key,
                          struct eidc_err *err)
{
    for (size_t i = keep; i < listing->n; i++) {
        const char *key = listing->at[i].key;
        if (strcmp(key, current_key) == 0)
            continue;
        char *full EIDC_AUTO_FREE = key_of(listing->place, key);
        if (!eidc_s3_delete(&listing->place->s3, full, err))
            return false;
    }
    return true;
}

void eidc_s3_images_retain(const struct eidc_s3_place *place, unsigned keep,
                           const char *current_key)
{
    struct listing listing;
    struct eidc_err err;
    if (keep == 0)
        return;
    if (!list_images(place, &listing, &err) || !delete_beyond(&listing, keep, current_key, &err))
        eidc_warn("old images are not deleted: %s", err.text);
    listing_free(&listing);
}
