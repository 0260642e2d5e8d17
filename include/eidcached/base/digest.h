#pragma once
/* Checksums and HMAC over OpenSSL, with the algorithm fetched once. Thread-safe. */
#include "eidcached/base/buf.h"

#define EIDC_SHA256_BYTES 32

/* Ends the process when there is no memory for it, as do those below; _try returns false. */
void eidc_sha256(struct eidc_str data, uint8_t out[static EIDC_SHA256_BYTES]);
bool eidc_sha256_try(struct eidc_str data, uint8_t out[static EIDC_SHA256_BYTES]);
void eidc_sha256_hex(struct eidc_str data, char out[static 2 * EIDC_SHA256_BYTES + 1]); /* + NUL */
/* The same of data that comes in pieces; begin, add ..., end, which frees it. */
struct eidc_sha256_sum;
struct eidc_sha256_sum *eidc_sha256_begin(void);
void eidc_sha256_add(struct eidc_sha256_sum *sum, struct eidc_str data);
void eidc_sha256_end(struct eidc_sha256_sum *sum, uint8_t out[static EIDC_SHA256_BYTES]);

void eidc_hmac_sha256(struct eidc_str key, struct eidc_str data,
                      uint8_t out[static EIDC_SHA256_BYTES]);

/* True when equal; takes the same time wherever they differ. */
bool eidc_equal_secret(struct eidc_str a, struct eidc_str b);
