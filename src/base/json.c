#include "eidcached/base/json.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "eidcached/base/clock.h"
#include "eidcached/base/encode.h"
#include "eidcached/base/lanes.h"
#include "eidcached/base/utf8.h"

/* What does not stand for itself between quotes. */
static inline eidc_lane_vector special(eidc_lane_vector bytes)
{
    return (eidc_lane_vector)((bytes < ' ') | (bytes == '"') | (bytes == '\\'));
}

/* Nor what is beyond ASCII. */
static inline eidc_lane_vector special_or_long(eidc_lane_vector bytes)
{
    return (eidc_lane_vector)(((eidc_signed_lanes)bytes < ' ') | (bytes == '"') | (bytes == '\\'));
}

size_t eidc_json_plain_prefix(struct eidc_str s)
{
    size_t at = 0;
    for (; s.n - at >= sizeof(eidc_lane_vector); at += sizeof(eidc_lane_vector)) {
        unsigned lanes = eidc_lanes(special(eidc_lanes_load(s.p + at)));
        if (lanes != 0)
            return at + (unsigned)__builtin_ctz(lanes);
    }
    while (at < s.n && (uint8_t)s.p[at] >= ' ' && s.p[at] != '"' && s.p[at] != '\\')
        at++;
    return at;
}

static void add_escape(struct eidc_buf *out, char c)
{
    static const char letters[] = {['"'] = '"',  ['\\'] = '\\', ['\b'] = 'b', ['\f'] = 'f',
                                   ['\n'] = 'n', ['\r'] = 'r',  ['\t'] = 't'};
    if ((uint8_t)c < sizeof(letters) && letters[(uint8_t)c] != '\0') {
        eidc_buf_add(out, (char[]){'\\', letters[(uint8_t)c]}, 2);
        return;
    }
    char escape[6] = "\\u00";
    eidc_hex_encode((const uint8_t *)&c, 1, escape + 4);
    eidc_buf_add(out, escape, sizeof(escape));
}

/* Appends valid UTF-8, escaped. */
static void add_escaped(struct eidc_buf *out, struct eidc_str s)
{
    for (;;) {
        size_t plain = eidc_json_plain_prefix(s);
        eidc_buf_add(out, s.p, plain);
        if (plain == s.n)
            return;
        add_escape(out, s.p[plain]);
        s = (struct eidc_str){s.p + plain + 1, s.n - plain - 1};
    }
}

/* ASCII without anything to escape, at least as long as a vector: it is copied as it is. */
static inline bool is_plain(struct eidc_str s)
{
    const size_t step = sizeof(eidc_lane_vector);
    if (s.n < step)
        return false;
    eidc_lane_vector bad = special_or_long(eidc_lanes_load(s.p + s.n - step));
    for (size_t at = 0; at + step < s.n; at += step)
        bad |= special_or_long(eidc_lanes_load(s.p + at));
    return eidc_lanes(bad) == 0;
}

static void quote_any(struct eidc_buf *out, struct eidc_str s)
{
    eidc_buf_add_byte(out, '"');
    for (;;) {
        size_t valid = eidc_utf8_valid_prefix(s);
        add_escaped(out, (struct eidc_str){s.p, valid});
        if (valid == s.n)
            break;
        eidc_buf_add_z(out, "\xef\xbf\xbd"); /* U+FFFD for each bad byte */
        s = (struct eidc_str){s.p + valid + 1, s.n - valid - 1};
    }
    eidc_buf_add_byte(out, '"');
}

void eidc_json_quote(struct eidc_buf *out, struct eidc_str s)
{
    char *to = eidc_buf_reserve(out, s.n + 2); /* the least it can be, in one allocation */
    if (to == NULL)
        return;
    if (!is_plain(s)) {
        quote_any(out, s);
        return;
    }
    to[0] = '"';
    memcpy(to + 1, s.p, s.n);
    to[s.n + 1] = '"';
    eidc_buf_commit(out, s.n + 2);
}

/* The comma, if one is due, in front of a value or a key. */
static void before_item(struct eidc_json *j)
{
    if (j->after_value[j->depth])
        eidc_buf_add_byte(j->out, ',');
    j->after_value[j->depth] = true;
}

