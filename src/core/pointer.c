#include "eidcached/core/pointer.h"

#include <inttypes.h>
#include <stdio.h>

#include "eidcached/base/clock.h"
#include "eidcached/base/digest.h"
#include "eidcached/base/encode.h"
#include "eidcached/base/json.h"
#include "eidcached/base/json_read.h"

#define FOLDER           "images/"
#define NUMBER_DIGITS    20
#define CLOCKS_DIFFER_MS 60000
#define ID_DIGITS        (EIDC_IMAGE_ID_TEXT - 1)

void eidc_pointer_write(const struct eidc_pointer *pointer, struct eidc_buf *out)
{
    char sha256[2 * EIDC_SHA256_BYTES];
    struct eidc_json j = eidc_json_to(out);
    eidc_hex_encode(pointer->sha256, EIDC_SHA256_BYTES, sha256);
    eidc_json_open_object(&j);
    eidc_json_put_u64(&j, "number", pointer->number);
    eidc_json_put_z(&j, "id", pointer->id);
    eidc_json_put_z(&j, "key", pointer->key);
    eidc_json_put_u64(&j, "bytes", pointer->bytes);
    eidc_json_put_str(&j, "sha256", (struct eidc_str){sha256, sizeof sha256});
    eidc_json_put_u64(&j, "names", pointer->names);
    eidc_json_put_time(&j, "created_at", pointer->created_at_ms);
    eidc_json_put_time(&j, "refreshed_at", pointer->refreshed_at_ms);
    eidc_json_put_time(&j, "verified_at", pointer->verified_at_ms);
    eidc_json_close_object(&j);
    eidc_buf_add_byte(out, '\n');
}

static int64_t later(int64_t stored_ms, int64_t ours_ms)
{
    const bool plausible = stored_ms <= eidc_now_ms() + CLOCKS_DIFFER_MS;

    return plausible && stored_ms > ours_ms ? stored_ms : ours_ms;
}

bool eidc_pointer_advance(struct eidc_pointer *pointer, int64_t refreshed_at_ms,
                          int64_t verified_at_ms)
{
    const struct eidc_pointer before = *pointer;

    pointer->refreshed_at_ms = later(pointer->refreshed_at_ms, refreshed_at_ms);
    pointer->verified_at_ms = later(pointer->verified_at_ms, verified_at_ms);
    return pointer->refreshed_at_ms != before.refreshed_at_ms ||
           pointer->verified_at_ms != before.verified_at_ms;
}

static bool is_id(struct eidc_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!(s.p[i] >= '0' && s.p[i] <= '9') && !(s.p[i] >= 'a' && s.p[i] <= 'f'))
            return false;
    }
    return s.n == ID_DIGITS;
}

/* NUMBER-ID.eidc[.zst], with images/ in front or not. */
static bool split_key(struct eidc_str key, uint64_t *number, struct eidc_str *id)
{
    const size_t stem = NUMBER_DIGITS + 1 + ID_DIGITS;
    if (eidc_str_starts(key, EIDC_STR(FOLDER)))
        key = (struct eidc_str){key.p + strlen(FOLDER), key.n - strlen(FOLDER)};
    if (key.n < stem || key.p[NUMBER_DIGITS] != '-')
        return false;
    struct eidc_str end = {key.p + stem, key.n - stem};
    *id = (struct eidc_str){key.p + NUMBER_DIGITS + 1, ID_DIGITS};
    return (eidc_str_eq(end, EIDC_STR(".eidc")) || eidc_str_eq(end, EIDC_STR(".eidc.zst"))) &&
           is_id(*id) &&
           eidc_str_u64((struct eidc_str){key.p, NUMBER_DIGITS}, EIDC_GENERATION_MAX, number);
}

static bool corrupt(struct eidc_err *err, const char *field)
{
    return eidc_fail(err, EIDC_ERR_CORRUPT, "CURRENT: %s is missing or not what it should be",
                     field);
}

static bool read_key(const cJSON *doc, struct eidc_pointer *p, struct eidc_err *err)
{
    struct eidc_str id, key, key_id;
    uint64_t key_number;
    if (!eidc_json_get_str(doc, "id", &id) || !is_id(id))
        return corrupt(err, "id");
    if (!eidc_json_get_str(doc, "key", &key) || key.n >= sizeof p->key ||
        !eidc_str_starts(key, EIDC_STR(FOLDER)) || !split_key(key, &key_number, &key_id) ||
        key_number != p->number || !eidc_str_eq(key_id, id))
        return corrupt(err, "key");
    memcpy(p->id, id.p, id.n);
    memcpy(p->key, key.p, key.n);
    return true;
}

/* A time that never was is null. */
static bool read_time(const cJSON *doc, const char *field, int64_t *out, struct eidc_err *err)
{
    if (cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(doc, field)) ||
        eidc_json_get_time(doc, field, out))
        return true;
    return corrupt(err, field);
}

static bool read_u64(const cJSON *doc, const char *field, uint64_t *out, struct eidc_err *err)
{
    return eidc_json_get_u64(doc, field, out) || corrupt(err, field);
}

bool eidc_pointer_read(struct eidc_str json, struct eidc_pointer *out, struct eidc_err *err)
{
    struct eidc_pointer p = {0};
    struct eidc_str sha256;
    EIDC_CJSON_AUTO *doc = NULL;
    if (json.n > EIDC_POINTER_MAX)
        return eidc_fail(err, EIDC_ERR_CORRUPT, "CURRENT: longer than %d bytes", EIDC_POINTER_MAX);
    if (!eidc_json_parse(json, &doc, err)) {
        err->kind = EIDC_ERR_CORRUPT;
        return eidc_wrap(err, "CURRENT");
    }
    if (!read_u64(doc, "number", &p.number, err) || !read_key(doc, &p, err) ||
        !read_u64(doc, "bytes", &p.bytes, err) || !read_u64(doc, "names", &p.names, err) ||
        !read_time(doc, "created_at", &p.created_at_ms, err) ||
        !read_time(doc, "refreshed_at", &p.refreshed_at_ms, err) ||
        !read_time(doc, "verified_at", &p.verified_at_ms, err))
        return false;
    if (!eidc_json_get_str(doc, "sha256", &sha256) ||
        !eidc_hex_decode(sha256, p.sha256, EIDC_SHA256_BYTES))
        return corrupt(err, "sha256");
    *out = p;
    return true;
}

void eidc_pointer_key(uint64_t number, const char *id, bool compressed,
                      char out[static EIDC_POINTER_KEY_MAX])
{
    snprintf(out, EIDC_POINTER_KEY_MAX, FOLDER "%0*" PRIu64 "-%.*s.eidc%s", NUMBER_DIGITS, number,
             ID_DIGITS, id, compressed ? ".zst" : "");
}

bool eidc_pointer_key_number(struct eidc_str key, uint64_t *number)
{
    struct eidc_str id;
    uint64_t n;
    if (!split_key(key, &n, &id))
        return false;
    *number = n;
    return true;
}
