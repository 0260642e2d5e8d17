#pragma once
/* UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF. */
#include "eidcached/base/buf.h"

/* Length of the valid prefix of s; s is valid when that is s.n. Fast for ASCII. */
size_t eidc_utf8_valid_prefix(struct eidc_str s);

/* Appends text of others for a terminal: a question mark for each control character (C0, DEL, and
 * U+0080 to U+009F, which some terminals obey) and for each byte that is not UTF-8. */
void eidc_utf8_add_visible(struct eidc_str text, struct eidc_buf *out);

/* Encodes one code point (0..0x10FFFF, not a surrogate); returns the bytes written, 1..4. */
size_t eidc_utf8_encode(uint32_t code_point, char out[static 4]);
