#include "eidcached/aws/endpoint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "eidcached/base/file.h"
#include "eidcached/base/mem.h"
#include "tests/support/aws_env.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct eidc_endpoint resolve(const struct eidc_aws_settings *settings, const char *service,
                                    const char *env_suffix, const char *region)
{
    struct eidc_endpoint endpoint = {0};
    struct eidc_err err = {0};
    if (!eidc_endpoint_resolve(settings, service, env_suffix, region, &endpoint, &err))
        fail_msg("%s", err.text);
    return endpoint;
}

static void assert_host(const char *service, const char *region, const char *host,
                        const char *signing_region)
{
    const struct eidc_aws_settings settings = {0};
    struct eidc_endpoint endpoint = resolve(&settings, service, "X", region);
    assert_string_equal(endpoint.scheme, "https");
    assert_string_equal(endpoint.host, host);
    assert_string_equal(endpoint.base_path, "");
    assert_string_equal(endpoint.region, signing_region);
    assert_false(endpoint.custom);
    eidc_endpoint_free(&endpoint);
    assert_null(endpoint.host);
}

static void by_partition(void **state)
{
    (void)state;
    static const struct {
        const char *region, *host;
    } cases[] = {
        {"eu-central-1", "glue.eu-central-1.amazonaws.com"},
        {"us-east-1", "glue.us-east-1.amazonaws.com"},
        {"mx-central-1", "glue.mx-central-1.amazonaws.com"},
        {"cn-north-1", "glue.cn-north-1.amazonaws.com.cn"},
        {"us-gov-west-1", "glue.us-gov-west-1.amazonaws.com"},
        {"eusc-de-east-1", "glue.eusc-de-east-1.amazonaws.eu"},
        {"us-iso-east-1", "glue.us-iso-east-1.c2s.ic.gov"},
        {"us-isob-east-1", "glue.us-isob-east-1.sc2s.sgov.gov"},
        {"eu-isoe-west-1", "glue.eu-isoe-west-1.cloud.adc-e.uk"},
        {"us-isof-south-1", "glue.us-isof-south-1.csp.hci.ic.gov"},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_host("glue", cases[i].region, cases[i].host, cases[i].region);
}

static void services_off_the_pattern(void **state)
{
    (void)state;
    assert_host("s3", "us-east-1", "s3.us-east-1.amazonaws.com", "us-east-1");
    assert_host("api.ecr", "eu-west-1", "api.ecr.eu-west-1.amazonaws.com", "eu-west-1");
    assert_host("organizations", "eu-west-1", "organizations.us-east-1.amazonaws.com", "us-east-1");
    assert_host("organizations", "cn-north-1", "organizations.cn-northwest-1.amazonaws.com.cn",
                "cn-northwest-1");
    assert_host("organizations", "us-gov-east-1", "organizations.us-gov-west-1.amazonaws.com",
                "us-gov-west-1");
}

static void fips_and_dual_stack(void **state)
{
    (void)state;
    setenv("AWS_USE_FIPS_ENDPOINT", "true", 1);
    assert_host("glue", "us-east-1", "glue-fips.us-east-1.amazonaws.com", "us-east-1");
    assert_host("api.ecr", "us-east-1", "ecr-fips.us-east-1.amazonaws.com", "us-east-1");
    setenv("AWS_USE_DUALSTACK_ENDPOINT", "True", 1);
    assert_host("glue", "us-east-1", "glue-fips.us-east-1.api.aws", "us-east-1");
    assert_host("s3", "cn-north-1", "s3-fips.dualstack.cn-north-1.amazonaws.com.cn", "cn-north-1");
    setenv("AWS_USE_FIPS_ENDPOINT", "false", 1);
    assert_host("glue", "eusc-de-east-1", "glue.eusc-de-east-1.api.amazonwebservices.eu",
                "eusc-de-east-1");
    assert_host("s3", "eu-west-1", "s3.dualstack.eu-west-1.amazonaws.com", "eu-west-1");
}

/* ---- what AWS's own rules say ---- */

static void set_flag(const char *variable, bool on)
{
    setenv(variable, on ? "true" : "false", 1);
}

/* "sts", "us-east-1", "legacy-fips-dualstack", host, region to sign for, by tabs. */
static void assert_golden(char *line)
{
    char *field[5];
    for (size_t i = 0; i < COUNT(field); i++)
        assert_non_null(field[i] = strsep(&line, "\t"));
    bool legacy = strncmp(field[2], "legacy-", 7) == 0;
    set_flag("AWS_USE_FIPS_ENDPOINT", strstr(field[2], "fips") != NULL);
    set_flag("AWS_USE_DUALSTACK_ENDPOINT", strstr(field[2], "dualstack") != NULL);
    setenv("AWS_STS_REGIONAL_ENDPOINTS", legacy ? "legacy" : "regional", 1);
    const struct eidc_aws_settings settings = {0};
    struct eidc_endpoint endpoint = resolve(&settings, field[0], "X", field[1]);
    if (strcmp(endpoint.host, field[3]) != 0 || strcmp(endpoint.region, field[4]) != 0)
        fail_msg("%s %s %s: %s (%s), not %s (%s)", field[0], field[1], field[2], endpoint.host,
                 endpoint.region, field[3], field[4]);
    eidc_endpoint_free(&endpoint);
}

static void as_botocores_rules_have_it(void **state)
{
    (void)state;
    EIDC_BUF_AUTO text = {0};
    struct eidc_err err = {0};
    const char *path = EIDC_TEST_SOURCE_DIR "/tests/unit/aws/endpoint_golden.tsv";
    if (!eidc_file_read(path, 1 << 20, &text, &err))
        fail_msg("%s", err.text);
    size_t cases = 0;
    for (char *line, *rest = text.p; (line = strsep(&rest, "\n")) != NULL;) {
        if (line[0] == '\0' || line[0] == '#')
            continue;
        assert_golden(line);
        cases++;
    }
    assert_true(cases > 600);
}

static void custom_urls(void **state)
{
    (void)state;
    static const struct {
        const char *url, *scheme, *host, *base_path;
    } cases[] = {
        {"http://localhost:4566", "http", "localhost:4566", ""},
        {"https://Proxy.Example:443/aws/", "https", "proxy.example", "/aws"},
        {"http://[::1]:80/a/b//", "http", "[::1]", "/a/b"},
        {"HTTPS://h:80", "https", "h:80", ""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct eidc_aws_settings settings = {.endpoint_url = cases[i].url};
        struct eidc_endpoint endpoint = resolve(&settings, "glue", "GLUE", "eu-west-1");
        assert_string_equal(endpoint.scheme, cases[i].scheme);
        assert_string_equal(endpoint.host, cases[i].host);
        assert_string_equal(endpoint.base_path, cases[i].base_path);
        assert_string_equal(endpoint.region, "eu-west-1");
        assert_true(endpoint.custom);
        eidc_endpoint_free(&endpoint);
    }
}

static void bad_urls(void **state)
{
    (void)state;
    static const char *const urls[] = {
        "localhost:4566", "ftp://h",     "http://", "http://u:secret@h",
        "http://h/?q",    "http://h/#f", ""};
    for (size_t i = 0; i < COUNT(urls); i++) {
        const struct eidc_aws_settings settings = {.endpoint_url = urls[i]};
        struct eidc_endpoint endpoint = {0};
        struct eidc_err err = {0};
        assert_false(eidc_endpoint_resolve(&settings, "glue", "GLUE", "r", &endpoint, &err));
        assert_int_equal(err.kind, EIDC_ERR_INVALID);
        assert_null(strstr(err.text, "secret"));
        assert_null(endpoint.host);
    }
}

/* ---- with profiles ---- */

static char config_path[64];

static int with_config(void **state)
{
    struct eidc_err err = {0};
    snprintf(config_path, sizeof(config_path), "/tmp/eidc-test-%ld.config", (long)getpid());
    if (aws_env_clear(state) != 0 ||
        !eidc_file_write(config_path,
                         EIDC_STR("[default]\n"
                                  "endpoint_url = http://profile\n"
                                  "services = local\n"
                                  "use_fips_endpoint = true\n"
                                  "[profile other]\n"
                                  "[profile kinds]\n"
                                  "endpoint_url = http://unused\n"
                                  "ignore_configured_endpoint_urls = True\n"
                                  "use_fips_endpoint = true\n"
                                  "use_dualstack_endpoint = true\n"
                                  "sts_regional_endpoints = legacy\n"
                                  "ca_bundle = /profile.pem\n"
                                  "[services local]\n"
                                  "glue =\n"
                                  "  endpoint_url = http://services\n"),
                         0600, &err))
        return 1;
    return setenv("AWS_CONFIG_FILE", config_path, 1);
}

static int without_config(void **state)
{
    (void)state;
    return unlink(config_path);
}

static void assert_custom(const struct eidc_aws_settings *settings, const char *env_suffix,
                          const char *host, const char *origin)
{
    struct eidc_endpoint endpoint = resolve(settings, "glue", env_suffix, "eu-west-1");
    assert_string_equal(endpoint.host, host);
    assert_string_equal(endpoint.origin ? endpoint.origin : "none", origin);
    eidc_endpoint_free(&endpoint);
}

static void the_nearest_setting_wins(void **state)
{
    (void)state;
    struct eidc_aws_settings settings = {0};
    assert_custom(&settings, "SQS", "profile", "endpoint_url of the profile");
    assert_custom(&settings, "GLUE", "services", "endpoint_url of the profile's services");
    setenv("AWS_ENDPOINT_URL", "http://env", 1);
    assert_custom(&settings, "GLUE", "env", "AWS_ENDPOINT_URL");
    setenv("AWS_ENDPOINT_URL_GLUE", "http://env-glue", 1);
    assert_custom(&settings, "GLUE", "env-glue", "AWS_ENDPOINT_URL_GLUE");
    assert_custom(&settings, "SQS", "env", "AWS_ENDPOINT_URL");
    setenv("AWS_ENDPOINT_URL_GLUE", "", 1);
    assert_custom(&settings, "GLUE", "env", "AWS_ENDPOINT_URL");
    setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true", 1);
    assert_custom(&settings, "GLUE", "glue-fips.eu-west-1.amazonaws.com", "none");
    settings.endpoint_url = "http://ours";
    assert_custom(&settings, "GLUE", "ours", "aws.endpoint_url");
}

static void another_profile(void **state)
{
    (void)state;
    const struct eidc_aws_settings settings = {.profile = "other"};
    assert_custom(&settings, "GLUE", "glue.eu-west-1.amazonaws.com", "none");
}

static void assert_ca_bundle(const struct eidc_aws_settings *settings, const char *expected)
{
    struct eidc_endpoint endpoint = resolve(settings, "glue", "GLUE", "eu-west-1");
    assert_string_equal(endpoint.ca_bundle ? endpoint.ca_bundle : "none", expected);
    eidc_endpoint_free(&endpoint);
}

static void certificates_to_trust(void **state)
{
    (void)state;
    struct eidc_aws_settings settings = {0};
    assert_ca_bundle(&settings, "none");
    settings.profile = "kinds";
    assert_ca_bundle(&settings, "/profile.pem");
    setenv("AWS_CA_BUNDLE", "/env.pem", 1);
    assert_ca_bundle(&settings, "/env.pem");
    settings.ca_bundle = "/ours.pem";
    assert_ca_bundle(&settings, "/ours.pem");
    settings.endpoint_url = "https://ours";
    assert_ca_bundle(&settings, "/ours.pem");
    settings.ca_bundle = NULL;
    assert_ca_bundle(&settings, "/env.pem");
}

static void assert_sts(const struct eidc_aws_settings *settings, const char *host,
                       const char *signing_region)
{
    struct eidc_endpoint endpoint = resolve(settings, "sts", "STS", "eu-west-1");
    assert_string_equal(endpoint.host, host);
    assert_string_equal(endpoint.region, signing_region);
    eidc_endpoint_free(&endpoint);
}

static void the_profile_chooses_the_kind(void **state)
{
    (void)state;
    const struct eidc_aws_settings settings = {.profile = "kinds"};
    assert_custom(&settings, "GLUE", "glue-fips.eu-west-1.api.aws", "none");
    setenv("AWS_USE_FIPS_ENDPOINT", "false", 1);
    assert_custom(&settings, "GLUE", "glue.eu-west-1.api.aws", "none");
    setenv("AWS_USE_DUALSTACK_ENDPOINT", "no", 1);
    assert_custom(&settings, "GLUE", "glue.eu-west-1.amazonaws.com", "none");
    assert_sts(&settings, "sts.amazonaws.com", "us-east-1");
    setenv("AWS_STS_REGIONAL_ENDPOINTS", "regional", 1);
    assert_sts(&settings, "sts.eu-west-1.amazonaws.com", "eu-west-1");
    setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "false", 1);
    assert_custom(&settings, "GLUE", "unused", "endpoint_url of the profile");
}

static void moved_to_another_region(void **state)
{
    (void)state;
    struct eidc_aws_settings settings = {.ca_bundle = "/ca.pem"};
    struct eidc_endpoint moved = {0};
    setenv("AWS_USE_FIPS_ENDPOINT", "true", 1);
    struct eidc_endpoint endpoint = resolve(&settings, "s3", "S3", "us-east-1");
    assert_true(eidc_endpoint_move(&endpoint, "us-west-2", &moved));
    assert_string_equal(moved.host, "s3-fips.us-west-2.amazonaws.com");
    assert_string_equal(moved.region, "us-west-2");
    assert_string_equal(moved.ca_bundle, "/ca.pem");
    eidc_endpoint_free(&moved);

    static const char *const refused[] = {"cn-north-1", "us-gov-west-1", "x.example/", ""};
    for (size_t i = 0; i < COUNT(refused); i++) {
        assert_false(eidc_endpoint_move(&endpoint, refused[i], &moved));
        assert_null(moved.host);
    }
    eidc_endpoint_free(&endpoint);

    settings.endpoint_url = "http://127.0.0.1:9000/base";
    endpoint = resolve(&settings, "s3", "S3", "us-east-1");
    assert_true(eidc_endpoint_move(&endpoint, "eu-west-1", &moved));
    assert_string_equal(moved.host, "127.0.0.1:9000");
    assert_string_equal(moved.base_path, "/base");
    assert_string_equal(moved.region, "eu-west-1");
    assert_true(moved.custom);
    eidc_endpoint_free(&moved);
    eidc_endpoint_free(&endpoint);
}

static void a_bad_setting_is_an_error(void **state)
{
    (void)state;
    const struct eidc_aws_settings settings = {0};
    struct eidc_endpoint endpoint = {0};
    struct eidc_err err = {0};
    setenv("AWS_ENDPOINT_URL", "nonsense", 1);
    assert_false(eidc_endpoint_resolve(&settings, "glue", "GLUE", "r", &endpoint, &err));
    assert_non_null(strstr(err.text, "AWS_ENDPOINT_URL"));
    setenv("AWS_CONFIG_FILE", "/tmp", 1);
    assert_false(eidc_endpoint_resolve(&settings, "glue", "GLUE", "r", &endpoint, &err));
    assert_null(endpoint.host);
}

static void regions_that_are_no_host_label(void **state)
{
    (void)state;
    char long_one[65] = {0};
    memset(long_one, 'a', 64);
    const char *const regions[] = {"",   "eu.west", "evil.example/", "-a",
                                   "a-", "a b",     "\xc3\xb6",      long_one};
    for (size_t i = 0; i < COUNT(regions); i++) {
        const struct eidc_aws_settings settings = {0};
        struct eidc_endpoint endpoint = {0};
        struct eidc_err err = {0};
        assert_false(eidc_endpoint_resolve(&settings, "glue", "GLUE", regions[i], &endpoint, &err));
        assert_int_equal(err.kind, EIDC_ERR_INVALID);
        assert_null(endpoint.host);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(by_partition, aws_env_clear),
        cmocka_unit_test_setup(services_off_the_pattern, aws_env_clear),
        cmocka_unit_test_setup(fips_and_dual_stack, aws_env_clear),
        cmocka_unit_test_setup(as_botocores_rules_have_it, aws_env_clear),
        cmocka_unit_test_setup(custom_urls, aws_env_clear),
        cmocka_unit_test_setup(bad_urls, aws_env_clear),
        cmocka_unit_test_setup_teardown(the_nearest_setting_wins, with_config, without_config),
        cmocka_unit_test_setup_teardown(another_profile, with_config, without_config),
        cmocka_unit_test_setup_teardown(certificates_to_trust, with_config, without_config),
        cmocka_unit_test_setup_teardown(the_profile_chooses_the_kind, with_config, without_config),
        cmocka_unit_test_setup(moved_to_another_region, aws_env_clear),
        cmocka_unit_test_setup_teardown(a_bad_setting_is_an_error, with_config, without_config),
        cmocka_unit_test_setup_teardown(regions_that_are_no_host_label, with_config,
                                        without_config),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
