#include "eidcached/config/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "eidcached/base/file.h"
#include "eidcached/base/mem.h"
#include "eidcached/config/options.h"

#define SOURCE "sources: {s: {type: file, path: /n}}\n"

static char path[64]; /* the file of this test, as every message names it */

static int setup(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "/tmp/eidc-test-config-XXXXXX");
    int fd = mkstemp(path);
    return fd < 0 || close(fd) != 0;
}

static int teardown(void **state)
{
    (void)state;
    return unlink(path);
}

static struct eidc_config *load_text(const char *text, struct eidc_config_problems *problems)
{
    struct eidc_err err;
    struct eidc_config *config = NULL;
    assert_true(eidc_file_write(path, eidc_str_of(text), 0600, &err));
    bool ok = eidc_config_load(path, &config, problems);
    assert_int_equal(ok, config != NULL);
    assert_int_equal(ok, problems->count == 0);
    return config;
}

static struct eidc_config *loaded(const char *text)
{
    struct eidc_config_problems problems = {0};
    struct eidc_config *config = load_text(text, &problems);
    if (config == NULL)
        fail_msg("%s\n%s", text, problems.text.p);
    eidc_config_problems_free(&problems);
    return config;
}

/* The problems are exactly these lines; "@" in front stands for the file's path. */
static void refused(const char *text, const char *expected)
{
    struct eidc_config_problems problems = {0};
    EIDC_BUF_AUTO want = {0};
    if (load_text(text, &problems) != NULL)
        fail_msg("taken: %s", text);
    for (const char *p = expected; *p != 0; p++) {
        if (*p == '@' && (p == expected || p[-1] == '\n'))
            eidc_buf_add_z(&want, path);
        else
            eidc_buf_add_byte(&want, *p);
    }
    assert_string_equal(problems.text.p, want.p);
    eidc_config_problems_free(&problems);
}

/* The one problem of `section: {key: value}` and its text. */
static void bad_value(const char *section, const char *option, const char *problem)
{
    char *text EIDC_AUTO_FREE = eidc_xprintf("%s:\n  %s\n" SOURCE, section, option);
    struct eidc_config_problems problems = {0};
    if (load_text(text, &problems) != NULL)
        fail_msg("taken: %s", text);
    if (problems.count != 1 || strstr(problems.text.p, problem) == NULL)
        fail_msg("%s: %s gives\n%s", section, option, problems.text.p);
    char *where EIDC_AUTO_FREE = eidc_xprintf("%s:2:", path);
    if (strncmp(problems.text.p, where, strlen(where)) != 0)
        fail_msg("%s: %s is told of at\n%s", section, option, problems.text.p);
    eidc_config_problems_free(&problems);
}

static void test_defaults(void **state)
{
    (void)state;
    struct eidc_config *c = loaded(SOURCE);
    assert_string_equal(c->path, path);
    assert_int_equal(c->http.listen.n, 1);
    assert_string_equal(c->http.listen.at[0], "127.0.0.1:8627");
    assert_int_equal(c->http.threads, 2);
    assert_int_equal(c->http.max_connections, 1024);
    assert_int_equal(c->http.idle_timeout, 60000);
    assert_int_equal(c->http.max_body, 64 << 20);
    assert_int_equal(c->http.max_batch, 1000000);
    assert_null(c->http.token_file);
    assert_int_equal(c->http.allowed_hosts.n, 0);
    assert_false(c->http.trust_proxy);
    assert_int_equal(c->refresh.interval, 300000);
    assert_int_equal(c->refresh.jitter, 30000);
    assert_int_equal(c->refresh.timeout, 600000);
    assert_int_equal(c->refresh.retry_min, 1000);
    assert_int_equal(c->refresh.retry_max, 300000);
    assert_int_equal(c->refresh.max_stale, 86400000);
    assert_int_equal(c->refresh.scope_interval, 0);
    assert_int_equal(c->refresh.stale_answers, EIDC_STALE_SERVE);
    assert_int_equal(c->refresh.max_shrink, 100);
    assert_int_equal(c->refresh.shrink_confirmations, 3);
    assert_int_equal(c->refresh.concurrency, 16);
    assert_int_equal(c->refresh.max_names, 10000000);
    assert_int_equal(c->refresh.max_response, 16 << 20);
    assert_string_equal(c->eid.algorithm, "sha256");
    assert_int_equal(c->eid.bits, 128);
    assert_int_equal(c->eid.encoding, EIDC_EID_HEX);
    assert_string_equal(c->eid.prefix, "");
    assert_null(c->eid.key_file);
    assert_false(c->eid.keep_collisions);
    assert_string_equal(c->snapshot.dir, "");
    assert_string_equal(c->snapshot.s3, "");
    assert_int_equal(c->snapshot.keep, 5);
    assert_true(c->snapshot.compress);
    assert_true(c->snapshot.json);
    assert_true(c->snapshot.checksum_sha256);
    assert_int_equal(c->snapshot.addressing, EIDC_S3_AUTO);
    assert_null(c->aws.region);
    assert_int_equal(c->aws.max_attempts, 0);
    assert_int_equal(c->aws.retry_mode, EIDC_RETRY_MODE_AUTO);
    assert_int_equal(c->aws.connect_timeout_ms, 3000);
    assert_int_equal(c->aws.timeout_ms, 30000);
    assert_int_equal(c->log.level, EIDC_LOG_INFO);
    assert_int_equal(c->log.format, EIDC_LOG_TEXT);
    assert_int_equal(c->source_count, 1);
    assert_string_equal(c->sources[0].eid, "checksum");
    eidc_config_free(c);
}

