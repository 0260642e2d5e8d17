#pragma once
/*
 * EIDs: the digest of a name's raw UTF-8 bytes (or its HMAC, with a key), truncated to its first
 * `bits`, printed in an encoding behind a prefix. With the defaults:
 *   printf %s NAME | sha256sum | cut -c1-32
 */
#include "eidcached/base/buf.h"
#include "eidcached/base/err.h"

#define EIDC_EID_RAW_MAX       64 /* bytes: SHA-512 untruncated */
#define EIDC_EID_PREFIX_MAX    32
#define EIDC_EID_TEXT_MAX      255 /* of a field EID; printed checksum EIDs are shorter */
#define EIDC_EID_FINGERPRINT   16
#define EIDC_EID_ALGORITHM_MAX 31
#define EIDC_EID_KEY_MAX       4096 /* bytes of a key file */

enum eidc_eid_encoding { EIDC_EID_HEX, EIDC_EID_BASE32, EIDC_EID_BASE64URL };

/* Plain data, zero-padded, so that two schemes are the same when eidc_eid_scheme_equal. */
struct eidc_eid_scheme {
    char algorithm[EIDC_EID_ALGORITHM_MAX + 1]; /* OpenSSL's name, lower case */
    char prefix[EIDC_EID_PREFIX_MAX + 1];
    uint16_t bits;    /* a multiple of 8 */
    uint8_t encoding; /* enum eidc_eid_encoding */
    uint8_t keyed;    /* 1: HMAC; then fingerprint is of the key */
    uint8_t fingerprint[EIDC_EID_FINGERPRINT];
};

/* Checks the values and fills *out. key.n == 0: no key. Errors: INVALID naming the option and
 * what is allowed (unknown algorithm, bits above the digest's size, ...). */
bool eidc_eid_scheme_make(const char *algorithm, unsigned bits, enum eidc_eid_encoding encoding,
                          const char *prefix, struct eidc_str key, struct eidc_eid_scheme *out,
                          struct eidc_err *err);
/* Reads a key file, less one newline at its end (an editor's). Errors name the file: it cannot be
 * read, is longer than EIDC_EID_KEY_MAX, holds no key. Wipe *key afterwards. */
bool eidc_eid_key_read(const char *path, struct eidc_buf *key, struct eidc_err *err);
bool eidc_eid_scheme_equal(const struct eidc_eid_scheme *a, const struct eidc_eid_scheme *b);
/* "sha256/128 hex", "hmac-sha256/64 base32 prefix e-": for logs and eidctl. NUL-terminated. */
void eidc_eid_scheme_describe(const struct eidc_eid_scheme *scheme, char out[static 128]);

static inline size_t eidc_eid_raw_size(const struct eidc_eid_scheme *s)
{
    return s->bits / 8u;
}

/* Computes raw EIDs; holds a digest context and the key. One per thread. */
struct eidc_eid_hasher;
bool eidc_eid_hasher_new(const struct eidc_eid_scheme *scheme, struct eidc_str key,
                         struct eidc_eid_hasher **out, struct eidc_err *err);
void eidc_eid_hasher_free(struct eidc_eid_hasher *hasher); /* wipes the key; NULL is fine */
/* Writes eidc_eid_raw_size bytes. False only if the digest itself fails. */
bool eidc_eid_compute(struct eidc_eid_hasher *hasher, struct eidc_str name,
                      uint8_t out[static EIDC_EID_RAW_MAX]);

/* Raw to text: returns the length, at most EIDC_EID_TEXT_MAX; no NUL. */
size_t eidc_eid_print(const struct eidc_eid_scheme *scheme, const uint8_t *raw,
                      char out[static EIDC_EID_TEXT_MAX]);
/* Text to raw. Hex and base32 in either case; false when it cannot be an EID of this scheme. */
bool eidc_eid_parse(const struct eidc_eid_scheme *scheme, struct eidc_str text,
                    uint8_t raw[static EIDC_EID_RAW_MAX]);
