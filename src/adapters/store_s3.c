/*
 * What CURRENT was when it was last seen is remembered with its ETag, so that a save costs three
 * requests one after another: the image, the summary, CURRENT. If someone else was faster, the
 * compare-and-swap fails and CURRENT is read again.
 */
#include "eidcached/adapters/store_s3.h"

#include "eidcached/adapters/s3_images.h"
#include "eidcached/base/log.h"
#include "eidcached/base/mem.h"
#include "eidcached/core/eid_cache.h"

#define CAS_TRIES 4
#define JSON_TYPE "application/json"

struct store_s3 {
    struct eidc_store base;
    struct eidc_s3_place place;
    char *url, *bucket, *prefix, *region;
    struct eidc_creds_provider *creds;
    unsigned keep;
    bool compress;
    /* CURRENT as last seen. */
    bool known, exists;
    char etag[EIDC_ETAG_MAX];
    struct eidc_pointer current; /* number 0: it is not readable */
};

static struct store_s3 *store_of(struct eidc_store *self)
{
    return (struct store_s3 *)(void *)self;
}

/* --- CURRENT -------------------------------------------------------------------------------- */

static bool take_current(struct store_s3 *s, struct eidc_str document, struct eidc_err *err)
{
    s->exists = true;
    s->current = (struct eidc_pointer){0};
    if (!eidc_pointer_read(document, &s->current, err))
        return eidc_wrap(err, "%s", s->url);
    return true;
}

/* Afterwards s->exists and s->current are up to date. Errors: CORRUPT (exists, unreadable). */
static bool read_current(struct store_s3 *s, struct eidc_err *err)
{
    EIDC_BUF_AUTO body = {0};
    bool modified = false;
    bool revalidate = s->known && s->exists && s->current.number > 0;
    char *key EIDC_AUTO_FREE = eidc_xprintf("%sCURRENT", s->prefix);
    s->known = false;
    if (!eidc_s3_get(&s->place.s3, key, revalidate ? s->etag : NULL, &modified, &body, s->etag,
                     err)) {
        s->exists = false;
        s->known = err->kind == EIDC_ERR_NOT_FOUND;
        return s->known;
    }
    s->known = s->etag[0] != 0; /* without an ETag there is nothing to compare and swap with */
    return !modified || take_current(s, eidc_buf_view(&body), err);
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
    s->current = *pointer;
    return true;
}

/* For a writer an unreadable CURRENT is one to replace. */
static bool know_current(struct store_s3 *s, struct eidc_err *err)
{
    if (s->known || read_current(s, err))
        return true;
    if (err->kind != EIDC_ERR_CORRUPT)
        return false;
    eidc_warn("%s; it will be replaced", err->text);
    return true;
}

static bool s3_peek(struct eidc_store *self, uint64_t *number, struct eidc_err *err)
{
    struct store_s3 *s = store_of(self);
    if (!read_current(s, err))
        return false;
    *number = s->exists ? s->current.number : 0;
    return true;
}

/* --- loading -------------------------------------------------------------------------------- */

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
        return true;
    }
    if (!s->exists || !is_damage(err))
        return false;
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

static bool put_eid_cache(struct store_s3 *s, const struct eidc_image *image, struct eidc_err *err)
{
    EIDC_BUF_AUTO document = {0};
    return eidc_eid_cache_write(image, 0, &document, err) &&
           put_document(s, "eid_cache.json", eidc_buf_view(&document), err);
}

static bool put_summary(struct store_s3 *s, const struct eidc_snapshot *snapshot,
                        struct eidc_err *err)
{
    return snapshot->summary.n == 0 || put_document(s, "summary.json", snapshot->summary, err);
}

/* How the snapshot stands to what CURRENT names. */
enum standing { STANDS_SAME, STANDS_NEWER, STANDS_BEATEN };

static enum standing standing_of(const struct store_s3 *s, const struct eidc_image_info *info)
{
    if (!s->exists)
        return STANDS_NEWER;
    if (strcmp(s->current.id, info->id) == 0)
        return STANDS_SAME;
    return s->current.number < info->number ? STANDS_NEWER : STANDS_BEATEN;
}

/* Times only move forwards; false when there is nothing to move. */
static bool advance(const struct eidc_snapshot *snapshot, struct eidc_pointer *pointer)
{
    bool moved = false;
    if (snapshot->refreshed_at_ms > pointer->refreshed_at_ms) {
        pointer->refreshed_at_ms = snapshot->refreshed_at_ms;
        moved = true;
    }
    if (snapshot->verified_at_ms > pointer->verified_at_ms) {
        pointer->verified_at_ms = snapshot->verified_at_ms;
        moved = true;
    }
    return moved;
}

