/* A page's answer: checked whole, then walked. What is wrong with it is found before any of its
 * names is passed on. */
#include "eidcached/aws/listing.h"

#include "eidcached/aws/listing_xml.h"
#include "eidcached/base/json_read.h"

#define KEY_MAX 64

static const cJSON *step(const cJSON *value, struct eidc_str part)
{
    char key[KEY_MAX];
    uint64_t index;
    if (part.n >= sizeof(key))
        return NULL;
    memcpy(key, part.p, part.n);
    key[part.n] = 0;
    if (cJSON_IsArray(value))
        return eidc_str_u64(part, INT32_MAX, &index) ? cJSON_GetArrayItem(value, (int)index) : NULL;
    return cJSON_IsObject(value) ? cJSON_GetObjectItemCaseSensitive(value, key) : NULL;
}

/* path NULL: the value itself. NULL: nothing is there. */
static const cJSON *at_path(const cJSON *value, const char *path)
{
    while (value && path && *path) {
        size_t n = strcspn(path, "/");
        value = step(value, (struct eidc_str){path, n});
        path += n + (path[n] == '/');
    }
    return value;
}

static struct eidc_str text_of(const cJSON *item)
{
    return eidc_str_of(item->valuestring);
}

/* NULL when the element is not of the row's shape. */
static const cJSON *name_of(const struct eidc_listing *row, const cJSON *element)
{
    const cJSON *name = at_path(element, row->name);
    return cJSON_IsString(name) ? name : NULL;
}

/* "https://sqs.eu-west-1.amazonaws.com/123456789012/jobs" is "jobs". */
static struct eidc_str shown_name(const struct eidc_listing *row, const cJSON *element)
{
    struct eidc_str name = text_of(name_of(row, element));
    const char *slash = row->last_part ? memrchr(name.p, '/', name.n) : NULL;
    if (!slash)
        return name;
    return (struct eidc_str){slash + 1, (size_t)(name.p + name.n - (slash + 1))};
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

/* Absent and null are false: the end. */
static bool read_more(const struct eidc_listing *row, const cJSON *root, bool *out,
                      struct eidc_err *err)
{
    const cJSON *more = cJSON_GetObjectItemCaseSensitive(root, row->more);
    if (more && !cJSON_IsBool(more) && !cJSON_IsNull(more))
        return eidc_fail(err, EIDC_ERR_CORRUPT, "%s is neither true nor false", row->more);
    *out = cJSON_IsTrue(more);
    return true;
}

/* The token that stands in the answer, or the last name. */
static bool find_token(const struct eidc_listing *row, const cJSON *root, const cJSON *list,
                       struct eidc_str *out, struct eidc_err *err)
{
    const cJSON *token = NULL;
    if (row->token_out)
        token = cJSON_GetObjectItemCaseSensitive(root, row->token_out);
    else if (cJSON_GetArraySize(list) > 0)
        token = name_of(row, cJSON_GetArrayItem(list, cJSON_GetArraySize(list) - 1));
    *out = (struct eidc_str){0};
    if (!token || cJSON_IsNull(token))
        return true;
    if (!cJSON_IsString(token))
        return eidc_fail(err, EIDC_ERR_CORRUPT, "%s is not a string", row->token_out);
    *out = text_of(token);
    return true;
}

static bool read_token(const struct eidc_listing *row, const cJSON *root, const cJSON *list,
                       struct eidc_str *out, struct eidc_err *err)
{
    bool more = true;
    struct eidc_str token = {0};
    if (row->more && !read_more(row, root, &more, err))
        return false;
    if (more && !find_token(row, root, list, &token, err))
        return false;
    if (more && row->more && token.n == 0)
        return eidc_fail(err, EIDC_ERR_CORRUPT, "%s is true, and nothing says how to go on",
                         row->more);
    *out = token;
    return true;
}

static bool check_page(const struct eidc_listing *row, const cJSON *root, const cJSON **list,
                       struct eidc_str *token, struct eidc_err *err)
{
    if (!cJSON_IsObject(root))
        return eidc_fail(err, EIDC_ERR_CORRUPT, "the answer is not a JSON object");
    *list = at_path(root, row->list);
    if (!cJSON_IsArray(*list))
        return eidc_fail(err, EIDC_ERR_CORRUPT, "the answer has no list %s", row->list);
    return check_elements(row, *list, err) && read_token(row, root, *list, token, err);
}

static bool walk(const struct eidc_listing *row, const cJSON *list, eidc_listing_item *item,
                 void *arg, struct eidc_err *err)
{
    const cJSON *element;
    cJSON_ArrayForEach(element, list)
    {
        if (!item(arg, shown_name(row, element), row->name ? element : NULL, err))
            return false;
    }
    return true;
}

static bool parse(const struct eidc_listing *row, struct eidc_str body, cJSON **out,
                  struct eidc_err *err)
{
    if (row->service && row->service->protocol == EIDC_LISTING_REST_XML)
        return eidc_listing_xml(row, body, out, err);
    if (eidc_json_parse(body, out, err))
        return true;
    err->kind = EIDC_ERR_CORRUPT; /* of the peer, not of the caller */
    return eidc_wrap(err, "not a whole page");
}

bool eidc_listing_page(const struct eidc_listing *row, struct eidc_str body,
                       eidc_listing_item *item, void *arg, struct eidc_buf *token,
                       struct eidc_err *err)
{
    EIDC_CJSON_AUTO *root = NULL;
    if (!parse(row, body, &root, err))
        return false;
    const cJSON *list = NULL;
    struct eidc_str next = {0};
    if (!check_page(row, root, &list, &next, err) || !walk(row, list, item, arg, err))
        return false;
    eidc_buf_clear(token);
    eidc_buf_add_str(token, next);
    if (token->failed)
        return eidc_fail(err, EIDC_ERR_LIMIT, "%s is too long", row->token_in);
    return true;
}
