/* What eidctl tells of AWS without asking it. */
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table),
        cmocka_unit_test(one_row),
        cmocka_unit_test(json),
        cmocka_unit_test(rows_that_are_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
