#pragma once
/* Providers that ask STS. Settings are borrowed; roles are copied. */
#include "eidcached/aws/sts.h"

/* source: a cache. */
struct eidc_creds_provider *eidc_creds_role_new(struct eidc_aws *aws,
                                                const struct eidc_aws_settings *settings,
                                                const struct eidc_sts_role *role,
                                                struct eidc_creds_provider *source,
                                                bool owns_source);

/* The token file is read at each get, as its owner writes it anew; a newline at its end is left
 * out. */
struct eidc_creds_provider *eidc_creds_web_identity_new(struct eidc_aws *aws,
                                                        const struct eidc_aws_settings *settings,
                                                        const struct eidc_sts_role *role,
                                                        const char *token_file);
/* The same by AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN and AWS_ROLE_SESSION_NAME (IRSA). */
struct eidc_creds_provider *
eidc_creds_web_identity_env_new(struct eidc_aws *aws, const struct eidc_aws_settings *settings);