static void test_every_type_of_value(void **state)
{
    (void)state;
    struct eidc_config *c =
        loaded("http:\n"
               "  listen: [\"[::1]:1\", unix:/run/e.sock, systemd, a.b:0]\n"
               "  max_body: 2G\n"
               "  trust_proxy: yes\n"
               "  access_log: 'On'\n"
               "  token_file: /t\n"
               "refresh: {mode: list, max_shrink: 2.5%, stale_answers: refuse,\n"
               "          interval: 1h, jitter: 0s, retry_min: 500ms,\n"
               "          max_stale: 7d}\n"
               "eid: {encoding: base64url, on_collision: keep, bits: 256}\n"
               "snapshot: {checksum: none, compress: no, json: off,\n"
               "           s3: s3://bucket.x/a/b/, addressing: path,\n"
               "           expected_owner: '012345678901'}\n"
               "aws: {retry_mode: adaptive, region: eu-west-1}\n"
               "log: {level: debug, format: journal}\n" SOURCE);
    assert_int_equal(c->aws.retry_mode, EIDC_RETRY_MODE_ADAPTIVE);
    assert_int_equal(c->http.listen.n, 4);
    assert_string_equal(c->http.listen.at[1], "unix:/run/e.sock");
    assert_true(c->http.max_body == (uint64_t)2 << 30);
    assert_true(c->http.trust_proxy);
    assert_int_equal(c->http.access_log, 1000);
    assert_string_equal(c->http.token_file, "/t");
    assert_int_equal(c->refresh.max_shrink, 25);
    assert_int_equal(c->refresh.stale_answers, EIDC_STALE_REFUSE);
    assert_int_equal(c->refresh.interval, 3600000);
    assert_int_equal(c->refresh.jitter, 0);
    assert_int_equal(c->refresh.retry_min, 500);
    assert_int_equal(c->refresh.max_stale, 7 * 86400000);
    assert_int_equal(c->eid.encoding, EIDC_EID_BASE64URL);
    assert_true(c->eid.keep_collisions);
    assert_false(c->snapshot.checksum_sha256);
    assert_false(c->snapshot.compress);
    assert_false(c->snapshot.json);
    assert_string_equal(c->snapshot.s3, "s3://bucket.x/a/b");
    assert_int_equal(c->snapshot.addressing, EIDC_S3_PATH);
    assert_string_equal(c->aws.region, "eu-west-1");
    assert_int_equal(c->log.level, EIDC_LOG_DEBUG);
    assert_int_equal(c->log.format, EIDC_LOG_JOURNAL);
    eidc_config_free(c);
}

static void test_empty_sections_and_single_values_for_lists(void **state)
{
    (void)state;
    struct eidc_config *c = loaded("http:\n  listen: localhost:1\nrefresh:\neid: {}\n" SOURCE);
    assert_int_equal(c->http.listen.n, 1);
    assert_string_equal(c->http.listen.at[0], "localhost:1");
    eidc_config_free(c);
}

static void test_defaults_give_way(void **state)
{
    (void)state;
    struct eidc_config *c = loaded("refresh: {retry_max: 500ms}\naws: {timeout: 1s}\n" SOURCE);
    assert_int_equal(c->refresh.retry_min, 500);
    assert_int_equal(c->aws.connect_timeout_ms, 1000);
    eidc_config_free(c);
}

static void test_jitter_follows_a_short_interval_unless_set(void **state)
{
    (void)state;
    struct eidc_config *c = loaded("refresh: {interval: 10s}\n" SOURCE);
    assert_int_equal(c->refresh.jitter, 1000);
    eidc_config_free(c);
    c = loaded("refresh: {interval: 10s, jitter: 10s}\n" SOURCE);
    assert_int_equal(c->refresh.jitter, 10000);
    eidc_config_free(c);
    c = loaded("refresh: {interval: 10s, jitter: 25%}\n" SOURCE);
    assert_int_equal(c->refresh.jitter, 2500);
    eidc_config_free(c);
    c = loaded("refresh: {interval: 10s, jitter: 0%}\n" SOURCE);
    assert_int_equal(c->refresh.jitter, 0);
    eidc_config_free(c);
}

static void test_a_duration_in_the_environment_replaces_a_share(void **state)
{
    (void)state;
    setenv("EIDCACHED_REFRESH_JITTER", "3s", 1);
    struct eidc_config *c = loaded("refresh: {interval: 10s, jitter: 50%}\n" SOURCE);
    assert_int_equal(c->refresh.jitter, 3000);
    unsetenv("EIDCACHED_REFRESH_JITTER");
    eidc_config_free(c);
}

static void test_listening_anywhere(void **state)
{
    (void)state;
    struct eidc_config *c = loaded("http: {listen: ['*:1', ':2', '[::]:3', 'h:4']}\n" SOURCE);
    assert_int_equal(c->http.listen.n, 4);
    eidc_config_free(c);
}

static void test_sources(void **state)
{
    (void)state;
    struct eidc_config *c = loaded("sources:\n"
                                   "  prod-1:\n"
                                   "    type: aws\n"
                                   "    list: glue.tables\n"
                                   "    name: \"{region}/{database}.{table}\"\n"
                                   "    eid: field:/Parameters/id\n"
                                   "    regions: [eu-west-1, us-east-1]\n"
                                   "    include: ['sales_*']\n"
                                   "    exclude: ['tmp_*', '*_old']\n"
                                   "    profile: p\n"
                                   "    max_attempts: 5\n"
                                   "    retry_mode: adaptive\n"
                                   "    timeout: 1m\n"
                                   "  names_2: {type: file, path: /n, eid: checksum}\n");
    assert_int_equal(c->source_count, 2);
    const struct eidc_config_source *s = &c->sources[0];
    assert_string_equal(s->name, "prod-1");
    assert_int_equal(s->line, 2);
    assert_int_equal(s->type, EIDC_SOURCE_AWS);
    assert_string_equal(s->list, "glue.tables");
    assert_string_equal(s->name_template, "{region}/{database}.{table}");
    assert_string_equal(s->eid, "field:/Parameters/id");
    assert_int_equal(s->regions.n, 2);
    assert_string_equal(s->include.at[0], "sales_*");
    assert_string_equal(s->exclude.at[1], "*_old");
    assert_string_equal(s->aws.profile, "p");
    assert_int_equal(s->aws.max_attempts, 5);
    assert_int_equal(s->aws.retry_mode, EIDC_RETRY_MODE_ADAPTIVE);
    assert_int_equal(eidc_config_source_aws(c, s).retry_mode, EIDC_RETRY_MODE_ADAPTIVE);
    assert_int_equal(eidc_config_source_aws(c, &c->sources[1]).retry_mode, EIDC_RETRY_MODE_AUTO);
    assert_int_equal(s->aws.timeout_ms, 60000);
    assert_int_equal(s->aws.connect_timeout_ms, 0);
    assert_null(s->aws.region);
    assert_int_equal(c->sources[1].type, EIDC_SOURCE_FILE);
    assert_string_equal(c->sources[1].path, "/n");
    assert_int_equal(c->sources[1].line, 14);
    eidc_config_free(c);
}

