/* Every form of a profile, with what it asks. Which form it is: test_profile_plan.c. */
#include "eidcached/aws/creds_role.h"
#include "tests/support/creds_bench.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void use_config(const char *text)
{
    setenv("AWS_CONFIG_FILE", bench_file("config", text), 1);
}

static void keys_are_read_at_each_get(void **state)
{
    (void)state;
    struct creds_bench b = bench_start(NULL, 0);
    struct eidc_creds_provider *profile = eidc_creds_profile_new(b.aws, &b.settings);
    use_config("[default]\naws_access_key_id = ONE\naws_secret_access_key = s3cret\n"
               "[profile dev]\naws_access_key_id = DEV\naws_secret_access_key = s3cret\n"
               "aws_session_token = t0ken\n");
    assert_set(&b, profile, "profile", "ONE");
    setenv("AWS_PROFILE", "dev", 1);
    assert_set(&b, profile, "profile", "DEV");
    b.settings.profile = "default";
    assert_set(&b, profile, "profile", "ONE");
    use_config("[default]\naws_access_key_id = TWO\naws_secret_access_key = s3cret\n");
    assert_set(&b, profile, "profile", "TWO");
    profile->ops->destroy(profile);
    bench_end(&b);
}

static void profiles_that_are_missing(void **state)
{
    (void)state;
    struct creds_bench b = bench_start(NULL, 0);
    struct eidc_creds_provider *profile = eidc_creds_profile_new(b.aws, &b.settings);
    assert_none(&b, profile, EIDC_ERR_NOT_FOUND, "there is no profile \"default\"");
    setenv("AWS_PROFILE", "env", 1);
    assert_none(&b, profile, EIDC_ERR_INVALID, "there is no profile \"env\"");
    b.settings.profile = "dev";
    assert_none(&b, profile, EIDC_ERR_INVALID, "there is no profile \"dev\"");
    use_config("[profile dev]\noops\n");
    assert_none(&b, profile, EIDC_ERR_INVALID, "config:2: expected key = value");
    use_config("[profile dev]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = dev\n");
    assert_none(&b, profile, EIDC_ERR_INVALID, "goes in a circle");
    profile->ops->destroy(profile);
    bench_end(&b);
}

static void a_role_of_a_role(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.url = STS_URL,
         .has_header = {"Authorization: Credential=AKIABASE/", "!X-Amz-Security-Token"},
         .has_body = {"RoleArn=arn%3Aaws%3Aiam%3A%3A2%3Arole%2Fmiddle", "RoleSessionName=me",
                      "DurationSeconds=1800"},
         .status = 200,
         .body = STS_ANSWER("AssumeRole", "ASIAMIDDLE")},
        {.url = STS_URL,
         .has_header = {"Authorization: Credential=ASIAMIDDLE/", "X-Amz-Security-Token: t0ken"},
         .has_body = {"RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fend", "ExternalId=x%2Fy%26z"},
         .status = 200,
         .body = STS_ANSWER("AssumeRole", "ASIAEND")},
        {.has_header = {"Authorization: Credential=AKIABASE/"},
         .status = 403,
         .body = STS_ERROR("AccessDenied", "not you, s3cretbase")},
    };
    struct creds_bench b = bench_start(script, COUNT(script));
    struct eidc_creds_provider *profile = eidc_creds_profile_new(b.aws, &b.settings);
    use_config("[default]\nrole_arn = arn:aws:iam::1:role/end\nsource_profile = middle\n"
               "external_id = x/y&z\n"
               "[profile middle]\nrole_arn = arn:aws:iam::2:role/middle\nsource_profile = base\n"
               "role_session_name = me\nduration_seconds = 1800\n"
               "[profile base]\naws_access_key_id = AKIABASE\n"
               "aws_secret_access_key = s3cretbase\n");
    assert_set(&b, profile, "assume-role", "ASIAEND");
    assert_none(&b, profile, EIDC_ERR_DENIED,
                "role arn:aws:iam::1:role/end: sts AssumeRole: credentials: role "
                "arn:aws:iam::2:role/middle: sts AssumeRole: AccessDenied: not you, [redacted] "
                "(status 403, request id r-1)");
    profile->ops->destroy(profile);
    bench_end(&b);
}

