#include "eidcached/http/keys.h"

#include <inttypes.h>

#include "eidcached/base/name.h"
#include "eidcached/base/utf8.h"
#include "eidcached/http/query.h"

void eidc_keys_rewind(struct eidc_keys *keys)
{
    eidc_json_strings_free(&keys->walk);
    keys->walk = (struct eidc_json_strings){.text = eidc_buf_view(&keys->text)};
    keys->at = 0;
}

void eidc_keys_free(struct eidc_keys *keys)
{
    eidc_json_strings_free(&keys->walk);
    eidc_buf_free(&keys->decoded);
    eidc_buf_free(&keys->text);
}

enum step { A_KEY, NO_MORE, BAD };

static enum step next_line(struct eidc_keys *keys, struct eidc_str *out)
{
    const bool first = keys->at == 0;
    struct eidc_str rest = eidc_buf_view(&keys->text);
    rest = (struct eidc_str){rest.p + keys->at, rest.n - keys->at};
    if (rest.n == 0)
        return NO_MORE;
    const char *end = memchr(rest.p, '\n', rest.n);
    size_t line = end != NULL ? (size_t)(end - rest.p) : rest.n;
    keys->at += end != NULL ? line + 1 : line;
    *out = eidc_name_of_line((struct eidc_str){rest.p, line}, first);
    return A_KEY;
}

static enum step next_parameter(struct eidc_keys *keys, struct eidc_str *out, struct eidc_err *err)
{
    struct eidc_param param;
    while (eidc_query_next(eidc_buf_view(&keys->text), &keys->at, &param)) {
        if (!eidc_str_eq(param.name, eidc_str_of(keys->parameter)))
            continue;
        eidc_buf_clear(&keys->decoded);
        const char *problem = eidc_query_decode_value(param.value, &keys->decoded);
        if (problem != NULL) {
            eidc_fail(err, EIDC_ERR_INVALID, "%s", problem);
            return BAD;
        }
        *out = eidc_buf_view(&keys->decoded);
        return A_KEY;
    }
    return NO_MORE;
}

static enum step next_string(struct eidc_keys *keys, struct eidc_str *out, struct eidc_err *err)
{
    static const enum step steps[] = {
        [EIDC_JSON_STRING] = A_KEY,
        [EIDC_JSON_END] = NO_MORE,
        [EIDC_JSON_BAD] = BAD,
    };
    return steps[eidc_json_strings_next(&keys->walk, out, err)];
}

static enum step next_key(struct eidc_keys *keys, struct eidc_str *out, struct eidc_err *err)
{
    if (keys->form == EIDC_KEYS_LINES)
        return next_line(keys, out);
    enum step step =
        keys->form == EIDC_KEYS_JSON ? next_string(keys, out, err) : next_parameter(keys, out, err);
    if (step == BAD && (keys->walk.decoded.failed || keys->decoded.failed))
        err->kind = EIDC_ERR_NOMEM;
    return step;
}

/* A key that had escapes is in a buffer that the next such key overwrites. */
static bool is_in_place(const struct eidc_keys *keys, struct eidc_str key)
{
    return key.p != keys->decoded.p && key.p != keys->walk.decoded.p;
}

bool eidc_keys_next(struct eidc_keys *keys, struct eidc_str *out, size_t max, size_t *n,
                    struct eidc_err *err)
{
    enum step step = A_KEY;
    bool more = true;
    *n = 0;
    while (more && *n < max && (step = next_key(keys, &out[*n], err)) == A_KEY) {
        more = is_in_place(keys, out[*n]);
        ++*n;
    }
    return step != BAD;
}

/* What no key may hold; the other forms look while they decode. */
static bool check_lines(const struct eidc_keys *keys, struct eidc_err *err)
{
    struct eidc_str text = eidc_buf_view(&keys->text);
    if (keys->form != EIDC_KEYS_LINES)
        return true;
    size_t valid = eidc_utf8_valid_prefix(text);
    if (valid != text.n)
        return eidc_fail(err, EIDC_ERR_INVALID, "not UTF-8 at byte %zu", valid);
    const char *nul = memchr(text.p, '\0', text.n);
    if (nul != NULL)
        return eidc_fail(err, EIDC_ERR_INVALID, "a NUL at byte %zu", (size_t)(nul - text.p));
    return true;
}

static bool check_key(struct eidc_keys *keys, struct eidc_str key, struct eidc_err *err)
{
    if (keys->form == EIDC_KEYS_LINES)
        return true;
    if (key.n == 0)
        return eidc_fail(err, EIDC_ERR_INVALID, "is empty");
    keys->newline_in_a_key |= memchr(key.p, '\n', key.n) != NULL;
    return true;
}

bool eidc_keys_check(struct eidc_keys *keys, uint64_t max, struct eidc_err *err)
{
    struct eidc_str key;
    enum step step;
    if (!check_lines(keys, err))
        return false;
    eidc_keys_rewind(keys);
    keys->count = 0;
    while ((step = next_key(keys, &key, err)) == A_KEY) {
        if (++keys->count > max)
            return eidc_fail(err, EIDC_ERR_LIMIT, "more than %" PRIu64 " keys (http.max_batch)",
                             max);
        if (!check_key(keys, key, err))
            return eidc_wrap(err, "key %" PRIu64, keys->count);
    }
    eidc_keys_rewind(keys);
    if (step == BAD && keys->form == EIDC_KEYS_QUERY)
        return eidc_wrap(err, "the value of %s, key %" PRIu64, keys->parameter, keys->count + 1);
    return step == NO_MORE;
}
