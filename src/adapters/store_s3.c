/*
 * What CURRENT was when it was last seen is remembered with its ETag, so that a save costs two
 * round trips: the image with the documents, then CURRENT. If someone else was faster, the
 * compare-and-swap fails and CURRENT is read again.
 */
#include "eidcached/adapters/store_s3.h"

#include "eidcached/adapters/eid_cache_body.h"
#include "eidcached/adapters/s3_images.h"
#include "eidcached/aws/region.h"
#include "eidcached/aws/s3_url.h"
#include "eidcached/aws/target.h"
#include "eidcached/base/clock.h"
#include "eidcached/base/log.h"
#include "eidcached/base/mem.h"

#define CAS_TRIES   4
#define JSON_TYPE   "application/json"
#define CURRENT_MAX ((size_t)64 * 1024) /* more is not even a damaged one */
#define SEEN_MS     3600000             /* an image that was there will be for so long */

struct store_s3 {
    struct eidc_store base;
    struct eidc_s3_place place;
    char *url, *bucket, *prefix;
    unsigned keep;
    bool compress;
    /* CURRENT as last seen. */
    bool known, exists;
    char etag[EIDC_ETAG_MAX];
    struct eidc_pointer current;
    bool damaged; /* it is not readable: current holds number and id of the newest image only */
    /* Images, by their keys: last known to be there, and found damaged. */
    char seen[EIDC_POINTER_KEY_MAX], bad[EIDC_POINTER_KEY_MAX];
    int64_t seen_at_ms;
};

static struct store_s3 *store_of(struct eidc_store *self)
{
    return (struct store_s3 *)(void *)self;
}

/* --- CURRENT -------------------------------------------------------------------------------- */

static bool take_current(struct store_s3 *s, struct eidc_str document, struct eidc_err *err)
{
    struct eidc_pointer now = {0};
    s->exists = true;
    s->damaged = !eidc_pointer_read(document, &now, err);
    s->current = now;
    return !s->damaged || eidc_wrap(err, "%s", s->url);
}

/* Afterwards s->exists and s->current are up to date. Errors: CORRUPT (exists, unreadable). */
static bool read_current(struct store_s3 *s, struct eidc_err *err)
{
    EIDC_BUF_AUTO body = {0};
    bool modified = false;
    bool revalidate = s->known && s->exists && !s->damaged;
    char *key EIDC_AUTO_FREE = eidc_xprintf("%sCURRENT", s->prefix);
    s->known = false;
    if (!eidc_s3_get(&s->place.s3, key, revalidate ? s->etag : NULL, CURRENT_MAX, &modified, &body,
                     s->etag, err)) {
        s->exists = s->damaged = false;
        s->known = err->kind == EIDC_ERR_NOT_FOUND;
        return s->known;
    }
    if (modified && !take_current(s, eidc_buf_view(&body), err))
        return false;
    s->known = s->etag[0] != 0; /* without an ETag there is nothing to compare and swap with */
    return true;
}

/* For whoever is about to replace it: of an unreadable one, number and id are known from the newest
 * image, enough not to go backwards. */
static bool read_standing(struct store_s3 *s, struct eidc_err *err)
{
    if (read_current(s, err))
        return true;
    if (err->kind != EIDC_ERR_CORRUPT)
        return false;
    eidc_warn("%s; it will be replaced", err->text);
    if (!eidc_s3_images_newest(&s->place, &s->current.number, s->current.id, err))
        return false;
    s->known = s->etag[0] != 0;
    return true;
}

static bool write_current(struct store_s3 *s, const struct eidc_pointer *pointer,
                          struct eidc_err *err)
{
    EIDC_BUF_AUTO document = {0};
    char *key EIDC_AUTO_FREE = eidc_xprintf("%sCURRENT", s->prefix);
    eidc_pointer_write(pointer, &document);
    s->known = false;
    if (!eidc_s3_put(&s->place.s3, key, eidc_buf_view(&document), JSON_TYPE,
                     s->exists ? EIDC_S3_IF_MATCH : EIDC_S3_IF_ABSENT, s->etag, err))
        return false;
    s->known = s->etag[0] != 0;
    s->exists = true;
    s->damaged = false;
    s->current = *pointer;
    return true;
}