static void a_role_by_credential_source(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.url = STS_URL,
         .has_header = {"Authorization: Credential=AKIAENV/"},
         .status = 200,
         .body = STS_ANSWER("AssumeRole", "ASIAE")},
        {.url = "http://169.254.170.2/c",
         .status = 200,
         .body = "{\"AccessKeyId\":\"ASIAC\",\"SecretAccessKey\":\"s3cret\",\"Token\":\"t0ken\"}"},
        {.url = STS_URL,
         .has_header = {"Authorization: Credential=ASIAC/"},
         .status = 200,
         .body = STS_ANSWER("AssumeRole", "ASIACR")},
        {.url = "http://169.254.169.254/latest/api/token", .status = 403},
    };
    struct creds_bench b = bench_start(script, COUNT(script));
    struct eidc_creds_provider *profile = eidc_creds_profile_new(b.aws, &b.settings);
    use_config("[default]\nrole_arn = arn:aws:iam::1:role/r\ncredential_source = Environment\n");
    assert_none(&b, profile, EIDC_ERR_DENIED, "credentials: AWS_ACCESS_KEY_ID is not set");
    setenv("AWS_ACCESS_KEY_ID", "AKIAENV", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "s3cret", 1);
    assert_set(&b, profile, "assume-role", "ASIAE");
    use_config("[default]\nrole_arn = arn:aws:iam::1:role/r\ncredential_source = EcsContainer\n");
    setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/c", 1);
    assert_set(&b, profile, "assume-role", "ASIACR");
    use_config("[default]\nrole_arn = arn:aws:iam::1:role/r\n"
               "credential_source = Ec2InstanceMetadata\n");
    assert_none(&b, profile, EIDC_ERR_DENIED, "credentials: turned off for this instance");
    profile->ops->destroy(profile);
    bench_end(&b);
}

static void a_web_identity_of_a_profile(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.url = STS_URL,
         .has_header = {"!Authorization"},
         .has_body = {"RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fweb", "RoleSessionName=eidcached-",
                      "WebIdentityToken=t0ken.of%2Bours%3D"},
         .status = 200,
         .body = STS_ANSWER("AssumeRoleWithWebIdentity", "ASIAWEB")},
        {.has_body = {"WebIdentityToken=t0ken.two"},
         .status = 200,
         .body = STS_ANSWER("AssumeRoleWithWebIdentity", "ASIAWEB2")},
    };
    struct creds_bench b = bench_start(script, COUNT(script));
    struct eidc_creds_provider *profile = eidc_creds_profile_new(b.aws, &b.settings);
    char *config EIDC_AUTO_FREE =
        eidc_xprintf("[default]\nrole_arn = arn:aws:iam::1:role/web\nweb_identity_token_file = "
                     "%s/token\n",
                     bench_dir);
    use_config(config);
    bench_file("token", "t0ken.of+ours=\n");
    assert_set(&b, profile, "web-identity", "ASIAWEB");
    bench_file("token", "t0ken.two\r\n"); /* read each time */
    assert_set(&b, profile, "web-identity", "ASIAWEB2");
    profile->ops->destroy(profile);
    bench_end(&b);
}

static void tokens_that_are_none_are_not_sent(void **state)
{
    (void)state;
    static const char *const texts[] = {"",          "\n",         "t0ken\n\n",
                                        "t0\r\nken", "t0ken more", "t0ken\t"};
    struct creds_bench b = bench_start(NULL, 0);
    struct eidc_creds_provider *web = eidc_creds_web_identity_env_new(b.aws, &b.settings);
    assert_none(&b, web, EIDC_ERR_NOT_FOUND, "AWS_WEB_IDENTITY_TOKEN_FILE is not set");
    setenv("AWS_WEB_IDENTITY_TOKEN_FILE", " ", 1); /* blank counts as unset */
    assert_none(&b, web, EIDC_ERR_NOT_FOUND, "AWS_WEB_IDENTITY_TOKEN_FILE is not set");
    setenv("AWS_WEB_IDENTITY_TOKEN_FILE", bench_file("token", "t0ken"), 1);
    assert_none(&b, web, EIDC_ERR_INVALID, "AWS_ROLE_ARN is not");
    setenv("AWS_ROLE_ARN", "arn:aws:iam::1:role/r", 1);
    for (size_t i = 0; i < COUNT(texts); i++) {
        bench_file("token", texts[i]);
        assert_none(&b, web, EIDC_ERR_INVALID, "token: the token ");
    }
    setenv("AWS_ROLE_SESSION_NAME", "a b", 1);
    assert_none(&b, web, EIDC_ERR_INVALID, "a session name is");
    web->ops->destroy(web);
    bench_end(&b);
}

static void a_process_of_a_profile(void **state)
{
    (void)state;
    struct creds_bench b = bench_start(NULL, 0);
    struct eidc_creds_provider *profile = eidc_creds_profile_new(b.aws, &b.settings);
    use_config("[default]\ncredential_process = /bin/echo "
               "'{\"Version\":1,\"AccessKeyId\":\"AKIAPROC\",\"SecretAccessKey\":\"s3cret\"}'\n");
    assert_set(&b, profile, "process", "AKIAPROC");
    profile->ops->destroy(profile);
    bench_end(&b);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_dir_make, bench_dir_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(keys_are_read_at_each_get),
        TEST(profiles_that_are_missing),
        TEST(a_role_of_a_role),
        TEST(a_role_by_credential_source),
        TEST(a_web_identity_of_a_profile),
        TEST(tokens_that_are_none_are_not_sent),
        TEST(a_process_of_a_profile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
