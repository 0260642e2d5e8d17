#pragma once
/*
 * STS, as calls of the engine: roles to assume, and who one is. Each resolves the endpoint anew
 * from the settings' region, which must be known. What comes back is told from the client's step(),
 * or before the call returns when nothing could be asked. Errors quote no key and no token.
 * Settings and roles are borrowed until then.
 */
#include "eidcached/aws/call.h"

struct eidc_sts_role {
    const char *arn;
    const char *session_name; /* NULL: "eidcached-HOST" */
    const char *external_id;  /* NULL: none */
    unsigned duration_s;      /* 0: an hour */
};

/* source: a cache of the credentials that may assume the role. Sets named "assume-role". */
void eidc_sts_assume_role(struct eidc_aws *aws, const struct eidc_aws_settings *settings,
                          struct eidc_creds_provider *source, const struct eidc_sts_role *role,
                          eidc_creds_done *done, void *arg);
/* Unsigned: the token says it all. Sets named "web-identity". */
void eidc_sts_assume_role_with_web_identity(struct eidc_aws *aws,
                                            const struct eidc_aws_settings *settings,
                                            const struct eidc_sts_role *role, const char *token,
                                            eidc_creds_done *done, void *arg);

struct eidc_sts_caller {
    const char *account, *arn, *user_id;
};
/* caller NULL: err says why. */
typedef void eidc_sts_caller_done(void *arg, const struct eidc_sts_caller *caller,
                                  const struct eidc_err *err);
void eidc_sts_get_caller_identity(struct eidc_aws *aws, const struct eidc_aws_settings *settings,
                                  struct eidc_creds_provider *creds, eidc_sts_caller_done *done,
                                  void *arg);

/* 2 to 64 of letters, digits and _+=,.@-; err says what a session name must be. */
bool eidc_sts_session_name_check(const char *name, struct eidc_err *err);
