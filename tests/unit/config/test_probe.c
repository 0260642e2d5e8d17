#include "eidcached/config/config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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

static unsigned tls_checks;
static const char *tls_fault; /* NULL: none */

static bool check_tls(const struct eidc_config *config, struct eidc_err *err)
{
    (void)config;
    tls_checks++;
    return tls_fault == NULL || eidc_fail(err, EIDC_ERR_INVALID, "%s", tls_fault);
}

static void expect(const struct eidc_config_problems *found, const char *expected)
{
    assert_string_equal(found->count > 0 ? found->text.p : "", expected);
}

/* The problems and the warnings that probing finds. */
static void probe_all(const char *text, const char *problem, const char *warning)
{
    struct eidc_config *config = NULL;
    struct eidc_config_problems problems = {0}, warnings = {0};
    put(CONFIG, eidc_str_of(text));
    bool good = eidc_config_probe(CONFIG, check_tls, &config, &problems, &warnings);
    expect(&problems, problem);
    assert_int_equal(good, *problem == 0);
    assert_int_equal(good, config != NULL);
    if (warning != NULL)
        expect(&warnings, warning);
    eidc_config_problems_free(&problems);
    eidc_config_problems_free(&warnings);
    eidc_config_free(config);
}

/* Without a look at the warnings; NULL: no problem. */
static void probe(const char *text, const char *expected)
{
    probe_all(text, expected != NULL ? expected : "", NULL);
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
          "e.yaml:1:16: snapshot.s3: " NO_REGION);
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
          "e.yaml:1:17: eid.key_file: cannot open none: No such file or directory\n"
          "e.yaml:2:20: http.token_file: cannot open nothing: No such file or directory\n");
    probe("eid: {key_file: key}\nsources: {d: {type: file, path: /n}}\n",
          "e.yaml:1:17: eid.key_file: key: is empty\n");
    probe("eid: {key_file: long}\nsources: {d: {type: file, path: /n}}\n",
          "e.yaml:1:17: eid.key_file: long: longer than 4096 bytes\n");
}

/* Faults of the file itself keep nothing else from being looked at. */
static void all_is_told_at_once(void **state)
{
    (void)state;
    setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
    setenv("EIDCACHED_HTTP_TLS_CLIENT_CA", "nobody", 1);
    tls_checks = 0;
    probe_all("http:\n  tls_cert: x\n  tls_key: y\n  token_file: z\n  threads: many\n"
              "eid: {key_file: none}\n"
              "sources:\n  a: {type: aws, list: glue.tables, colour: red}\n"
              "  b: {type: aws, list: glue.tables, region: []}\n"
              "  c: {type: aws, list: glue.tables, regions: [EU]}\n"
              "  d: {type: file, path: gone}\n",
              "e.yaml:2:13: http.tls_cert: cannot open x: No such file or directory\n"
              "e.yaml:3:12: http.tls_key: cannot open y: No such file or directory\n"
              "e.yaml:4:15: http.token_file: cannot open z: No such file or directory\n"
              "e.yaml:5:12: http.threads: \"many\" is not a whole number; allowed: 1 to 256\n"
              "e.yaml:6:17: eid.key_file: cannot open none: No such file or directory\n"
              "e.yaml:8:3: sources.a: " NO_REGION
              "e.yaml:8:37: sources.a.colour: unknown option; known are type, path, list, params, "
              "name, eid, regions, include, exclude, region, profile, role_arn, external_id, "
              "endpoint_url, ca_bundle, max_attempts, retry_mode, connect_timeout, timeout\n"
              "e.yaml:9:45: sources.b.region: takes one value, not a list\n"
              "e.yaml:10:47: sources.c.regions: \"EU\" is not a region such as eu-west-1\n"
              "EIDCACHED_HTTP_TLS_CLIENT_CA: http.tls_client_ca: cannot open nobody: No such file "
              "or directory\n",
              "e.yaml:11:25: sources.d.path: cannot read gone: No such file or directory\n");
    assert_int_equal(tls_checks, 0); /* there was nothing to check */
    unsetenv("EIDCACHED_HTTP_TLS_CLIENT_CA");
}

static void what_is_in_a_certificate_has_its_place(void **state)
{
    (void)state;
#define PAIR "http: {tls_cert: key, tls_key: token}\n"
    put("key", EIDC_STR("x\n"));
    put("token", EIDC_STR("x\n"));
    tls_fault = "http.tls_key: token: holds no private key";
    probe(PAIR "sources: {d: {type: file, path: key}}\n",
          "e.yaml:1:32: http.tls_key: token: holds no private key\n");
    tls_fault = "out of memory";
    probe(PAIR "sources: {d: {type: file, path: key}}\n",
          "e.yaml:1:18: http.tls_cert: out of memory\n");
    tls_fault = NULL;
    probe(PAIR "sources: {d: {type: file, path: key}}\n", NULL);
    tls_checks = 0;
    probe("http: {tls_key: token}\nsources: {d: {type: file, path: key}}\n",
          "e.yaml:1:17: http.tls_key: needs http.tls_cert beside it\n");
    assert_int_equal(tls_checks, 0);
}

static void what_may_come_later_is_a_warning(void **state)
{
    (void)state;
    put("key", EIDC_STR("x\n"));
    probe_all("snapshot: {dir: not/there/yet}\nsources: {d: {type: file, path: key}}\n", "", "");
    probe_all("snapshot: {dir: .}\nsources: {d: {type: file, path: key}}\n", "", "");
    probe_all("snapshot: {dir: ''}\nsources: {d: {type: file, path: key}}\n", "", "");
    EIDC_BUF_AUTO in_the_way = {0};
    eidc_buf_addf(&in_the_way,
                  "e.yaml:1:17: snapshot.dir: cannot write to key/x as user %u: Not a directory\n"
                  "e.yaml:2:33: sources.d.path: cannot read gone: No such file or directory\n",
                  (unsigned)geteuid());
    probe_all("snapshot: {dir: key/x}\nsources: {d: {type: file, path: gone}}\n", "", in_the_way.p);
}

/* Of the user who asks, not of who started the program. */
static void a_folder_of_another_user(void **state)
{
    const uid_t user = geteuid();
    (void)state;
    if (chmod(dir, 0555) != 0 || (user == 0 && seteuid(65534) != 0))
        fail_msg("%s", strerror(errno));
    struct eidc_config *config = NULL;
    struct eidc_config_problems problems = {0}, warnings = {0};
    setenv("EIDCACHED_SNAPSHOT_DIR", dir, 1);
    eidc_config_probe(NULL, check_tls, &config, &problems, &warnings);
    unsetenv("EIDCACHED_SNAPSHOT_DIR");
    assert_true(user != 0 || seteuid(0) == 0);
    assert_int_equal(chmod(dir, 0700), 0);
    assert_int_equal(warnings.count, 1);
    assert_non_null(strstr(warnings.text.p, "EIDCACHED_SNAPSHOT_DIR: snapshot.dir: cannot write"));
    assert_non_null(strstr(warnings.text.p, ": Permission denied\n"));
    eidc_config_problems_free(&problems);
    eidc_config_problems_free(&warnings);
    eidc_config_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_region_is_missing),
        cmocka_unit_test(an_instance_may_have_one),
        cmocka_unit_test(a_region_is_somewhere),
        cmocka_unit_test(secrets_are_readable),
        cmocka_unit_test(secrets_are_not),
        cmocka_unit_test(all_is_told_at_once),
        cmocka_unit_test(what_is_in_a_certificate_has_its_place),
        cmocka_unit_test(what_may_come_later_is_a_warning),
        cmocka_unit_test(a_folder_of_another_user),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
