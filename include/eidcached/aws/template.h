#pragma once
/* Name templates: text with {fields}. `{{` and `}}` are braces. */
#include "eidcached/aws/listing.h"

/* Checks a template against the fields that a row offers: its own, those of the rows above it, an
 * element's members, "name", "region". */
bool eidc_template_check(const struct eidc_listing *row, const char *text, struct eidc_err *err);
/* Does it use a member of the element other than the one that is the name? */
bool eidc_template_needs_members(const struct eidc_listing *row, const char *text);

/* The value of a field; false: there is none. */
typedef bool eidc_template_value(void *arg, struct eidc_str field, struct eidc_str *value);
bool eidc_template_expand(const char *text, eidc_template_value *value, void *arg,
                          struct eidc_buf *out, struct eidc_err *err);
