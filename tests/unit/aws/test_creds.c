#include "eidcached/aws/creds.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "eidcached/base/clock.h"
#include "eidcached/base/file.h"
#include "eidcached/base/mem.h"
#include "tests/support/aws_env.h"
#include "tests/support/creds_get.h"
#include "tests/support/fake_http.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define DOCUMENT(code)                                                                             \
    "{" code "\"Type\":\"AWS-HMAC\",\"AccessKeyId\":\"ASIAKEY\",\"SecretAccessKey\":\"s3cret\","   \
    "\"Token\":\"t0ken\",\"Expiration\":\"2031-01-02T03:04:05Z\"}"
#define EXPIRES_MS 1925089445000

static struct eidc_http_client *stepped; /* of the providers, if any */

static void assert_creds(struct eidc_creds_provider *provider, const char *access_key,
                         const char *secret_key, const char *token, int64_t expires_at_ms)
{
    struct eidc_creds creds;
    struct eidc_err err;
    if (!creds_get(provider, stepped, &creds, &err))
        fail_msg("%s", err.text);
    assert_string_equal(creds.access_key, access_key);
    assert_string_equal(creds.secret_key, secret_key);
    if (token == NULL)
        assert_null(creds.session_token);
    else
        assert_string_equal(creds.session_token, token);
    assert_int_equal(creds.expires_at_ms, expires_at_ms);
    assert_non_null(creds.provider);
    eidc_creds_wipe(&creds);
    assert_null(creds.access_key);
}

/* It fails like this, leaves the output alone and gives no secret away. */
static void assert_no_creds(struct eidc_creds_provider *provider, enum eidc_err_kind kind,
                            const char *text)
{
    struct eidc_creds creds;
    struct eidc_err err;
    assert_false(creds_get(provider, stepped, &creds, &err));
    if (strstr(err.text, text) == NULL)
        fail_msg("\"%s\" does not hold \"%s\"", err.text, text);
    assert_int_equal(err.kind, kind);
    assert_null(creds.access_key);
    assert_null(strstr(err.text, "s3cret"));
    assert_null(strstr(err.text, "t0ken"));
}

static void destroy(struct eidc_creds_provider *provider)
{
    stepped = NULL;
    provider->ops->destroy(provider);
}

/* ---- environment ---- */

static void environment(void **state)
{
    (void)state;
    struct eidc_creds_provider *env = eidc_creds_env_new();
    setenv("AWS_ACCESS_KEY_ID", "AKIA", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "s3cret", 1);
    assert_creds(env, "AKIA", "s3cret", NULL, 0);
    setenv("AWS_SECURITY_TOKEN", "legacy", 1);
    assert_creds(env, "AKIA", "s3cret", "legacy", 0);
    setenv("AWS_SESSION_TOKEN", "t0ken", 1);
    setenv("AWS_CREDENTIAL_EXPIRATION", "2031-01-02T03:04:05Z", 1);
    assert_creds(env, "AKIA", "s3cret", "t0ken", EXPIRES_MS);
    destroy(env);
}

static void environment_without_keys(void **state)
{
    (void)state;
    struct eidc_creds_provider *env = eidc_creds_env_new();
    assert_no_creds(env, EIDC_ERR_NOT_FOUND, "AWS_ACCESS_KEY_ID is not set");
    setenv("AWS_SECRET_ACCESS_KEY", "s3cret", 1);
    assert_no_creds(env, EIDC_ERR_NOT_FOUND, "AWS_ACCESS_KEY_ID is not set");
    setenv("AWS_ACCESS_KEY_ID", " \t", 1); /* blank counts as unset */
    assert_no_creds(env, EIDC_ERR_NOT_FOUND, "AWS_ACCESS_KEY_ID is not set");
    setenv("AWS_ACCESS_KEY_ID", "AKIA", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "", 1);
    assert_no_creds(env, EIDC_ERR_INVALID, "AWS_SECRET_ACCESS_KEY is not");
    destroy(env);
}

