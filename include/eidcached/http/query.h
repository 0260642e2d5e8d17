#pragma once
/* The query of a request target, raw: NAME=VALUE&NAME=VALUE. In a value '+' is a space, as forms
 * and their libraries write it; in the path it stands for itself. Decoding happens once, strictly.
 * Pure. */
#include "eidcached/base/buf.h"
#include "eidcached/base/err.h"

/* The next parameter, not decoded. *at starts at 0. */
struct eidc_param {
    struct eidc_str name, value;
};
bool eidc_query_next(struct eidc_str query, size_t *at, struct eidc_param *out);
/* The first parameter of that name; names are compared undecoded. */
bool eidc_query_find(struct eidc_str query, const char *name, struct eidc_param *out);

/* Appends raw, decoded. NULL, or what is wrong with it: bad escape, NUL, not UTF-8, no memory. */
const char *eidc_query_decode(struct eidc_str raw, struct eidc_buf *out);
/* The same of a parameter's value: '+' is a space. */
const char *eidc_query_decode_value(struct eidc_str raw, struct eidc_buf *out);

/* "true", "1", "" (or no value) and "false", "0". */
bool eidc_query_bool(const struct eidc_param *param, bool *out);
/* "30s", "500ms", "5m", "1h", "30" (seconds); at most an hour. */
bool eidc_query_duration(struct eidc_str raw, int64_t *ms);