static void test_unknown_options(void **state)
{
    (void)state;
    refused("refresh:\n  intervall: 5m\n" SOURCE,
            "@:2:3: refresh.intervall: unknown option; did you mean refresh.interval?\n");
    refused("htpp:\n  threads: 2\n" SOURCE,
            "@:2:3: htpp.threads: unknown option; did you mean http.threads?\n");
    refused("refresh: {level: info}\n" SOURCE,
            "@:1:11: refresh.level: unknown option; did you mean log.level?\n");
    refused("log: {colours: true}\n" SOURCE,
            "@:1:7: log.colours: unknown option; known are log.level, log.format\n");
    refused("htpp:\n" SOURCE, "@:1:1: htpp: unknown option; did you mean http?\n");
    refused("xylophone: 1\n" SOURCE, "@:1:1: xylophone: unknown option; known are http, refresh, "
                                     "eid, snapshot, aws, log, sources\n");
    refused("http: {threads: {max: 2}}\n" SOURCE,
            "@:1:18: http.threads.max: unknown: options take values, not mappings\n");
    refused("snapshot: {poll: 5s, lease: 1m}\n" SOURCE,
            "@:1:12: snapshot.poll: is not in this version\n"
            "@:1:22: snapshot.lease: is not in this version\n");
    refused("aws: {role_arn: r}\nsources: {a: {external_id: x, type: file, path: /n}}\n",
            "@:1:17: aws.role_arn: is not a role such as arn:aws:iam::123456789012:role/NAME\n"
            "@:2:28: sources.a.external_id: is for type aws only\n");
    refused("sources: {a: {type: aws, list: glue.databases, role_arn: 'arn:aws:iam::1:role/x'}}\n",
            "@:1:58: sources.a.role_arn: is not a role such as "
            "arn:aws:iam::123456789012:role/NAME\n");
    refused("aws: {role_arn: 'arn:aws:iam::123456789012:user/x'}\n" SOURCE,
            "@:1:17: aws.role_arn: is not a role such as arn:aws:iam::123456789012:role/NAME\n");
    refused("aws: {role_arn: 'arn:aws:iam::123456789012:role/'}\n" SOURCE,
            "@:1:17: aws.role_arn: is not a role such as arn:aws:iam::123456789012:role/NAME\n");
}

static void test_tls_options_go_together(void **state)
{
    (void)state;
    struct eidc_config *c = loaded("http: {tls_cert: /c, tls_key: /k, tls_client_ca: /a}\n" SOURCE);
    assert_string_equal(c->http.tls_cert, "/c");
    assert_string_equal(c->http.tls_key, "/k");
    assert_string_equal(c->http.tls_client_ca, "/a");
    eidc_config_free(c);
    refused("http: {tls_cert: /c}\n" SOURCE,
            "@:1:18: http.tls_cert: needs http.tls_key beside it\n");
    refused("http: {tls_key: /k, tls_client_ca: /a}\n" SOURCE,
            "@:1:17: http.tls_key: needs http.tls_cert beside it\n"
            "@:1:36: http.tls_client_ca: needs http.tls_cert and http.tls_key beside it\n");
}

static void test_all_problems_at_once(void **state)
{
    (void)state;
    refused("http:\n"
            "  threads: many\n"
            "  max_body: 0\n"
            "refresh:\n"
            "  interval: 5\n"
            "  max_shrnk: 10%\n"
            "log:\n"
            "  level: wran\n"
            "sources:\n"
            "  a: {type: file}\n"
            "  b: {type: aws, list: glue.table}\n",
            "@:2:12: http.threads: \"many\" is not a whole number; allowed: 1 to 256\n"
            "@:3:13: http.max_body: 0 is out of range; allowed: 1 to 4G\n"
            "@:5:13: refresh.interval: \"5\" is not a duration such as 500ms, 30s, 5m, 1h or 7d; "
            "allowed: 100ms to 7d\n"
            "@:6:3: refresh.max_shrnk: unknown option; did you mean refresh.max_shrink?\n"
            "@:8:10: log.level: \"wran\" is not error, warn, info or debug; did you mean warn?\n"
            "@:10:3: sources.a.path: is missing; type file needs it: the file with the names\n"
            "@:11:24: sources.b.list: \"glue.table\" is not a listing; did you mean "
            "glue.tables?\n");
}

#define MANY 60000

/* Rows of a number each, between a head and a foot. */
static char *many(const char *head, const char *before, const char *behind, const char *foot)
{
    struct eidc_buf text = {0};
    eidc_buf_add_z(&text, head);
    for (unsigned i = 0; i < MANY; i++)
        eidc_buf_addf(&text, "%s%u%s", before, i, behind);
    eidc_buf_add_z(&text, foot);
    return text.p;
}

