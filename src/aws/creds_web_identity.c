/* A role, assumed with a token in a file: IAM roles for service accounts (EKS), and others. */
#include "eidcached/aws/creds_role.h"
#include "eidcached/aws/env.h"
#include "eidcached/base/file.h"
#include "eidcached/base/mem.h"

#define NAME      "web-identity"
#define TOKEN_MAX ((size_t)64 * 1024)

struct web_identity {
    struct eidc_creds_provider base;
    struct eidc_aws *aws;
    const struct eidc_aws_settings *settings;
    char *arn, *session_name, *token_file; /* all NULL: as the environment says */
    eidc_creds_done *done;                 /* of the get that is going on */
    void *arg;
};

static struct web_identity *web_identity_of(struct eidc_creds_provider *self)
{
    return (struct web_identity *)(void *)self;
}

/* What is wanted, from wherever. */
struct wanted {
    struct eidc_sts_role role;
    const char *token_file;
};

static bool read_environment(struct wanted *out, struct eidc_err *err)
{
    *out = (struct wanted){.role = {.arn = eidc_env("AWS_ROLE_ARN"),
                                    .session_name = eidc_env("AWS_ROLE_SESSION_NAME")},
                           .token_file = eidc_env("AWS_WEB_IDENTITY_TOKEN_FILE")};
    if (out->token_file == NULL)
        return eidc_fail(err, EIDC_ERR_NOT_FOUND, "AWS_WEB_IDENTITY_TOKEN_FILE is not set");
    if (out->role.arn == NULL)
        return eidc_fail(err, EIDC_ERR_INVALID,
                         "AWS_WEB_IDENTITY_TOKEN_FILE is set, but AWS_ROLE_ARN is not");
    return true;
}

static bool find_wanted(const struct web_identity *web, struct wanted *out, struct eidc_err *err)
{
    if (web->token_file == NULL) {
        if (!read_environment(out, err))
            return false;
    } else {
        *out = (struct wanted){.role = {.arn = web->arn, .session_name = web->session_name},
                               .token_file = web->token_file};
    }
    return out->role.session_name == NULL ||
           eidc_sts_session_name_check(out->role.session_name, err);
}

/* One line; it goes into a form, but nothing else is a token. */
static bool read_token(const char *file, struct eidc_buf *token, struct eidc_err *err)
{
    if (!eidc_file_read(file, TOKEN_MAX, token, err)) {
        if (err->kind == EIDC_ERR_NOT_FOUND)
            err->kind = EIDC_ERR_IO; /* it is configured: a missing file is a fault */
        return eidc_wrap(err, "token file");
    }
    if (token->n > 0 && token->p[token->n - 1] == '\n')
        eidc_buf_truncate(token, token->n - 1);
    if (token->n > 0 && token->p[token->n - 1] == '\r')
        eidc_buf_truncate(token, token->n - 1);
    if (token->n == 0)
        return eidc_fail(err, EIDC_ERR_INVALID, "%s: the token is empty", file);
    for (size_t i = 0; i < token->n; i++)
        if ((unsigned char)token->p[i] <= 0x20 || token->p[i] == 0x7f)
            return eidc_fail(err, EIDC_ERR_INVALID,
                             "%s: the token holds a blank, a line break or a control character",
                             file);
    return true;
}

static void on_assumed(void *arg, struct eidc_creds *creds, const struct eidc_err *err)
{
    const struct web_identity *web = arg;
    const char *arn = web->arn != NULL ? web->arn : eidc_env("AWS_ROLE_ARN");
    struct eidc_err why = {0};
    if (creds == NULL) {
        why = *err;
        eidc_wrap(&why, "role %s", arn != NULL ? arn : "");
    }
    web->done(web->arg, creds, creds == NULL ? &why : NULL);
}

static void web_identity_get(struct eidc_creds_provider *self, eidc_creds_done *done, void *arg)
{
    struct web_identity *web = web_identity_of(self);
    EIDC_BUF_SECRET token = {0};
    struct wanted wanted;
    struct eidc_err err;
    web->done = done;
    web->arg = arg;
    if (!find_wanted(web, &wanted, &err) || !read_token(wanted.token_file, &token, &err))
        done(arg, NULL, &err);
    else
        eidc_sts_assume_role_with_web_identity(web->aws, web->settings, &wanted.role, token.p,
                                               on_assumed, web);
}

static void web_identity_destroy(struct eidc_creds_provider *self)
{
    struct web_identity *web = web_identity_of(self);
    free(web->arn);
    free(web->session_name);
    free(web->token_file);
    free(web);
}

static const struct eidc_creds_provider_ops web_identity_ops = {web_identity_get, NULL,
                                                                web_identity_destroy};

struct eidc_creds_provider *eidc_creds_web_identity_new(struct eidc_aws *aws,
                                                        const struct eidc_aws_settings *settings,
                                                        const struct eidc_sts_role *role,
                                                        const char *token_file)
{
    struct web_identity *web = eidc_xcalloc(1, sizeof(*web));
    web->base = (struct eidc_creds_provider){.ops = &web_identity_ops, .name = NAME};
    web->aws = aws;
    web->settings = settings;
    web->arn = eidc_xstrdup(role->arn);
    web->session_name = eidc_xstrdup(role->session_name);
    web->token_file = eidc_xstrdup(token_file);
    return &web->base;
}

struct eidc_creds_provider *
eidc_creds_web_identity_env_new(struct eidc_aws *aws, const struct eidc_aws_settings *settings)
{
    static const struct eidc_sts_role of_environment;
    return eidc_creds_web_identity_new(aws, settings, &of_environment, NULL);
}
