/* The default chain: who comes before whom, and who ends it. */
#include "eidcached/aws/creds.h"
#include "tests/support/creds_bench.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define DOCUMENT(key)                                                                              \
    "{\"AccessKeyId\":\"" key "\",\"SecretAccessKey\":\"s3cret\",\"Token\":\"t0ken\","             \
    "\"Expiration\":\"2031-01-02T03:04:05Z\"}"
#define IMDS "http://169.254.169.254/latest/"

static void have_environment(void)
{
    setenv("AWS_ACCESS_KEY_ID", "AKIAENV", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "s3cret", 1);
}

static void have_profile(void)
{
    setenv("AWS_SHARED_CREDENTIALS_FILE",
           bench_file("credentials", "[default]\naws_access_key_id = AKIAPROFILE\n"
                                     "aws_secret_access_key = s3cret\n[empty]\nregion = x\n"),
           1);
}

static void have_web_identity(void)
{
    setenv("AWS_ROLE_ARN", "arn:aws:iam::1:role/pod", 1);
    setenv("AWS_WEB_IDENTITY_TOKEN_FILE", bench_file("token", "t0ken-of-pod\n"), 1);
}

static void have_container(void)
{
    setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/c", 1);
}

static void have_imds(void)
{
    unsetenv("AWS_EC2_METADATA_DISABLED");
}

/* Each with what it asks, in the order of the chain. */
static const struct fake_exchange web_identity_script[] = {
    {.url = STS_URL,
     .has_body = {"Action=AssumeRoleWithWebIdentity", "WebIdentityToken=t0ken-of-pod"},
     .status = 200,
     .body = STS_ANSWER("AssumeRoleWithWebIdentity", "ASIAWEB")}};
static const struct fake_exchange container_script[] = {
    {.url = "http://169.254.170.2/c", .status = 200, .body = DOCUMENT("ASIACONTAINER")}};
static const struct fake_exchange imds_script[] = {
    {.url = IMDS "api/token", .status = 200, .body = "session"},
    {.url = IMDS "meta-data/iam/security-credentials/", .status = 200, .body = "r"},
    {.url = IMDS "meta-data/iam/security-credentials/r",
     .status = 200,
     .body = DOCUMENT("ASIAIMDS")}};

static const struct link {
    void (*have)(void);
    const char *name, *access_key;
    const struct fake_exchange *script;
    size_t script_n;
} chain_links[] = {
    {have_environment, "environment", "AKIAENV", NULL, 0},
    {have_profile, "profile", "AKIAPROFILE", NULL, 0},
    {have_web_identity, "web-identity", "ASIAWEB", web_identity_script, 1},
    {have_container, "container", "ASIACONTAINER", container_script, 1},
    {have_imds, "imds", "ASIAIMDS", imds_script, 3},
};
#define LINKS COUNT(chain_links)

static void clear(void)
{
    aws_env_clear(NULL);
    setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
}

/* Of any two that are there, the one that stands before the other. */
static void the_order_is_kept_for_every_pair(void **state)
{
    (void)state;
    for (size_t i = 0; i < LINKS; i++) {
        for (size_t k = i; k < LINKS; k++) {
            clear();
            struct creds_bench b = bench_start(chain_links[i].script, chain_links[i].script_n);
            struct eidc_creds_provider *chain = eidc_creds_default_new(b.aws, &b.settings);
            chain_links[k].have();
            chain_links[i].have();
            assert_set(&b, chain, chain_links[i].name, chain_links[i].access_key);
            chain->ops->destroy(chain);
            bench_end(&b);
        }
    }
}

/* botocore does likewise: who chooses a profile in the configuration means that account. */
static void a_configured_profile_comes_before_the_environment(void **state)
{
    (void)state;
    clear();
    struct creds_bench b = bench_start(container_script, 1);
    b.settings.profile = "default";
    struct eidc_creds_provider *chain = eidc_creds_default_new(b.aws, &b.settings);
    have_environment();
    have_profile();
    have_container();
    assert_set(&b, chain, "profile", "AKIAPROFILE");
    b.settings.profile = "empty"; /* without credentials of its own: the chain goes on, past env */
    assert_set(&b, chain, "container", "ASIACONTAINER");
    b.settings.profile = "missing";
    assert_none(&b, chain, EIDC_ERR_INVALID, "there is no profile \"missing\"");
    chain->ops->destroy(chain);
    bench_end(&b);
}

static void without_any_it_lists_what_it_looked_at(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {{.never = true, .times = 2}};
    struct creds_bench b = bench_start(script, COUNT(script));
    struct eidc_creds_provider *chain = eidc_creds_default_new(b.aws, &b.settings);
    assert_none(&b, chain, EIDC_ERR_NOT_FOUND,
                "none found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or aws.profile, "
                "or give the instance, container or pod a role; looked at: "
                "environment (AWS_ACCESS_KEY_ID is not set), "
                "profile (there is no profile \"default\" in /proc/nonexistent/.aws/config or "
                "/proc/nonexistent/.aws/credentials), "
                "web-identity (AWS_WEB_IDENTITY_TOKEN_FILE is not set), "
                "container (AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and _FULL_URI are not set), "
                "imds (no answer to the token request; not on EC2, or in a container while the "
                "instance's metadata hop limit is 1");
    chain->ops->destroy(chain);
    bench_end(&b);
}

