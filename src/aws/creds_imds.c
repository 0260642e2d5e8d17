/* The instance metadata service: a session token first (version 2; without one only if that is
 * asked for), then the role's name, then its credentials. The name is asked for each time, as the
 * role may be exchanged meanwhile. */
#include <openssl/crypto.h>

#include "eidcached/aws/creds.h"
#include "eidcached/aws/creds_document.h"
#include "eidcached/aws/imds.h"
#include "eidcached/base/clock.h"
#include "eidcached/base/encode.h"
#include "eidcached/base/mem.h"

#define NAME      "imds"
#define ROLE_PATH "/latest/meta-data/iam/security-credentials/"

#define TOKEN_USED_MS ((21600 - 120) * 1000LL) /* given up 2 minutes early */
#define ANSWER_MAX    (64 * 1024)

struct imds {
    struct eidc_creds_provider base;
    struct eidc_http_client *http;
    char *token; /* NULL: none */
    int64_t token_until_ms;
    struct eidc_imds_settings settings; /* read at each get */
    /* Of the get that is going on. */
    char *role_path;    /* NULL: not known yet */
    bool renewed;       /* the token, because it was refused */
    bool without_token; /* version 1 */
    eidc_creds_done *done;
    void *arg;
};

static struct imds *imds_of(struct eidc_creds_provider *self)
{
    return (struct imds *)(void *)self;
}

/* ---- requests ---- */

static void end(struct imds *imds, struct eidc_creds *creds, const struct eidc_err *err)
{
    free(imds->role_path);
    imds->role_path = NULL;
    imds->done(imds->arg, creds, err);
}

static void ask(struct imds *imds, const char *method, const char *path, const char *header,
                const char *value, eidc_http_done *done)
{
    char *url EIDC_AUTO_FREE = eidc_imds_url(&imds->settings, path);
    struct eidc_http_headers headers = {0};
    if (value != NULL)
        (void)eidc_http_headers_add(&headers, header, eidc_str_of(value));
    const struct eidc_http_request request = {
        .method = method,
        .url = url,
        .headers = &headers,
        .connect_timeout_ms = imds->settings.timeout_ms,
        .timeout_ms = imds->settings.timeout_ms,
        .max_response = ANSWER_MAX,
        .no_proxy = true,
    };
    eidc_creds_fetch(imds->http, &request, imds->settings.attempts, done, imds);
    eidc_http_headers_free(&headers);
}

/* ---- the session token ---- */

static void drop_token(struct imds *imds)
{
    if (imds->token != NULL)
        OPENSSL_cleanse(imds->token, strlen(imds->token));
    free(imds->token);
    imds->token = NULL;
}

/* No answer at all is what a machine outside of EC2 sees: the chain goes on, or says so. */
static bool unreachable(const struct eidc_http_response *response, struct eidc_err *err)
{
    *err = response->err;
    if (err->kind == EIDC_ERR_TIMEOUT) {
        err->kind = EIDC_ERR_NOT_FOUND;
        return eidc_wrap(err, "no answer to the token request; not on EC2, or in a container "
                              "while the instance's metadata hop limit is 1");
    }
    if (err->kind == EIDC_ERR_UNAVAILABLE)
        err->kind = EIDC_ERR_NOT_FOUND;
    return eidc_wrap(err, "not reachable");
}

static bool take_token(struct imds *imds, const struct eidc_http_response *response,
                       struct eidc_err *err)
{
    if (response->status == 0)
        return unreachable(response, err);
    if (response->status == 403)
        return eidc_fail(err, EIDC_ERR_NOT_FOUND, "turned off for this instance (status 403)");
    if (response->status == 404 || response->status == 405)
        return eidc_fail(err, EIDC_ERR_NOT_FOUND, "no IMDSv2 there (status %d)", response->status);
    if (response->status != 200)
        return eidc_creds_document_refused(response, err) || eidc_wrap(err, "token");

    struct eidc_str text = eidc_buf_view(&response->body);
    if (text.n == 0 || strcspn(text.p, "\r\n") != text.n)
        return eidc_fail(err, EIDC_ERR_CORRUPT, "the token is not one line of text");
    imds->token = eidc_xstrndup(text.p, text.n);
    imds->token_until_ms = eidc_mono_ms() + TOKEN_USED_MS;
    return true;
}

