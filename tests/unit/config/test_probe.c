#include "eidcached/config/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "eidcached/base/file.h"

static char dir[] = "/tmp/eidc-test-probe-XXXXXX";
#define CONFIG "e.yaml"

static int setup(void **state)
{
    (void)state;
    static const char *const unset[] = {"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE",
                                        "AWS_DEFAULT_PROFILE"};
    for (size_t i = 0; i < sizeof unset / sizeof *unset; i++)
        unsetenv(unset[i]);
    setenv("AWS_CONFIG_FILE", "/proc/nonexistent", 1);
    setenv("AWS_SHARED_CREDENTIALS_FILE", "/proc/nonexistent", 1);
    return mkdtemp(dir) == NULL || chdir(dir) != 0;
}

static int teardown(void **state)
{
    (void)state;
    static const char *const files[] = {CONFIG, "key", "long", "token"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        unlink(files[i]);
    return rmdir(dir);
}

static void put(const char *path, struct eidc_str text)
{
    struct eidc_err err;
    assert_true(eidc_file_write(path, text, 0600, &err));
}

/* The problems that probing a configuration without faults finds; NULL: none. */
static void probe(const char *text, const char *expected)
{
    struct eidc_config *config = NULL;
    struct eidc_config_problems problems = {0};
    put(CONFIG, eidc_str_of(text));
    if (!eidc_config_load(CONFIG, &config, &problems))
        fail_msg("%s", problems.text.p);
    bool good = eidc_config_probe(config, &problems);
    assert_int_equal(good, expected == NULL);
    assert_int_equal(good, problems.count == 0);
    if (expected != NULL)
        assert_string_equal(problems.text.p, expected);
    eidc_config_problems_free(&problems);
    eidc_config_free(config);
}

#define NO_REGION                                                                                  \
    "no region: set aws.region, AWS_REGION, AWS_DEFAULT_REGION or the region of the profile "      \
    "\"default\"\n"

static void a_region_is_missing(void **state)
{
    (void)state;
    setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
    probe("sources:\n"
          "  a: {type: aws, list: glue.databases}\n"
          "  b: {type: aws, list: glue.databases, region: eu-west-1}\n"
          "  c: {type: aws, list: glue.databases, regions: [eu-west-1]}\n"
          "  d: {type: file, path: /n}\n",
          "e.yaml:2:3: sources.a: " NO_REGION);
    probe("snapshot: {s3: s3://bucket/x}\nsources: {d: {type: file, path: /n}}\n",
          "e.yaml: snapshot.s3: " NO_REGION);
}

/* It is asked at the start: a check uses no network. */
static void an_instance_may_have_one(void **state)
{
    (void)state;
    unsetenv("AWS_EC2_METADATA_DISABLED");
    probe("snapshot: {s3: s3://bucket}\nsources: {a: {type: aws, list: glue.tables}}\n", NULL);
    setenv("AWS_REGION", "eu_west", 1);
    probe("sources: {a: {type: aws, list: glue.tables}}\n",
          "e.yaml:1:11: sources.a: region \"eu_west\" is not a host label\n");
    unsetenv("AWS_REGION");
}

static void a_region_is_somewhere(void **state)
{
    (void)state;
    probe("aws: {region: eu-west-1}\nsnapshot: {s3: s3://bucket}\n"
          "sources: {a: {type: aws, list: glue.tables}}\n",
          NULL);
    setenv("AWS_REGION", "eu-west-1", 1);
    probe("sources: {a: {type: aws, list: glue.tables}}\n", NULL);
    unsetenv("AWS_REGION");
}

static void secrets_are_readable(void **state)
{
    (void)state;
    put("key", EIDC_STR("secret\n"));
    put("token", EIDC_STR("secret\n"));
    probe("eid: {key_file: key}\nhttp: {token_file: token}\n"
          "sources: {d: {type: file, path: /n}}\n",
          NULL);
}

static void secrets_are_not(void **state)
{
    (void)state;
    char text[EIDC_EID_KEY_MAX + 1];
    memset(text, 'k', sizeof text);
    put("key", EIDC_STR("\n"));
    put("long", (struct eidc_str){text, sizeof text});
    probe("eid: {key_file: none}\nhttp: {token_file: nothing}\n"
          "sources: {d: {type: file, path: /n}}\n",
          "e.yaml: http.token_file: cannot open nothing: No such file or directory\n"
          "e.yaml: eid.key_file: cannot open none: No such file or directory\n");
    probe("eid: {key_file: key}\nsources: {d: {type: file, path: /n}}\n",
          "e.yaml: eid.key_file: key: is empty\n");
    probe("eid: {key_file: long}\nsources: {d: {type: file, path: /n}}\n",
          "e.yaml: eid.key_file: long: longer than 4096 bytes\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_region_is_missing),   cmocka_unit_test(an_instance_may_have_one),
        cmocka_unit_test(a_region_is_somewhere), cmocka_unit_test(secrets_are_readable),
        cmocka_unit_test(secrets_are_not),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
