#pragma once
/*
 * Walks a JSON array of strings without building a tree: the body of a batch request.
 * Strict as json_read.h. A string without escapes is returned as a view into the text, one with
 * escapes is decoded into the walker's own buffer and stays valid until the next call.
 */
#include "eidcached/base/buf.h"
#include "eidcached/base/err.h"

struct eidc_json_strings {
    struct eidc_str text;
    size_t at; /* private from here */
    struct eidc_buf decoded;
    int state;
};

enum eidc_json_step { EIDC_JSON_STRING, EIDC_JSON_END, EIDC_JSON_BAD };

/* {.text = body} starts. After END or BAD, and to stop early: eidc_json_strings_free. On BAD err
 * says what was wrong and at which byte. */
enum eidc_json_step eidc_json_strings_next(struct eidc_json_strings *walk, struct eidc_str *out,
                                           struct eidc_err *err);
void eidc_json_strings_free(struct eidc_json_strings *walk);

/* Reads the one string whose opening quote is at text.p[*at] and moves *at behind its closing
 * quote. `decoded` is cleared and used only if there are escapes. NULL when it is good, else what
 * is wrong with it, for a message; then *at is where. */
const char *eidc_json_string_read(struct eidc_str text, size_t *at, struct eidc_buf *decoded,
                                  struct eidc_str *out);
