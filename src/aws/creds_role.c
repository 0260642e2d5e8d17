/* A role, assumed with the credentials of another provider. */
#include "eidcached/aws/creds_role.h"

#include "eidcached/base/mem.h"

struct role {
    struct eidc_creds_provider base;
    struct eidc_aws *aws;
    const struct eidc_aws_settings *settings;
    struct eidc_creds_provider *source;
    bool owns_source;
    char *arn, *session_name, *external_id;
    unsigned duration_s;
    eidc_creds_done *done; /* of the get that is going on */
    void *arg;
};

static struct role *role_of(struct eidc_creds_provider *self)
{
    return (struct role *)(void *)self;
}

static void on_assumed(void *arg, struct eidc_creds *creds, const struct eidc_err *why)
{
    const struct role *role = arg;
    if (creds != NULL) {
        role->done(role->arg, creds, NULL);
        return;
    }
    struct eidc_err err = *why;
    eidc_wrap(&err, "role %s", role->arn);
    role->done(role->arg, NULL, &err);
}

static void role_get(struct eidc_creds_provider *self, eidc_creds_done *done, void *arg)
{
    struct role *role = role_of(self);
    const struct eidc_sts_role wanted = {role->arn, role->session_name, role->external_id,
                                         role->duration_s};
    role->done = done;
    role->arg = arg;
    eidc_sts_assume_role(role->aws, role->settings, role->source, &wanted, on_assumed, role);
}

static void role_destroy(struct eidc_creds_provider *self)
{
    struct role *role = role_of(self);
    if (role->owns_source)
        role->source->ops->destroy(role->source);
    free(role->arn);
    free(role->session_name);
    free(role->external_id);
    free(role);
}

static const struct eidc_creds_provider_ops role_ops = {role_get, NULL, role_destroy};

struct eidc_creds_provider *eidc_creds_role_new(struct eidc_aws *aws,
                                                const struct eidc_aws_settings *settings,
                                                const struct eidc_sts_role *wanted,
                                                struct eidc_creds_provider *source,
                                                bool owns_source)
{
    struct role *role = eidc_xcalloc(1, sizeof(*role));
    role->base = (struct eidc_creds_provider){.ops = &role_ops, .name = "assume-role"};
    role->aws = aws;
    role->settings = settings;
    role->source = source;
    role->owns_source = owns_source;
    role->arn = eidc_xstrdup(wanted->arn);
    role->session_name = eidc_xstrdup(wanted->session_name);
    role->external_id = eidc_xstrdup(wanted->external_id);
    role->duration_s = wanted->duration_s;
    return &role->base;
}
