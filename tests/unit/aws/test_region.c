/* What an instance says is kept for the life of the process: tests of that come last. */
#include "eidcached/aws/region.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "eidcached/base/file.h"
#include "eidcached/base/mem.h"
#include "tests/support/aws_env.h"
#include "tests/support/fake_http.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define TOKEN                                                                                      \
    {                                                                                              \
        .method = "PUT", .url = "http://169.254.169.254/latest/api/token",                         \
        .has_header = {"X-aws-ec2-metadata-token-ttl-seconds: 21600"}, .status = 200,              \
        .body = "token"                                                                            \
    }

static char config_path[64];

static int with_config(void **state)
{
    struct eidc_err err = {0};
    snprintf(config_path, sizeof(config_path), "/tmp/eidc-region-%ld.config", (long)getpid());
    if (aws_env_clear(state) != 0 || !eidc_file_write(config_path,
                                                      EIDC_STR("[default]\n"
                                                               "region = eu-north-1\n"
                                                               "[profile other]\n"
                                                               "region = eu-south-1\n"
                                                               "[profile bad]\n"
                                                               "region = eu_bad/1\n"
                                                               "[profile none]\n"
                                                               "region =\n"),
                                                      0600, &err))
        return 1;
    return setenv("AWS_CONFIG_FILE", config_path, 1);
}

static int without_config(void **state)
{
    (void)state;
    return unlink(config_path);
}

static void assert_region(const struct eidc_aws_settings *settings, const char *expected)
{
    char *region EIDC_AUTO_FREE = NULL;
    struct eidc_err err = {0};
    if (!eidc_region_resolve(settings, &region, &err))
        fail_msg("%s", err.text);
    assert_string_equal(region, expected);
}

static void the_nearest_setting_wins(void **state)
{
    (void)state;
    struct eidc_aws_settings settings = {0};
    assert_region(&settings, "eu-north-1");
    settings.profile = "other";
    assert_region(&settings, "eu-south-1");
    setenv("AWS_DEFAULT_REGION", "us-west-1", 1);
    assert_region(&settings, "us-west-1");
    setenv("AWS_REGION", "us-west-2", 1);
    assert_region(&settings, "us-west-2");
    settings.region = "sa-east-1";
    assert_region(&settings, "sa-east-1");
}

static void none_is_said(void **state)
{
    (void)state;
    const struct eidc_aws_settings settings = {0};
    char *region = NULL;
    struct eidc_err err = {0};
    assert_false(eidc_region_resolve(&settings, &region, &err));
    assert_int_equal(err.kind, EIDC_ERR_NOT_FOUND);
    assert_non_null(strstr(err.text, "AWS_REGION"));
    assert_null(region);
}

static void what_is_no_host_label(void **state)
{
    (void)state;
    char long_one[65] = {0};
    memset(long_one, 'a', 64);
    const char *const regions[] = {"",   "eu.west", "evil.example/", "-a",
                                   "a-", "a b",     "\xc3\xb6",      long_one};
    for (size_t i = 0; i <= COUNT(regions); i++) {
        const struct eidc_aws_settings settings = {.region = i < COUNT(regions) ? regions[i] : NULL,
                                                   .profile = "bad"};
        char *region = NULL;
        struct eidc_err err = {0};
        assert_false(eidc_region_resolve(&settings, &region, &err));
        assert_int_equal(err.kind, EIDC_ERR_INVALID);
        assert_null(region);
    }
}

/* ---- the instance's ---- */

/* *took_ms: in virtual time. */
static bool find(const struct fake_exchange *script, size_t n, char **region, struct eidc_err *err,
                 int64_t *took_ms)
{
    const struct eidc_aws_settings settings = {0};
    struct eidc_http_client *http = fake_http_new(script, n);
    bool ok = eidc_region_find(&settings, http, region, err);
    for (size_t i = 0; i < fake_http_count(http); i++)
        assert_true(fake_http_request(http, i)->no_proxy);
    *took_ms = fake_http_now(http);
    fake_http_end(http);
    return ok;
}

static void assert_none(const struct fake_exchange *script, size_t n, const char *why)
{
    char *region = NULL;
    struct eidc_err err = {0};
    int64_t took_ms;
    assert_false(find(script, n, &region, &err, &took_ms));
    assert_null(region);
    assert_int_equal(err.kind, EIDC_ERR_INVALID);
    assert_non_null(strstr(err.text, "no region: set aws.region"));
    if (strstr(err.text, why) == NULL)
        fail_msg("%s", err.text);
    assert_true(took_ms <= 1000);
}

