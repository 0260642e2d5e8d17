/* Name templates: text with {fields}, `{{` and `}}` for braces. */
#include <string.h>

#include "eidcached/aws/listing.h"

/* The template cut into pieces: literal text, or the name of a field. */
struct piece {
    struct eidc_str text;
    bool is_field;
};

static bool next_field(const char **at, struct piece *out, struct eidc_err *err)
{
    const char *begin = *at + 1;
    size_t n = strcspn(begin, "{}");
    if (begin[n] != '}')
        return eidc_fail(err, EIDC_ERR_INVALID, "name template: '{' without '}'");
    if (n == 0)
        return eidc_fail(err, EIDC_ERR_INVALID, "name template: empty {}");
    *out = (struct piece){{begin, n}, true};
    *at = begin + n + 1;
    return true;
}

/* *at must not be at the end. */
static bool next_piece(const char **at, struct piece *out, struct eidc_err *err)
{
    const char *p = *at;
    if ((p[0] == '{' || p[0] == '}') && p[1] == p[0]) {
        *out = (struct piece){{p, 1}, false};
        *at = p + 2;
        return true;
    }
    if (p[0] == '{')
        return next_field(at, out, err);
    if (p[0] == '}')
        return eidc_fail(err, EIDC_ERR_INVALID, "name template: '}' without '{' (write }})");
    size_t n = strcspn(p, "{}");
    *out = (struct piece){{p, n}, false};
    *at = p + n;
    return true;
}

static bool is_own_field(const struct eidc_listing *row, struct eidc_str field)
{
    return eidc_str_eq(field, EIDC_STR("name")) || eidc_str_eq(field, eidc_str_of(row->own_field));
}

static bool is_offered(const struct eidc_listing *row, struct eidc_str field)
{
    return is_own_field(row, field) || eidc_str_eq(field, EIDC_STR("region")) ||
           (row->parent_field && eidc_str_eq(field, eidc_str_of(row->parent_field)));
}

static bool fail_unknown(const struct eidc_listing *row, struct eidc_str field,
                         struct eidc_err *err)
{
    return eidc_fail(err, EIDC_ERR_INVALID,
                     "name template: {%.*s} is not a field of %s: it has {%s}%s%s%s, {name}, "
                     "{region}",
                     EIDC_STR_ARG(field), row->id, row->own_field, row->parent_field ? ", {" : "",
                     row->parent_field ? row->parent_field : "", row->parent_field ? "}" : "");
}

bool eidc_template_check(const struct eidc_listing *row, const char *text, struct eidc_err *err)
{
    bool has_own = false;
    for (const char *at = text; *at;) {
        struct piece piece = {0};
        if (!next_piece(&at, &piece, err))
            return false;
        if (piece.is_field && !is_offered(row, piece.text))
            return fail_unknown(row, piece.text, err);
        has_own |= piece.is_field && is_own_field(row, piece.text);
    }
    if (!has_own)
        return eidc_fail(err, EIDC_ERR_INVALID,
                         "name template: without {%s} all names would be the same", row->own_field);
    return true;
}

static bool add_field(struct eidc_str field, const struct eidc_template_field *fields, size_t n,
                      struct eidc_buf *out, struct eidc_err *err)
{
    for (size_t i = 0; i < n; i++) {
        if (!eidc_str_eq(field, eidc_str_of(fields[i].field)))
            continue;
        eidc_buf_add_str(out, fields[i].value);
        return true;
    }
    return eidc_fail(err, EIDC_ERR_INVALID, "name template: no field {%.*s}", EIDC_STR_ARG(field));
}

bool eidc_template_expand(const char *text, const struct eidc_template_field *fields, size_t n,
                          struct eidc_buf *out, struct eidc_err *err)
{
    for (const char *at = text; *at;) {
        struct piece piece = {0};
        if (!next_piece(&at, &piece, err))
            return false;
        if (!piece.is_field)
            eidc_buf_add_str(out, piece.text);
        else if (!add_field(piece.text, fields, n, out, err))
            return false;
    }
    if (out->failed)
        return eidc_fail(err, EIDC_ERR_LIMIT, "name template: the name is too long");
    return true;
}
