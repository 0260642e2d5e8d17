#pragma once
/*
 * JSON in, through cJSON, made strict (RFC 8259, and more): the text must be UTF-8, one value
 * with nothing behind it, nested at most 64 deep, no object with a key twice, no \u0000; and not so
 * dense that its tree would need more than twenty times its memory.
 * For documents of bounded size; batches use json_strings.h.
 */
#include <cjson/cJSON.h>

#include "eidcached/base/buf.h"
#include "eidcached/base/err.h"

/* *out is the caller's: cJSON_Delete. Errors: INVALID with the byte offset where known. */
bool eidc_json_parse(struct eidc_str text, cJSON **out, struct eidc_err *err);

/* Members of an object by exact key. False when missing or of another type; *out untouched. */
bool eidc_json_get_str(const cJSON *object, const char *key, struct eidc_str *out);
bool eidc_json_get_u64(const cJSON *object, const char *key, uint64_t *out); /* below 2^53: exact */
bool eidc_json_get_time(const cJSON *object, const char *key, int64_t *unix_ms);

static inline void eidc_cjson_free_p(cJSON **p)
{
    cJSON_Delete(*p);
}
#define EIDC_CJSON_AUTO __attribute__((cleanup(eidc_cjson_free_p))) cJSON