static void environment_that_expired(void **state)
{
    (void)state;
    struct eidc_creds_provider *env = eidc_creds_env_new();
    setenv("AWS_ACCESS_KEY_ID", "AKIA", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "s3cret", 1);
    setenv("AWS_CREDENTIAL_EXPIRATION", "2020-01-01T00:00:00Z", 1);
    assert_no_creds(env, EIDC_ERR_DENIED, "expired at 2020-01-01T00:00:00Z");
    setenv("AWS_CREDENTIAL_EXPIRATION", "tomorrow", 1);
    assert_no_creds(env, EIDC_ERR_INVALID, "AWS_CREDENTIAL_EXPIRATION");
    destroy(env);
}

static char file_path[64];

static int with_file(void **state)
{
    snprintf(file_path, sizeof(file_path), "/tmp/eidc-test-%ld.creds", (long)getpid());
    return aws_env_clear(state);
}

static int without_file(void **state)
{
    (void)state;
    (void)unlink(file_path);
    return 0;
}

static void write_file(const char *text)
{
    struct eidc_err err = {0};
    assert_true(eidc_file_write(file_path, eidc_str_of(text), 0600, &err));
}

/* ---- container ---- */

static void container_relative(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.method = "GET",
         .url = "http://169.254.170.2/v2/credentials/x?id=1",
         .has_header = {"!Authorization"},
         .status = 200,
         .body = DOCUMENT("\"RoleArn\":\"r\",")},
    };
    struct eidc_http_client *http = stepped = fake_http_new(script, COUNT(script));
    struct eidc_creds_provider *container = eidc_creds_container_new(http);
    setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/x?id=1", 1);
    setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://ignored.example/", 1);
    assert_creds(container, "ASIAKEY", "s3cret", "t0ken", EXPIRES_MS);
    assert_true(fake_http_request(http, 0)->no_proxy);
    assert_int_not_equal(fake_http_request(http, 0)->timeout_ms, 0);
    assert_int_not_equal(fake_http_request(http, 0)->max_response, 0);
    destroy(container);
    fake_http_end(http);
}

static void container_token_file_is_read_each_time(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.url = "http://169.254.170.23/v1/credentials",
         .has_header = {"Authorization: first"},
         .status = 200,
         .body = DOCUMENT("")},
        {.has_header = {"Authorization: second"}, .status = 200, .body = DOCUMENT("")},
        {.has_header = {"Authorization: variable"}, .status = 200, .body = DOCUMENT("")},
    };
    struct eidc_http_client *http = stepped = fake_http_new(script, COUNT(script));
    struct eidc_creds_provider *container = eidc_creds_container_new(http);
    setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1/credentials", 1);
    setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", file_path, 1);
    setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "variable", 1);
    write_file("first\n");
    assert_creds(container, "ASIAKEY", "s3cret", "t0ken", EXPIRES_MS);
    write_file("second\r\n");
    assert_creds(container, "ASIAKEY", "s3cret", "t0ken", EXPIRES_MS);
    assert_string_equal(
        eidc_http_headers_get(&fake_http_request(http, 1)->headers, "Authorization"), "second");
    unsetenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    assert_creds(container, "ASIAKEY", "s3cret", "t0ken", EXPIRES_MS);
    destroy(container);
    fake_http_end(http);
}

static void container_bad_tokens_are_not_sent(void **state)
{
    (void)state;
    static const char *const texts[] = {"t0ken\r\nX-Evil: 1\n", "t0ken\n\n", "t0\nken", "", "\n"};
    struct eidc_http_client *http = stepped = fake_http_new(NULL, 0);
    struct eidc_creds_provider *container = eidc_creds_container_new(http);
    setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/", 1);
    setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "t0ken\n", 1);
    assert_no_creds(container, EIDC_ERR_INVALID, "line break");
    setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", file_path, 1);
    assert_no_creds(container, EIDC_ERR_IO, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    for (size_t i = 0; i < COUNT(texts); i++) {
        write_file(texts[i]);
        assert_no_creds(container, EIDC_ERR_INVALID, "token");
    }
    destroy(container);
    fake_http_end(http);
}

