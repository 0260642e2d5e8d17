/* eidctl aws whoami. */
#include "eidcached/base/file.h"
#include "eidcached/base/mem.h"
#include "tests/support/aws_env.h"
#include "tests/support/fake_http.h"
#include "tests/unit/ctl/run.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define CALLER                                                                                     \
    "<GetCallerIdentityResponse><GetCallerIdentityResult>"                                         \
    "<Arn>arn:aws:sts::123456789012:assumed-role/r/s</Arn><UserId>AROA:s</UserId>"                 \
    "<Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
#define ASSUMED                                                                                    \
    "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAROLE</AccessKeyId>"       \
    "<SecretAccessKey>s3cret</SecretAccessKey><SessionToken>t0ken</SessionToken>"                  \
    "<Expiration>2031-01-02T03:04:05Z</Expiration></Credentials></AssumeRoleResult>"               \
    "</AssumeRoleResponse>"

static const struct fake_exchange *script;
static size_t script_n;

static bool fake_new(const char *user_agent, struct eidc_http_client **out, struct eidc_err *err)
{
    (void)err;
    assert_true(eidc_str_starts(eidc_str_of(user_agent), EIDC_STR("eidctl/")));
    *out = fake_http_new(script, script_n);
    return true;
}

static int with_keys(void **state)
{
    aws_env_clear(state);
    setenv("AWS_ACCESS_KEY_ID", "AKIAENV", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "s3cret", 1);
    setenv("AWS_REGION", "eu-west-1", 1);
    return 0;
}

static struct run whoami(const struct fake_exchange *exchanges, size_t n, const char *const *args)
{
    script = exchanges;
    script_n = n;
    struct run r = run_io(NULL, false, fake_new, args);
    assert_null(strstr(r.out, "s3cret"));
    assert_null(strstr(r.err, "s3cret"));
    assert_null(strstr(r.out, "t0ken"));
    return r;
}

static void whoami_for_people(void **state)
{
    (void)state;
    static const struct fake_exchange exchanges[] = {
        {.url = "https://sts.eu-west-1.amazonaws.com/", .status = 200, .body = CALLER}};
    RUN_AUTO r = whoami(exchanges, 1, (const char *const[]){"aws", "whoami", NULL});
    assert_string_equal(r.err, "");
    assert_string_equal(r.out, "provider  environment\n"
                               "account   123456789012\n"
                               "arn       arn:aws:sts::123456789012:assumed-role/r/s\n"
                               "user id   AROA:s\n"
                               "expires   never\n");
    assert_int_equal(r.code, EIDC_CTL_OK);
}

static void whoami_for_programs(void **state)
{
    (void)state;
    static const struct fake_exchange exchanges[] = {
        {.url = "https://sts.us-east-1.amazonaws.com/", .status = 200, .body = ASSUMED},
        {.has_header = {"Authorization: Credential=ASIAROLE/"}, .status = 200, .body = CALLER}};
    RUN_AUTO r =
        whoami(exchanges, 2,
               (const char *const[]){"aws", "whoami", "-o", "json", "--region", "us-east-1",
                                     "--role-arn", "arn:aws:iam::123456789012:role/r", NULL});
    assert_string_equal(r.err, "");
    assert_string_equal(r.out, "{\"provider\":\"assume-role\",\"account\":\"123456789012\","
                               "\"arn\":\"arn:aws:sts::123456789012:assumed-role/r/s\","
                               "\"user_id\":\"AROA:s\",\"expires_at\":\"2031-01-02T03:04:05Z\"}\n");
    assert_int_equal(r.code, EIDC_CTL_OK);
}