static bool s3_peek(struct eidc_store *self, uint64_t *number, struct eidc_err *err)
{
    struct store_s3 *s = store_of(self);
    if (!read_standing(s, err))
        return false;
    *number = s->exists ? s->current.number : 0;
    return true;
}

/* --- loading -------------------------------------------------------------------------------- */

static void note_seen(struct store_s3 *s)
{
    memcpy(s->seen, s->current.key, sizeof(s->seen));
    s->seen_at_ms = eidc_mono_ms();
    s->bad[0] = '\0';
}

/* Worth trying another image; anything else (denied, unreachable) is true of all of them. */
static bool is_damage(const struct eidc_err *err)
{
    return err->kind == EIDC_ERR_CORRUPT || err->kind == EIDC_ERR_NOT_FOUND;
}

/* A writer may have replaced CURRENT and deleted the image between two requests. */
static bool load_current(struct store_s3 *s, struct eidc_image **image, struct eidc_err *err)
{
    for (unsigned tries = 0;; tries++) {
        if (!read_current(s, err))
            return false;
        if (!s->exists)
            return eidc_fail(err, EIDC_ERR_NOT_FOUND, "%s: no snapshot", s->url);
        if (eidc_s3_images_fetch(&s->place, &s->current, image, err))
            return true;
        if (err->kind != EIDC_ERR_NOT_FOUND || tries > 0)
            return false;
    }
}

static bool s3_load(struct eidc_store *self, struct eidc_image **image,
                    struct eidc_pointer *pointer, struct eidc_err *err)
{
    struct store_s3 *s = store_of(self);
    s->known = false; /* a 304 would be of no use: the document is wanted */
    if (load_current(s, image, err)) {
        *pointer = s->current;
        note_seen(s);
        return true;
    }
    if (!s->exists || !is_damage(err))
        return false;
    memcpy(s->bad, s->current.key, sizeof(s->bad));
    eidc_warn("%s; looking for an older image", err->text);
    const struct eidc_err newest = *err;
    if (eidc_s3_images_fetch_older(&s->place, s->current.number, image, pointer, err))
        return true;
    if (err->kind == EIDC_ERR_NOT_FOUND) {
        *err = newest;
        err->kind = EIDC_ERR_CORRUPT; /* there is one, but not a good one */
    }
    return false;
}

/* --- saving --------------------------------------------------------------------------------- */

static bool put_document(struct store_s3 *s, const char *name, struct eidc_str body,
                         struct eidc_err *err)
{
    char *key EIDC_AUTO_FREE = eidc_xprintf("%s%s", s->prefix, name);
    char etag[EIDC_ETAG_MAX] = "";
    return eidc_s3_put(&s->place.s3, key, body, JSON_TYPE, EIDC_S3_ALWAYS, etag, err);
}

static bool put_summary(struct store_s3 *s, const struct eidc_snapshot *snapshot,
                        struct eidc_err *err)
{
    return snapshot->summary.n == 0 || put_document(s, "summary.json", snapshot->summary, err);
}

/* How the snapshot stands to what CURRENT names. */
enum standing { STANDS_SAME, STANDS_NEWER, STANDS_BEATEN };

/* Whether the image that CURRENT names is there, as far as is known or cheap to find out. */
static bool is_there(struct store_s3 *s)
{
    if (strcmp(s->bad, s->current.key) == 0)
        return false;
    if (strcmp(s->seen, s->current.key) == 0 && eidc_mono_ms() - s->seen_at_ms < SEEN_MS)
        return true;
    if (!eidc_s3_images_has(&s->place, &s->current)) {
        eidc_warn("%s: %s is missing; it is sent again", s->url, s->current.key);
        return false;
    }
    note_seen(s);
    return true;
}

