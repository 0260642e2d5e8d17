#pragma once
/*
 * A streaming JSON writer over eidc_buf. It puts commas and escapes; the caller opens and closes
 * in order (asserted). Bytes that are not UTF-8 become U+FFFD, so that the output is always valid
 * JSON. Whether everything fitted is in out->failed.
 */
#include "eidcached/base/buf.h"

#define EIDC_JSON_DEPTH 16

struct eidc_json {
    struct eidc_buf *out;
    unsigned depth;
    bool after_value[EIDC_JSON_DEPTH + 1];
    bool after_key;
};

static inline struct eidc_json eidc_json_to(struct eidc_buf *out)
{
    return (struct eidc_json){.out = out};
}

void eidc_json_open_object(struct eidc_json *j);
void eidc_json_close_object(struct eidc_json *j);
void eidc_json_open_array(struct eidc_json *j);
void eidc_json_close_array(struct eidc_json *j);
void eidc_json_key(struct eidc_json *j, const char *key);
void eidc_json_key_str(struct eidc_json *j, struct eidc_str key);

void eidc_json_str(struct eidc_json *j, struct eidc_str s);
void eidc_json_z(struct eidc_json *j, const char *s); /* NULL gives null */
void eidc_json_u64(struct eidc_json *j, uint64_t v);
void eidc_json_i64(struct eidc_json *j, int64_t v);
void eidc_json_seconds(struct eidc_json *j, int64_t ms); /* milliseconds as seconds, 1.234 */
void eidc_json_bool(struct eidc_json *j, bool v);
void eidc_json_null(struct eidc_json *j);
void eidc_json_time(struct eidc_json *j, int64_t unix_ms); /* RFC 3339 UTC; 0 gives null */

/* A member in one call: key and value. */
void eidc_json_put_str(struct eidc_json *j, const char *key, struct eidc_str s);
void eidc_json_put_z(struct eidc_json *j, const char *key, const char *s);
void eidc_json_put_u64(struct eidc_json *j, const char *key, uint64_t v);
void eidc_json_put_bool(struct eidc_json *j, const char *key, bool v);
void eidc_json_put_time(struct eidc_json *j, const char *key, int64_t unix_ms);
void eidc_json_put_seconds(struct eidc_json *j, const char *key, int64_t ms);

/* Appends s quoted and escaped, on its own. */
void eidc_json_quote(struct eidc_buf *out, struct eidc_str s);

/* Length of the prefix of s that stands for itself between the quotes of a JSON string: up to the
 * first quote, backslash or control character. Fast; does not look at UTF-8. */
size_t eidc_json_plain_prefix(struct eidc_str s);