static void container_hosts(void **state)
{
    (void)state;
    static const char *const good[] = {"http://localhost:1/",        "http://127.0.0.1/",
                                       "http://127.9.9.9:80/c",      "http://[::1]/",
                                       "http://169.254.170.2/",      "http://[fd00:ec2::23]:80/v1",
                                       "http://[fd00:ec2:0:0::23]/", "https://anything.example/c"};
    static const char *const bad[] = {"http://evil.example/",
                                      "http://169.254.170.3/",
                                      "http://169.254.169.254/",
                                      "http://127.0.0.1.evil.example/",
                                      "http://localhost.evil.example",
                                      "http://127.0.0.1@evil.example/",
                                      "http://127.1/",
                                      "http://2130706433/",
                                      "http://[::2]/",
                                      "http://[::ffff:127.0.0.1]/",
                                      "http://[fd00:ec2::254]/",
                                      "ftp://127.0.0.1/",
                                      "127.0.0.1/",
                                      "http://127.0.0.1\\.evil.example/"};
    static const struct fake_exchange script[] = {
        {.status = 200, .body = DOCUMENT(""), .times = COUNT(good)}};
    struct eidc_http_client *http = stepped = fake_http_new(script, COUNT(script));
    struct eidc_creds_provider *container = eidc_creds_container_new(http);
    for (size_t i = 0; i < COUNT(good); i++) {
        setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", good[i], 1);
        assert_creds(container, "ASIAKEY", "s3cret", "t0ken", EXPIRES_MS);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", bad[i], 1);
        assert_no_creds(container, EIDC_ERR_INVALID, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
    }
    setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", ".evil.example/", 1);
    assert_no_creds(container, EIDC_ERR_INVALID, "does not start with a slash");
    destroy(container);
    fake_http_end(http);
}

static void container_faults(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.status = 403, .body = "{\"code\":\"AccessDenied\",\"message\":\"t0ken\"}"},
        {.status = 403, .body = "{\"code\":\"s3cret!\",\"Message\":\"s3cret\"}"},
        {.status = 404, .body = "<html>"},
        {.status = 500, .times = 3},
        {.error = EIDC_ERR_UNAVAILABLE, .times = 3},
        {.never = true, .times = 3},
        {.status = 200, .body = "{\"SecretAccessKey\":\"s3cret\",\"Token\":\"t0ken\"}"},
        {.status = 200, .body = "{\"AccessKeyId\":\"a\",\"Token\":\"t0ken\"}"},
        {.status = 200, .body = "{\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"s3cret\"}"},
        {.status = 200, .body = "{\"AccessKeyId\":\"\",\"SecretAccessKey\":\"s3cret\"}"},
        {.status = 200,
         .body = "{\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"s3cret\",\"Token\":\"t0ken\","
                 "\"Expiration\":\"soon\"}"},
        {.status = 200,
         .body = "{\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"s3cret\",\"Token\":\"t0ken\","
                 "\"Expiration\":\"2026-01-02T03:04:05Z\"}"},
        {.status = 200, .body = "s3cret, but not JSON"},
        {.status = 200},
        {.status = 200, .body = "[]"},
        {.error = EIDC_ERR_UNAVAILABLE, .times = 2},
        {.status = 200, .body = DOCUMENT("")},
    };
    static const struct {
        enum eidc_err_kind kind;
        const char *text;
    } expected[] = {
        {EIDC_ERR_DENIED, "status 403: AccessDenied"},
        {EIDC_ERR_DENIED, "status 403"},
        {EIDC_ERR_DENIED, "status 404"},
        {EIDC_ERR_UNAVAILABLE, "status 500"},
        {EIDC_ERR_UNAVAILABLE, "as scripted"},
        {EIDC_ERR_TIMEOUT, "timed out"},
        {EIDC_ERR_CORRUPT, "AccessKeyId"},
        {EIDC_ERR_CORRUPT, "SecretAccessKey"},
        {EIDC_ERR_CORRUPT, "Token"},
        {EIDC_ERR_CORRUPT, "AccessKeyId"},
        {EIDC_ERR_CORRUPT, "Expiration"},
        {EIDC_ERR_DENIED, "expired at 2026-01-02T03:04:05"},
        {EIDC_ERR_CORRUPT, "not JSON"},
        {EIDC_ERR_CORRUPT, "not JSON"},
        {EIDC_ERR_CORRUPT, "AccessKeyId"},
    };
    struct eidc_http_client *http = stepped = fake_http_new(script, COUNT(script));
    struct eidc_creds_provider *container = eidc_creds_container_new(http);
    assert_no_creds(container, EIDC_ERR_NOT_FOUND, "are not set");
    setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", " ", 1);
    assert_no_creds(container, EIDC_ERR_NOT_FOUND, "are not set");
    setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/c", 1);
    for (size_t i = 0; i < COUNT(expected); i++)
        assert_no_creds(container, expected[i].kind, expected[i].text);
    assert_creds(container, "ASIAKEY", "s3cret", "t0ken", EXPIRES_MS);
    destroy(container);
    fake_http_end(http);
}