static enum standing standing_of(struct store_s3 *s, const struct eidc_image_info *info)
{
    if (!s->exists)
        return STANDS_NEWER;
    bool same = strcmp(s->current.id, info->id) == 0;
    if (same && s->current.number >= info->number && !s->damaged && is_there(s))
        return STANDS_SAME;
    bool newer = s->current.number < info->number || (same && s->current.number == info->number);
    return newer ? STANDS_NEWER : STANDS_BEATEN;
}

static struct eidc_s3_upload document(const char *key, struct eidc_str body)
{
    return (struct eidc_s3_upload){.key = key, .content_type = JSON_TYPE, .body = body};
}

static struct eidc_s3_upload made_document(const char *key, const struct eidc_eid_cache_body *made)
{
    struct eidc_s3_upload up = {
        .key = key, .content_type = JSON_TYPE, .made = &made->body, .hashed = true};
    memcpy(up.sha256, made->sha256, sizeof(up.sha256));
    return up;
}

/* Nothing refers to any of it before CURRENT does: all at once. */
static bool upload(struct store_s3 *s, const struct eidc_snapshot *snapshot,
                   struct eidc_pointer *out, struct eidc_err *err)
{
    EIDC_EID_CACHE_BODY_AUTO eid_cache = {0};
    EIDC_S3_SENDING_AUTO sending = {0};
    char *cache_key EIDC_AUTO_FREE = eidc_xprintf("%seid_cache.json", s->prefix);
    char *summary_key EIDC_AUTO_FREE = eidc_xprintf("%ssummary.json", s->prefix);
    struct eidc_s3_upload uploads[3];
    size_t n = 1;
    if (!eidc_s3_images_prepare(&s->place, snapshot->image, s->compress, &sending, &uploads[0],
                                err) ||
        (snapshot->json &&
         !eidc_eid_cache_body_make(&eid_cache, snapshot->image, snapshot->requests, err)))
        return false;
    if (snapshot->json)
        uploads[n++] = made_document(cache_key, &eid_cache);
    if (snapshot->summary.n > 0)
        uploads[n++] = document(summary_key, snapshot->summary);
    eidc_s3_put_all(&s->place.s3, uploads, n);
    if (!eidc_s3_images_settle(&s->place, &sending, &uploads[0], err))
        return false;
    for (size_t i = 1; i < n; i++) {
        if (!uploads[i].ok) {
            *err = uploads[i].err;
            return false;
        }
    }
    *out = sending.pointer;
    out->refreshed_at_ms = snapshot->refreshed_at_ms;
    out->verified_at_ms = snapshot->verified_at_ms;
    return true;
}

/* What a save has done so far: repeated is only what a lost race makes necessary. */
struct saving {
    const struct eidc_snapshot *snapshot;
    struct eidc_pointer uploaded;
    bool has_uploaded, has_summary;
};

static bool save_newer(struct store_s3 *s, struct saving *saving, struct eidc_err *err)
{
    if (!saving->has_uploaded && !upload(s, saving->snapshot, &saving->uploaded, err))
        return false;
    saving->has_uploaded = saving->has_summary = true;
    if (!write_current(s, &saving->uploaded, err))
        return false;
    note_seen(s);
    eidc_s3_images_retain(&s->place, s->keep, s->current.key);
    return true;
}

static bool save_same(struct store_s3 *s, struct saving *saving, struct eidc_err *err)
{
    struct eidc_pointer pointer = s->current;
    if (!saving->has_summary && !put_summary(s, saving->snapshot, err))
        return false;
    saving->has_summary = true;
    return !eidc_pointer_advance(&pointer, saving->snapshot->refreshed_at_ms,
                                 saving->snapshot->verified_at_ms) ||
           write_current(s, &pointer, err);
}

