/* Who AWS takes us for, with the credentials that a daemon with these settings would use. */
#include "eidcached/aws/region.h"
#include "eidcached/aws/sts.h"
#include "eidcached/base/clock.h"
#include "eidcached/base/json.h"
#include "eidcached/base/mem.h"
#include "eidcached/config/config.h"
#include "eidcached/ctl/client.h"
#include "eidcached/ctl/commands.h"

#define STEP_MS            1000
#define CONNECT_TIMEOUT_MS 3000
#define TIMEOUT_MS         30000

struct whoami {
    bool told;
    struct eidc_err err; /* kind NONE: it went well */
    const char *provider;
    int64_t expires_at_ms;
    char *account, *arn, *user_id;
};

static void whoami_free(struct whoami *who)
{
    free(who->account);
    free(who->arn);
    free(who->user_id);
}

#define WHOAMI_AUTO __attribute__((cleanup(whoami_free))) struct whoami

static void on_creds(void *arg, struct eidc_creds *creds, const struct eidc_err *err)
{
    struct whoami *who = arg;
    who->told = true;
    if (creds == NULL) {
        who->err = *err;
        eidc_wrap(&who->err, "credentials");
        return;
    }
    who->provider = creds->provider;
    who->expires_at_ms = creds->expires_at_ms;
}

static void on_caller(void *arg, const struct eidc_sts_caller *caller, const struct eidc_err *err)
{
    struct whoami *who = arg;
    who->told = true;
    if (caller == NULL) {
        who->err = *err;
        return;
    }
    who->account = eidc_xstrdup(caller->account);
    who->arn = eidc_xstrdup(caller->arn);
    who->user_id = eidc_xstrdup(caller->user_id);
}

static bool wait_for(struct eidc_aws *aws, struct whoami *who)
{
    struct eidc_http_client *http = eidc_aws_http(aws);
    while (!who->told)
        http->ops->step(http, STEP_MS);
    who->told = false;
    return who->err.kind == EIDC_ERR_NONE;
}

static bool ask(struct eidc_aws *aws, const struct eidc_aws_settings *settings, struct whoami *who)
{
    struct eidc_creds_provider *creds = eidc_aws_identity(aws, settings);
    creds->ops->get(creds, on_creds, who);
    if (!wait_for(aws, who))
        return false;
    eidc_sts_get_caller_identity(aws, settings, creds, on_caller, who);
    return wait_for(aws, who);
}

/* ---- the answer ---- */

static void put_line(const struct eidc_ctl *ctl, const char *what, const char *value)
{
    fprintf(ctl->io->out, "%-9s ", what);
    eidc_ctl_put(ctl, eidc_str_of(value));
    fputc('\n', ctl->io->out);
}

static void put_text(const struct eidc_ctl *ctl, const struct whoami *who)
{
    char expires[EIDC_TIME_TEXT] = "never";
    if (who->expires_at_ms != 0)
        eidc_time_print(who->expires_at_ms, expires);
    put_line(ctl, "provider", who->provider);
    put_line(ctl, "account", who->account);
    put_line(ctl, "arn", who->arn);
    put_line(ctl, "user id", who->user_id);
    put_line(ctl, "expires", expires);
}

static void put_json(const struct eidc_ctl *ctl, const struct whoami *who)
{
    EIDC_BUF_AUTO out = {0};
    struct eidc_json j = eidc_json_to(&out);
    eidc_json_open_object(&j);
    eidc_json_put_str(&j, "provider", eidc_str_of(who->provider));
    eidc_json_put_str(&j, "account", eidc_str_of(who->account));
    eidc_json_put_str(&j, "arn", eidc_str_of(who->arn));
    eidc_json_put_str(&j, "user_id", eidc_str_of(who->user_id));
    eidc_json_put_time(&j, "expires_at", who->expires_at_ms);
    eidc_json_close_object(&j);
    fprintf(ctl->io->out, "%.*s\n", EIDC_STR_ARG(eidc_buf_view(&out)));
}

/* ---- the settings ---- */

static struct eidc_aws_settings settings_of(const struct eidc_ctl *ctl,
                                            const struct eidc_config *config)
{
    const struct eidc_ctl_options *o = &ctl->options;
    struct eidc_aws_settings settings = {.connect_timeout_ms = CONNECT_TIMEOUT_MS,
                                         .timeout_ms = TIMEOUT_MS};
    if (config != NULL)
        settings = config->aws;
    settings.profile = o->profile != NULL ? o->profile : settings.profile;
    settings.role_arn = o->role_arn != NULL ? o->role_arn : settings.role_arn;
    settings.region = o->region != NULL ? o->region : settings.region;
    return settings;
}

static int run(struct eidc_ctl *ctl, const struct eidc_config *config)
{
    const struct eidc_aws_settings settings = settings_of(ctl, config);
    WHOAMI_AUTO who = {0};
    char *region EIDC_AUTO_FREE = NULL;
    if (!eidc_ctl_need_http(ctl, &who.err) ||
        !eidc_region_find(&settings, ctl->http, &region, &who.err))
        return eidc_ctl_failed(ctl, "aws whoami", &who.err, NULL);
    struct eidc_aws *aws = eidc_aws_new(ctl->http, 1, NULL);
    bool ok = ask(aws, &settings, &who);
    eidc_aws_free(aws);
    if (!ok)
        return eidc_ctl_failed(ctl, "aws whoami", &who.err, NULL);
    if (ctl->options.json)
        put_json(ctl, &who);
    else
        put_text(ctl, &who);
    return EIDC_CTL_OK;
}

int eidc_ctl_aws_whoami(struct eidc_ctl *ctl)
{
    struct eidc_config *config = NULL;
    if (!eidc_ctl_load_config(ctl, &config))
        return EIDC_CTL_FAILED;
    int code = run(ctl, config);
    eidc_config_free(config);
    return code;
}