static void off_ec2_it_takes_a_second_at_most(void **state)
{
    (void)state;
    static const struct fake_exchange silent[] = {{.method = "PUT", .never = true}};
    static const struct fake_exchange refused[] = {{.error = EIDC_ERR_UNAVAILABLE}};
    assert_none(silent, 1, "metadata service says none");
    assert_none(refused, 1, "metadata service says none");
}

static void answers_that_say_none(void **state)
{
    (void)state;
    static const struct fake_exchange no_token[] = {{.method = "PUT", .status = 403}};
    static const struct fake_exchange nothing[] = {TOKEN, {.method = "GET", .status = 404}};
    static const struct fake_exchange empty[] = {TOKEN, {.method = "GET", .status = 200}};
    static const struct fake_exchange page[] = {
        TOKEN, {.method = "GET", .status = 200, .body = "<html>evil.example/</html>"}};
    assert_none(no_token, COUNT(no_token), "status 403");
    assert_none(nothing, COUNT(nothing), "status 404");
    assert_none(empty, COUNT(empty), "what it says is no region");
    assert_none(page, COUNT(page), "what it says is no region");
}

static void it_may_be_forbidden_to_ask(void **state)
{
    (void)state;
    setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
    assert_none(NULL, 0, "AWS_EC2_METADATA_DISABLED");
}

static void a_bad_setting_is_not_papered_over(void **state)
{
    (void)state;
    char *region = NULL;
    struct eidc_err err = {0};
    int64_t took_ms;
    setenv("AWS_REGION", "eu_bad", 1);
    assert_false(find(NULL, 0, &region, &err, &took_ms));
    assert_non_null(strstr(err.text, "eu_bad"));
}

static void without_a_token_where_that_is_asked_for(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.method = "PUT", .status = 404},
        {.method = "GET", .has_header = {"!X-aws-ec2-metadata-token"}, .status = 500}};
    setenv("AWS_EC2_METADATA_V1_DISABLED", "false", 1);
    assert_none(script, COUNT(script), "status 500");
}

static void it_is_asked_for_once(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        TOKEN,
        {.method = "GET",
         .url = "http://169.254.169.254/latest/meta-data/placement/region",
         .has_header = {"X-aws-ec2-metadata-token: token"},
         .status = 200,
         .body = "ap-south-2"}};
    const struct eidc_aws_settings settings = {0};
    char *first EIDC_AUTO_FREE = NULL, *second EIDC_AUTO_FREE = NULL;
    struct eidc_err err = {0};
    int64_t took_ms;
    assert_true(find(script, COUNT(script), &first, &err, &took_ms));
    assert_string_equal(first, "ap-south-2");
    assert_true(find(NULL, 0, &second, &err, &took_ms));
    assert_string_equal(second, "ap-south-2");
    assert_region(&settings, "ap-south-2"); /* for all who cannot ask */
}

static void what_is_set_comes_before_what_was_learnt(void **state)
{
    (void)state;
    struct eidc_aws_settings settings = {.profile = "none"};
    assert_region(&settings, "ap-south-2");
    settings.profile = "other";
    assert_region(&settings, "eu-south-1");
    setenv("AWS_REGION", "us-west-2", 1);
    assert_region(&settings, "us-west-2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_nearest_setting_wins, with_config, without_config),
        cmocka_unit_test_setup(none_is_said, aws_env_clear),
        cmocka_unit_test_setup_teardown(what_is_no_host_label, with_config, without_config),
        cmocka_unit_test_setup(off_ec2_it_takes_a_second_at_most, aws_env_clear),
        cmocka_unit_test_setup(answers_that_say_none, aws_env_clear),
        cmocka_unit_test_setup(it_may_be_forbidden_to_ask, aws_env_clear),
        cmocka_unit_test_setup(a_bad_setting_is_not_papered_over, aws_env_clear),
        cmocka_unit_test_setup(without_a_token_where_that_is_asked_for, aws_env_clear),
        cmocka_unit_test_setup(it_is_asked_for_once, aws_env_clear),
        cmocka_unit_test_setup_teardown(what_is_set_comes_before_what_was_learnt, with_config,
                                        without_config),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
