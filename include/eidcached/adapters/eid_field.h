#pragma once
/* `eid: field:/JSON/Pointer`: an EID taken from the listed object (RFC 6901). */
#include <cjson/cJSON.h>

#include "eidcached/base/buf.h"
#include "eidcached/base/err.h"

/* Is it a JSON pointer to a member? INVALID when not. */
bool eidc_eid_field_check(const char *pointer, struct eidc_err *err);

/* Puts the value into *out (cleared first): a string of 1 to 255 bytes, or an integer. Otherwise
 * what is wrong with it, for a message: "is missing", ...; NULL is success. */
const char *eidc_eid_field(const char *pointer, const cJSON *element, struct eidc_buf *out);