static void whoami_of_a_configuration(void **state)
{
    (void)state;
    static const struct fake_exchange exchanges[] = {
        {.url = "http://127.0.0.1:9/",
         .has_body = {"role%2Fconfigured", "ExternalId=of-ours"},
         .status = 200,
         .body = ASSUMED},
        {.url = "http://127.0.0.1:9/", .status = 200, .body = CALLER}};
    char path[64];
    struct eidc_err err;
    snprintf(path, sizeof path, "/tmp/eidc-whoami-%ld.yaml", (long)getpid());
    assert_true(eidc_file_write(
        path,
        EIDC_STR("aws: {region: eu-west-1, endpoint_url: 'http://127.0.0.1:9', external_id: "
                 "of-ours,\n  role_arn: 'arn:aws:iam::123456789012:role/configured'}\n"
                 "sources: {a: {type: file, path: /n}}\n"),
        0600, &err));
    RUN_AUTO r =
        whoami(exchanges, 2, (const char *const[]){"aws", "whoami", "--config", path, NULL});
    assert_string_equal(r.err, "");
    assert_int_equal(r.code, EIDC_CTL_OK);

    assert_true(eidc_file_write(path, EIDC_STR("aws: {rgion: x}\nsources: {}\n"), 0600, &err));
    RUN_AUTO bad = whoami(NULL, 0, (const char *const[]){"aws", "whoami", "--config", path, NULL});
    assert_non_null(strstr(bad.err, ":1:7: aws.rgion: unknown option; did you mean aws.region?\n"));
    assert_true(eidc_str_starts(eidc_str_of(bad.err), EIDC_STR("eidctl: ")));
    assert_int_equal(bad.code, EIDC_CTL_FAILED);
    unlink(path);
}

static void whoami_fails(void **state)
{
    (void)state;
    static const struct fake_exchange refused[] = {
        {.status = 403,
         .body = "<ErrorResponse><Error><Code>InvalidClientTokenId</Code><Message>of s3cret"
                 "</Message></Error></ErrorResponse>",
         .times = 2}};
    RUN_AUTO r = whoami(refused, 1, (const char *const[]){"aws", "whoami", NULL});
    assert_string_equal(r.err, "eidctl: aws whoami: sts GetCallerIdentity (2 tries): "
                               "InvalidClientTokenId: of [redacted] (status 403)\n");
    assert_string_equal(r.out, "");
    assert_int_equal(r.code, EIDC_CTL_FAILED);

    RUN_AUTO missing =
        whoami(NULL, 0, (const char *const[]){"aws", "whoami", "--profile", "nobody", NULL});
    assert_non_null(
        strstr(missing.err, "aws whoami: credentials: profile: there is no profile \"nobody\""));
    assert_int_equal(missing.code, EIDC_CTL_FAILED);

    unsetenv("AWS_REGION");
    static const struct fake_exchange silent[] = {{.method = "PUT", .never = true}};
    RUN_AUTO nowhere = whoami(silent, 1, (const char *const[]){"aws", "whoami", NULL});
    assert_non_null(strstr(nowhere.err, "aws whoami: no region: set aws.region"));
    assert_non_null(strstr(nowhere.err, "EC2's metadata service says none"));
}

static void how_it_is_called(void **state)
{
    (void)state;
    RUN_AUTO alone = whoami(NULL, 0, (const char *const[]){"aws", NULL});
    assert_true(eidc_str_starts(eidc_str_of(alone.err), EIDC_STR("eidctl: aws: needs one of ")));
    assert_non_null(strstr(alone.err, "whoami"));
    assert_int_equal(alone.code, EIDC_CTL_USAGE);
    RUN_AUTO help = whoami(NULL, 0, (const char *const[]){"help", "aws", NULL});
    assert_non_null(strstr(help.out, "Usage: eidctl aws COMMAND"));
    assert_non_null(strstr(help.out, "  aws whoami"));
    assert_null(strstr(help.out, "image build"));
    RUN_AUTO more = whoami(NULL, 0, (const char *const[]){"aws", "whoami", "x", NULL});
    assert_int_equal(more.code, EIDC_CTL_USAGE);
    RUN_AUTO foreign = whoami(NULL, 0, (const char *const[]){"status", "--profile", "x", NULL});
    assert_non_null(strstr(foreign.err, "status: takes no --profile"));
    assert_int_equal(foreign.code, EIDC_CTL_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(whoami_for_people, with_keys),
        cmocka_unit_test_setup(whoami_for_programs, with_keys),
        cmocka_unit_test_setup(whoami_of_a_configuration, with_keys),
        cmocka_unit_test_setup(whoami_fails, with_keys),
        cmocka_unit_test_setup(how_it_is_called, with_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