/* One that is configured and fails must not be papered over by a later one. */
static void a_configured_provider_that_fails_ends_it(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.status = 403},
        {.error = EIDC_ERR_UNAVAILABLE, .times = 3}, /* IMDS is there, and is not asked */
        {.url = STS_URL,
         .status = 400,
         .body = STS_ERROR("InvalidIdentityToken", "no t0ken-of-pod")},
    };
    clear();
    have_imds();
    struct creds_bench b = bench_start(script, COUNT(script));
    struct eidc_creds_provider *chain = eidc_creds_default_new(b.aws, &b.settings);
    have_container();
    assert_none(&b, chain, EIDC_ERR_DENIED, "container: status 403");
    assert_none(&b, chain, EIDC_ERR_UNAVAILABLE, "container: fake: as scripted");
    have_web_identity();
    assert_none(&b, chain, EIDC_ERR_INVALID,
                "web-identity: role arn:aws:iam::1:role/pod: sts AssumeRoleWithWebIdentity: "
                "InvalidIdentityToken: no [redacted] (status 400, request id r-1)");
    setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/proc/nonexistent/token", 1);
    assert_none(&b, chain, EIDC_ERR_IO,
                "web-identity: token file: cannot open /proc/nonexistent/token");
    setenv("AWS_CONFIG_FILE", bench_file("config", "[default]\nsso_session = s\n"), 1);
    assert_none(&b, chain, EIDC_ERR_INVALID, "profile: profile \"default\" asks for IAM Identity");
    setenv("AWS_ACCESS_KEY_ID", "AKIA", 1);
    assert_none(&b, chain, EIDC_ERR_INVALID, "environment: AWS_ACCESS_KEY_ID is set");
    chain->ops->destroy(chain);
    bench_end(&b);
}

/* ---- aws.role_arn ---- */

static void a_role_is_assumed_with_what_the_chain_gives(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.method = "POST",
         .url = STS_URL,
         .has_header = {"Authorization: Credential=AKIAENV/", "Authorization: /eu-west-1/sts/",
                        "Content-Type: application/x-www-form-urlencoded"},
         .has_body = {"Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole"
                      "%2Fa&RoleSessionName=eidcached-",
                      "&ExternalId=of%2Bours"},
         .status = 200,
         .body = STS_ANSWER("AssumeRole", "ASIAONE")},
        {.has_header = {"Authorization: Credential=AKIAENV/"},
         .has_body = {"role%2Fb"},
         .status = 403,
         .body = STS_ERROR("AccessDenied", "User: u is not authorized to perform: sts:AssumeRole")},
    };
    clear();
    have_environment();
    struct creds_bench b = bench_start(script, COUNT(script));
    struct eidc_aws_settings one = {.role_arn = "arn:aws:iam::1:role/a", .external_id = "of+ours"};
    struct eidc_aws_settings two = {.role_arn = "arn:aws:iam::2:role/b"};
    assert_set(&b, eidc_aws_identity(b.aws, &one), "assume-role", "ASIAONE");
    assert_set(&b, eidc_aws_identity(b.aws, &one), "assume-role", "ASIAONE"); /* kept */
    assert_none(&b, eidc_aws_identity(b.aws, &two), EIDC_ERR_DENIED,
                "role arn:aws:iam::2:role/b: sts AssumeRole: AccessDenied: User: u is not "
                "authorized to perform: sts:AssumeRole (status 403, request id r-1)");
    bench_end(&b);
}

static void a_role_without_source_credentials_says_so(void **state)
{
    (void)state;
    clear();
    struct creds_bench b = bench_start(NULL, 0);
    struct eidc_aws_settings settings = {.role_arn = "arn:aws:iam::1:role/a"};
    assert_none(&b, eidc_aws_identity(b.aws, &settings), EIDC_ERR_DENIED,
                "role arn:aws:iam::1:role/a: sts AssumeRole: credentials: none found: ");
    bench_end(&b);
}

static void a_role_needs_a_region(void **state)
{
    (void)state;
    clear();
    have_environment();
    struct creds_bench b = bench_start(NULL, 0);
    unsetenv("AWS_REGION");
    struct eidc_aws_settings settings = {.role_arn = "arn:aws:iam::1:role/a"};
    assert_none(&b, eidc_aws_identity(b.aws, &settings), EIDC_ERR_INVALID,
                "role arn:aws:iam::1:role/a: sts: no region: set aws.region");
    bench_end(&b);
}

/* Source credentials that have gone stale are asked for anew, once. */
static void refused_source_credentials_are_renewed(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.url = "http://169.254.170.2/c", .status = 200, .body = DOCUMENT("ASIAOLD")},
        {.url = STS_URL,
         .has_header = {"Authorization: Credential=ASIAOLD/"},
         .status = 403,
         .body = STS_ERROR("ExpiredToken", "expired")},
        {.url = "http://169.254.170.2/c", .status = 200, .body = DOCUMENT("ASIANEW")},
        {.url = STS_URL,
         .has_header = {"Authorization: Credential=ASIANEW/"},
         .status = 200,
         .body = STS_ANSWER("AssumeRole", "ASIAROLE")},
    };
    clear();
    have_container();
    struct creds_bench b = bench_start(script, COUNT(script));
    struct eidc_aws_settings settings = {.role_arn = "arn:aws:iam::1:role/a"};
    assert_set(&b, eidc_aws_identity(b.aws, &settings), "assume-role", "ASIAROLE");
    bench_end(&b);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_dir_make, bench_dir_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_order_is_kept_for_every_pair),
        TEST(a_configured_profile_comes_before_the_environment),
        TEST(without_any_it_lists_what_it_looked_at),
        TEST(a_configured_provider_that_fails_ends_it),
        TEST(a_role_is_assumed_with_what_the_chain_gives),
        TEST(a_role_without_source_credentials_says_so),
        TEST(a_role_needs_a_region),
        TEST(refused_source_credentials_are_renewed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
