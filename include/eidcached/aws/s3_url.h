#pragma once
/* s3://BUCKET/PREFIX. */
#include "eidcached/base/err.h"

/* Bucket names of other servers than AWS's own pass, too: 3 to 255 letters, digits, '.', '-' and
 * '_'. INVALID when it is none. */
bool eidc_s3_url_check(const char *url, struct eidc_err *err);
/* Checks it, too. "s3://bucket/a/b/" is bucket and prefix "a/b/"; "s3://bucket" has prefix "". The
 * caller frees both. */
bool eidc_s3_url_split(const char *url, char **bucket, char **prefix, struct eidc_err *err);
