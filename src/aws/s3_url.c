#include "eidcached/aws/s3_url.h"

#include <string.h>

#include "eidcached/base/buf.h"
#include "eidcached/base/mem.h"

#define SCHEME   "s3://"
#define SCHEME_N (sizeof(SCHEME) - 1)

static bool is_bucket(struct eidc_str s)
{
    static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
    for (size_t i = 0; i < s.n; i++) {
        if (!memchr(good, s.p[i], sizeof(good) - 1))
            return false;
    }
    return s.n >= 3 && s.n <= 255;
}

bool eidc_s3_url_check(const char *url, struct eidc_err *err)
{
    if (strncmp(url, SCHEME, SCHEME_N) != 0)
        return eidc_fail(err, EIDC_ERR_INVALID, "%s: expected s3://BUCKET/PREFIX", url);
    const char *name = url + SCHEME_N;
    size_t n = strcspn(name, "/");
    return is_bucket((struct eidc_str){name, n}) ||
           eidc_fail(err, EIDC_ERR_INVALID, "%s: \"%.*s\" is not a bucket name", url, (int)n, name);
}

bool eidc_s3_url_split(const char *url, char **bucket, char **prefix, struct eidc_err *err)
{
    if (!eidc_s3_url_check(url, err))
        return false;
    const char *name = url + SCHEME_N;
    size_t n = strcspn(name, "/");
    const char *rest = name + n + strspn(name + n, "/");
    size_t m = strlen(rest);
    while (m > 0 && rest[m - 1] == '/')
        m--;
    *bucket = eidc_xstrndup(name, n);
    *prefix = eidc_xprintf("%.*s%s", (int)m, rest, m ? "/" : "");
    return true;
}
