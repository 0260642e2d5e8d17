#include "eidcached/daemon/keys.h"

#include <inttypes.h>

#include "eidcached/base/utf8.h"
#include "eidcached/daemon/query.h"

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

static enum eidc_json_step next_line(struct eidc_keys *keys, struct eidc_str *out)
{
    struct eidc_str rest = eidc_buf_view(&keys->text);
    rest = (struct eidc_str){rest.p + keys->at, rest.n - keys->at};
    if (rest.n == 0)
        return EIDC_JSON_END;
    const char *end = memchr(rest.p, '\n', rest.n);
    size_t line = end != NULL ? (size_t)(end - rest.p) : rest.n;
    keys->at += end != NULL ? line + 1 : line;
    if (line > 0 && rest.p[line - 1] == '\r')
        line--;
    *out = (struct eidc_str){rest.p, line};
    return EIDC_JSON_STRING;
}

static enum eidc_json_step next_parameter(struct eidc_keys *keys, struct eidc_str *out,
                                          struct eidc_err *err)
{
    struct eidc_param param;
    while (eidc_query_next(eidc_buf_view(&keys->text), &keys->at, &param)) {
        if (!eidc_str_eq(param.name, eidc_str_of(keys->parameter)))
            continue;
        eidc_buf_clear(&keys->decoded);
        const char *problem = eidc_query_decode(param.value, &keys->decoded);
        if (problem != NULL) {
            eidc_fail(err, EIDC_ERR_INVALID, "the value of %s %s", keys->parameter, problem);
            return EIDC_JSON_BAD;
        }
        *out = eidc_buf_view(&keys->decoded);
        return EIDC_JSON_STRING;
    }
    return EIDC_JSON_END;
}

enum eidc_json_step eidc_keys_next(struct eidc_keys *keys, struct eidc_str *out,
                                   struct eidc_err *err)
{
    if (keys->form == EIDC_KEYS_JSON)
        return eidc_json_strings_next(&keys->walk, out, err);
    if (keys->form == EIDC_KEYS_LINES)
        return next_line(keys, out);
    return next_parameter(keys, out, err);
}

static bool lines_are_utf8(const struct eidc_keys *keys, struct eidc_err *err)
{
    size_t valid = eidc_utf8_valid_prefix(eidc_buf_view(&keys->text));
    if (keys->form != EIDC_KEYS_LINES || valid == keys->text.n)
        return true;
    return eidc_fail(err, EIDC_ERR_INVALID, "not UTF-8 at byte %zu", valid);
}

bool eidc_keys_check(struct eidc_keys *keys, uint64_t max, struct eidc_err *err)
{
    struct eidc_str key;
    enum eidc_json_step step;
    if (!lines_are_utf8(keys, err))
        return false;
    eidc_keys_rewind(keys);
    keys->count = 0;
    while ((step = eidc_keys_next(keys, &key, err)) == EIDC_JSON_STRING) {
        if (++keys->count > max)
            return eidc_fail(err, EIDC_ERR_LIMIT, "more than %" PRIu64 " keys (http.max_batch)",
                             max);
        if (key.n > 0 && memchr(key.p, '\n', key.n) != NULL)
            keys->newline_in_a_key = true;
    }
    eidc_keys_rewind(keys);
    return step == EIDC_JSON_END;
}