/* ---- IMDS ---- */

#define TOKEN_EXCHANGE(text)                                                                       \
    {                                                                                              \
        .method = "PUT", .url = "http://169.254.169.254/latest/api/token",                         \
        .has_header = {"X-aws-ec2-metadata-token-ttl-seconds: 21600"}, .status = 200,              \
        .body = (text)                                                                             \
    }
#define ROLES "http://169.254.169.254/latest/meta-data/iam/security-credentials/"

static void imds_asks_for_the_role_each_time(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        TOKEN_EXCHANGE("session"),
        {.method = "GET",
         .url = ROLES,
         .has_header = {"X-aws-ec2-metadata-token: session"},
         .status = 200,
         .body = "role-a"},
        {.url = ROLES "role-a",
         .has_header = {"X-aws-ec2-metadata-token: session"},
         .status = 200,
         .body = DOCUMENT("\"Code\":\"Success\",")},
        {.url = ROLES, .status = 200, .body = "role b/?\nsecond"},
        {.url = ROLES "role%20b%2F%3F", .status = 200, .body = DOCUMENT("")},
    };
    struct eidc_http_client *http = stepped = fake_http_new(script, COUNT(script));
    struct eidc_creds_provider *imds = eidc_creds_imds_new(http);
    assert_creds(imds, "ASIAKEY", "s3cret", "t0ken", EXPIRES_MS);
    assert_creds(imds, "ASIAKEY", "s3cret", "t0ken", EXPIRES_MS);
    for (size_t i = 0; i < fake_http_count(http); i++) {
        assert_true(fake_http_request(http, i)->no_proxy);
        assert_int_equal(fake_http_request(http, i)->timeout_ms, 1000);
    }
    destroy(imds);
    fake_http_end(http);
}

static void imds_token_that_died_is_renewed_once(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        TOKEN_EXCHANGE("old"),
        {.url = ROLES, .has_header = {"X-aws-ec2-metadata-token: old"}, .status = 401},
        TOKEN_EXCHANGE("new"),
        {.url = ROLES, .has_header = {"X-aws-ec2-metadata-token: new"}, .status = 200, .body = "r"},
        {.url = ROLES "r", .status = 200, .body = DOCUMENT("")},
        {.url = ROLES, .status = 401},
        TOKEN_EXCHANGE("newer"),
        {.url = ROLES, .status = 401},
    };
    struct eidc_http_client *http = stepped = fake_http_new(script, COUNT(script));
    struct eidc_creds_provider *imds = eidc_creds_imds_new(http);
    assert_creds(imds, "ASIAKEY", "s3cret", "t0ken", EXPIRES_MS);
    assert_no_creds(imds, EIDC_ERR_DENIED, "status 401");
    destroy(imds);
    fake_http_end(http);
}

