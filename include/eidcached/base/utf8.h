#pragma once
/* UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF. */
#include "eidcached/base/buf.h"

/* Length of the valid prefix of s; s is valid when that is s.n. Fast for ASCII. */
size_t eidc_utf8_valid_prefix(struct eidc_str s);

/* Encodes one code point (0..0x10FFFF, not a surrogate); returns the bytes written, 1..4. */
size_t eidc_utf8_encode(uint32_t code_point, char out[static 4]);
