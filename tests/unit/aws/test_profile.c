#include "eidcached/aws/profile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "eidcached/base/file.h"
#include "eidcached/base/mem.h"
#include "tests/support/aws_env.h"
#include "tests/support/profiles.h"

static struct eidc_profiles *parse(const char *config, const char *credentials)
{
    struct eidc_profiles *profiles = NULL;
    struct eidc_err err = {0};
    if (!profiles_parse(config, credentials, &profiles, &err))
        fail_msg("%s", err.text);
    return profiles;
}

static void assert_get(const struct eidc_profiles *profiles, const char *profile, const char *key,
                       const char *expected)
{
    const char *value = eidc_profiles_get(profiles, profile, key);
    if (expected == NULL) {
        assert_null(value);
    } else {
        assert_non_null(value);
        assert_string_equal(value, expected);
    }
}

static void both_files(void **state)
{
    (void)state;
    struct eidc_profiles *p = parse("# comment\n"
                                    "[default]\n"
                                    "region = eu-west-1\r\n"
                                    "Output=json\n"
                                    "\n"
                                    "[profile dev]   # a comment\n"
                                    "  \n"
                                    "region=us-east-1 ; another\n"
                                    "aws_access_key_id = from-config\n"
                                    "[ profile \"with space\" ]\n"
                                    "region = a#b;c\n",
                                    "[dev]\n"
                                    "AWS_ACCESS_KEY_ID = from-credentials\n"
                                    "aws_secret_access_key = a/b+c==\n"
                                    "[only]\n"
                                    "aws_access_key_id=x");
    assert_get(p, "default", "region", "eu-west-1");
    assert_get(p, "default", "output", "json");
    assert_get(p, "dev", "REGION", "us-east-1");
    assert_get(p, "dev", "aws_access_key_id", "from-credentials");
    assert_get(p, "dev", "aws_secret_access_key", "a/b+c==");
    assert_get(p, "with space", "region", "a#b;c");
    assert_get(p, "only", "aws_access_key_id", "x");
    assert_true(eidc_profiles_has(p, "only"));
    eidc_profiles_free(p);
}

static void what_is_not_there(void **state)
{
    (void)state;
    struct eidc_profiles *p = parse("[profile a]\nregion = x\n[profile empty]\n", "");
    assert_false(eidc_profiles_has(p, "A"));
    assert_false(eidc_profiles_has(p, "default"));
    assert_get(p, "A", "region", NULL);
    assert_get(p, "a", "regio", NULL);
    assert_true(eidc_profiles_has(p, "empty"));
    eidc_profiles_free(p);
    p = parse("", "");
    assert_false(eidc_profiles_has(p, "default"));
    eidc_profiles_free(p);
    eidc_profiles_free(NULL);
}

static void sections_of_the_wrong_file_are_skipped(void **state)
{
    (void)state;
    struct eidc_profiles *p = parse("[bare]\nregion = x\n"
                                    "[sso-session s]\nsso_region = y\n"
                                    "[profiles z]\nregion = y\n",
                                    "[profile b]\nregion = z\n");
    assert_false(eidc_profiles_has(p, "bare"));
    assert_false(eidc_profiles_has(p, "s"));
    assert_false(eidc_profiles_has(p, "z"));
    assert_false(eidc_profiles_has(p, "b"));
    assert_false(eidc_profiles_has(p, "profile b"));
    eidc_profiles_free(p);
}

static void the_longer_form_of_default_wins(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "[default]\nregion = short\noutput = short\n[profile default]\nregion = long\n",
        "[profile default]\nregion = long\n[default]\nregion = short\noutput = short\n",
    };
    for (size_t i = 0; i < 2; i++) {
        struct eidc_profiles *p = parse(texts[i], "");
        assert_get(p, "default", "region", "long");
        assert_get(p, "default", "output", NULL);
        eidc_profiles_free(p);
    }
}

static void sections_merge_and_later_settings_win(void **state)
{
    (void)state;
    struct eidc_profiles *p =
        parse("[profile a]\nx = 1\ny = 1\n[profile b]\nx = 9\n[profile a]\nX = 2\n", "");
    assert_get(p, "a", "x", "2");
    assert_get(p, "a", "y", "1");
    eidc_profiles_free(p);
}

static void nested_settings(void **state)
{
    (void)state;
    struct eidc_profiles *p = parse("[profile a]\n"
                                    "s3 =\n"
                                    "  addressing_style = path\n"
                                    "\tEndpoint_URL = http://h # comment\n"
                                    "region = x\n"
                                    "services = local\n"
                                    "[services local]\n"
                                    "glue =\n"
                                    "  endpoint_url = http://g\n"
                                    "text = first\n"
                                    "  second = 2\n",
                                    "");
    assert_get(p, "a", "s3", "");
    assert_get(p, "a", "s3.addressing_style", "path");
    assert_get(p, "a", "s3.endpoint_url", "http://h");
    assert_get(p, "a", "region", "x");
    assert_get(p, "services local", "GLUE.endpoint_url", "http://g");
    assert_get(p, "services local", "text", "first\nsecond = 2");
    assert_false(eidc_profiles_has(p, "local"));
    eidc_profiles_free(p);
}

