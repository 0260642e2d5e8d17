#include "eidcached/base/json.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "eidcached/base/clock.h"
#include "eidcached/base/encode.h"
#include "eidcached/base/utf8.h"

#define EVERY_BYTE(b) (UINT64_C(0x0101010101010101) * (b))

/* Not zero when a byte of the word is below `limit` (at most 0x80). */
static uint64_t any_below(uint64_t word, uint8_t limit)
{
    return (word - EVERY_BYTE(limit)) & ~word & EVERY_BYTE(0x80);
}

static uint64_t any_special(uint64_t word)
{
    return any_below(word, ' ') | any_below(word ^ EVERY_BYTE('"'), 1) |
           any_below(word ^ EVERY_BYTE('\\'), 1);
}

size_t eidc_json_plain_prefix(struct eidc_str s)
{
    size_t at = 0;
    uint64_t word;
    for (; s.n - at >= sizeof(word); at += sizeof(word)) {
        memcpy(&word, s.p + at, sizeof(word));
        if (any_special(word) != 0)
            break;
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

void eidc_json_quote(struct eidc_buf *out, struct eidc_str s)
{
    if (eidc_buf_reserve(out, s.n + 2) == NULL) /* the least it can be, in one allocation */
        return;
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
