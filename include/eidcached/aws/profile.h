#pragma once
/*
 * The shared config and credentials files (~/.aws/config, ~/.aws/credentials; AWS_CONFIG_FILE,
 * AWS_SHARED_CREDENTIALS_FILE). In the config file profiles are [profile x] and [default], in the
 * credentials file [x]; the credentials file wins. Keys are compared without case. Indented lines
 * under a key are nested settings, kept as "key.nested". A section [services x] of the config file
 * is kept as the profile "services x"; other kinds of sections are skipped.
 */
#include "eidcached/base/buf.h"
#include "eidcached/base/err.h"

struct eidc_profiles;

/* Reads both files; a missing file is an empty one. Errors: INVALID with file and line, IO. */
bool eidc_profiles_load(struct eidc_profiles **out, struct eidc_err *err);
/* Appends "FILE or FILE", for errors: where profiles are looked for. */
void eidc_profiles_name_files(struct eidc_buf *out);
void eidc_profiles_free(struct eidc_profiles *profiles); /* wipes; NULL is fine */

/* The name to use: `wanted`, or AWS_PROFILE, or "default". */
const char *eidc_profiles_choose(const char *wanted);
bool eidc_profiles_has(const struct eidc_profiles *profiles, const char *profile);
/* NULL when there is no such profile or key. */
const char *eidc_profiles_get(const struct eidc_profiles *profiles, const char *profile,
                              const char *key);
