#include "eidcached/aws/profile_plan.h"

#include "eidcached/aws/sts.h"
#include "eidcached/base/mem.h"

#define DURATION_MIN_S 900
#define DURATION_MAX_S 43200

/* A profile being looked at. */
struct reading {
    const struct eidc_profiles *profiles;
    const char *profile;
    struct eidc_plan *plan;
    struct eidc_err *err;
};

/* A blank value counts as none. */
static const char *get(const struct reading *r, const char *key)
{
    const char *value = eidc_profiles_get(r->profiles, r->profile, key);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

static bool bad(const struct reading *r, const char *what)
{
    return eidc_fail(r->err, EIDC_ERR_INVALID, "profile \"%s\": %s", r->profile, what);
}

/* ---- what a person at a browser must start ---- */

static bool refuse_sign_in(const struct reading *r)
{
    static const struct {
        const char *key, *what;
    } kinds[] = {
        {"sso_session", "IAM Identity Center (sso_session)"},
        {"sso_start_url", "IAM Identity Center (sso_start_url)"},
        {"login_session", "a console login (login_session)"},
    };
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (get(r, kinds[i].key) != NULL)
            return eidc_fail(r->err, EIDC_ERR_INVALID,
                             "profile \"%s\" asks for %s, which somebody has to sign in to: give "
                             "the instance, container or pod a role, or the profile a role_arn, "
                             "keys, or credential_process = aws configure export-credentials "
                             "--profile NAME --format process",
                             r->profile, kinds[i].what);
    return eidc_fail(r->err, EIDC_ERR_NOT_FOUND, "\"%s\" has no credentials", r->profile);
}

/* ---- where it begins ---- */

static bool has_keys(const struct reading *r)
{
    return get(r, "aws_access_key_id") != NULL;
}

static bool take_keys(const struct reading *r)
{
    struct eidc_plan *plan = r->plan;
    plan->base = EIDC_PLAN_KEYS;
    plan->access_key = get(r, "aws_access_key_id");
    plan->secret_key = get(r, "aws_secret_access_key");
    plan->session_token = get(r, "aws_session_token");
    return plan->secret_key != NULL || bad(r, "has aws_access_key_id but no aws_secret_access_key");
}

/* Without a role. */
static bool take_base(const struct reading *r)
{
    if (get(r, "web_identity_token_file") != NULL)
        return bad(r, "web_identity_token_file needs role_arn");
    if (get(r, "sso_session") != NULL || get(r, "sso_start_url") != NULL)
        return refuse_sign_in(r); /* AWS's tools put it before keys, too */
    if (has_keys(r))
        return take_keys(r);
    r->plan->command = get(r, "credential_process");
    if (r->plan->command == NULL)
        return refuse_sign_in(r);
    r->plan->base = EIDC_PLAN_PROCESS;
    return true;
}

static bool take_credential_source(const struct reading *r, const char *source)
{
    static const struct {
        const char *name;
        enum eidc_plan_base base;
    } sources[] = {
        {"Environment", EIDC_PLAN_ENVIRONMENT},
        {"Ec2InstanceMetadata", EIDC_PLAN_IMDS},
        {"EcsContainer", EIDC_PLAN_CONTAINER},
    };
    for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
        if (strcmp(source, sources[i].name) == 0) {
            r->plan->base = sources[i].base;
            return true;
        }
    }
    return bad(r, "credential_source is none of Environment, Ec2InstanceMetadata, EcsContainer");
}

/* ---- roles ---- */

static bool read_role(const struct reading *r, struct eidc_plan_role *role)
{
    uint64_t seconds = 0;
    const char *duration = get(r, "duration_seconds");
    *role = (struct eidc_plan_role){.arn = get(r, "role_arn"),
                                    .session_name = get(r, "role_session_name"),
                                    .external_id = get(r, "external_id")};
    if (get(r, "mfa_serial") != NULL)
        return bad(r, "mfa_serial asks for somebody's code; a daemon has none: use a role that "
                      "may be assumed without");
    if (role->session_name != NULL && !eidc_sts_session_name_check(role->session_name, r->err))
        return eidc_wrap(r->err, "profile \"%s\": role_session_name", r->profile);
    if (duration != NULL && (!eidc_str_u64(eidc_str_of(duration), DURATION_MAX_S, &seconds) ||
                             seconds < DURATION_MIN_S))
        return bad(r, "duration_seconds is not a number from 900 to 43200");
    role->duration_s = (unsigned)seconds;
    return true;
}

/* *source: the profile that comes next, or NULL. */
static bool take_role(const struct reading *r, const char **source)
{
    struct eidc_plan *plan = r->plan;
    const char *token_file = get(r, "web_identity_token_file");
    const char *credential_source = get(r, "credential_source");
    *source = get(r, "source_profile");
    if (*source == NULL && credential_source == NULL && token_file != NULL) {
        plan->base = EIDC_PLAN_WEB_IDENTITY;
        plan->token_file = token_file;
        return read_role(r, &plan->web_role);
    }
    if ((*source == NULL) == (credential_source == NULL))
        return bad(r, "role_arn needs either source_profile or credential_source, and not both");
    if (plan->role_count == EIDC_PLAN_ROLES_MAX)
        return bad(r, "too many roles in a row");
    return read_role(r, &plan->roles[plan->role_count++]) &&
           (*source != NULL || take_credential_source(r, credential_source));
}

/* ---- the way ---- */

struct way {
    const char *at[EIDC_PLAN_ROLES_MAX + 1];
    size_t n;
};

static bool was_at(const struct way *way, const char *profile)
{
    for (size_t i = 0; i < way->n; i++)
        if (strcmp(way->at[i], profile) == 0)
            return true;
    return false;
}

static bool loop(const struct way *way, const char *profile, struct eidc_err *err)
{
    EIDC_BUF_AUTO text = {0};
    for (size_t i = 0; i < way->n; i++)
        eidc_buf_addf(&text, "\"%s\" > ", way->at[i]);
    return eidc_fail(err, EIDC_ERR_INVALID, "source_profile goes in a circle: %.*s\"%s\"",
                     EIDC_STR_ARG(eidc_buf_view(&text)), profile);
}

static bool take(const struct reading *r, bool keys_first, const char **next)
{
    *next = NULL;
    if (keys_first)
        return take_keys(r);
    return get(r, "role_arn") != NULL ? take_role(r, next) : take_base(r);
}

bool eidc_plan_make(const struct eidc_profiles *profiles, const char *profile,
                    struct eidc_plan *out, struct eidc_err *err)
{
    struct eidc_plan plan = {0};
    struct way way = {0};
    struct reading r = {.profiles = profiles, .plan = &plan, .err = err};
    for (const char *next = profile; next != NULL;) {
        r.profile = next;
        if (!eidc_profiles_has(profiles, next))
            return eidc_fail(err, EIDC_ERR_INVALID, "source_profile: there is no profile \"%s\"",
                             next);
        bool keys_first = way.n > 0 && has_keys(&r);
        if (!keys_first && was_at(&way, next))
            return loop(&way, next, err);
        way.at[way.n++] = next;
        if (take(&r, keys_first, &next))
            continue;
        if (way.n > 1 && err->kind == EIDC_ERR_NOT_FOUND)
            err->kind = EIDC_ERR_INVALID; /* another profile names it */
        return false;
    }
    *out = plan;
    return true;
}