/* Nobody reads them all, and nobody waits for them. */
static void test_very_many_problems(void **state)
{
    static const struct {
        const char *head, *before, *behind, *first;
    } rows[] = {
        {"", "k", ": 1\n", ":1:1: k0: unknown option"},
        {"http:\n", " k", ": 1\n", ":2:2: http.k0: unknown option"},
        {"sources:\n a:\n  type: file\n", "  k", ": 1\n", ":4:3: sources.a.k0: unknown option"},
        {"sources:\n", " s", ": {}\n", ":2:2: sources.s0.type: is missing"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct eidc_config_problems problems = {0};
        char *text EIDC_AUTO_FREE = many(rows[i].head, rows[i].before, rows[i].behind, "");
        const clock_t began = clock();
        assert_null(load_text(text, &problems));
        assert_true(clock() - began < 10 * CLOCKS_PER_SEC);
        assert_in_range(problems.count, MANY, MANY + 1);
        assert_non_null(strstr(problems.text.p, rows[i].first));
        char *more EIDC_AUTO_FREE = eidc_xprintf("\n... and %u more\n", problems.count - 1000);
        assert_string_equal(problems.text.p + problems.text.n - strlen(more), more);
        eidc_config_problems_free(&problems);
    }
}

static void test_absurd_lists(void **state)
{
    (void)state;
    char *regions EIDC_AUTO_FREE =
        many("sources: {s: {type: aws, list: glue.tables, regions: [", "r-", ",", "]}}\n");
    refused(regions, "@:1:55: sources.s.regions: are more than AWS has\n");
    char *places EIDC_AUTO_FREE = many(SOURCE "http: {listen: [", "':", "',", "]}\n");
    refused(places, "@:2:17: http.listen: has more than 64 places\n");
}

static void test_problems_come_in_the_order_of_the_file(void **state)
{
    (void)state;
    setenv("EIDCACHED_LOG_LEVEL", "loud", 1);
    refused("sources: {a: {type: file}}\n"
            "eid: {bits: 12}\n"
            "http: {threads: 0, listen: [x]}\n",
            "@:1:11: sources.a.path: is missing; type file needs it: the file with the names\n"
            "@:2:13: eid.bits: 12 is out of range; allowed: 32 to 512\n"
            "@:3:17: http.threads: 0 is out of range; allowed: 1 to 256\n"
            "@:3:29: http.listen: \"x\" is not HOST:PORT, [IPV6]:PORT, unix:/PATH or systemd\n"
            "EIDCACHED_LOG_LEVEL: log.level: \"loud\" is not error, warn, info or debug\n");
    unsetenv("EIDCACHED_LOG_LEVEL");
}

static void test_bad_values(void **state)
{
    (void)state;
    static const struct {
        const char *section, *option, *problem;
    } rows[] = {
        {"http", "threads: 0", "0 is out of range; allowed: 1 to 256"},
        {"http", "threads: 257", "out of range"},
        {"http", "threads: -1", "not a whole number"},
        {"http", "threads: 2.0", "not a whole number"},
        {"http", "threads: 0x2", "not a whole number"},
        {"http", "threads: 99999999999999999999", "not a whole number"},
        {"http", "threads: ''", "not a whole number"},
        {"http", "threads: [1, 2]", "takes one value, not a list"},
        {"http", "threads: [2]", "takes one value, not a list"},
        {"http", "threads: []", "takes one value, not a list"},
        {"http", "threads: {}", "takes a value, not a mapping"},
        {"http", "threads:", "has no value"},
        {"http", "threads: ~", "has no value"},
        {"http", "listen: [a:1, ~]", "has no value"},
        {"http", "listen: [a:1, '']", "value 2 of the list is empty"},
        {"http", "listen: []", "at least one"},
        {"http", "max_batch: 1M", "not a whole number"},
        {"http", "max_body: 1MB", "not a size such as 64K, 8M or 2G; allowed: 1 to 4G"},
        {"http", "max_body: 1m", "not a size"},
        {"http", "max_body: 99999999T", "not a size"},
        {"http", "max_body: 5G", "out of range"},
        {"http", "idle_timeout: 10", "not a duration"},
        {"http", "idle_timeout: 10 s", "not a duration"},
        {"http", "idle_timeout: 1.5s", "not a duration"},
        {"http", "idle_timeout: s", "not a duration"},
        {"http", "idle_timeout: 99ms", "99ms is out of range; allowed: 100ms to 1h"},
        {"http", "trust_proxy: 1", "\"1\" is not false or true"},
        {"http", "trust_proxy: maybe", "not false or true"},
        {"http", "token_file: ''", "must not be empty"},
        {"http", "allowed_hosts: ['http://x']", "not a host name"},
        {"http", "allowed_hosts: ['x/y']", "not a host name"},
        {"refresh", "mode: follow", "\"follow\" is not in this version; allowed: list"},
        {"refresh", "mode: elect", "not in this version"},
        {"refresh", "mode: foll", "\"foll\" is not \"list\""},
        {"refresh", "max_shrink: 10", "not a ratio such as 10%; allowed: 0% to 100%"},
        {"refresh", "max_shrink: 101%", "out of range"},
        {"refresh", "max_shrink: 1.25%", "not a ratio"},
        {"refresh", "max_shrink: .5%", "not a ratio"},
        {"refresh", "max_shrink: 5.%", "not a ratio"},
        {"refresh", "max_shrink: 5.", "not a ratio"},
        {"refresh", "stale_answers: serv", "did you mean serve?"},
        {"refresh", "concurrency: 0", "1 to 256"},
        {"refresh", "interval: 8d", "100ms to 7d"},
        {"refresh", "jitter: 101%", "is not a duration"},
        {"refresh", "retry_min: 6m\n  retry_max: 5m", "is longer than refresh.retry_max"},
        {"refresh", "scope_interval: 2h\n  max_stale: 2h", "is not shorter than refresh.max_stale"},
        {"refresh", "scope_interval: 24h", "is not shorter than refresh.max_stale, which is 24h"},
        {"refresh", "scope_interval: 31d", "scope_interval"},
        {"eid", "algorithm: sha257", "eid.algorithm: "},
        {"eid", "algorithm: ''", "must not be empty"},
        {"eid", "bits: 100", "eid.bits: 100 is not a multiple of 8"},
        {"eid", "bits: 264", "eid.bits: 264 is not"},
        {"eid", "bits: 24", "32 to 512"},
        {"eid", "encoding: hexa", "did you mean hex?"},
        {"eid", "prefix: an-unreasonably-long-prefix-of-eids", "eid.prefix: "},
        {"eid", "prefix: \"a\\nb\"", "eid.prefix: "},
        {"eid", "key_file: ''", "must not be empty"},
        {"eid", "on_collision: true", "not fail or keep"},
        {"snapshot", "s3: bucket/prefix", "expected s3://BUCKET/PREFIX"},
        {"snapshot", "s3: s3://", "is not a bucket name"},
        {"snapshot", "s3: s3://ab", "is not a bucket name"},
        {"snapshot", "s3: s3://a_b c", "is not a bucket name"},
        {"snapshot", "s3: s3:///prefix", "is not a bucket name"},
        {"snapshot", "s3: s3://bucket//x", "empty, . or .. part"},
        {"snapshot", "s3: s3://bucket/../x", "empty, . or .. part"},
        {"snapshot", "s3: s3://bucket/a/..", "empty, . or .. part"},
        {"snapshot", "s3: \"s3://bucket/a\\nb\"", "control character"},
        {"snapshot", "keep: 0", "1 to 1000"},
        {"snapshot", "expected_owner: 1234", "twelve digits"},
        {"snapshot", "expected_owner: 12345678901x", "twelve digits"},
        {"snapshot", "addressing: host", "auto, virtual or path"},
        {"snapshot", "checksum: md5", "none or sha256"},
        {"aws", "retry_mode: eager", "auto, standard or adaptive"},
        {"aws", "max_attempts: 21", "0 to 20"},
        {"aws", "endpoint_url: localhost:4566", "\"localhost:4566\" is not http[s]://HOST"},
        {"aws", "endpoint_url: ftp://x", "is not http[s]://HOST"},
        {"aws", "endpoint_url: http://", "is not http[s]://HOST"},
        {"aws", "endpoint_url: http://u:p@h", "endpoint_url: holds a user or a password"},
        {"aws", "endpoint_url: http://h?x", "is not http[s]://HOST"},
        {"aws", "region: ''", "must not be empty"},
        {"log", "format: xml", "not text, json or journal"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        bad_value(rows[i].section, rows[i].option, rows[i].problem);
}

static void test_bad_listen(void **state)
{
    (void)state;
    static const struct {
        const char *listen, *problem;
    } rows[] = {
        {"8627", "is not HOST:PORT"},
        {"*x:8627", "is not HOST:PORT"},
        {"**:8627", "is not HOST:PORT"},
        {"localhost", "is not HOST:PORT"},
        {"localhost:", "has no port from 0 to 65535"},
        {"localhost:65536", "has no port from 0 to 65535"},
        {"localhost:http", "has no port from 0 to 65535"},
        {"localhost:-1", "has no port from 0 to 65535"},
        {"::1:8627", "is not HOST:PORT"},
        {"[::1]", "has no port"},
        {"[::1]8627", "has no port"},
        {"[::1:8627", "no IPv6 address"},
        {"[]:1", "no IPv6 address"},
        {"[localhost]:1", "no IPv6 address"},
        {"http://localhost:1", "is not HOST:PORT"},
        {"unix:", "absolute path"},
        {"unix:run/x", "absolute path"},
        {"systemd:x", "has no port"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *option EIDC_AUTO_FREE = eidc_xprintf("listen: [\"%s\"]", rows[i].listen);
        bad_value("http", option, rows[i].problem);
    }
    bad_value("http", "listen: [a:1, a:1]", "\"a:1\" is given twice");
    char deep[160] = "listen: unix:/";
    memset(deep + strlen(deep), 'x', 107);
    bad_value("http", deep, "too long for a socket");
}

static void test_bad_sources(void **state)
{
    (void)state;
    static const struct {
        const char *source, *problem;
    } rows[] = {
        {"path: /n", "sources.s.type: is missing"},
        {"type: aws", "sources.s.list: is missing"},
        {"type: file", "sources.s.path: is missing"},
        {"type: files, path: /n", "not aws or file; did you mean file?"},
        {"type: file, path: ''", "must not be empty"},
        {"type: file, path: /n, list: glue.tables", "sources.s.list: is for type aws only"},
        {"type: file, path: /n, name: '{table}'", "sources.s.name: is for type aws only"},
        {"type: file, path: /n, regions: [a]", "sources.s.regions: is for type aws only"},
        {"type: file, path: /n, timeout: 5s", "sources.s.timeout: is for type aws only"},
        {"type: file, path: /n, eid: field:/Id", "names of a file have no fields"},
        {"type: file, path: /n, eid: sha256", "must be checksum or field:/JSON/Pointer"},
        {"type: file, pth: /n, path: /n", "unknown option; did you mean path?"},
        {"type: file, path: /n, zzz: 1", "unknown option; known are type, path, list"},
        {"type: file, path: [/a, /b]", "takes one value, not a list"},
        {"type: aws, list: nothing.at.all",
         "is not a listing; eidctl aws list shows what there is"},
        {"type: aws, list: glue.tables, path: /n", "sources.s.path: is for type file"},
        {"type: aws, list: glue.tables, name: x", "sources.s.name: "},
        {"type: aws, list: glue.tables, name: '{nme}'", "{nme} is not a field"},
        {"type: aws, list: glue.tables, name: '{table'", "sources.s.name: "},
        {"type: aws, list: glue.databases, name: '{table}'", "{table} is not a field"},
        {"type: aws, list: glue.tables, eid: field:Id", "must be checksum or field:/"},
        {"type: aws, list: glue.tables, eid: field:/Id", "glue.tables has no member Id to take"},
        {"type: aws, list: glue.tables, eid: field:/Id/x", "glue.tables has no member Id to take"},
        {"type: aws, list: sqs.queues, eid: field:/Id", "lists bare names without fields"},
        {"type: aws, list: glue.tables, name: '{Parameters}'", "{Parameters} is not a field"},
        {"type: aws, list: kms.keys, params: {X: y}", "kms.keys takes none"},
        {"type: aws, list: kms.keys, params: x", "params: takes a mapping of keys to values"},
        {"type: aws, list: kms.keys, params: [x]", "params: takes a mapping of keys to values"},
        {"type: aws, list: config.resources, params: {resourceType: ''}", "must not be empty"},
        {"type: aws, list: config.resources", "sources.s.params: config.resources needs"},
        {"type: aws, list: redshift-data.schemas, params: {Database: d}", "one of two is missing"},
        {"type: aws, list: redshift-data.schemas, params: {Database: d, ClusterIdentifier: c, "
         "WorkgroupName: w}",
         "only one of two can be given"},
        {"type: aws, list: glue.catalogs, params: {ParentCatalogId: [a]}", "takes one value"},
        {"type: aws, list: glue.catalogs, params: {ParentCatalogId: {}}", "takes one value"},
        {"type: aws, list: glue.catalogs, params: {ParentCatalogId: }", "takes one value"},
        {"type: aws, list: glue.catalogs, params: {A: {B: c}}", "is no parameter"},
        {"type: file, path: /n, params: {A: b}", "sources.s.params: is for type aws only"},
        {"type: aws, list: glue.tables, regions: ['']", "value 1 of the list is empty"},
        {"type: aws, list: glue.tables, regions: [EU]", "\"EU\" is not a region"},
        {"type: aws, list: glue.tables, regions: [a, b, a]", "\"a\" is given twice"},
        {"type: aws, list: glue.tables, regions: [a], region: b", "contradicts regions"},
        {"type: aws, list: glue.tables, endpoint_url: x", "is not http[s]://HOST"},
        {"type: aws, list: glue.tables, retry_mode: eager", "auto, standard or adaptive"},
        {"type: aws, list: glue.tables, max_attempts: 0", "1 to 20"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *text EIDC_AUTO_FREE = eidc_xprintf("sources:\n  s: {%s}\n", rows[i].source);
        struct eidc_config_problems problems = {0};
        if (load_text(text, &problems) != NULL)
            fail_msg("taken: %s", text);
        if (problems.count != 1 || strstr(problems.text.p, rows[i].problem) == NULL ||
            strstr(problems.text.p, ":2:") == NULL)
            fail_msg("%s gives\n%s", text, problems.text.p);
        eidc_config_problems_free(&problems);
    }
}

static void test_params(void **state)
{
    (void)state;
    struct eidc_config *c = loaded("sources:\n"
                                   "  a:\n"
                                   "    type: aws\n"
                                   "    list: redshift-data.tables\n"
                                   "    params:\n"
                                   "      Database: '1'\n"
                                   "      WorkgroupName: w\n"
                                   "  b: {type: aws, list: kms.keys, params: {}}\n");
    assert_int_equal(c->sources[0].params.n, 2);
    assert_string_equal(c->sources[0].params.at[0].key, "Database");
    assert_string_equal(c->sources[0].params.at[0].value, "1");
    assert_string_equal(c->sources[0].params.at[1].key, "WorkgroupName");
    assert_int_equal(c->sources[1].params.n, 0);
    eidc_config_free(c);
    refused("sources:\n"
            "  a:\n"
            "    type: aws\n"
            "    list: cloudcontrol.resources\n"
            "    params:\n"
            "      Typename: AWS::S3::Bucket\n",
            "@:5:5: sources.a.params: cloudcontrol.resources needs TypeName; it takes TypeName "
            "(must be given), TypeVersionId, RoleArn, ResourceModel\n"
            "@:6:7: sources.a.params.Typename: is no parameter of cloudcontrol.resources; it takes "
            "TypeName (must be given), TypeVersionId, RoleArn, ResourceModel\n");
}

static void test_sources_are_needed_and_named_well(void **state)
{
    (void)state;
    const char *none = "@: sources: at least one source is needed; the sample file has examples\n";
    refused("", none);
    refused("sources:\n", none);
    refused("sources: {}\n", none);
    refused("sources: 5\n",
            "@:1:10: sources: takes a mapping of a name to each source's options\n"
            "@: sources: at least one source is needed; the sample file has examples\n");
    refused("sources: [a]\n",
            "@:1:11: sources: takes a mapping of a name to each source's options\n"
            "@: sources: at least one source is needed; the sample file has examples\n");
    refused("sources:\n  a b: {type: file, path: /n}\n",
            "@:2:3: sources.a b: a source's name is 1 to 64 of A-Z a-z 0-9 _ -\n");
    refused("sources:\n  a:\n", "@:2:3: sources.a.type: is missing; aws or file\n");
    refused("sources:\n  a: file\n",
            "@:2:3: sources.a: is a source: its options go below it, indented\n"
            "@:2:3: sources.a.type: is missing; aws or file\n");
    char name[66];
    memset(name, 'x', 65);
    name[65] = 0;
    char *text EIDC_AUTO_FREE = eidc_xprintf("sources:\n  %s: {type: file, path: /n}\n", name);
    struct eidc_config_problems problems = {0};
    assert_null(load_text(text, &problems));
    assert_non_null(strstr(problems.text.p, "a source's name is 1 to 64"));
    eidc_config_problems_free(&problems);
}

/* A refused value has said enough: nothing is said about what stands in for it. */
static void test_no_problems_about_problems(void **state)
{
    (void)state;
    refused("refresh: {retry_min: 10m, retry_max: x}\n" SOURCE,
            "@:1:38: refresh.retry_max: \"x\" is not a duration such as 500ms, 30s, 5m, 1h or "
            "7d; allowed: 10ms to 1d\n");
}

static void test_sections_hold_options(void **state)
{
    (void)state;
    refused("http: 5\n" SOURCE, "@:1:7: http: is a section: its options go below it, indented\n");
    refused("http: [a]\n" SOURCE, "@:1:8: http: is a section: its options go below it, indented\n");
    refused("http: []\n" SOURCE, "@:1:7: http: is a section: its options go below it, indented\n");
}

static void test_broken_files(void **state)
{
    (void)state;
    refused("http:\n  threads: 1\n  threads: 2\n",
            "@:3:3: http.threads: given twice, first in line 2\n");
    refused("a: [1\n", "@:2:1: did not find expected ',' or ']' while parsing a flow sequence\n");
}

static void test_missing_file(void **state)
{
    (void)state;
    struct eidc_config *config = NULL;
    struct eidc_config_problems problems = {0};
    assert_false(eidc_config_load("/proc/nonexistent/e.yaml", &config, &problems));
    assert_null(config);
    assert_int_equal(problems.count, 1);
    assert_string_equal(
        problems.text.p,
        "cannot open /proc/nonexistent/e.yaml: No such file or directory; name one with --config, "
        "or write one with: eidcached --print-sample-config > FILE\n");
    eidc_config_problems_free(&problems);
}

static void test_without_a_file(void **state)
{
    (void)state;
    struct eidc_config *config = NULL;
    struct eidc_config_problems problems = {0};
    assert_false(eidc_config_load(NULL, &config, &problems));
    assert_string_equal(problems.text.p,
                        "sources: at least one source is needed; the sample file has examples\n");
    eidc_config_problems_free(&problems);
}

static void test_environment_wins(void **state)
{
    (void)state;
    setenv("EIDCACHED_HTTP_LISTEN", "a:1, b:2", 1);
    setenv("EIDCACHED_REFRESH_MAX_SHRINK", "50%", 1);
    setenv("EIDCACHED_SNAPSHOT_DIR", "", 1);
    setenv("EIDCACHED_HTTP_ALLOWED_HOSTS", "", 1);
    struct eidc_config *c = loaded("http: {listen: [c:3], allowed_hosts: [x]}\n"
                                   "snapshot: {dir: /d}\n" SOURCE);
    unsetenv("EIDCACHED_HTTP_LISTEN");
    unsetenv("EIDCACHED_REFRESH_MAX_SHRINK");
    unsetenv("EIDCACHED_SNAPSHOT_DIR");
    unsetenv("EIDCACHED_HTTP_ALLOWED_HOSTS");
    assert_int_equal(c->http.listen.n, 2);
    assert_string_equal(c->http.listen.at[1], "b:2");
    assert_int_equal(c->refresh.max_shrink, 500);
    assert_string_equal(c->snapshot.dir, "");
    assert_int_equal(c->http.allowed_hosts.n, 0);
    eidc_config_free(c);
}

static void bad_variable(const char *name, const char *value, const char *expected)
{
    setenv(name, value, 1);
    refused(SOURCE, expected);
    unsetenv(name);
}

static void test_bad_variables_are_named(void **state)
{
    (void)state;
    bad_variable("EIDCACHED_HTTP_THREADS", "x",
                 "EIDCACHED_HTTP_THREADS: http.threads: \"x\" is not a whole number; allowed: 1 to "
                 "256\n");
    bad_variable("EIDCACHED_HTTP_LISTEN", "a:1,,b:2",
                 "EIDCACHED_HTTP_LISTEN: http.listen: value 2 of the list is empty\n");
    bad_variable("EIDCACHED_HTTP_LISTEN", "a:1,b",
                 "EIDCACHED_HTTP_LISTEN: http.listen: \"b\" is not HOST:PORT, [IPV6]:PORT, "
                 "unix:/PATH or systemd\n");
    bad_variable("EIDCACHED_EID_PREFIX", "\xff",
                 "EIDCACHED_EID_PREFIX: eid.prefix: is not UTF-8\n");
    bad_variable("EIDCACHED_HTTP_TOKEN_FILE", "",
                 "EIDCACHED_HTTP_TOKEN_FILE: http.token_file: must not be empty; leave it out "
                 "instead\n");
    bad_variable("EIDCACHED_REFRESH_INTERVALL", "5m",
                 "EIDCACHED_REFRESH_INTERVALL: unknown option; did you mean "
                 "EIDCACHED_REFRESH_INTERVAL?\n");
    bad_variable("EIDCACHED_LOG_XXXXXXXXXXXX", "5m",
                 "EIDCACHED_LOG_XXXXXXXXXXXX: unknown option\n");
}

static void test_variables_of_others_are_left_alone(void **state)
{
    (void)state;
    static const char *const names[] = {"EIDCACHED_SERVICE_HOST", "EIDCACHED_PORT_8627_TCP",
                                        "EIDCACHED_HTTP_SERVICE_HOST", "EIDCACHED_HTTP_PORT"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        setenv(names[i], "tcp://10.0.0.1:8627", 1);
    eidc_config_free(loaded(SOURCE));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unsetenv(names[i]);
}

static void round_trips(const char *text)
{
    EIDC_BUF_AUTO first = {0}, second = {0};
    struct eidc_config *c = loaded(text);
    eidc_config_write(c, &first);
    eidc_config_free(c);
    c = loaded(first.p);
    eidc_config_write(c, &second);
    eidc_config_free(c);
    assert_string_equal(first.p, second.p);
}

static void test_effective_configuration_round_trips(void **state)
{
    (void)state;
    round_trips(SOURCE);
    round_trips("http: {listen: ['[::1]:1', systemd], allowed_hosts: ['a', 'b:1'],\n"
                "       token_file: '- a: \"b\" # \\c', max_body: 1500}\n"
                "refresh: {max_shrink: 0.5%, interval: 90s, scope_interval: 12h, max_stale: 0s, "
                "retry_min: 1500ms}\n"
                "eid: {prefix: 'null', on_collision: keep, encoding: base32}\n"
                "snapshot: {dir: \" \\ta\\x7f\\N\\L\\P\\u00e9\\ufeff\\U0001F600 \", kms_key: '~',\n"
                "           checksum: none, s3: 's3://bucket/gr\xc3\xbc\xc3\x9f e',\n"
                "           expected_owner: '000000000001'}\n"
                "sources:\n"
                "  a: {type: aws, list: glue.tables, name: '{table}: {{x}}', include: ['*', '?'],\n"
                "      exclude: ['[!a]', '#', '&x', '%y', 'a,b'], max_attempts: 2, timeout: 5s,\n"
                "      connect_timeout: 1s, regions: [eu-west-1], ca_bundle: /c, profile: '-'}\n"
                "  b: {type: aws, list: glue.databases, region: eu-west-1,\n"
                "      endpoint_url: 'http://[::1]:4566/x', eid: field:/Parameters/B~1}\n"
                "  c: {type: aws, list: cloudcontrol.resources,\n"
                "      params: {TypeName: 'AWS::S3::Bucket', ResourceModel: '{\"a\": \"b\"}'}}\n"
                "  d: {type: file, path: ./n}\n");
}

static void test_written_values(void **state)
{
    (void)state;
    EIDC_BUF_AUTO out = {0};
    struct eidc_config *c =
        loaded("snapshot: {dir: \"a \\\" \\\\ \\n\"}\nrefresh: {interval: 36h, max_stale: 2d,\n"
               "jitter: 0s}\nhttp: {max_body: 1536K}\n" SOURCE);
    eidc_config_write(c, &out);
    eidc_config_free(c);
    static const char *const lines[] = {
        "  listen: [127.0.0.1:8627]\n",
        "  allowed_hosts: []\n",
        "  max_body: 1536K\n",
        "  mode: list\n",
        "  interval: 36h\n",
        "  jitter: 0s\n",
        "  max_stale: 2d\n",
        "  max_shrink: 10%\n",
        "  prefix: \"\"\n",
        "  on_collision: fail\n",
        "  dir: \"a \\\" \\\\ \\u000A\"\n",
        "sources:\n  s:\n    type: file\n    path: /n\n    eid: checksum\n",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (strstr(out.p, lines[i]) == NULL)
            fail_msg("%s is not in\n%s", lines[i], out.p);
    assert_null(strstr(out.p, "token_file"));
}

static void test_sample_loads_as_the_defaults(void **state)
{
    (void)state;
    EIDC_BUF_AUTO sample = {0}, from_sample = {0}, from_defaults = {0};
    eidc_config_write_sample(&sample);
    struct eidc_config *c = loaded(sample.p);
    eidc_config_write(c, &from_sample);
    eidc_config_free(c);
    c = loaded("sources: {example: {type: file, path: /etc/eidcached/names.txt}}\n");
    eidc_config_write(c, &from_defaults);
    eidc_config_free(c);
    assert_string_equal(from_sample.p, from_defaults.p);
}

/* With every # before a key taken away it is still a configuration, and lines stay short. */
static void test_sample_can_be_uncommented(void **state)
{
    (void)state;
    EIDC_BUF_AUTO sample = {0}, open = {0};
    eidc_config_write_sample(&sample);
    size_t column = 0;
    for (const char *p = sample.p; *p != 0; p++) {
        column = *p == '\n' ? 0 : column + 1;
        assert_true(column <= 92);
        bool key = *p == '#' && p[1] != '\n' &&
                   (p[1] != ' ' || (p[2] == ' ' && p > sample.p && p[-1] == ' '));
        if (!key)
            eidc_buf_add_byte(&open, *p);
    }
    struct eidc_config *c = loaded(open.p);
    assert_int_equal(c->source_count, 4);
    assert_non_null(c->http.token_file);
    assert_non_null(c->aws.endpoint_url);
    eidc_config_free(c);
}

static void test_sample_file_is_up_to_date(void **state)
{
    (void)state;
    EIDC_BUF_AUTO sample = {0}, file = {0};
    struct eidc_err err;
    eidc_config_write_sample(&sample);
    if (!eidc_file_read(EIDC_TEST_SOURCE_DIR "/config/eidcached.yaml", 1 << 20, &file, &err))
        fail_msg("%s", err.text);
    assert_string_equal(file.p, sample.p);
}

static void test_help_names_every_option(void **state)
{
    (void)state;
    EIDC_BUF_AUTO help = {0};
    eidc_config_write_help(&help);
    for (size_t i = 0; i < eidc_option_count; i++) {
        char *line EIDC_AUTO_FREE = eidc_xprintf("%s  ", eidc_options[i].path);
        assert_non_null(strstr(help.p, line));
    }
    assert_non_null(strstr(help.p, "refresh.interval  duration, default 5m\n    "));
    assert_non_null(strstr(help.p, "sources.NAME.regions  list"));
}

/* The table itself: what the loader takes for granted. */
static void test_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < eidc_option_count; i++) {
        const struct eidc_option *o = &eidc_options[i];
        assert_ptr_equal(eidc_option_find(o->path), o);
        assert_non_null(o->help);
        assert_true(o->fallback != NULL || o->example != NULL);
        assert_true(o->type != EIDC_OPTION_ENUM || o->names != NULL);
        assert_true(o->min <= o->max);
        EIDC_BUF_AUTO env = {0};
        eidc_option_env(o->path, &env);
        assert_int_equal(strspn(env.p, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"), env.n);
    }
    assert_null(eidc_option_find("http"));
    assert_null(eidc_source_option_find("http.listen"));
}

int main(void)
{
#define WITH_FILE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        WITH_FILE(test_defaults),
        WITH_FILE(test_every_type_of_value),
        WITH_FILE(test_empty_sections_and_single_values_for_lists),
        WITH_FILE(test_defaults_give_way),
        WITH_FILE(test_jitter_follows_a_short_interval_unless_set),
        WITH_FILE(test_a_duration_in_the_environment_replaces_a_share),
        WITH_FILE(test_listening_anywhere),
        WITH_FILE(test_sources),
        WITH_FILE(test_unknown_options),
        WITH_FILE(test_tls_options_go_together),
        WITH_FILE(test_all_problems_at_once),
        WITH_FILE(test_very_many_problems),
        WITH_FILE(test_absurd_lists),
        WITH_FILE(test_problems_come_in_the_order_of_the_file),
        WITH_FILE(test_bad_values),
        WITH_FILE(test_bad_listen),
        WITH_FILE(test_bad_sources),
        WITH_FILE(test_params),
        WITH_FILE(test_sources_are_needed_and_named_well),
        WITH_FILE(test_no_problems_about_problems),
        WITH_FILE(test_sections_hold_options),
        WITH_FILE(test_broken_files),
        WITH_FILE(test_missing_file),
        WITH_FILE(test_without_a_file),
        WITH_FILE(test_environment_wins),
        WITH_FILE(test_bad_variables_are_named),
        WITH_FILE(test_variables_of_others_are_left_alone),
        WITH_FILE(test_effective_configuration_round_trips),
        WITH_FILE(test_written_values),
        WITH_FILE(test_sample_loads_as_the_defaults),
        WITH_FILE(test_sample_can_be_uncommented),
        WITH_FILE(test_sample_file_is_up_to_date),
        WITH_FILE(test_help_names_every_option),
        WITH_FILE(test_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