static void imds_settings(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.url = "http://[fd00:ec2::254]/latest/api/token", .never = true, .times = 3},
        {.url = "http://localhost:1338/x/latest/api/token", .error = EIDC_ERR_UNAVAILABLE},
    };
    struct eidc_http_client *http = stepped = fake_http_new(script, COUNT(script));
    struct eidc_creds_provider *imds = eidc_creds_imds_new(http);
    setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv6", 1);
    setenv("AWS_METADATA_SERVICE_TIMEOUT", "5", 1);
    setenv("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "3", 1);
    assert_no_creds(imds, EIDC_ERR_NOT_FOUND, "hop limit");
    assert_int_equal(fake_http_now(http), 15000);
    setenv("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "1", 1);
    setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://localhost:1338/x/", 1);
    assert_no_creds(imds, EIDC_ERR_NOT_FOUND, "not reachable");

    setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", "localhost", 1);
    assert_no_creds(imds, EIDC_ERR_INVALID, "AWS_EC2_METADATA_SERVICE_ENDPOINT");
    unsetenv("AWS_EC2_METADATA_SERVICE_ENDPOINT");
    setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv5", 1);
    assert_no_creds(imds, EIDC_ERR_INVALID, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");
    setenv("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "0", 1);
    assert_no_creds(imds, EIDC_ERR_INVALID, "AWS_METADATA_SERVICE_NUM_ATTEMPTS");
    setenv("AWS_METADATA_SERVICE_TIMEOUT", "fast", 1);
    assert_no_creds(imds, EIDC_ERR_INVALID, "AWS_METADATA_SERVICE_TIMEOUT");
    setenv("AWS_EC2_METADATA_DISABLED", "TRUE", 1);
    assert_no_creds(imds, EIDC_ERR_NOT_FOUND, "AWS_EC2_METADATA_DISABLED");
    destroy(imds);
    fake_http_end(http);
}

static void imds_without_a_token(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.never = true, .times = 2},
        {.error = EIDC_ERR_UNAVAILABLE, .times = 2},
        {.status = 403},
        {.status = 404},
        {.status = 405},
        {.status = 400},
        {.status = 503, .times = 2},
        {.status = 200, .body = ""},
        {.status = 200, .body = "t0ken\r\nX-Evil: 1"},
    };
    static const struct {
        enum eidc_err_kind kind;
        const char *text;
    } expected[] = {
        {EIDC_ERR_NOT_FOUND, "hop limit"},    {EIDC_ERR_NOT_FOUND, "not reachable"},
        {EIDC_ERR_NOT_FOUND, "turned off"},   {EIDC_ERR_NOT_FOUND, "no IMDSv2"},
        {EIDC_ERR_NOT_FOUND, "no IMDSv2"},    {EIDC_ERR_DENIED, "token: status 400"},
        {EIDC_ERR_UNAVAILABLE, "status 503"}, {EIDC_ERR_CORRUPT, "not one line"},
        {EIDC_ERR_CORRUPT, "not one line"},
    };
    struct eidc_http_client *http = stepped = fake_http_new(script, COUNT(script));
    struct eidc_creds_provider *imds = eidc_creds_imds_new(http);
    for (size_t i = 0; i < COUNT(expected); i++)
        assert_no_creds(imds, expected[i].kind, expected[i].text);
    destroy(imds);
    fake_http_end(http);
}

static void imds_without_credentials(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        TOKEN_EXCHANGE("session"),
        {.url = ROLES, .status = 404},
        {.url = ROLES, .status = 200, .body = ""},
        {.url = ROLES, .status = 500, .times = 2},
        {.url = ROLES, .error = EIDC_ERR_UNAVAILABLE, .times = 2},
        {.url = ROLES, .status = 200, .body = "r"},
        {.url = ROLES "r",
         .status = 200,
         .body = "{\"Code\":\"AssumeRoleUnauthorizedAccess\",\"Message\":\"s3cret t0ken\"}"},
        {.url = ROLES, .status = 200, .body = "r"},
        {.url = ROLES "r", .status = 200, .body = "{\"Code\":\"s3cret t0ken\"}"},
        {.url = ROLES, .status = 200, .body = "r"},
        {.url = ROLES "r", .status = 404},
        {.url = ROLES, .status = 200, .body = "r"},
        {.url = ROLES "r", .status = 200, .body = "{\"Code\":\"Success\"}"},
    };
    static const struct {
        enum eidc_err_kind kind;
        const char *text;
    } expected[] = {
        {EIDC_ERR_NOT_FOUND, "no role"},
        {EIDC_ERR_NOT_FOUND, "no role"},
        {EIDC_ERR_UNAVAILABLE, "role: status 500"},
        {EIDC_ERR_UNAVAILABLE, "as scripted"},
        {EIDC_ERR_DENIED, "AssumeRoleUnauthorizedAccess (status 200)"},
        {EIDC_ERR_DENIED, "UnknownError (status 200)"},
        {EIDC_ERR_DENIED, "status 404"},
        {EIDC_ERR_CORRUPT, "AccessKeyId"},
    };
    struct eidc_http_client *http = stepped = fake_http_new(script, COUNT(script));
    struct eidc_creds_provider *imds = eidc_creds_imds_new(http);
    for (size_t i = 0; i < COUNT(expected); i++)
        assert_no_creds(imds, expected[i].kind, expected[i].text);
    destroy(imds);
    fake_http_end(http);
}

