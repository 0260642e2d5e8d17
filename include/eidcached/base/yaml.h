#pragma once
/*
 * A YAML document flattened, over libyaml: every scalar with its path, in document order.
 *   http:                      http.listen   [0] "127.0.0.1:1"  line 2
 *     listen: [a:1, b:2]       http.listen   [1] "b:2"
 * Refused: more than one document, anchors, aliases and tags, duplicate keys, keys that are not
 * scalars, empty or hold a '.', values with a NUL, nesting over 16, sequences of anything but
 * scalars.
 */
#include "eidcached/base/buf.h"
#include "eidcached/base/err.h"

struct eidc_yaml_item {
    char *path;
    char *value; /* NUL-terminated; NULL for null, ~ and an empty value; "" when quoted */
    int index;   /* place in a sequence, -1 outside one; an empty sequence is one item with
                    index -1, value NULL and empty_sequence set */
    bool empty_sequence;
    bool empty_mapping;    /* key: {} */
    unsigned line, column; /* of the value, from 1 */
    unsigned key_line, key_column;
    unsigned parent_line, parent_column; /* of the key of the mapping that it is in, else 0 */
};

struct eidc_yaml {
    struct eidc_yaml_item *items;
    size_t count;
};

/* Errors are INVALID and read "line 3, column 7: ...". An empty document has no items. */
bool eidc_yaml_parse(struct eidc_str text, struct eidc_yaml *out, struct eidc_err *err);
void eidc_yaml_free(struct eidc_yaml *yaml);