static bool upload(struct store_s3 *s, const struct eidc_snapshot *snapshot,
                   struct eidc_pointer *out, struct eidc_err *err)
{
    if (!eidc_s3_images_put(&s->place, snapshot->image, s->compress, out, err))
        return false;
    if (snapshot->json && !put_eid_cache(s, snapshot->image, err))
        return false;
    out->refreshed_at_ms = snapshot->refreshed_at_ms;
    out->verified_at_ms = snapshot->verified_at_ms;
    return put_summary(s, snapshot, err);
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
    eidc_s3_images_retain(&s->place, s->keep, s->current.key);
    return true;
}

static bool save_same(struct store_s3 *s, struct saving *saving, struct eidc_err *err)
{
    struct eidc_pointer pointer = s->current;
    if (!saving->has_summary && !put_summary(s, saving->snapshot, err))
        return false;
    saving->has_summary = true;
    return !advance(saving->snapshot, &pointer) || write_current(s, &pointer, err);
}

static bool beaten(const struct store_s3 *s, uint64_t *winner, struct eidc_err *err)
{
    *winner = s->current.number;
    return eidc_fail(err, EIDC_ERR_CONFLICT, "%s is at generation %llu already", s->url,
                     (unsigned long long)s->current.number);
}

static bool s3_save(struct eidc_store *self, const struct eidc_snapshot *snapshot, uint64_t *winner,
                    struct eidc_err *err)
{
    struct store_s3 *s = store_of(self);
    struct saving saving = {.snapshot = snapshot};
    for (unsigned tries = 1;; tries++) {
        if (!know_current(s, err))
            return false;
        enum standing standing = standing_of(s, eidc_image_info(snapshot->image));
        if (standing == STANDS_BEATEN)
            return beaten(s, winner, err);
        if (standing == STANDS_SAME ? save_same(s, &saving, err) : save_newer(s, &saving, err))
            return true;
        bool lost_race = err->kind == EIDC_ERR_CONFLICT && !s->known;
        if (lost_race && tries < CAS_TRIES)
            continue;
        if (err->kind == EIDC_ERR_CONFLICT)
            err->kind = EIDC_ERR_UNAVAILABLE; /* nobody in particular has won */
        return false;
    }
}

/* --- making one ----------------------------------------------------------------------------- */

static void s3_destroy(struct eidc_store *self)
{
    struct store_s3 *s = store_of(self);
    eidc_endpoint_free(&s->place.s3.target.endpoint);
    if (s->creds)
        s->creds->ops->destroy(s->creds);
    free(s->url);
    free(s->bucket);
    free(s->prefix);
    free(s->region);
    free(s);
}

static const struct eidc_store_ops ops = {
    .load = s3_load, .peek = s3_peek, .save = s3_save, .touch = s3_save, .destroy = s3_destroy};

static bool is_bucket(struct eidc_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool alnum = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!alnum && ((c != '-' && c != '.') || i == 0 || i + 1 == s.n))
            return false;
    }
    return s.n >= 3 && s.n <= 63;
}

/* "s3://bucket/a/b/" is bucket and prefix "a/b/"; "s3://bucket" has prefix "". */
static bool split_url(const char *url, char **bucket, char **prefix, struct eidc_err *err)
{
    if (strncmp(url, "s3://", 5) != 0)
        return eidc_fail(err, EIDC_ERR_INVALID, "%s: expected s3://BUCKET/PREFIX", url);
    const char *name = url + 5;
    size_t n = strcspn(name, "/");
    if (!is_bucket((struct eidc_str){name, n}))
        return eidc_fail(err, EIDC_ERR_INVALID, "%s: \"%.*s\" is not a bucket name", url, (int)n,
                         name);
    const char *rest = name + n + strspn(name + n, "/");
    size_t m = strlen(rest);
    while (m > 0 && rest[m - 1] == '/')
        m--;
    *bucket = eidc_xstrndup(name, n);
    *prefix = eidc_xprintf("%.*s%s", (int)m, rest, m ? "/" : "");
    return true;
}

static bool resolve(struct store_s3 *s, const struct eidc_store_s3_options *options,
                    struct eidc_aws *aws, struct eidc_err *err)
{
    const struct eidc_aws_settings *settings = &options->aws;
    struct eidc_aws_target *target = &s->place.s3.target;
    if (!split_url(options->url, &s->bucket, &s->prefix, err) ||
        !eidc_region_resolve(settings, &s->region, err) ||
        !eidc_endpoint_resolve(settings, "s3", "S3", s->region, &target->endpoint, err))
        return eidc_wrap(err, "snapshot.s3");
    s->creds = eidc_creds_cache_new(eidc_creds_default_new(settings, eidc_aws_http(aws)));
    target->creds = s->creds;
    target->service = "s3";
    target->region = s->region;
    target->ca_bundle = settings->ca_bundle;
    target->max_attempts = settings->max_attempts;
    target->connect_timeout_ms = settings->connect_timeout_ms;
    target->timeout_ms = settings->timeout_ms;
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
    s->place.s3.max_object = options->max_object;
    *out = &s->base;
    return true;
}
