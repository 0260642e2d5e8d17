/* The query protocol: a form goes, XML comes. */
#include "eidcached/aws/sts.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <unistd.h>

#include "eidcached/aws/region.h"
#include "eidcached/aws/target.h"
#include "eidcached/aws/xml.h"
#include "eidcached/base/clock.h"
#include "eidcached/base/encode.h"
#include "eidcached/base/mem.h"

#define ANSWER_MAX    (64 * 1024)
#define SESSION_MAX   64
#define SESSION_BEGIN "eidcached"

enum field { ACCESS_KEY, SECRET_KEY, SESSION_TOKEN, EXPIRATION, ACCOUNT, ARN, USER_ID, FIELDS };

/* By the end of their paths, so that one table does for all operations. */
static const char *const field_paths[FIELDS] = {
    [ACCESS_KEY] = "Result/Credentials/AccessKeyId",
    [SECRET_KEY] = "Result/Credentials/SecretAccessKey",
    [SESSION_TOKEN] = "Result/Credentials/SessionToken",
    [EXPIRATION] = "Result/Credentials/Expiration",
    [ACCOUNT] = "GetCallerIdentityResult/Account",
    [ARN] = "GetCallerIdentityResult/Arn",
    [USER_ID] = "GetCallerIdentityResult/UserId",
};

struct exchange {
    struct eidc_aws_target target;
    struct eidc_buf form;
    enum field first, last; /* what must come back */
    char *fields[FIELDS];   /* NULL: not there */
    const char *provider;
    eidc_creds_done *done;
    eidc_sts_caller_done *caller_done; /* of these two one */
    void *arg;
};

/* ---- what comes back ---- */

static void clear_fields(struct exchange *x)
{
    for (size_t i = 0; i < FIELDS; i++) {
        if (x->fields[i] != NULL)
            OPENSSL_cleanse(x->fields[i], strlen(x->fields[i]));
        free(x->fields[i]);
        x->fields[i] = NULL;
    }
}

static bool on_element(void *arg, const char *path, struct eidc_str text, struct eidc_err *err)
{
    struct exchange *x = arg;
    (void)err;
    for (size_t i = 0; i < FIELDS; i++)
        if (x->fields[i] == NULL && text.n > 0 &&
            eidc_str_ends(eidc_str_of(path), eidc_str_of(field_paths[i])))
            x->fields[i] = eidc_xstrndup(text.p, text.n);
    return true;
}

static bool take(void *arg, struct eidc_str body, struct eidc_err *err)
{
    struct exchange *x = arg;
    int64_t expires_at_ms;
    clear_fields(x);
    if (!eidc_xml_parse(body, on_element, x, err))
        return eidc_fail(err, EIDC_ERR_CORRUPT, "the answer is not XML");
    for (size_t i = x->first; i <= x->last; i++)
        if (x->fields[i] == NULL)
            return eidc_fail(err, EIDC_ERR_CORRUPT, "the answer has no %s",
                             strrchr(field_paths[i], '/') + 1);
    if (x->fields[EXPIRATION] != NULL &&
        !eidc_time_parse(eidc_str_of(x->fields[EXPIRATION]), &expires_at_ms))
        return eidc_fail(err, EIDC_ERR_CORRUPT, "the answer's Expiration is no time");
    return true;
}

static void exchange_free(struct exchange *x)
{
    clear_fields(x);
    eidc_buf_wipe(&x->form);
    eidc_endpoint_free(&x->target.endpoint);
    free(x);
}

static void tell_creds(struct exchange *x, const struct eidc_err *err)
{
    struct eidc_creds creds = {0};
    if (err == NULL) {
        creds = (struct eidc_creds){.access_key = eidc_xstrdup(x->fields[ACCESS_KEY]),
                                    .secret_key = eidc_xstrdup(x->fields[SECRET_KEY]),
                                    .session_token = eidc_xstrdup(x->fields[SESSION_TOKEN]),
                                    .provider = x->provider};
        (void)eidc_time_parse(eidc_str_of(x->fields[EXPIRATION]), &creds.expires_at_ms);
    }
    eidc_creds_tell(err == NULL, &creds, err, x->done, x->arg);
}

static void tell_caller(struct exchange *x, const struct eidc_err *err)
{
    const struct eidc_sts_caller caller = {x->fields[ACCOUNT], x->fields[ARN], x->fields[USER_ID]};
    x->caller_done(x->arg, err == NULL ? &caller : NULL, err);
}

/* The exchange is gone afterwards. err NULL: it has what it asked for. */
static void end(struct exchange *x, const struct eidc_err *err)
{
    if (x->done != NULL)
        tell_creds(x, err);
    else
        tell_caller(x, err);
    exchange_free(x);
}

static void on_answer(void *arg, struct eidc_aws_response *response)
{
    eidc_buf_wipe(&response->body);
    end(arg, response->ok ? NULL : &response->err);
}

/* ---- what goes ---- */

static struct exchange *exchange_new(const char *operation)
{
    struct exchange *x = eidc_xcalloc(1, sizeof(*x));
    eidc_buf_addf(&x->form, "Action=%s&Version=2011-06-15", operation);
    return x;
}

