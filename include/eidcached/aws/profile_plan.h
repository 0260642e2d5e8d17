#pragma once
/* How a profile gets its credentials: from where first, and which roles are assumed from there. */
#include "eidcached/aws/profile.h"

#define EIDC_PLAN_ROLES_MAX 8

enum eidc_plan_base {
    EIDC_PLAN_KEYS,
    EIDC_PLAN_WEB_IDENTITY, /* role and token file of the profile itself */
    EIDC_PLAN_PROCESS,
    EIDC_PLAN_ENVIRONMENT, /* credential_source = Environment, */
    EIDC_PLAN_IMDS,        /* Ec2InstanceMetadata, */
    EIDC_PLAN_CONTAINER,   /* EcsContainer */
};

struct eidc_plan_role {
    const char *arn, *session_name, *external_id; /* the last two may be NULL */
    unsigned duration_s;                          /* 0: not said */
};

/* Strings are the profiles'. */
struct eidc_plan {
    enum eidc_plan_base base;
    const char *access_key, *secret_key, *session_token; /* KEYS; the last may be NULL */
    const char *token_file;                              /* WEB_IDENTITY, */
    struct eidc_plan_role web_role;                      /* by this role */
    const char *command;                                 /* PROCESS */
    struct eidc_plan_role roles[EIDC_PLAN_ROLES_MAX];    /* the last one is assumed first */
    size_t role_count;
};

/* A profile's role outranks its web identity, its keys and its process, in this order; only as
 * another's source_profile its keys come first, so that a profile may name itself. NOT_FOUND: there
 * is nothing in it. INVALID: what is there is not enough, too much, or not for a daemon. */
bool eidc_plan_make(const struct eidc_profiles *profiles, const char *profile,
                    struct eidc_plan *out, struct eidc_err *err);
