/* What eidctl tells of AWS without asking it. */
#include <unistd.h>

#include <cjson/cJSON.h>

#include "eidcached/aws/listing.h"
#include "tests/unit/ctl/run.h"

static void the_table(void **state)
{
    (void)state;
    RUN_AUTO r = RUN("aws", "list");
    assert_int_equal(r.code, 0);
    says(r.out, "glue.tables ");
    says(r.out, " {database}.{table} ");
    says(r.out, "Database ClusterIdentifier|WorkgroupName [DbUser]");
    const struct eidc_listing *row;
    for (size_t i = 0; (row = eidc_listing_at(i)) != NULL; i++)
        says(r.out, row->id);
}

static void one_row(void **state)
{
    (void)state;
    RUN_AUTO r = RUN("aws", "list", "s3tables.tables");
    assert_int_equal(r.code, 0);
    says(r.out, "for each    of s3tables.namespaces\n");
    says(r.out, "{bucket} {namespace} {table} {name} {region}\n");
    says(r.out, "members     {name} {type} {tableARN}");
    says(r.out, "IAM         s3tables:ListTableBuckets s3tables:ListNamespaces "
                "s3tables:ListTables\n");
    RUN_AUTO bare = RUN("aws", "list", "sqs.queues");
    says(bare.out, "bare names");
    RUN_AUTO params = RUN("aws", "list", "glue.user_defined_functions");
    says(params.out, "Pattern (optional, default .*): regular expression");
    RUN_AUTO global = RUN("aws", "list", "organizations.organizational_units");
    says(global.out, "{root} {parent} {ou}");
    says(global.out, "scope       one");
    says(global.out, "management account");
}

static void json(void **state)
{
    (void)state;
    RUN_AUTO all = RUN("aws", "list", "-o", "json");
    cJSON *rows = cJSON_Parse(all.out);
    size_t n = 0;
    while (eidc_listing_at(n))
        n++;
    assert_int_equal(cJSON_GetArraySize(rows), n);
    cJSON_Delete(rows);
    RUN_AUTO one = RUN("aws", "list", "-o", "json", "cloudcontrol.resources");
    says(one.out, "\"protocol\":\"json-1.0\",\"target\":\"CloudApiService\"");
    says(one.out, "{\"name\":\"TypeName\",\"need\":\"required\",\"default\":null,");
    says(one.out, "\"actions\":[\"cloudformation:ListResources\"]");
}

static void rows_that_are_not_there(void **state)
{
    (void)state;
    RUN_AUTO near = RUN("aws", "list", "glue.tabels");
    assert_int_equal(near.code, 4);
    says(near.err, "did you mean glue.tables?");
    RUN_AUTO renamed = RUN("aws", "list", "states.state_machines");
    says(renamed.err, "did you mean sfn.state_machines?");
    RUN_AUTO far = RUN("aws", "list", "xylophones");
    says(far.err, "eidctl aws list shows all");
    assert_string_equal(far.out, "");
    RUN_AUTO two = RUN("aws", "list", "glue.tables", "glue.databases");
    assert_int_equal(two.code, 2);
}

/* --- policy ---------------------------------------------------------------------------------- */

#define ROLE "arn:aws:iam::111122223333:role/lister"

static struct run policy_of(const char *config, const char *role)
{
    char path[] = "/tmp/test-eidctl-aws-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, config, strlen(config)), strlen(config));
    close(fd);
    struct run r = role == NULL
                       ? RUN("aws", "policy", "-o", "json", "--config", path)
                       : RUN("aws", "policy", "-o", "json", "--config", path, "--role-arn", role);
    unlink(path);
    return r;
}

/* A statement; more: a condition, or nothing. */
#define ALLOW(actions, resource, more)                                                             \
    "{\"Effect\":\"Allow\",\"Action\":[" actions "],\"Resource\":\"" resource "\"" more "}"
#define REGIONS(regions) ",\"Condition\":{\"StringEquals\":{\"aws:RequestedRegion\":[" regions "]}}"
#define PREFIX(prefix)   ",\"Condition\":{\"StringLike\":{\"s3:prefix\":\"" prefix "\"}}"
#define ALIASED(alias)                                                                             \
    ",\"Condition\":{\"ForAnyValue:StringEquals\":{\"kms:ResourceAliases\":\"" alias "\"}}"
#define DOCUMENT(statements) "{\"Version\":\"2012-10-17\",\"Statement\":[" statements "]}\n"
#define KEY                  "\"kms:Decrypt\",\"kms:GenerateDataKey\""
#define OBJECT               "\"s3:DeleteObject\",\"s3:GetObject\",\"s3:PutObject\""
#define BUCKET               "\"s3:ListBucket\""
#define ASSUME               "\"sts:AssumeRole\""