/* What beat us may be gone by the next time. */
static bool beaten(struct store_s3 *s, uint64_t *winner, struct eidc_err *err)
{
    *winner = s->current.number;
    s->known = false;
    return eidc_fail(err, EIDC_ERR_CONFLICT, "%s is at generation %llu already", s->url,
                     (unsigned long long)s->current.number);
}

/* Any other conflict (a race run too often, a server's odd answer) names no winner. */
static bool undecided(struct eidc_err *err)
{
    if (err->kind == EIDC_ERR_CONFLICT)
        err->kind = EIDC_ERR_UNAVAILABLE;
    return false;
}

static bool s3_save(struct eidc_store *self, const struct eidc_snapshot *snapshot, uint64_t *winner,
                    struct eidc_err *err)
{
    struct store_s3 *s = store_of(self);
    struct saving saving = {.snapshot = snapshot};
    for (unsigned tries = 1;; tries++) {
        if (!s->known && !read_standing(s, err))
            return undecided(err);
        enum standing standing = standing_of(s, eidc_image_info(snapshot->image));
        if (standing == STANDS_BEATEN)
            return beaten(s, winner, err);
        if (standing == STANDS_SAME ? save_same(s, &saving, err) : save_newer(s, &saving, err))
            return true;
        bool lost_race = err->kind == EIDC_ERR_CONFLICT && !s->known;
        if (!lost_race || tries >= CAS_TRIES)
            return undecided(err);
    }
}

static bool s3_summarize(struct eidc_store *self, struct eidc_str summary, struct eidc_err *err)
{
    return put_document(store_of(self), "summary.json", summary, err);
}

/* --- making one ----------------------------------------------------------------------------- */

static void s3_destroy(struct eidc_store *self)
{
    struct store_s3 *s = store_of(self);
    eidc_endpoint_free(&s->place.s3.target.endpoint);
    free(s->url);
    free(s->bucket);
    free(s->prefix);
    free(s);
}

static const struct eidc_store_ops ops = {.load = s3_load,
                                          .peek = s3_peek,
                                          .save = s3_save,
                                          .touch = s3_save,
                                          .summarize = s3_summarize,
                                          .destroy = s3_destroy};

static bool resolve(struct store_s3 *s, const struct eidc_store_s3_options *options,
                    struct eidc_aws *aws, struct eidc_err *err)
{
    const struct eidc_aws_settings *settings = &options->aws;
    struct eidc_aws_target *target = &s->place.s3.target;
    char *region EIDC_AUTO_FREE = NULL;
    if (!eidc_s3_url_split(options->url, &s->bucket, &s->prefix, err) ||
        !eidc_region_find(settings, eidc_aws_http(aws), &region, err) ||
        !eidc_aws_target_resolve(settings, "s3", "s3", "S3", region, target, err))
        return false;
    target->creds = eidc_aws_identity(aws, settings);
    return true;
}

bool eidc_store_s3_new(const struct eidc_store_s3_options *options, struct eidc_aws *aws,
                       struct eidc_store **out, struct eidc_err *err)
{
    struct store_s3 *s = eidc_xcalloc(1, sizeof(*s));
    s->base.ops = &ops;
    if (!resolve(s, options, aws, err)) {
        s3_destroy(&s->base);
        return false;
    }
    s->url = eidc_xprintf("s3://%s%s%.*s", s->bucket, s->prefix[0] ? "/" : "",
                          (int)(s->prefix[0] ? strlen(s->prefix) - 1 : 0), s->prefix);
    s->base.url = s->url;
    s->keep = options->keep;
    s->compress = options->compress;
    s->place.prefix = s->prefix;
    s->place.s3.aws = aws;
    s->place.s3.bucket = s->bucket;
    s->place.s3.addressing = options->addressing;
    s->place.s3.checksum_sha256 = options->checksum_sha256;
    s->place.s3.kms_key = options->kms_key;
    s->place.s3.expected_owner = options->expected_owner;
    *out = &s->base;
    return true;
}
