#include "eidcached/aws/listing.h"

#include <string.h>

#include "eidcached/base/json.h"
#include "eidcached/base/json_read.h"

static void add_separator(struct eidc_buf *out)
{
    if (out->n && out->p[out->n - 1] != '{')
        eidc_buf_add_byte(out, ',');
}

static void add_raw(struct eidc_buf *out, const char *members)
{
    if (!members)
        return;
    add_separator(out);
    eidc_buf_add_z(out, members);
}

static void add_text(struct eidc_buf *out, const char *key, struct eidc_str value)
{
    if (value.n == 0)
        return;
    add_separator(out);
    eidc_json_quote(out, eidc_str_of(key));
    eidc_buf_add_byte(out, ':');
    eidc_json_quote(out, value);
}

void eidc_listing_body(const struct eidc_listing *row, struct eidc_str parent,
                       struct eidc_str token, bool with_optional, struct eidc_buf *out)
{
    eidc_buf_add_byte(out, '{');
    if (row->parent_key)
        add_text(out, row->parent_key, parent);
    add_raw(out, row->constant);
    if (with_optional)
        add_raw(out, row->optional);
    if (row->limit_key) {
        add_separator(out);
        eidc_buf_addf(out, "\"%s\":%u", row->limit_key, row->limit);
    }
    add_text(out, row->token_in, token);
    eidc_buf_add_byte(out, '}');
}

bool eidc_listing_refused_optional(const struct eidc_listing *row, const char *code,
                                   const char *message)
{
    static const char *const codes[] = {"ValidationException", "InvalidInputException",
                                        "InvalidParameterException", "SerializationException",
                                        "UnknownParameter"};
    if (!row->optional)
        return false;
    char member[64] = "";
    size_t n = strcspn(row->optional + 1, "\"");
    if (n >= sizeof(member))
        return false;
    memcpy(member, row->optional + 1, n);
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (strcmp(code, codes[i]) == 0)
            return strstr(message, member) != NULL ||
                   strcasestr(message, "unknown parameter") != NULL;
    }
    return false;
}

static struct eidc_str text_of(const cJSON *item)
{
    return eidc_str_of(item->valuestring);
}

/* NULL when the element is not of the row's shape. */
static const cJSON *name_of(const struct eidc_listing *row, const cJSON *element)
{
    const cJSON *name = element;
    if (row->name)
        name =
            cJSON_IsObject(element) ? cJSON_GetObjectItemCaseSensitive(element, row->name) : NULL;
    return cJSON_IsString(name) ? name : NULL;
}

static bool check_elements(const struct eidc_listing *row, const cJSON *list, struct eidc_err *err)
{
    const cJSON *element;
    unsigned index = 0;
    cJSON_ArrayForEach(element, list)
    {
        if (!name_of(row, element))
            return eidc_fail(err, EIDC_ERR_CORRUPT, "%s[%u] has no %s that is a string", row->list,
                             index, row->name ? row->name : "value");
        index++;
    }
    return true;
}

static bool read_token(const struct eidc_listing *row, const cJSON *root, struct eidc_str *out,
                       struct eidc_err *err)
{
    const cJSON *token = cJSON_GetObjectItemCaseSensitive(root, row->token_out);
    *out = (struct eidc_str){0};
    if (!token || cJSON_IsNull(token))
        return true;
    if (!cJSON_IsString(token))
        return eidc_fail(err, EIDC_ERR_CORRUPT, "%s is not a string", row->token_out);
    *out = text_of(token);
    return true;
}

static bool check_page(const struct eidc_listing *row, const cJSON *root, const cJSON **list,
                       struct eidc_str *token, struct eidc_err *err)
{
    if (!cJSON_IsObject(root))
        return eidc_fail(err, EIDC_ERR_CORRUPT, "the answer is not a JSON object");
    *list = cJSON_GetObjectItemCaseSensitive(root, row->list);
    if (!cJSON_IsArray(*list))
        return eidc_fail(err, EIDC_ERR_CORRUPT, "the answer has no list %s", row->list);
    return check_elements(row, *list, err) && read_token(row, root, token, err);
}

static bool walk(const struct eidc_listing *row, const cJSON *list, eidc_listing_item *item,
                 void *arg, struct eidc_err *err)
{
    const cJSON *element;
    cJSON_ArrayForEach(element, list)
    {
        if (!item(arg, text_of(name_of(row, element)), row->name ? element : NULL, err))
            return false;
    }
    return true;
}

bool eidc_listing_page(const struct eidc_listing *row, struct eidc_str body,
                       eidc_listing_item *item, void *arg, struct eidc_buf *token,
                       struct eidc_err *err)
{
    EIDC_CJSON_AUTO *root = NULL;
    if (!eidc_json_parse(body, &root, err)) {
        err->kind = EIDC_ERR_CORRUPT; /* of the peer, not of the caller */
        return eidc_wrap(err, "not a whole page");
    }
    const cJSON *list = NULL;
    struct eidc_str next = {0};
    if (!check_page(row, root, &list, &next, err) || !walk(row, list, item, arg, err))
        return false;
    eidc_buf_clear(token);
    eidc_buf_add_str(token, next);
    if (token->failed)
        return eidc_fail(err, EIDC_ERR_LIMIT, "%s is too long", row->token_out);
    return true;
}