static void add(struct exchange *x, const char *key, const char *value)
{
    if (value == NULL)
        return;
    eidc_buf_reserve(&x->form, 3 * strlen(value) + 64); /* a secret is not to be left behind */
    eidc_buf_addf(&x->form, "&%s=", key);
    eidc_percent_encode(&x->form, eidc_str_of(value), "");
}

static bool find_target(struct exchange *x, const struct eidc_aws_settings *settings,
                        struct eidc_err *err)
{
    char *region EIDC_AUTO_FREE = NULL;
    if (eidc_region_resolve(settings, &region, err) &&
        eidc_aws_target_resolve(settings, "sts", "sts", "STS", region, &x->target, err)) {
        x->target.retry.adaptive = false; /* they are few, and others wait for them */
        return true;
    }
    if (err->kind == EIDC_ERR_NOT_FOUND)
        err->kind = EIDC_ERR_INVALID; /* a role is configured: the chain must not go on */
    return eidc_wrap(err, "sts");
}

/* creds NULL: unsigned. */
static void send(struct exchange *x, struct eidc_aws *aws, const struct eidc_aws_settings *settings,
                 struct eidc_creds_provider *creds, const char *operation, const char *secret)
{
    struct eidc_http_headers headers = {0};
    struct eidc_err err;
    if (!find_target(x, settings, &err)) {
        end(x, &err);
        return;
    }
    x->target.creds = creds;
    eidc_http_headers_add(&headers, "Content-Type",
                          EIDC_STR("application/x-www-form-urlencoded; charset=utf-8"));
    const struct eidc_aws_request request = {
        .target = &x->target,
        .operation = operation,
        .method = "POST",
        .path = EIDC_STR("/"),
        .headers = &headers,
        .body = eidc_buf_view(&x->form),
        .secret = secret,
        .max_response = ANSWER_MAX,
        .urgent = true,
        .take = take,
        .take_arg = x,
    };
    eidc_aws_call(aws, &request, on_answer, x);
    eidc_http_headers_free(&headers);
}

/* ---- roles ---- */

static bool is_session_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("_+=,.@-", c) != NULL);
}

bool eidc_sts_session_name_check(const char *name, struct eidc_err *err)
{
    size_t n = strlen(name);
    for (size_t i = 0; i < n; i++)
        if (!is_session_byte(name[i]))
            n = 0;
    return (n >= 2 && n <= SESSION_MAX) ||
           eidc_fail(err, EIDC_ERR_INVALID,
                     "a session name is 2 to 64 letters, digits or characters of _+=,.@-");
}

/* So that CloudTrail tells which host it was. */
static void own_session_name(char out[static SESSION_MAX + 1])
{
    char host[HOST_NAME_MAX + 1] = "";
    (void)gethostname(host, sizeof(host) - 1);
    snprintf(out, SESSION_MAX + 1, "%s%s%s", SESSION_BEGIN, host[0] != '\0' ? "-" : "", host);
    for (char *c = out; *c != '\0'; c++)
        if (!is_session_byte(*c))
            *c = '-';
}

static void add_role(struct exchange *x, const struct eidc_sts_role *role)
{
    char session_name[SESSION_MAX + 1];
    char duration[16];
    own_session_name(session_name);
    add(x, "RoleArn", role->arn);
    add(x, "RoleSessionName", role->session_name != NULL ? role->session_name : session_name);
    if (role->duration_s > 0) {
        snprintf(duration, sizeof(duration), "%u", role->duration_s);
        add(x, "DurationSeconds", duration);
    }
}

static void want_creds(struct exchange *x, const char *provider, eidc_creds_done *done, void *arg)
{
    x->first = ACCESS_KEY;
    x->last = EXPIRATION;
    x->provider = provider;
    x->done = done;
    x->arg = arg;
}

void eidc_sts_assume_role(struct eidc_aws *aws, const struct eidc_aws_settings *settings,
                          struct eidc_creds_provider *source, const struct eidc_sts_role *role,
                          eidc_creds_done *done, void *arg)
{
    static const char operation[] = "AssumeRole";
    struct exchange *x = exchange_new(operation);
    want_creds(x, "assume-role", done, arg);
    add_role(x, role);
    add(x, "ExternalId", role->external_id);
    send(x, aws, settings, source, operation, role->external_id);
}

void eidc_sts_assume_role_with_web_identity(struct eidc_aws *aws,
                                            const struct eidc_aws_settings *settings,
                                            const struct eidc_sts_role *role, const char *token,
                                            eidc_creds_done *done, void *arg)
{
    static const char operation[] = "AssumeRoleWithWebIdentity";
    struct exchange *x = exchange_new(operation);
    want_creds(x, "web-identity", done, arg);
    add_role(x, role);
    add(x, "WebIdentityToken", token);
    send(x, aws, settings, NULL, operation, token);
}

void eidc_sts_get_caller_identity(struct eidc_aws *aws, const struct eidc_aws_settings *settings,
                                  struct eidc_creds_provider *creds, eidc_sts_caller_done *done,
                                  void *arg)
{
    static const char operation[] = "GetCallerIdentity";
    struct exchange *x = exchange_new(operation);
    x->first = ACCOUNT;
    x->last = USER_ID;
    x->caller_done = done;
    x->arg = arg;
    send(x, aws, settings, creds, operation, NULL);
}
