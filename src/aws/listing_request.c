/* A page's request: its members are gathered first, then written as the protocol wants them. */
#include <stdio.h>

#include "eidcached/aws/listing.h"
#include "eidcached/base/encode.h"
#include "eidcached/base/json.h"
#include "eidcached/base/words.h"

struct member {
    struct eidc_str key, value;
    bool json; /* the value is JSON, else text */
};

struct members {
    struct member at[EIDC_LISTING_MEMBERS];
    size_t n;
    char limit[16];
};

static void add(struct members *m, const char *key, struct eidc_str value, bool json)
{
    if (m->n < EIDC_LISTING_MEMBERS) /* the table's own test sees that it suffices */
        m->at[m->n++] = (struct member){eidc_str_of(key), value, json};
}

static void add_parents(struct members *m, const struct eidc_listing *row,
                        const struct eidc_listing_ask *ask)
{
    for (size_t i = 0; i < EIDC_LISTING_DEPTH && row->parent_keys[i]; i++)
        add(m, row->parent_keys[i], ask->parents[i], false);
}

static const char *given_value(const struct eidc_listing_ask *ask, const char *key)
{
    for (size_t i = 0; i < ask->given_count; i++) {
        if (strcmp(ask->given[i].key, key) == 0)
            return ask->given[i].value;
    }
    return NULL;
}

static void add_params(struct members *m, const struct eidc_listing *row,
                       const struct eidc_listing_ask *ask)
{
    for (size_t i = 0; i < EIDC_LISTING_PARAMS && row->params[i].key; i++) {
        const struct eidc_listing_param *param = &row->params[i];
        const char *value = given_value(ask, param->key);
        if (!value)
            value = param->fallback;
        if (value)
            add(m, param->key, eidc_str_of(value), false);
    }
}

static void add_constants(struct members *m, const struct eidc_listing *row,
                          const struct eidc_listing_ask *ask)
{
    for (size_t i = 0; i < EIDC_LISTING_CONSTS && row->constants[i].key; i++)
        add(m, row->constants[i].key, eidc_str_of(row->constants[i].json), true);
    if (row->optional.key && ask->with_optional)
        add(m, row->optional.key, eidc_str_of(row->optional.json), true);
}

static void gather(struct members *m, const struct eidc_listing *row,
                   const struct eidc_listing_ask *ask)
{
    add_parents(m, row, ask);
    add_params(m, row, ask);
    add_constants(m, row, ask);
    if (row->limit_key) {
        snprintf(m->limit, sizeof(m->limit), "%u", row->limit);
        add(m, row->limit_key, eidc_str_of(m->limit), true);
    }
    if (ask->token.n)
        add(m, row->token_in, ask->token, false);
}

static void write_json(const struct members *m, struct eidc_buf *out)
{
    eidc_buf_add_byte(out, '{');
    for (size_t i = 0; i < m->n; i++) {
        if (i > 0)
            eidc_buf_add_byte(out, ',');
        eidc_json_quote(out, m->at[i].key);
        eidc_buf_add_byte(out, ':');
        if (m->at[i].json)
            eidc_buf_add_str(out, m->at[i].value);
        else
            eidc_json_quote(out, m->at[i].value);
    }
    eidc_buf_add_byte(out, '}');
}

/* "{tableBucketARN}" at p, up to its brace. */
static struct eidc_str label_at(const char *p)
{
    return (struct eidc_str){p + 1, strcspn(p + 1, "}")};
}

static void drop_member(struct members *m, size_t index)
{
    m->n--;
    for (size_t i = index; i < m->n; i++)
        m->at[i] = m->at[i + 1];
}

static void write_label(struct members *m, struct eidc_str label, struct eidc_buf *out)
{
    for (size_t i = 0; i < m->n; i++) {
        if (!eidc_str_eq(m->at[i].key, label))
            continue;
        eidc_percent_encode(out, m->at[i].value, "");
        drop_member(m, i);
        return;
    }
}

/* The members that are in the path are no longer in m. */
static void write_path(struct members *m, const char *path, struct eidc_buf *out)
{
    while (*path) {
        size_t n = strcspn(path, "{");
        eidc_buf_add(out, path, n);
        path += n;
        if (*path == '{') {
            struct eidc_str label = label_at(path);
            write_label(m, label, out);
            path += label.n + 2;
        }
    }
}

/* A string's quotes are not of its value. */
static struct eidc_str plain(const struct member *member)
{
    struct eidc_str value = member->value;
    if (member->json && value.n >= 2 && value.p[0] == '"')
        value = (struct eidc_str){value.p + 1, value.n - 2};
    return value;
}

/* The values are kept in one buffer, so that the request outlives the members; views are taken
 * when it has stopped to move. */
static void write_query(const struct members *m, struct eidc_listing_request *out)
{
    for (size_t i = 0; i < m->n; i++)
        eidc_buf_add_str(&out->values, plain(&m->at[i]));
    const char *p = eidc_buf_view(&out->values).p;
    for (size_t i = 0; i < m->n && !out->values.failed; i++) {
        size_t n = plain(&m->at[i]).n;
        out->params[out->param_count++] =
            (struct eidc_sigv4_param){m->at[i].key, (struct eidc_str){p, n}};
        p += n;
    }
}

static void clear(struct eidc_listing_request *out)
{
    eidc_buf_clear(&out->path);
    eidc_buf_clear(&out->body);
    eidc_buf_clear(&out->target);
    eidc_buf_clear(&out->values);
    out->param_count = 0;
    out->content_type[0] = 0;
}

static void write_rpc(const struct eidc_listing *row, const struct members *m,
                      struct eidc_listing_request *out)
{
    out->method = "POST";
    eidc_buf_add_byte(&out->path, '/');
    eidc_buf_addf(&out->target, "%s.%s", row->service->target, row->operation);
    snprintf(out->content_type, sizeof(out->content_type), "application/x-amz-json-%s",
             row->service->protocol == EIDC_LISTING_JSON_1_0 ? "1.0" : "1.1");
    write_json(m, &out->body);
}

static void write_rest(const struct eidc_listing *row, struct members *m,
                       struct eidc_listing_request *out)
{
    out->method = row->method;
    write_path(m, row->path, &out->path);
    if (strcmp(row->method, "GET") == 0) {
        write_query(m, out);
        return;
    }
    snprintf(out->content_type, sizeof(out->content_type), "application/json");
    write_json(m, &out->body);
}

void eidc_listing_request(const struct eidc_listing *row, const struct eidc_listing_ask *ask,
                          struct eidc_listing_request *out)
{
    struct members m = {.n = 0};
    clear(out);
    gather(&m, row, ask);
    if (row->service->target)
        write_rpc(row, &m, out);
    else
        write_rest(row, &m, out);
}

void eidc_listing_request_free(struct eidc_listing_request *request)
{
    eidc_buf_free(&request->path);
    eidc_buf_free(&request->body);
    eidc_buf_free(&request->target);
    eidc_buf_free(&request->values);
}

bool eidc_listing_refused_optional(const struct eidc_listing *row, const char *code,
                                   const char *message)
{
    static const char codes[] = "ValidationException InvalidInputException "
                                "InvalidParameterException SerializationException UnknownParameter";
    if (!row->optional.key || !eidc_words_have(codes, eidc_str_of(code)))
        return false;
    return strstr(message, row->optional.key) != NULL ||
           strcasestr(message, "unknown parameter") != NULL;
}
