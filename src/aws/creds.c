#include "eidcached/aws/creds.h"

#include <openssl/crypto.h>

#include "eidcached/aws/creds_role.h"
#include "eidcached/base/mem.h"

static void wipe(char *secret)
{
    if (secret != NULL)
        OPENSSL_cleanse(secret, strlen(secret));
    free(secret);
}

void eidc_creds_wipe(struct eidc_creds *creds)
{
    wipe(creds->access_key);
    wipe(creds->secret_key);
    wipe(creds->session_token);
    *creds = (struct eidc_creds){0};
}

void eidc_creds_copy(struct eidc_creds *to, const struct eidc_creds *from)
{
    *to = (struct eidc_creds){
        .access_key = eidc_xstrdup(from->access_key),
        .secret_key = eidc_xstrdup(from->secret_key),
        .session_token = eidc_xstrdup(from->session_token),
        .expires_at_ms = from->expires_at_ms,
        .strict = from->strict,
        .provider = from->provider,
    };
}

void eidc_creds_tell(bool ok, struct eidc_creds *creds, const struct eidc_err *err,
                     eidc_creds_done *done, void *arg)
{
    done(arg, ok ? creds : NULL, ok ? NULL : err);
    eidc_creds_wipe(creds);
}

/* ---- the chain ---- */

struct chain {
    struct eidc_creds_provider base;
    struct eidc_creds_provider **links;
    size_t n;
    /* Of the get that is going on. */
    size_t at;
    struct eidc_buf looked_at;
    eidc_creds_done *done;
    void *arg;
};

static struct chain *chain_of(struct eidc_creds_provider *self)
{
    return (struct chain *)(void *)self;
}

static void chain_end(struct chain *chain, struct eidc_creds *creds, const struct eidc_err *err)
{
    eidc_creds_done *done = chain->done;
    chain->done = NULL;
    eidc_buf_free(&chain->looked_at);
    done(chain->arg, creds, err);
}

static void chain_exhausted(struct chain *chain)
{
    struct eidc_err err;
    eidc_fail(&err, EIDC_ERR_NOT_FOUND,
              "none found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or aws.profile, "
              "or give the instance, container or pod a role; looked at: %.*s",
              EIDC_STR_ARG(eidc_buf_view(&chain->looked_at)));
    chain_end(chain, NULL, &err);
}

static void chain_fail(struct chain *chain, const struct eidc_err *why)
{
    struct eidc_err err = *why;
    eidc_wrap(&err, "%s", chain->links[chain->at]->name);
    chain_end(chain, NULL, &err);
}

static void ask_link(struct chain *chain);

static void on_link(void *arg, struct eidc_creds *creds, const struct eidc_err *err)
{
    struct chain *chain = arg;
    if (creds != NULL) {
        chain_end(chain, creds, NULL);
        return;
    }
    if (err->kind != EIDC_ERR_NOT_FOUND) {
        chain_fail(chain, err);
        return;
    }
    eidc_buf_addf(&chain->looked_at, "%s%s (%s)", chain->at == 0 ? "" : ", ",
                  chain->links[chain->at]->name, err->text);
    chain->at++;
    ask_link(chain);
}

static void ask_link(struct chain *chain)
{
    if (chain->at == chain->n)
        chain_exhausted(chain);
    else
        chain->links[chain->at]->ops->get(chain->links[chain->at], on_link, chain);
}

static void chain_get(struct eidc_creds_provider *self, eidc_creds_done *done, void *arg)
{
    struct chain *chain = chain_of(self);
    chain->done = done;
    chain->arg = arg;
    chain->at = 0;
    ask_link(chain);
}

static void chain_cancel(struct eidc_creds_provider *self)
{
    const struct chain *chain = chain_of(self);
    if (chain->done != NULL)
        eidc_creds_cancel(chain->links[chain->at]);
}

static void chain_destroy(struct eidc_creds_provider *self)
{
    struct chain *chain = chain_of(self);
    for (size_t i = 0; i < chain->n; i++)
        chain->links[i]->ops->destroy(chain->links[i]);
    free(chain->links);
    eidc_buf_free(&chain->looked_at);
    free(chain);
}

static const struct eidc_creds_provider_ops chain_ops = {chain_get, chain_cancel, chain_destroy};

struct eidc_creds_provider *eidc_creds_chain_new(struct eidc_creds_provider **links, size_t n)
{
    struct chain *chain = eidc_xcalloc(1, sizeof(*chain));
    chain->base = (struct eidc_creds_provider){.ops = &chain_ops, .name = "chain"};
    chain->links = eidc_xcalloc(n + 1, sizeof(struct eidc_creds_provider *));
    memcpy(chain->links, links, n * sizeof(struct eidc_creds_provider *));
    chain->n = n;
    return &chain->base;
}

/* Who chooses a profile in the configuration means that account and not the one the environment
 * happens to hold; botocore decides likewise. AWS_PROFILE does not outrank the environment. */
struct eidc_creds_provider *eidc_creds_default_new(struct eidc_aws *aws,
                                                   const struct eidc_aws_settings *settings)
{
    struct eidc_creds_provider *links[5];
    size_t n = 0;
    if (settings->profile == NULL)
        links[n++] = eidc_creds_env_new();
    links[n++] = eidc_creds_profile_new(aws, settings);
    links[n++] = eidc_creds_web_identity_env_new(aws, settings);
    links[n++] = eidc_creds_container_new(eidc_aws_http(aws));
    links[n++] = eidc_creds_imds_new(eidc_aws_http(aws));
    return eidc_creds_chain_new(links, n);
}
