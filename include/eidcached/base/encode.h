#pragma once
/* Bytes as text: hex, base32 and base64url (RFC 4648), base64, percent-encoding (RFC 3986). */
#include "eidcached/base/buf.h"
#include "eidcached/base/err.h"

/* Each writes no NUL and returns the number of characters written; `out` must hold
 * 2 * n, (n * 8 + 4) / 5, (n * 8 + 5) / 6, and (n + 2) / 3 * 4 characters. */
size_t eidc_hex_encode(const uint8_t *in, size_t n, char *out);       /* lower case */
size_t eidc_base32_encode(const uint8_t *in, size_t n, char *out);    /* lower case, no padding */
size_t eidc_base64url_encode(const uint8_t *in, size_t n, char *out); /* no padding */
size_t eidc_base64_encode(const uint8_t *in, size_t n, char *out);    /* with padding */

/* Strict: exactly n bytes must come out, unused trailing bits must be zero. Hex and base32 take
 * either case. */
bool eidc_hex_decode(struct eidc_str in, uint8_t *out, size_t n);
bool eidc_base32_decode(struct eidc_str in, uint8_t *out, size_t n);
bool eidc_base64url_decode(struct eidc_str in, uint8_t *out, size_t n);

/* Appends s with every byte but A-Z a-z 0-9 - . _ ~ and those in `keep` as %XX, upper case. */
void eidc_percent_encode(struct eidc_buf *out, struct eidc_str s, const char *keep);
/* Appends s with %XX decoded, once. '+' is left alone. False: a '%' without two hex digits;
 * nothing was appended. */
bool eidc_percent_decode(struct eidc_buf *out, struct eidc_str s);
