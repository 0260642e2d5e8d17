#pragma once
/* Providers at work: a scripted client, an engine on it, a folder for files, an empty environment.
 */
#include <stdio.h>

#include "eidcached/aws/call.h"
#include "eidcached/aws/creds_cache.h"
#include "eidcached/base/file.h"
#include "eidcached/base/mem.h"
#include "tests/support/aws_env.h"
#include "tests/support/creds_get.h"
#include "tests/support/fake_http.h"

struct creds_bench {
    struct eidc_http_client *http;
    struct eidc_aws *aws;
    struct eidc_aws_settings settings;
};

static char bench_dir[64];

static inline int bench_dir_make(void **state)
{
    strcpy(bench_dir, "/tmp/eidc-creds-XXXXXX");
    return mkdtemp(bench_dir) == NULL ? 1 : aws_env_clear(state);
}

static inline int bench_dir_remove(void **state)
{
    (void)state;
    char *command EIDC_AUTO_FREE = eidc_xprintf("rm -r %s", bench_dir);
    return system(command);
}

/* The path, until the next call. */
static inline const char *bench_file(const char *name, const char *text)
{
    static char path[128];
    struct eidc_err err = {0};
    snprintf(path, sizeof(path), "%s/%s", bench_dir, name);
    assert_true(eidc_file_write(path, eidc_str_of(text), 0600, &err));
    return path;
}

static inline struct creds_bench bench_start(const struct fake_exchange *script, size_t n)
{
    struct eidc_http_client *http = fake_http_new(script, n);
    setenv("AWS_REGION", "eu-west-1", 1);
    return (struct creds_bench){.http = http, .aws = eidc_aws_new(http, 1, NULL)};
}

/* The script was played to its end. */
static inline void bench_end(struct creds_bench *b)
{
    eidc_aws_free(b->aws);
    fake_http_end(b->http);
}

/* It gives a set by this provider with this access key. */
static inline void assert_set(struct creds_bench *b, struct eidc_creds_provider *provider,
                              const char *name, const char *access_key)
{
    struct eidc_creds creds;
    struct eidc_err err;
    if (!creds_get(provider, b->http, &creds, &err))
        fail_msg("%s", err.text);
    assert_string_equal(creds.provider, name);
    assert_string_equal(creds.access_key, access_key);
    assert_non_null(creds.secret_key);
    eidc_creds_wipe(&creds);
}

/* It fails like this, and gives no secret (s3cret, t0ken) away. */
static inline void assert_none(struct creds_bench *b, struct eidc_creds_provider *provider,
                               enum eidc_err_kind kind, const char *text)
{
    struct eidc_creds creds;
    struct eidc_err err;
    assert_false(creds_get(provider, b->http, &creds, &err));
    if (strstr(err.text, text) == NULL)
        fail_msg("\"%s\" does not hold \"%s\"", err.text, text);
    assert_int_equal(err.kind, kind);
    assert_null(creds.access_key);
    assert_null(strstr(err.text, "s3cret"));
    assert_null(strstr(err.text, "t0ken"));
}

#define STS_ANSWER(operation, key)                                                                 \
    "<" operation "Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><" operation       \
    "Result><AssumedRoleUser><Arn>arn:aws:sts::1:assumed-role/x/y</Arn></AssumedRoleUser>"         \
    "<Credentials><AccessKeyId>" key "</AccessKeyId><SecretAccessKey>s3cret</SecretAccessKey>"     \
    "<SessionToken>t0ken</SessionToken><Expiration>2031-01-02T03:04:05Z</Expiration>"              \
    "</Credentials></" operation "Result></" operation "Response>"
#define STS_ERROR(code, message)                                                                   \
    "<ErrorResponse><Error><Type>Sender</Type><Code>" code "</Code><Message>" message              \
    "</Message></Error><RequestId>r-1</RequestId></ErrorResponse>"
#define STS_URL "https://sts.eu-west-1.amazonaws.com/"
