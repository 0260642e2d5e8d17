/* The EidCache document as an image. */
#include "eidcached/base/file.h"
#include "eidcached/base/json_read.h"
#include "eidcached/ctl/commands.h"
#include "eidcached/ctl/image_file.h"

#define DOCUMENT_MAX ((size_t)4 << 30)

static void hasher_free_p(struct eidc_eid_hasher **hasher)
{
    eidc_eid_hasher_free(*hasher);
}

/* An EID that is not the name's checksum is kept as it is: a field's. */
static bool add(struct eidc_ctl_filling *filling, struct eidc_eid_hasher *hasher,
                struct eidc_str name, struct eidc_str eid, struct eidc_err *err)
{
    uint8_t raw[EIDC_EID_RAW_MAX];
    char text[EIDC_EID_TEXT_MAX];
    if (!eidc_eid_compute(hasher, name, raw))
        return eidc_fail(err, EIDC_ERR_IO, "the digest failed");
    struct eidc_str checksum = {text, eidc_eid_print(filling->scheme, raw, text)};
    if (eid.n == 0)
        return eidc_fail(err, EIDC_ERR_INVALID, "%.*s has an empty EID", EIDC_STR_ARG(name));
    if (eidc_str_eq(eid, checksum))
        eid.n = 0;
    return eidc_names_add(&filling->names, name, eid, err);
}

/* Both dictionaries: each shows what the other has no place for (a name's further EIDs, an EID's
 * further names). */
static bool add_all(struct eidc_ctl_filling *filling, struct eidc_eid_hasher *hasher,
                    const cJSON *document, const char *key, struct eidc_err *err)
{
    const bool reverse = strcmp(key, "reverse_dict") == 0;
    const cJSON *all = cJSON_GetObjectItemCaseSensitive(document, key), *one;
    if (!cJSON_IsObject(all))
        return eidc_fail(err, EIDC_ERR_INVALID, "it has no object %s", key);
    cJSON_ArrayForEach(one, all)
    {
        if (!cJSON_IsString(one))
            return eidc_fail(err, EIDC_ERR_INVALID, "%s: \"%s\" has no text", key, one->string);
        struct eidc_str left = eidc_str_of(one->string), right = eidc_str_of(one->valuestring);
        if (!add(filling, hasher, reverse ? right : left, reverse ? left : right, err))
            return eidc_wrap(err, "%s", key);
    }
    return true;
}

static bool fill(struct eidc_ctl_filling *filling, struct eidc_err *err)
{
    const char *path = filling->ctl->args[0];
    __attribute__((cleanup(hasher_free_p))) struct eidc_eid_hasher *hasher = NULL;
    EIDC_BUF_AUTO text = {0};
    EIDC_CJSON_AUTO *document = NULL;
    if (!eidc_file_read(path, DOCUMENT_MAX, &text, err) ||
        !eidc_eid_hasher_new(filling->scheme, filling->key, &hasher, err))
        return false;
    if (!eidc_json_parse(eidc_buf_view(&text), &document, err) ||
        !add_all(filling, hasher, document, "forward_dict", err) ||
        !add_all(filling, hasher, document, "reverse_dict", err))
        return eidc_wrap(err, "%s", path);
    eidc_json_get_time(document, "created_at", &filling->as_of_ms); /* else it stays now */
    return true;
}

int eidc_ctl_image_import(struct eidc_ctl *ctl)
{
    return eidc_ctl_image_make(ctl, "image import", fill);
}
