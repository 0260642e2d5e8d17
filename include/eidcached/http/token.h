#pragma once
/* The bearer token of http.token_file: read again when the file changes (looked at once a second
 * at most), the one before accepted for a minute more. Thread-safe. */
#include "eidcached/http/access.h"

#define EIDC_TOKEN_GRACE_MS 60000
#define EIDC_TOKEN_CHECK_MS 1000

struct eidc_token;

/* path NULL: every answer is NOT_CONFIGURED. A file that cannot be read is logged, not fatal. */
struct eidc_token *eidc_token_new(const char *path);
void eidc_token_free(struct eidc_token *token); /* wipes it; NULL is fine */

/* now_ms: monotonic. */
enum eidc_token_state eidc_token_check(struct eidc_token *token, struct eidc_str authorization,
                                       int64_t now_ms);
