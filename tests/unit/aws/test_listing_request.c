#include "eidcached/aws/listing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

/* "POST / glue.Op {body}" or "GET /path?key=value&key=value" (undecoded). */
static void expect(const char *id, const struct eidc_listing_ask *ask, const char *expected)
{
    struct eidc_listing_request r = {0};
    EIDC_BUF_AUTO text = {0};
    for (int twice = 0; twice < 2; twice++) /* a request is used again */
        eidc_listing_request(eidc_listing_find(id), ask, &r);
    eidc_buf_addf(&text, "%s %s", r.method, r.path.p);
    for (size_t i = 0; i < r.param_count; i++)
        eidc_buf_addf(&text, "%s%.*s=%.*s", i ? "&" : "?", EIDC_STR_ARG(r.params[i].key),
                      EIDC_STR_ARG(r.params[i].value));
    if (r.target.n)
        eidc_buf_addf(&text, " %s", r.target.p);
    if (r.content_type[0])
        eidc_buf_addf(&text, " %s", r.content_type);
    if (r.body.n)
        eidc_buf_addf(&text, " %s", r.body.p);
    assert_string_equal(text.p, expected);
    eidc_listing_request_free(&r);
}

static void json_rpc(void **state)
{
    (void)state;
    expect("glue.databases", &(struct eidc_listing_ask){.with_optional = true},
           "POST / AWSGlue.GetDatabases application/x-amz-json-1.1 "
           "{\"AttributesToGet\":[\"NAME\"],\"MaxResults\":100}");
    expect("glue.databases", &(struct eidc_listing_ask){.token = EIDC_STR("a+/=\"")},
           "POST / AWSGlue.GetDatabases application/x-amz-json-1.1 "
           "{\"MaxResults\":100,\"NextToken\":\"a+/=\\\"\"}");
    expect("dynamodb.tables", &(struct eidc_listing_ask){.token = EIDC_STR("last")},
           "POST / DynamoDB_20120810.ListTables application/x-amz-json-1.0 "
           "{\"Limit\":100,\"ExclusiveStartTableName\":\"last\"}");
    expect("codebuild.projects", &(struct eidc_listing_ask){.with_optional = true},
           "POST / CodeBuild_20161006.ListProjects application/x-amz-json-1.1 {}");
    expect("glue.connections", &(struct eidc_listing_ask){.with_optional = true},
           "POST / AWSGlue.GetConnections application/x-amz-json-1.1 "
           "{\"HidePassword\":true,\"MaxResults\":1000}");
}

static void parents(void **state)
{
    (void)state;
    const struct eidc_str strange = EIDC_STR("d\"\\\t\xc3\xa9");
    expect("glue.tables", &(struct eidc_listing_ask){.parents = &strange, .token = EIDC_STR("t")},
           "POST / AWSGlue.GetTables application/x-amz-json-1.1 "
           "{\"DatabaseName\":\"d\\\"\\\\\\t\xc3\xa9\",\"MaxResults\":100,\"NextToken\":\"t\"}");
    const struct eidc_str two[] = {EIDC_STR("AwsDataCatalog"), EIDC_STR("sales")};
    expect("athena.tables", &(struct eidc_listing_ask){.parents = two},
           "POST / AmazonAthena.ListTableMetadata application/x-amz-json-1.1 "
           "{\"CatalogName\":\"AwsDataCatalog\",\"DatabaseName\":\"sales\",\"MaxResults\":50}");
}

static void parameters(void **state)
{
    (void)state;
    const struct eidc_listing_given given[] = {
        {"TypeName", "AWS::S3::Bucket"}, {"Pattern", "a\"b"}, {"Unknown", "is not sent"}};
    const struct eidc_listing_ask ask = {.given = given, .given_count = 3};
    expect("cloudcontrol.resources", &ask,
           "POST / CloudApiService.ListResources application/x-amz-json-1.0 "
           "{\"TypeName\":\"AWS::S3::Bucket\",\"MaxResults\":100}");
    expect("glue.user_defined_functions", &ask,
           "POST / AWSGlue.GetUserDefinedFunctions application/x-amz-json-1.1 "
           "{\"Pattern\":\"a\\\"b\",\"MaxResults\":100}");
    expect("glue.user_defined_functions", &(struct eidc_listing_ask){.given_count = 0},
           "POST / AWSGlue.GetUserDefinedFunctions application/x-amz-json-1.1 "
           "{\"Pattern\":\".*\",\"MaxResults\":100}");
}

static void rest(void **state)
{
    (void)state;
    expect("lambda.functions", &(struct eidc_listing_ask){.token = EIDC_STR("a+/=&?")},
           "GET /2015-03-31/functions?MaxItems=10000&Marker=a+/=&?"); /* encoded by the signer */
    expect("s3.buckets", &(struct eidc_listing_ask){.with_optional = true},
           "GET /?max-buckets=10000");
    expect("lakeformation.resources", &(struct eidc_listing_ask){.token = EIDC_STR("t")},
           "POST /ListResources application/json {\"MaxResults\":1000,\"NextToken\":\"t\"}");
}

static void labels_in_a_path(void **state)
{
    (void)state;
    const struct eidc_str arn[] = {
        EIDC_STR("arn:aws:s3tables:eu-west-1:123456789012:bucket/n \xc3\xa9%?"), EIDC_STR("ns/1")};
    expect("s3tables.namespaces", &(struct eidc_listing_ask){.parents = arn},
           "GET /namespaces/arn%3Aaws%3As3tables%3Aeu-west-1%3A123456789012%3Abucket%2Fn%20%C3%A9"
           "%25%3F?maxNamespaces=1000");
    expect("s3tables.tables", &(struct eidc_listing_ask){.parents = arn, .token = EIDC_STR("t")},
           "GET /tables/arn%3Aaws%3As3tables%3Aeu-west-1%3A123456789012%3Abucket%2Fn%20%C3%A9"
           "%25%3F?namespace=ns/1&maxTables=1000&continuationToken=t");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_rpc),         cmocka_unit_test(parents),
        cmocka_unit_test(parameters),       cmocka_unit_test(rest),
        cmocka_unit_test(labels_in_a_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