/* What a service that knows no tokens answers, or a hop limit that lets none pass. */
static bool may_do_without(const struct imds *imds, const struct eidc_http_response *response)
{
    int status = response->status;
    return imds->settings.v1_allowed && (status == 403 || status == 404 || status == 405 ||
                                         (status == 0 && response->err.kind == EIDC_ERR_TIMEOUT));
}

static void proceed(struct imds *imds);

static void on_token(void *arg, struct eidc_http_response *response)
{
    struct imds *imds = arg;
    struct eidc_err err;
    imds->without_token = may_do_without(imds, response);
    if (imds->without_token || take_token(imds, response, &err))
        proceed(imds);
    else
        end(imds, NULL, &err);
}

/* ---- the role and its credentials ---- */

static bool take_role(struct imds *imds, const struct eidc_http_response *response,
                      struct eidc_err *err)
{
    if (response->status == 404)
        return eidc_fail(err, EIDC_ERR_NOT_FOUND, "no role is attached to this instance");
    if (response->status != 200)
        return eidc_creds_document_refused(response, err) || eidc_wrap(err, "role");

    struct eidc_str name = eidc_buf_view(&response->body);
    name.n = strcspn(name.p, "\r\n");
    if (name.n == 0)
        return eidc_fail(err, EIDC_ERR_NOT_FOUND, "no role is attached to this instance");
    EIDC_BUF_AUTO encoded = {0};
    eidc_percent_encode(&encoded, name, "");
    imds->role_path = eidc_xprintf("%s%.*s", ROLE_PATH, EIDC_STR_ARG(eidc_buf_view(&encoded)));
    return true;
}

static bool take_document(const struct eidc_http_response *response, struct eidc_creds *out,
                          struct eidc_err *err)
{
    if (response->status != 200)
        return eidc_creds_document_refused(response, err);
    return eidc_creds_document_parse(eidc_buf_view(&response->body), NAME, out, err);
}

static void judge(struct imds *imds, const struct eidc_http_response *response)
{
    struct eidc_creds creds = {0};
    struct eidc_err err;
    if (response->status == 0) {
        end(imds, NULL, &response->err);
    } else if (imds->role_path == NULL) {
        if (take_role(imds, response, &err))
            proceed(imds);
        else
            end(imds, NULL, &err);
    } else {
        bool ok = take_document(response, &creds, &err);
        end(imds, ok ? &creds : NULL, ok ? NULL : &err);
        eidc_creds_wipe(&creds);
    }
}

/* A token can die before its time (the instance was moved): a fresh one, once. */
static void on_answer(void *arg, struct eidc_http_response *response)
{
    struct imds *imds = arg;
    if (response->status == 401 && !imds->renewed && !imds->without_token) {
        imds->renewed = true;
        drop_token(imds);
        proceed(imds);
        return;
    }
    judge(imds, response);
}

static void proceed(struct imds *imds)
{
    bool has_token = imds->token != NULL && eidc_mono_ms() < imds->token_until_ms;
    if (!has_token)
        drop_token(imds);
    if (!has_token && !imds->without_token)
        ask(imds, "PUT", EIDC_IMDS_TOKEN_PATH, EIDC_IMDS_TTL_HEADER, EIDC_IMDS_TTL_S, on_token);
    else
        ask(imds, "GET", imds->role_path != NULL ? imds->role_path : ROLE_PATH,
            EIDC_IMDS_TOKEN_HEADER, imds->token, on_answer);
}

static void imds_get(struct eidc_creds_provider *self, eidc_creds_done *done, void *arg)
{
    struct imds *imds = imds_of(self);
    struct eidc_err err;
    imds->done = done;
    imds->arg = arg;
    imds->renewed = imds->without_token = false;
    if (eidc_imds_settings_read(&imds->settings, &err))
        proceed(imds);
    else
        end(imds, NULL, &err);
}

static void imds_destroy(struct eidc_creds_provider *self)
{
    drop_token(imds_of(self));
    free(imds_of(self));
}

static const struct eidc_creds_provider_ops imds_ops = {imds_get, NULL, imds_destroy};

struct eidc_creds_provider *eidc_creds_imds_new(struct eidc_http_client *http)
{
    struct imds *imds = eidc_xcalloc(1, sizeof(*imds));
    imds->base = (struct eidc_creds_provider){.ops = &imds_ops, .name = NAME};
    imds->http = http;
    return &imds->base;
}
