/* The EidCache document as an image. */
#include "eidcached/base/file.h"
#include "eidcached/base/json_read.h"
#include "eidcached/ctl/commands.h"
#include "eidcached/ctl/image_file.h"

#define DOCUMENT_MAX ((size_t)4 << 30)
#define BLOCK        ((size_t)64 << 10)

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

/* Standard input, up to its end. */
static bool read_stream(FILE *in, struct eidc_buf *text, struct eidc_err *err)
{
    while (!feof(in)) {
        char *into = eidc_buf_reserve(text, BLOCK);
        if (into == NULL)
            return eidc_fail(err, EIDC_ERR_NOMEM, "out of memory");
        size_t got = fread(into, 1, BLOCK, in);
        if (ferror(in))
            return eidc_fail_errno(err, "cannot be read");
        eidc_buf_commit(text, got);
        if (text->n > DOCUMENT_MAX)
            return eidc_fail(err, EIDC_ERR_LIMIT, "longer than %zu bytes", DOCUMENT_MAX);
    }
    return true;
}

static bool add_document(struct eidc_ctl_filling *filling, struct eidc_str text,
                         struct eidc_err *err)
{
    __attribute__((cleanup(hasher_free_p))) struct eidc_eid_hasher *hasher = NULL;
    EIDC_CJSON_AUTO *document = NULL;
    if (!eidc_eid_hasher_new(filling->scheme, filling->key, &hasher, err) ||
        !eidc_json_parse(text, &document, err) ||
        !add_all(filling, hasher, document, "forward_dict", err) ||
        !add_all(filling, hasher, document, "reverse_dict", err))
        return false;
    eidc_json_get_time(document, "created_at", &filling->as_of_ms); /* else it stays now */
    return true;
}

static bool fill(struct eidc_ctl_filling *filling, struct eidc_err *err)
{
    const struct eidc_ctl *ctl = filling->ctl;
    const bool from_file = ctl->arg_count == 1 && strcmp(ctl->args[0], "-") != 0;
    EIDC_BUF_AUTO text = {0};
    if (from_file && !eidc_file_read(ctl->args[0], DOCUMENT_MAX, &text, err))
        return false; /* it names the file */
    return ((from_file || read_stream(ctl->io->in, &text, err)) &&
            add_document(filling, eidc_buf_view(&text), err)) ||
           eidc_wrap(err, "%s", from_file ? ctl->args[0] : "standard input");
}

int eidc_ctl_image_import(struct eidc_ctl *ctl)
{
    return eidc_ctl_image_make(ctl, "image import", fill);
}
