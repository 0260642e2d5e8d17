#include "eidcached/base/json_strings.h"

#include "eidcached/base/encode.h"
#include "eidcached/base/json.h"
#include "eidcached/base/utf8.h"

/* What may come next. Zero is the start, so that {.text = body} starts. */
enum { BEFORE_ARRAY, COMMA_OR_END, AFTER_ARRAY };

static const char bad_escape[] = "bad escape";

static bool read_hex4(struct eidc_str text, size_t at, uint32_t *unit)
{
    uint8_t bytes[2];
    if (text.n - at < 4 || !eidc_hex_decode((struct eidc_str){text.p + at, 4}, bytes, 2))
        return false;
    *unit = (uint32_t)bytes[0] << 8 | bytes[1];
    return true;
}

/* The four digits behind \u at *at, and the second half if they are the first of a pair. */
static const char *read_unicode(struct eidc_str text, size_t *at, struct eidc_buf *decoded)
{
    uint32_t code, low;
    if (!read_hex4(text, *at, &code))
        return bad_escape;
    *at += 4;
    if (code == 0)
        return "\\u0000";
    if (code >= 0xdc00 && code <= 0xdfff)
        return "lone surrogate";
    if (code >= 0xd800 && code <= 0xdbff) {
        bool escape = text.n - *at >= 6 && text.p[*at] == '\\' && text.p[*at + 1] == 'u';
        if (!escape || !read_hex4(text, *at + 2, &low) || low < 0xdc00 || low > 0xdfff)
            return "lone surrogate";
        *at += 6;
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    char utf8[4];
    eidc_buf_add(decoded, utf8, eidc_utf8_encode(code, utf8));
    return NULL;
}

/* The escape whose backslash is at *at. */
static const char *read_escape(struct eidc_str text, size_t *at, struct eidc_buf *decoded)
{
    static const char plain[] = {['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
                                 ['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t'};
    if (text.n - *at < 2)
        return "unfinished string";
    uint8_t letter = (uint8_t)text.p[*at + 1];
    *at += 2;
    if (letter == 'u')
        return read_unicode(text, at, decoded);
    if (letter >= sizeof(plain) || plain[letter] == '\0')
        return bad_escape;
    eidc_buf_add_byte(decoded, plain[letter]);
    return NULL;
}

/* The rest of a string, from its first backslash on; `begin` is its first byte. */
static const char *read_escaped(struct eidc_str text, size_t begin, size_t *at,
                                struct eidc_buf *decoded)
{
    eidc_buf_clear(decoded);
    eidc_buf_add(decoded, text.p + begin, *at - begin);
    while (*at < text.n && text.p[*at] == '\\') {
        const char *problem = read_escape(text, at, decoded);
        if (problem != NULL)
            return problem;
        struct eidc_str rest = {text.p + *at, text.n - *at};
        size_t plain = eidc_json_plain_prefix(rest);
        eidc_buf_add(decoded, rest.p, plain);
        *at += plain;
    }
    return decoded->failed ? "out of memory" : NULL;
}

const char *eidc_json_string_read(struct eidc_str text, size_t *at, struct eidc_buf *decoded,
                                  struct eidc_str *out)
{
    size_t begin = ++*at;
    *at += eidc_json_plain_prefix((struct eidc_str){text.p + begin, text.n - begin});
    bool escaped = *at < text.n && text.p[*at] == '\\';
    const char *problem = escaped ? read_escaped(text, begin, at, decoded) : NULL;
    if (problem != NULL)
        return problem;
    if (*at == text.n)
        return "unfinished string";
    if (text.p[*at] != '"')
        return "control character in a string";
    struct eidc_str raw = {text.p + begin, *at - begin};
    size_t valid = eidc_utf8_valid_prefix(raw);
    if (valid != raw.n) {
        *at = begin + valid;
        return "not UTF-8";
    }
    ++*at;
    *out = escaped ? eidc_buf_view(decoded) : raw;
    return NULL;
}

static size_t skip_space(struct eidc_str text, size_t at)
{
    while (at < text.n &&
           (text.p[at] == ' ' || text.p[at] == '\n' || text.p[at] == '\r' || text.p[at] == '\t'))
        at++;
    return at;
}

static enum eidc_json_step bad(struct eidc_err *err, const char *problem, size_t at)
{
    eidc_fail(err, EIDC_ERR_INVALID, "JSON array of strings: %s at byte %zu", problem, at);
    return EIDC_JSON_BAD;
}

static enum eidc_json_step finish(struct eidc_json_strings *walk, size_t at, struct eidc_err *err)
{
    at = skip_space(walk->text, at + 1);
    if (at < walk->text.n)
        return bad(err, "something behind the array", at);
    walk->at = at;
    walk->state = AFTER_ARRAY;
    return EIDC_JSON_END;
}

/* The punctuation of each state that has one, and what to say when it is missing. */
static const struct {
    char punctuation;
    const char *missing;
} expected[] = {
    [BEFORE_ARRAY] = {'[', "expected '['"},
    [COMMA_OR_END] = {',', "expected ',' or ']'"},
};

enum eidc_json_step eidc_json_strings_next(struct eidc_json_strings *walk, struct eidc_str *out,
                                           struct eidc_err *err)
{
    struct eidc_str text = walk->text;
    size_t at = skip_space(text, walk->at);
    if (walk->state == AFTER_ARRAY)
        return EIDC_JSON_END;
    if (walk->state == COMMA_OR_END && at < text.n && text.p[at] == ']')
        return finish(walk, at, err);
    if (at == text.n || text.p[at] != expected[walk->state].punctuation)
        return bad(err, expected[walk->state].missing, at);
    at = skip_space(text, at + 1);
    if (walk->state == BEFORE_ARRAY && at < text.n && text.p[at] == ']')
        return finish(walk, at, err);
    if (at == text.n || text.p[at] != '"')
        return bad(err, "expected a string", at);
    const char *problem = eidc_json_string_read(text, &at, &walk->decoded, out);
    if (problem != NULL)
        return bad(err, problem, at);
    walk->at = at;
    walk->state = COMMA_OR_END;
    return EIDC_JSON_STRING;
}

void eidc_json_strings_free(struct eidc_json_strings *walk)
{
    eidc_buf_free(&walk->decoded);
}
