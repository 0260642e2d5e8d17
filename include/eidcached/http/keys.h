#pragma once
/*
 * The keys of a batch, walked in place in any of the three forms they come in. In text each line
 * is a key, an empty one too, so that line n of the answer is about line n (a byte-order mark and
 * CRs are no part of it); in the other forms an empty key is an error.
 */
#include "eidcached/base/err.h"
#include "eidcached/base/json_strings.h"

enum eidc_keys_form { EIDC_KEYS_JSON, EIDC_KEYS_LINES, EIDC_KEYS_QUERY };

struct eidc_keys {
    enum eidc_keys_form form;
    struct eidc_buf text;  /* owned */
    const char *parameter; /* QUERY: whose values */
    bool newline_in_a_key; /* set by check */
    uint64_t count;        /* set by check */
    size_t at;             /* private from here */
    struct eidc_json_strings walk;
    struct eidc_buf decoded;
};

/* Walks all of them once. Errors: INVALID (saying which key, or which byte), LIMIT (over max),
 * NOMEM. Rewinds. */
bool eidc_keys_check(struct eidc_keys *keys, uint64_t max, struct eidc_err *err);
/* The next ones, at most max, valid until the next call; *n is 0 at the end. After check no error
 * is left but NOMEM. */
bool eidc_keys_next(struct eidc_keys *keys, struct eidc_str *out, size_t max, size_t *n,
                    struct eidc_err *err);
void eidc_keys_rewind(struct eidc_keys *keys);
void eidc_keys_free(struct eidc_keys *keys);
