#pragma once
/*
 * The values of one request that must not be shown, whoever quotes them: the keys it was signed
 * with, its Authorization and its signature, and a token in its body. A server may repeat them in
 * whatever it answers.
 */
#include "eidcached/base/buf.h"

#define EIDC_SECRETS_MAX 6
#define EIDC_SECRET_MIN  6 /* bytes: a shorter value is a word that any text may hold */

struct eidc_secrets {
    char *at[EIDC_SECRETS_MAX];
    size_t n;
};

/* Copies it. NULL and a value that is too short are left out. One that holds another must be added
 * before that. */
void eidc_secrets_add(struct eidc_secrets *secrets, const char *value);
/* Appends text with "[redacted]" in place of each. Cut only what this gave: the beginning of a
 * secret is not found. */
void eidc_secrets_redact(const struct eidc_secrets *secrets, struct eidc_str text,
                         struct eidc_buf *out);
void eidc_secrets_wipe(struct eidc_secrets *secrets); /* zeroes the memory, then frees */