static void imds_v1_only_when_it_is_asked_for(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.method = "PUT", .status = 405}, /* twice not asked for */
        {.method = "PUT", .status = 405},
        {.method = "PUT", .status = 400}, /* asked for; but this is fatal */
        {.method = "PUT", .status = 404},
        {.method = "GET",
         .url = ROLES,
         .has_header = {"!X-aws-ec2-metadata-token"},
         .status = 200,
         .body = "r"},
        {.url = ROLES "r",
         .has_header = {"!X-aws-ec2-metadata-token"},
         .status = 200,
         .body = DOCUMENT("")},
        {.method = "PUT", .never = true, .times = 2},
        {.url = ROLES, .status = 401},
    };
    struct eidc_http_client *http = stepped = fake_http_new(script, COUNT(script));
    struct eidc_creds_provider *imds = eidc_creds_imds_new(http);
    assert_no_creds(imds, EIDC_ERR_NOT_FOUND, "no IMDSv2");
    setenv("AWS_EC2_METADATA_V1_DISABLED", "true", 1);
    assert_no_creds(imds, EIDC_ERR_NOT_FOUND, "no IMDSv2");
    setenv("AWS_EC2_METADATA_V1_DISABLED", "False", 1);
    assert_no_creds(imds, EIDC_ERR_DENIED, "token: status 400");
    assert_creds(imds, "ASIAKEY", "s3cret", "t0ken", EXPIRES_MS);
    assert_no_creds(imds, EIDC_ERR_DENIED, "role: status 401");
    destroy(imds);
    fake_http_end(http);
}

/* An answer that has expired still is what the service has: static stability. */
static void imds_expired_document_is_taken(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        TOKEN_EXCHANGE("session"),
        {.url = ROLES, .status = 200, .body = "r"},
        {.url = ROLES "r",
         .status = 200,
         .body = "{\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"s3cret\",\"Token\":\"t0ken\","
                 "\"Expiration\":\"1970-01-01T00:00:01Z\"}"},
    };
    struct eidc_http_client *http = stepped = fake_http_new(script, COUNT(script));
    struct eidc_creds_provider *imds = eidc_creds_imds_new(http);
    assert_creds(imds, "a", "s3cret", "t0ken", 1000);
    destroy(imds);
    fake_http_end(http);
}

static void copies_are_independent(void **state)
{
    (void)state;
    struct eidc_creds from = {.access_key = eidc_xstrdup("a"),
                              .secret_key = eidc_xstrdup("b"),
                              .expires_at_ms = 7,
                              .provider = "p"};
    struct eidc_creds to;
    eidc_creds_copy(&to, &from);
    eidc_creds_wipe(&from);
    assert_string_equal(to.access_key, "a");
    assert_string_equal(to.secret_key, "b");
    assert_null(to.session_token);
    assert_int_equal(to.expires_at_ms, 7);
    eidc_creds_wipe(&to);
    eidc_creds_wipe(&to); /* nothing left to do */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(environment, aws_env_clear),
        cmocka_unit_test_setup(environment_without_keys, aws_env_clear),
        cmocka_unit_test_setup(environment_that_expired, aws_env_clear),
        cmocka_unit_test_setup(container_relative, aws_env_clear),
        cmocka_unit_test_setup_teardown(container_token_file_is_read_each_time, with_file,
                                        without_file),
        cmocka_unit_test_setup_teardown(container_bad_tokens_are_not_sent, with_file, without_file),
        cmocka_unit_test_setup(container_hosts, aws_env_clear),
        cmocka_unit_test_setup(container_faults, aws_env_clear),
        cmocka_unit_test_setup(imds_asks_for_the_role_each_time, aws_env_clear),
        cmocka_unit_test_setup(imds_token_that_died_is_renewed_once, aws_env_clear),
        cmocka_unit_test_setup(imds_settings, aws_env_clear),
        cmocka_unit_test_setup(imds_without_a_token, aws_env_clear),
        cmocka_unit_test_setup(imds_without_credentials, aws_env_clear),
        cmocka_unit_test_setup(imds_v1_only_when_it_is_asked_for, aws_env_clear),
        cmocka_unit_test_setup(imds_expired_document_is_taken, aws_env_clear),
        cmocka_unit_test(copies_are_independent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