static void before_value(struct eidc_json *j)
{
    if (!j->after_key)
        before_item(j);
    j->after_key = false;
}

static void open_container(struct eidc_json *j, char bracket)
{
    assert(j->depth < EIDC_JSON_DEPTH);
    before_value(j);
    eidc_buf_add_byte(j->out, bracket);
    j->after_value[++j->depth] = false;
}

static void close_container(struct eidc_json *j, char bracket)
{
    assert(j->depth > 0 && !j->after_key);
    j->depth--;
    eidc_buf_add_byte(j->out, bracket);
}

void eidc_json_open_object(struct eidc_json *j)
{
    open_container(j, '{');
}

void eidc_json_close_object(struct eidc_json *j)
{
    close_container(j, '}');
}

void eidc_json_open_array(struct eidc_json *j)
{
    open_container(j, '[');
}

void eidc_json_close_array(struct eidc_json *j)
{
    close_container(j, ']');
}

void eidc_json_key(struct eidc_json *j, const char *key)
{
    eidc_json_key_str(j, eidc_str_of(key));
}

void eidc_json_key_str(struct eidc_json *j, struct eidc_str key)
{
    assert(j->depth > 0 && !j->after_key);
    before_item(j);
    eidc_json_quote(j->out, key);
    eidc_buf_add_byte(j->out, ':');
    j->after_key = true;
}

void eidc_json_str(struct eidc_json *j, struct eidc_str s)
{
    before_value(j);
    eidc_json_quote(j->out, s);
}

void eidc_json_z(struct eidc_json *j, const char *s)
{
    if (s == NULL)
        eidc_json_null(j);
    else
        eidc_json_str(j, eidc_str_of(s));
}

void eidc_json_u64(struct eidc_json *j, uint64_t v)
{
    before_value(j);
    eidc_buf_addf(j->out, "%" PRIu64, v);
}

void eidc_json_i64(struct eidc_json *j, int64_t v)
{
    before_value(j);
    eidc_buf_addf(j->out, "%" PRId64, v);
}

void eidc_json_seconds(struct eidc_json *j, int64_t ms)
{
    uint64_t magnitude = ms < 0 ? -(uint64_t)ms : (uint64_t)ms;
    before_value(j);
    eidc_buf_addf(j->out, "%s%" PRIu64 ".%03u", ms < 0 ? "-" : "", magnitude / 1000,
                  (unsigned)(magnitude % 1000));
}

void eidc_json_bool(struct eidc_json *j, bool v)
{
    before_value(j);
    eidc_buf_add_z(j->out, v ? "true" : "false");
}

void eidc_json_null(struct eidc_json *j)
{
    before_value(j);
    eidc_buf_add_z(j->out, "null");
}

void eidc_json_time(struct eidc_json *j, int64_t unix_ms)
{
    if (unix_ms == 0) {
        eidc_json_null(j);
        return;
    }
    char text[EIDC_TIME_TEXT];
    eidc_time_print(unix_ms, text);
    eidc_json_z(j, text);
}

void eidc_json_put_str(struct eidc_json *j, const char *key, struct eidc_str s)
{
    eidc_json_key(j, key);
    eidc_json_str(j, s);
}

void eidc_json_put_z(struct eidc_json *j, const char *key, const char *s)
{
    eidc_json_key(j, key);
    eidc_json_z(j, s);
}

void eidc_json_put_u64(struct eidc_json *j, const char *key, uint64_t v)
{
    eidc_json_key(j, key);
    eidc_json_u64(j, v);
}

void eidc_json_put_bool(struct eidc_json *j, const char *key, bool v)
{
    eidc_json_key(j, key);
    eidc_json_bool(j, v);
}

void eidc_json_put_time(struct eidc_json *j, const char *key, int64_t unix_ms)
{
    eidc_json_key(j, key);
    eidc_json_time(j, unix_ms);
}

void eidc_json_put_seconds(struct eidc_json *j, const char *key, int64_t ms)
{
    eidc_json_key(j, key);
    eidc_json_seconds(j, ms);
}
