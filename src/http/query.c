#include "eidcached/http/query.h"

#include "eidcached/base/encode.h"
#include "eidcached/base/units.h"
#include "eidcached/base/utf8.h"

bool eidc_query_next(struct eidc_str query, size_t *at, struct eidc_param *out)
{
    while (*at < query.n && query.p[*at] == '&')
        ++*at;
    if (*at >= query.n)
        return false;
    struct eidc_str piece = {query.p + *at, query.n - *at};
    const char *end = memchr(piece.p, '&', piece.n);
    if (end != NULL)
        piece.n = (size_t)(end - piece.p);
    *at += piece.n;

    const char *equals = memchr(piece.p, '=', piece.n);
    out->name = piece;
    out->value = EIDC_STR("");
    if (equals != NULL) {
        out->name.n = (size_t)(equals - piece.p);
        out->value = (struct eidc_str){equals + 1, piece.n - out->name.n - 1};
    }
    return true;
}

bool eidc_query_find(struct eidc_str query, const char *name, struct eidc_param *out)
{
    size_t at = 0;
    while (eidc_query_next(query, &at, out)) {
        if (eidc_str_eq(out->name, eidc_str_of(name)))
            return true;
    }
    return false;
}

/* What was decoded from `start` on. */
static const char *check_decoded(const struct eidc_buf *out, size_t start, bool good)
{
    if (!good)
        return "has a '%' that is not followed by two hex digits";
    if (out->failed)
        return "does not fit in memory";
    struct eidc_str decoded = {eidc_buf_view(out).p + start, out->n - start};
    if (decoded.n > 0 && memchr(decoded.p, '\0', decoded.n) != NULL)
        return "has a NUL byte";
    if (eidc_utf8_valid_prefix(decoded) != decoded.n)
        return "is not UTF-8";
    return NULL;
}

const char *eidc_query_decode(struct eidc_str raw, struct eidc_buf *out)
{
    size_t start = out->n;
    bool good = eidc_percent_decode(out, raw);
    return check_decoded(out, start, good);
}

const char *eidc_query_decode_value(struct eidc_str raw, struct eidc_buf *out)
{
    size_t start = out->n;
    const char *plus;
    bool good = true;
    while (good && raw.n > 0 && (plus = memchr(raw.p, '+', raw.n)) != NULL) {
        size_t piece = (size_t)(plus - raw.p);
        good = eidc_percent_decode(out, (struct eidc_str){raw.p, piece});
        eidc_buf_add_byte(out, ' ');
        raw = (struct eidc_str){plus + 1, raw.n - piece - 1};
    }
    good = good && eidc_percent_decode(out, raw);
    return check_decoded(out, start, good);
}

bool eidc_query_bool(const struct eidc_param *param, bool *out)
{
    static const struct {
        const char *text;
        bool value;
    } words[] = {{"", true}, {"true", true}, {"1", true}, {"false", false}, {"0", false}};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (eidc_str_eq(param->value, eidc_str_of(words[i].text))) {
            *out = words[i].value;
            return true;
        }
    }
    return false;
}

bool eidc_query_duration(struct eidc_str raw, int64_t *ms)
{
    const uint64_t second = 1000, longest = 3600 * second;
    uint64_t given;
    if (!eidc_units_parse(raw, eidc_duration_units, second, &given) || given > longest)
        return false;
    *ms = (int64_t)given;
    return true;
}
