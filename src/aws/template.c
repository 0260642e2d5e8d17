#include "eidcached/aws/template.h"

#include "eidcached/base/words.h"

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

/* Tells one name of a row from another. */
static bool is_own_field(const struct eidc_listing *row, struct eidc_str field)
{
    return eidc_str_eq(field, EIDC_STR("name")) || eidc_str_eq(field, eidc_str_of(row->own_field));
}

static bool is_above(const struct eidc_listing *row, struct eidc_str field)
{
    const struct eidc_listing *above[EIDC_LISTING_DEPTH];
    size_t n = eidc_listing_above(row, above);
    for (size_t i = 0; i < n; i++) {
        if (eidc_str_eq(field, eidc_str_of(above[i]->own_field)))
            return true;
    }
    return row->recursive && eidc_str_eq(field, EIDC_STR(EIDC_LISTING_PATH_FIELD));
}

static bool is_offered(const struct eidc_listing *row, struct eidc_str field)
{
    return is_own_field(row, field) || is_above(row, field) ||
           eidc_words_have(row->fields, field) || eidc_str_eq(field, EIDC_STR("region"));
}

static bool fail_unknown(const struct eidc_listing *row, struct eidc_str field,
                         struct eidc_err *err)
{
    EIDC_BUF_AUTO have = {0};
    const struct eidc_listing *above[EIDC_LISTING_DEPTH];
    size_t n = eidc_listing_above(row, above);
    for (size_t i = 0; i < n; i++)
        eidc_buf_addf(&have, "{%s}, ", above[i]->own_field);
    if (row->recursive)
        eidc_buf_add_z(&have, "{" EIDC_LISTING_PATH_FIELD "}, ");
    eidc_buf_addf(&have, "{%s}, {name}, {region}", row->own_field);
    struct eidc_str word;
    for (const char *at = row->fields; eidc_words_next(&at, &word);)
        eidc_buf_addf(&have, ", {%.*s}", EIDC_STR_ARG(word));
    return eidc_fail(err, EIDC_ERR_INVALID, "name template: {%.*s} is not a field of %s: it has %s",
                     EIDC_STR_ARG(field), row->id, eidc_buf_view(&have).p);
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
        has_own |= piece.is_field &&
                   (is_own_field(row, piece.text) || eidc_words_have(row->fields, piece.text));
    }
    if (!has_own)
        return eidc_fail(err, EIDC_ERR_INVALID,
                         "name template: without {%s} all names would be the same", row->own_field);
    return true;
}

bool eidc_template_needs_members(const struct eidc_listing *row, const char *text)
{
    struct eidc_err err;
    for (const char *at = text; *at;) {
        struct piece piece = {0};
        if (!next_piece(&at, &piece, &err))
            return false;
        if (piece.is_field && !is_own_field(row, piece.text) && !is_above(row, piece.text) &&
            eidc_words_have(row->fields, piece.text) &&
            !eidc_str_eq(piece.text, eidc_str_of(row->name)))
            return true;
    }
    return false;
}

bool eidc_template_expand(const char *text, eidc_template_value *value, void *arg,
                          struct eidc_buf *out, struct eidc_err *err)
{
    for (const char *at = text; *at;) {
        struct piece piece = {0};
        if (!next_piece(&at, &piece, err))
            return false;
        struct eidc_str found = piece.text;
        if (piece.is_field && !value(arg, piece.text, &found))
            return eidc_fail(err, EIDC_ERR_INVALID, "name template: no field {%.*s}",
                             EIDC_STR_ARG(piece.text));
        eidc_buf_add_str(out, found);
    }
    if (out->failed)
        return eidc_fail(err, EIDC_ERR_LIMIT, "name template: the name is too long");
    return true;
}