static void faults_are_named_with_their_line(void **state)
{
    (void)state;
    static const struct {
        const char *config, *credentials, *error;
    } cases[] = {
        {"region = x\n", "", "config:1: a setting outside"},
        {"[profile a]\nregion\n", "", "config:2: expected key = value"},
        {"[profile a]\n\n= x\n", "", "config:3: a setting needs a key"},
        {"[profile a\n", "", "config:1: a section needs a closing bracket"},
        {"[]\n", "", "config:1: a section needs a name"},
        {"[profile a] b\n", "", "config:1: text after"},
        {"[profile a]\n  x = 1\n", "", "config:2: an indented line"},
        {"[profile a]\ns3 =\n  nothing\n", "", "config:3: expected key = value"},
        {"", "[a]\nAKIDSECRET\n", "credentials:2: expected key = value"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct eidc_profiles *profiles = NULL;
        struct eidc_err err = {0};
        assert_false(profiles_parse(cases[i].config, cases[i].credentials, &profiles, &err));
        assert_int_equal(err.kind, EIDC_ERR_INVALID);
        assert_int_equal(strncmp(err.text, cases[i].error, strlen(cases[i].error)), 0);
        assert_null(strstr(err.text, "AKIDSECRET"));
        assert_null(profiles);
    }
}

static void files_are_found(void **state)
{
    (void)state;
    char folder[] = "/tmp/eidc-test-XXXXXX";
    struct eidc_err err = {0};
    struct eidc_profiles *p = NULL;
    assert_non_null(mkdtemp(folder));
    char *aws EIDC_AUTO_FREE = eidc_xprintf("%s/.aws", folder);
    char *config EIDC_AUTO_FREE = eidc_xprintf("%s/config", aws);
    char *credentials EIDC_AUTO_FREE = eidc_xprintf("%s/elsewhere", folder);
    assert_int_equal(mkdir(aws, 0700), 0);
    assert_true(eidc_file_write(config, EIDC_STR("[default]\nregion = home\n"), 0600, &err));
    assert_true(eidc_file_write(credentials, EIDC_STR("[c]\nk = v\n"), 0600, &err));

    assert_true(eidc_profiles_load(&p, &err)); /* HOME leads nowhere: nothing there */
    assert_false(eidc_profiles_has(p, "default"));
    eidc_profiles_free(p);

    setenv("HOME", folder, 1);
    setenv("AWS_SHARED_CREDENTIALS_FILE", "~/elsewhere", 1);
    assert_true(eidc_profiles_load(&p, &err));
    assert_get(p, "default", "region", "home");
    assert_get(p, "c", "k", "v");
    eidc_profiles_free(p);

    setenv("AWS_CONFIG_FILE", credentials, 1);
    setenv("AWS_SHARED_CREDENTIALS_FILE", "  ", 1);
    assert_true(eidc_profiles_load(&p, &err));
    assert_false(eidc_profiles_has(p, "default"));
    eidc_profiles_free(p);

    setenv("AWS_CONFIG_FILE", folder, 1); /* a folder is not a file */
    p = NULL;
    assert_false(eidc_profiles_load(&p, &err));
    assert_non_null(strstr(err.text, folder));
    assert_null(p);

    assert_true(eidc_file_write(config, EIDC_STR("[default]\noops\n"), 0600, &err));
    setenv("AWS_CONFIG_FILE", config, 1);
    assert_false(eidc_profiles_load(&p, &err));
    assert_int_equal(err.kind, EIDC_ERR_INVALID);
    assert_non_null(strstr(err.text, "/.aws/config:2: "));
    unlink(config);
    unlink(credentials);
    rmdir(aws);
    rmdir(folder);
}

static void the_profile_to_use(void **state)
{
    (void)state;
    assert_string_equal(eidc_profiles_choose(NULL), "default");
    setenv("AWS_PROFILE", " ", 1);
    assert_string_equal(eidc_profiles_choose(NULL), "default");
    setenv("AWS_PROFILE", "env", 1);
    assert_string_equal(eidc_profiles_choose(NULL), "env");
    assert_string_equal(eidc_profiles_choose("wanted"), "wanted");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_files),
        cmocka_unit_test(what_is_not_there),
        cmocka_unit_test(sections_of_the_wrong_file_are_skipped),
        cmocka_unit_test(the_longer_form_of_default_wins),
        cmocka_unit_test(sections_merge_and_later_settings_win),
        cmocka_unit_test(nested_settings),
        cmocka_unit_test(faults_are_named_with_their_line),
        cmocka_unit_test_setup(files_are_found, aws_env_clear),
        cmocka_unit_test_setup(the_profile_to_use, aws_env_clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
