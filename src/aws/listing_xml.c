/*
 * With the row's list "Result/Buckets/Bucket": the end of Result/Token is a member, that of
 * Result/Buckets/Bucket/Name a member of the element being read, that of Result/Buckets/Bucket its
 * end, and Result/Buckets, empty or not, says that there is a list. The tree has the list under
 * its path, so that one code reads both protocols.
 */
#include "eidcached/aws/listing_xml.h"

#include "eidcached/aws/xml.h"
#include "eidcached/base/json_read.h"

struct tree {
    const char *list;        /* the row's path */
    size_t root_n, holder_n; /* lengths of "Result" and "Result/Buckets" in it */
    cJSON *root, *items, *element;
    bool has_list;
    bool complete; /* the root's end was seen */
};

static bool is_prefix(const struct tree *t, const char *path, size_t n)
{
    return strlen(path) == n && strncmp(path, t->list, n) == 0;
}

/* The name behind the first n bytes of the list's path and a '/'; NULL: it is none directly there.
 */
static const char *below(const struct tree *t, const char *path, size_t n)
{
    if (strncmp(path, t->list, n) != 0 || path[n] != '/' || strchr(path + n + 1, '/'))
        return NULL;
    return path + n + 1;
}

static bool add_text(cJSON *to, const char *key, struct eidc_str text, struct eidc_err *err)
{
    if (cJSON_GetObjectItemCaseSensitive(to, key))
        return eidc_fail(err, EIDC_ERR_CORRUPT, "%s stands twice in one element", key);
    EIDC_BUF_AUTO z = {0};
    eidc_buf_add_str(&z, text);
    cJSON_AddStringToObject(to, key, eidc_buf_view(&z).p);
    return true;
}

static bool on_element(void *arg, const char *path, struct eidc_str text, struct eidc_err *err)
{
    struct tree *t = arg;
    const char *key;
    if (strcmp(path, t->list) == 0) {
        cJSON_AddItemToArray(t->items, t->element);
        t->element = cJSON_CreateObject();
    } else if ((key = below(t, path, strlen(t->list))) != NULL) {
        return add_text(t->element, key, text, err);
    } else if (is_prefix(t, path, t->holder_n)) {
        if (t->has_list)
            return eidc_fail(err, EIDC_ERR_CORRUPT, "%s stands twice", path);
        t->has_list = true;
    } else if (is_prefix(t, path, t->root_n)) {
        t->complete = true;
    } else if ((key = below(t, path, t->root_n)) != NULL) {
        return add_text(t->root, key, text, err);
    }
    return true;
}

/* {"Result": {"Buckets": {"Bucket": [...]}}, "Token": "..."}: the members of the root element stand
 * beside it, where a token is looked for. */
static void nest(struct tree *t)
{
    cJSON *at = t->root;
    for (const char *p = t->list;;) {
        size_t n = strcspn(p, "/");
        EIDC_BUF_AUTO key = {0};
        eidc_buf_add(&key, p, n);
        if (p[n] == 0) {
            cJSON_AddItemToObject(at, key.p, t->items);
            t->items = NULL;
            return;
        }
        at = cJSON_AddObjectToObject(at, key.p);
        p += n + 1;
    }
}

static bool read_tree(struct tree *t, struct eidc_str body, struct eidc_err *err)
{
    if (!eidc_xml_parse(body, on_element, t, err))
        return eidc_wrap(err, "not a whole page");
    if (!t->complete)
        return eidc_fail(err, EIDC_ERR_CORRUPT, "the answer is not a %.*s", (int)t->root_n,
                         t->list);
    if (t->has_list)
        nest(t);
    return true;
}

bool eidc_listing_xml(const struct eidc_listing *row, struct eidc_str body, cJSON **out,
                      struct eidc_err *err)
{
    struct tree t = {
        .list = row->list,
        .root_n = strcspn(row->list, "/"),
        .holder_n = (size_t)(strrchr(row->list, '/') - row->list),
        .root = cJSON_CreateObject(),
        .items = cJSON_CreateArray(),
        .element = cJSON_CreateObject(),
    };
    bool ok = read_tree(&t, body, err);
    cJSON_Delete(t.element);
    cJSON_Delete(t.items);
    if (ok)
        *out = t.root;
    else
        cJSON_Delete(t.root);
    return ok;
}
