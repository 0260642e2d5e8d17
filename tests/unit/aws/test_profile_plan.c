#include "eidcached/aws/profile_plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/support/profiles.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define KEYS         "aws_access_key_id = AKIA\naws_secret_access_key = s3cret\n"
#define ROLE(n)      "role_arn = arn:aws:iam::" #n ":role/r\n"

static struct eidc_profiles *parsed(const char *config)
{
    struct eidc_profiles *profiles = NULL;
    struct eidc_err err;
    if (!profiles_parse(config, "", &profiles, &err))
        fail_msg("%s", err.text);
    return profiles;
}

static void plans(void **state)
{
    (void)state;
    static const struct {
        const char *config;
        enum eidc_plan_base base;
        const char *roles; /* the accounts, the last one first: in the order of assuming */
        const char *first; /* access key, command, or token file */
    } cases[] = {
        {"[profile a]\n" KEYS, EIDC_PLAN_KEYS, "", "AKIA"},
        {"[profile a]\n" KEYS "credential_process = x\nlogin_session = y\n", EIDC_PLAN_KEYS, "",
         "AKIA"},
        {"[profile a]\ncredential_process = /bin/get --it\nlogin_session = y\n", EIDC_PLAN_PROCESS,
         "", "/bin/get --it"},
        {"[profile a]\naws_access_key_id =\ncredential_process = x\n", EIDC_PLAN_PROCESS, "", "x"},
        {"[profile a]\n" ROLE(1) "source_profile = b\n[profile b]\n" KEYS, EIDC_PLAN_KEYS, "1 ",
         "AKIA"},
        {"[profile a]\n" ROLE(1) "source_profile = b\n[profile b]\n" ROLE(
             2) "source_profile = c\n[profile c]\n" KEYS,
         EIDC_PLAN_KEYS, "2 1 ", "AKIA"},
        {"[profile a]\n" ROLE(1) "source_profile = a\n" KEYS, EIDC_PLAN_KEYS, "1 ", "AKIA"},
        /* its role first, but as another's source its keys */
        {"[profile a]\n" KEYS ROLE(1) "source_profile = b\n[profile b]\n" KEYS ROLE(
             2) "source_profile = c\n",
         EIDC_PLAN_KEYS, "1 ", "AKIA"},
        {"[profile a]\n" ROLE(1) "credential_source = Environment\n", EIDC_PLAN_ENVIRONMENT, "1 ",
         NULL},
        {"[profile a]\n" ROLE(1) "credential_source = Ec2InstanceMetadata\n", EIDC_PLAN_IMDS, "1 ",
         NULL},
        {"[profile a]\n" ROLE(1) "credential_source = EcsContainer\n", EIDC_PLAN_CONTAINER, "1 ",
         NULL},
        {"[profile a]\n" ROLE(1) "web_identity_token_file = /t\n", EIDC_PLAN_WEB_IDENTITY, "",
         "/t"},
        {"[profile a]\n" ROLE(1) "source_profile = b\n[profile b]\n" ROLE(
             2) "web_identity_token_file = /t\n",
         EIDC_PLAN_WEB_IDENTITY, "1 ", "/t"},
        {"[profile a]\n" ROLE(1) "source_profile = b\n[profile b]\ncredential_process = x\n",
         EIDC_PLAN_PROCESS, "1 ", "x"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct eidc_profiles *profiles = parsed(cases[i].config);
        struct eidc_plan plan;
        struct eidc_err err;
        EIDC_BUF_AUTO roles = {0};
        if (!eidc_plan_make(profiles, "a", &plan, &err))
            fail_msg("case %zu: %s", i, err.text);
        assert_int_equal(plan.base, cases[i].base);
        for (size_t k = plan.role_count; k > 0; k--)
            eidc_buf_addf(&roles, "%c ", plan.roles[k - 1].arn[13]);
        assert_string_equal(roles.p ? roles.p : "", cases[i].roles);
        const char *first = plan.access_key ? plan.access_key
                            : plan.command  ? plan.command
                                            : plan.token_file;
        if (cases[i].first == NULL)
            assert_null(first);
        else
            assert_string_equal(first, cases[i].first);
        eidc_profiles_free(profiles);
    }
}

static void what_a_role_says(void **state)
{
    (void)state;
    struct eidc_profiles *profiles =
        parsed("[profile a]\n" ROLE(1) "source_profile = a\nexternal_id = of-ours\n"
                                       "role_session_name = me@here\nduration_seconds = 900\n" KEYS
                                       "aws_session_token = t0ken\n");
    struct eidc_plan plan;
    struct eidc_err err;
    assert_true(eidc_plan_make(profiles, "a", &plan, &err));
    assert_string_equal(plan.roles[0].arn, "arn:aws:iam::1:role/r");
    assert_string_equal(plan.roles[0].external_id, "of-ours");
    assert_string_equal(plan.roles[0].session_name, "me@here");
    assert_int_equal(plan.roles[0].duration_s, 900);
    assert_string_equal(plan.session_token, "t0ken");
    eidc_profiles_free(profiles);
}

static void what_is_no_plan(void **state)
{
    (void)state;
    static const struct {
        const char *config;
        enum eidc_err_kind kind;
        const char *error;
    } cases[] = {
        {"[profile a]\nregion = x\n", EIDC_ERR_NOT_FOUND, "\"a\" has no credentials"},
        {"[profile a]\naws_access_key_id =\n", EIDC_ERR_NOT_FOUND, "no credentials"},
        {"[profile a]\naws_access_key_id = A\n", EIDC_ERR_INVALID,
         "profile \"a\": has aws_access_key_id but no aws_secret_access_key"},
        {"[profile a]\n" ROLE(1), EIDC_ERR_INVALID,
         "role_arn needs either source_profile or credential_source, and not both"},
        {"[profile a]\n" ROLE(1) "source_profile = b\ncredential_source = EcsContainer\n",
         EIDC_ERR_INVALID, "not both"},
        {"[profile a]\n" ROLE(1) "credential_source = Elsewhere\n", EIDC_ERR_INVALID,
         "credential_source is none of Environment, Ec2InstanceMetadata, EcsContainer"},
        {"[profile a]\n" ROLE(1) "credential_source = environment\n", EIDC_ERR_INVALID, "none of"},
        {"[profile a]\n" ROLE(1) "source_profile = b\n", EIDC_ERR_INVALID,
         "source_profile: there is no profile \"b\""},
        {"[profile a]\n" ROLE(1) "source_profile = b\n[profile b]\nregion = x\n", EIDC_ERR_INVALID,
         "\"b\" has no credentials"},
        {"[profile a]\n" ROLE(1) "source_profile = a\n", EIDC_ERR_INVALID,
         "source_profile goes in a circle: \"a\" > \"a\""},
        {"[profile a]\n" ROLE(1) "source_profile = b\n[profile b]\n" ROLE(
             2) "source_profile = c\n[profile c]\n" ROLE(3) "source_profile = b\n",
         EIDC_ERR_INVALID, "source_profile goes in a circle: \"a\" > \"b\" > \"c\" > \"b\""},
        {"[profile a]\n" ROLE(1) "source_profile = b\nmfa_serial = m\n[profile b]\n" KEYS,
         EIDC_ERR_INVALID, "profile \"a\": mfa_serial asks for somebody's code"},
        {"[profile a]\n" ROLE(1) "source_profile = a\nduration_seconds = 899\n" KEYS,
         EIDC_ERR_INVALID, "duration_seconds is not a number from 900 to 43200"},
        {"[profile a]\n" ROLE(1) "source_profile = a\nduration_seconds = 43201\n" KEYS,
         EIDC_ERR_INVALID, "duration_seconds"},
        {"[profile a]\n" ROLE(1) "source_profile = a\nduration_seconds = 1h\n" KEYS,
         EIDC_ERR_INVALID, "duration_seconds"},
        {"[profile a]\n" ROLE(1) "source_profile = a\nrole_session_name = x\n" KEYS,
         EIDC_ERR_INVALID, "role_session_name: a session name is 2 to 64 letters"},
        {"[profile a]\n" ROLE(1) "source_profile = a\nrole_session_name = a b\n" KEYS,
         EIDC_ERR_INVALID, "role_session_name"},
        {"[profile a]\nweb_identity_token_file = /t\n", EIDC_ERR_INVALID, "needs role_arn"},
        {"[profile a]\nsso_session = s\n" KEYS, EIDC_ERR_INVALID,
         "profile \"a\" asks for IAM Identity Center (sso_session), which somebody has to sign in "
         "to: give the instance, container or pod a role, or the profile a role_arn, keys, or "
         "credential_process = "},
        {"[profile a]\nsso_start_url = s\n", EIDC_ERR_INVALID, "(sso_start_url)"},
        {"[profile a]\nlogin_session = s\n", EIDC_ERR_INVALID, "a console login (login_session)"},
        {"[profile a]\n" ROLE(1) "source_profile = b\n[profile b]\nsso_session = s\n",
         EIDC_ERR_INVALID, "profile \"b\" asks for IAM Identity Center"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct eidc_profiles *profiles = parsed(cases[i].config);
        struct eidc_plan plan;
        struct eidc_err err;
        assert_false(eidc_plan_make(profiles, "a", &plan, &err));
        if (strstr(err.text, cases[i].error) == NULL)
            fail_msg("\"%s\" does not hold \"%s\"", err.text, cases[i].error);
        assert_int_equal(err.kind, cases[i].kind);
        assert_null(strstr(err.text, "s3cret"));
        eidc_profiles_free(profiles);
    }
}

/* n roles in a row, and keys at the end. */
static bool plan_row(unsigned n, struct eidc_err *err)
{
    EIDC_BUF_AUTO config = {0};
    for (unsigned i = 0; i < n; i++)
        eidc_buf_addf(&config, "[profile p%u]\n" ROLE(1) "source_profile = p%u\n", i, i + 1);
    eidc_buf_addf(&config, "[profile p%u]\n" KEYS, n);
    struct eidc_profiles *profiles = parsed(config.p);
    struct eidc_plan plan;
    bool ok = eidc_plan_make(profiles, "p0", &plan, err);
    assert_true(!ok || plan.role_count == n);
    eidc_profiles_free(profiles);
    return ok;
}

static void rows_of_roles_end(void **state)
{
    (void)state;
    struct eidc_err err;
    assert_true(plan_row(EIDC_PLAN_ROLES_MAX, &err));
    assert_false(plan_row(EIDC_PLAN_ROLES_MAX + 1, &err));
    assert_non_null(strstr(err.text, "too many roles in a row"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plans),
        cmocka_unit_test(what_a_role_says),
        cmocka_unit_test(what_is_no_plan),
        cmocka_unit_test(rows_of_roles_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