static const struct {
    const char *config, *role, *policy;
} cases[] = {
    /* several sources, one statement */
    {"sources:\n"
     "  a: {type: aws, list: glue.tables}\n"
     "  b: {type: aws, list: glue.databases}\n"
     "  c: {type: file, path: /n}\n",
     NULL, DOCUMENT(ALLOW("\"glue:GetDatabases\",\"glue:GetTables\"", "*", ""))},
    /* regions, where the service has some */
    {"aws: {region: eu-west-1}\n"
     "sources:\n"
     "  a: {type: aws, list: kms.keys, regions: [us-east-1, us-west-2]}\n"
     "  b: {type: aws, list: sqs.queues}\n"
     "  c: {type: aws, list: s3.buckets}\n",
     NULL,
     DOCUMENT(ALLOW("\"s3:ListAllMyBuckets\"", "*", "") "," ALLOW(
         "\"sqs:ListQueues\"", "*",
         REGIONS("\"eu-west-1\"")) "," ALLOW("\"kms:ListKeys\"", "*",
                                             REGIONS("\"us-east-1\",\"us-west-2\"")))},
    /* snapshots */
    {"snapshot: {s3: 's3://bkt/p/q', kms_key: 'arn:aws:kms:eu-west-1:1:key/k'}\n"
     "sources: {c: {type: file, path: /n}}\n",
     NULL,
     DOCUMENT(ALLOW(KEY, "arn:aws:kms:eu-west-1:1:key/k", "") "," ALLOW(
         BUCKET, "arn:aws:s3:::bkt", PREFIX("p/q/*")) "," ALLOW(OBJECT, "arn:aws:s3:::bkt/p/q/*",
                                                                ""))},
    {"aws: {region: cn-north-1}\n"
     "snapshot: {s3: 's3://bkt', kms_key: alias/x}\n"
     "sources: {c: {type: file, path: /n}}\n",
     NULL,
     DOCUMENT(ALLOW(KEY, "arn:aws-cn:kms:*:*:key/*", ALIASED("alias/x")) "," ALLOW(
         BUCKET, "arn:aws-cn:s3:::bkt", "") "," ALLOW(OBJECT, "arn:aws-cn:s3:::bkt/*", ""))},
    /* roles */
    {"sources:\n"
     "  a: {type: aws, list: kms.keys, role_arn: '" ROLE "'}\n"
     "  b: {type: aws, list: kms.keys}\n",
     NULL, DOCUMENT(ALLOW("\"kms:ListKeys\"", "*", "") "," ALLOW(ASSUME, ROLE, ""))},
    {"sources:\n"
     "  a: {type: aws, list: kms.aliases, role_arn: '" ROLE "'}\n"
     "  b: {type: aws, list: kms.keys}\n",
     ROLE, DOCUMENT(ALLOW("\"kms:ListAliases\"", "*", ""))},
    {"aws: {role_arn: '" ROLE "'}\n"
     "snapshot: {s3: 's3://bkt'}\n"
     "sources: {a: {type: aws, list: kms.keys}}\n",
     NULL, DOCUMENT(ALLOW(ASSUME, ROLE, ""))},
    /* parameters */
    {"sources: {a: {type: aws, list: cloudcontrol.resources,\n"
     "              params: {TypeName: 'A::B::C', RoleArn: '" ROLE "'}}}\n",
     NULL,
     DOCUMENT(ALLOW("\"cloudformation:ListResources\"", "*", "") "," ALLOW("\"iam:PassRole\"", ROLE,
                                                                           ""))},
};

static void policies(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        RUN_AUTO r = policy_of(cases[i].config, cases[i].role);
        assert_string_equal(r.out, cases[i].policy);
        assert_int_equal(r.code, 0);
    }
}

static void what_goes_with_a_policy(void **state)
{
    (void)state;
    RUN_AUTO r = policy_of("sources:\n"
                           "  a: {type: aws, list: kms.keys, role_arn: '" ROLE "'}\n"
                           "  b: {type: aws, list: organizations.accounts}\n",
                           NULL);
    says(r.err, "the policy of " ROLE ": --role-arn " ROLE "\n");
    says(r.err, "sources.b: Answered only to the organization's management account");
}

static void policies_that_cannot_be_made(void **state)
{
    (void)state;
    RUN_AUTO none = RUN("aws", "policy");
    assert_int_equal(none.code, 2);
    says(none.err, "needs --config FILE");
    RUN_AUTO missing = RUN("aws", "policy", "--config", "/nowhere/e.yaml");
    assert_int_equal(missing.code, 1);
    RUN_AUTO file = policy_of("sources: {c: {type: file, path: /n}}\n", NULL);
    assert_int_equal(file.code, 1);
    says(file.err, "asks nothing of AWS");
    assert_string_equal(file.out, "");
    RUN_AUTO other = policy_of("sources: {a: {type: aws, list: kms.keys}}\n", ROLE);
    assert_int_equal(other.code, 1);
    says(other.err, "asks nothing of AWS as " ROLE);
    RUN_AUTO bad = policy_of("sources: {a: {type: aws, list: kms.key}}\n", NULL);
    assert_int_equal(bad.code, 1);
    says(bad.err, "did you mean kms.keys?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table),
        cmocka_unit_test(one_row),
        cmocka_unit_test(json),
        cmocka_unit_test(rows_that_are_not_there),
        cmocka_unit_test(policies),
        cmocka_unit_test(what_goes_with_a_policy),
        cmocka_unit_test(policies_that_cannot_be_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
