/* The source of rows that are listed for each of another row, or of themselves. */
#include "tests/unit/adapters/source_aws_bench.h"

static void each_parent_is_a_scope(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.has_header = {"X-Amz-Target: AWSGlue.GetDatabases"},
         .status = 200,
         .body = "{\"DatabaseList\":[" N("s\\u00e9") "," N("a") "],\"NextToken\":\"t\"}"},
        {.status = 200, .body = DATABASES(N("b") "," N("a"))}, /* a repeats: one scope */
        {.has_header = {"X-Amz-Target: AWSGlue.GetTables"},
         .has_body = {"\"DatabaseName\":\"a\""},
         .status = 200,
         .body = "{\"TableList\":[" N("t1") "],\"NextToken\":\"p2\"}"},
        {.has_body = {"\"DatabaseName\":\"b\""}, .status = 200, .body = TABLES("")},
        {.has_body = {"\"DatabaseName\":\"s\xc3\xa9\""}, .status = 200, .body = TABLES(N("t"))},
        {.has_body = {"\"DatabaseName\":\"a\"", "\"NextToken\":\"p2\""},
         .status = 200,
         .body = TABLES(N("t2"))},
    };
    struct eidc_source_aws_options o = options_of("glue.tables");
    expect(&o, script, COUNT(script),
           "listed eu-west-1/b:|listed eu-west-1/s\xc3\xa9: s\xc3\xa9.t|"
           "listed eu-west-1/a: a.t1 a.t2|");
}

static void parents_are_listed_though_their_children_are_not_due(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.status = 200, .body = DATABASES(N("a") "," N("b"))},
        {.has_body = {"\"DatabaseName\":\"b\""}, .status = 200, .body = TABLES(N("t"))},
        {.status = 200, .body = DATABASES(N("a") "," N("b"))}};
    struct eidc_source_aws_options o = options_of("glue.tables");
    struct bench b;
    set_up(&b, &o, script, COUNT(script), 1);
    b.not_due = "eu-west-1/a";
    run(&b);
    assert_string_equal(b.told.p, "listed eu-west-1/b: b.t|");
    b.not_due = "*";
    b.done = 0;
    eidc_buf_clear(&b.told);
    run(&b);
    assert_int_equal(b.told.n, 0);
    tear_down(&b);
}

static void progress_is(const struct bench *b, uint64_t known, bool all, uint64_t names)
{
    struct eidc_source_progress p = {0};
    b->source->ops->progress(b->source, &p);
    assert_int_equal(p.scopes_known, known);
    assert_int_equal(p.all_known, all);
    assert_int_equal(p.names, names);
}

static void how_far_it_is(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.status = 200, .body = DATABASES(N("a") "," N("b")), .delay_ms = 10},
        {.status = 200,
         .body = "{\"TableList\":[" N("t") "," N("u") "],\"NextToken\":\"1\"}",
         .delay_ms = 10},
        {.status = 200, .body = TABLES(N("v")), .delay_ms = 10},
        {.status = 200, .body = TABLES(N("w")), .delay_ms = 10}};
    static const uint64_t names[] = {0, 0, 2, 3};
    struct eidc_source_aws_options o = options_of("glue.tables");
    struct bench b;
    set_up(&b, &o, script, COUNT(script), 1);
    b.source->ops->begin(b.source, &b.sink);
    for (size_t seen = 0; !b.done;) {
        if (fake_http_count(b.http) > seen) { /* another call is under way */
            progress_is(&b, seen == 0 ? 0 : 2, seen > 0, names[seen]);
            seen++;
        }
        assert_true(b.http->ops->step(b.http, 1) || b.done);
    }
    tear_down(&b);
}

static void how_far_plain_listings_are(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.times = 2, .status = 200, .body = DATABASES(N("a")), .delay_ms = 10}};
    char first[] = "eu-west-1", second[] = "us-east-1";
    char *regions[] = {first, second};
    struct eidc_source_aws_options o = options_of("glue.databases");
    struct bench b;
    o.regions = regions;
    o.region_count = 2;
    set_up(&b, &o, script, COUNT(script), 1);
    b.source->ops->begin(b.source, &b.sink);
    progress_is(&b, 2, true, 0); /* a region each */
    while (!b.done)
        assert_true(b.http->ops->step(b.http, 1000) || b.done);
    tear_down(&b);
}

static void no_parents_no_scopes(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {{.status = 200, .body = DATABASES("")}};
    struct bench b;
    struct eidc_source_aws_options o = options_of("glue.tables");
    set_up(&b, &o, script, 1, 1);
    run(&b);
    assert_int_equal(b.told.n, 0);
    tear_down(&b);
}

static void children_fail_or_are_gone_alone(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.status = 200, .body = DATABASES(N("a") "," N("b") "," N("c"))},
        {.has_body = {"\"a\""}, .status = 400, .body = NOT_FOUND},
        {.has_body = {"\"b\""}, .status = 400, .body = DENIED},
        {.has_body = {"\"c\""}, .status = 200, .body = TABLES(N("t"))}};
    struct eidc_source_aws_options o = options_of("glue.tables");
    expect(&o, script, COUNT(script),
           "gone eu-west-1/a: glue GetTables: EntityNotFoundException: gone (status 400)|"
           "failed eu-west-1/b: glue GetTables: AccessDeniedException: no (status 400)|"
           "listed eu-west-1/c: c.t|");
}

static void parents_that_cannot_be_listed_are_carried(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.status = 200, .body = "{\"DatabaseList\":[" N("a") "],\"NextToken\":\"t\"}"},
        {.status = 400, .body = DENIED}};
    struct eidc_source_aws_options o = options_of("glue.tables");
    expect(&o, script, COUNT(script),
           "carry eu-west-1/: glue GetDatabases: AccessDeniedException: no (status 400)|");
}

static void a_missing_parents_list_is_no_deletion(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {{.status = 400, .body = NOT_FOUND}};
    struct eidc_source_aws_options o = options_of("glue.tables");
    expect(&o, script, COUNT(script), "carry eu-west-1/: *");
    o = options_of("glue.databases");
    expect(&o, script, COUNT(script), "failed eu-west-1: *");
}

static void children_run_in_parallel(void **state)
{
    (void)state;
    EIDC_BUF_AUTO parents = {0};
    for (int i = 0; i < 40; i++)
        eidc_buf_addf(&parents, "%s{\"Name\":\"d%02d\"}", i ? "," : "{\"DatabaseList\":[", i);
    eidc_buf_add_z(&parents, "]}");
    const struct fake_exchange script[] = {
        {.status = 200, .body = parents.p, .delay_ms = 100},
        {.times = 40, .status = 200, .body = TABLES(N("t")), .delay_ms = 100}};
    struct bench b;
    struct eidc_source_aws_options o = options_of("glue.tables");
    set_up(&b, &o, script, COUNT(script), 8);
    run(&b);
    assert_int_equal(fake_http_most_at_once(b.http), 8);
    assert_int_equal(fake_http_now(b.http), 600); /* 1 + 40 / 8 pages one after another */
    tear_down(&b);
}

static void members_of_the_element(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.has_body = {"{\"AttributesToGet\":[\"NAME\"],"}, /* of databases names alone do */
         .status = 200,
         .body = DATABASES(N("d"))},
        {.has_body = {"{\"DatabaseName\":\"d\",\"MaxResults\":100}"},
         .status = 200,
         .body = TABLES(
             "{\"Name\":\"a\",\"Owner\":\"me\",\"Retention\":7,"
             "\"IsRegisteredWithLakeFormation\":true},"
             "{\"Name\":\"b\",\"Retention\":0,\"IsRegisteredWithLakeFormation\":1}," N("c"))}};
    struct eidc_source_aws_options o = options_of("glue.tables");
    o.name_template = "{table}-{Retention}-{IsRegisteredWithLakeFormation}-{Owner}";
    expect(&o, script, COUNT(script),
           "note eu-west-1/d: left out: \"b\" name template: no field {Owner}|"
           "note eu-west-1/d: left out: \"c\" name template: no field {Retention}|"
           "listed eu-west-1/d: a-7-true-me|");
}

#define CATALOGS(list) "{\"DataCatalogsSummary\":[" list "]}"
#define C(name)        "{\"CatalogName\":\"" name "\",\"Type\":\"GLUE\"}"
#define METADATA(list) "{\"TableMetadataList\":[" list "]}"

static void fan_out_over_two_levels(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.has_header = {"X-Amz-Target: AmazonAthena.ListDataCatalogs"},
         .status = 200,
         .body = CATALOGS(C("b") "," C("a/1"))},
        {.has_body = {"{\"CatalogName\":\"a/1\",\"MaxResults\":50}"},
         .status = 200,
         .body = "{\"DatabaseList\":[" N("d") "],\"NextToken\":\"t\"}"},
        {.has_body = {"{\"CatalogName\":\"b\","}, .status = 400, .body = DENIED},
        {.has_body = {"{\"CatalogName\":\"a/1\",", "\"NextToken\":\"t\""},
         .status = 200,
         .body = DATABASES(N("e"))},
        {.has_body = {"{\"CatalogName\":\"a/1\",\"DatabaseName\":\"d\","},
         .status = 200,
         .body = METADATA(N("t"))},
        {.has_body = {"{\"CatalogName\":\"a/1\",\"DatabaseName\":\"e\","},
         .status = 400,
         .body = DENIED},
    };
    struct eidc_source_aws_options o = options_of("athena.tables");
    expect(&o, script, COUNT(script),
           "carry eu-west-1/b/: athena ListDatabases: AccessDeniedException: no (status 400)|"
           "listed eu-west-1/a%2F1/d: a/1.d.t|"
           "failed eu-west-1/a%2F1/e: athena ListTableMetadata: AccessDeniedException: no "
           "(status 400)|");
}

static void a_scope_that_is_not_due_two_levels_down(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.status = 200, .body = CATALOGS(C("a"))},
        {.status = 200, .body = DATABASES(N("d") "," N("e"))},
        {.has_body = {"\"DatabaseName\":\"e\","}, .status = 200, .body = METADATA(N("t"))}};
    struct eidc_source_aws_options o = options_of("athena.tables");
    struct bench b;
    set_up(&b, &o, script, COUNT(script), 1);
    b.not_due = "eu-west-1/a/d";
    run(&b);
    assert_string_equal(b.told.p, "listed eu-west-1/a/e: a.e.t|");
    tear_down(&b);
}

#define ROOTS(list) "{\"Roots\":[" list "]}"
#define UNITS(list) "{\"OrganizationalUnits\":[" list "]}"
#define U(name, id) "{\"Name\":\"" name "\",\"Id\":\"" id "\"}"

static void a_recursive_row(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.status = 200, .body = ROOTS(U("Root", "r-1"))},
        {.has_body = {"{\"ParentId\":\"r-1\","},
         .status = 200,
         .body = UNITS(U("A", "ou-a") "," U("B", "ou-b"))},
        {.has_body = {"{\"ParentId\":\"ou-a\","}, .status = 200, .body = UNITS(U("A", "ou-aa"))},
        {.has_body = {"{\"ParentId\":\"ou-b\","}, .status = 400, .body = DENIED},
        {.has_body = {"{\"ParentId\":\"ou-aa\","},
         .status = 400,
         .body = "{\"__type\":\"ParentNotFoundException\",\"message\":\"gone\"}"},
    };
    struct eidc_source_aws_options o = options_of("organizations.organizational_units");
    o.eid_field = "/Id";
    expect(&o, script, COUNT(script),
           "listed global/Root: Root/A=ou-a Root/B=ou-b|"
           "listed global/Root/A: Root/A/A=ou-aa|"
           "failed global/Root/B: organizations ListOrganizationalUnitsForParent: "
           "AccessDeniedException: no (status 400)|"
           "carry global/Root/B/: organizations ListOrganizationalUnitsForParent: "
           "AccessDeniedException: no (status 400)|"
           "gone global/Root/A/A: organizations ListOrganizationalUnitsForParent: "
           "ParentNotFoundException: gone (status 400)|");
}

/* Each unit tells of those below it, which would else be taken for gone. */
static void a_recursive_row_is_listed_though_nothing_is_due(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.status = 200, .body = ROOTS(U("R", "r-1"))},
        {.has_body = {"\"r-1\""}, .status = 200, .body = UNITS(U("A", "ou-a"))},
        {.has_body = {"\"ou-a\""}, .status = 200, .body = UNITS("")}};
    struct eidc_source_aws_options o = options_of("organizations.organizational_units");
    struct bench b;
    set_up(&b, &o, script, COUNT(script), 1);
    b.not_due = "*";
    run(&b);
    assert_string_equal(b.told.p, "listed global/R: R/A|listed global/R/A:|");
    tear_down(&b);
}

static void an_expired_token_starts_over_in_every_protocol(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.status = 200,
         .body = "{\"tableBuckets\":[{\"name\":\"a\",\"arn\":\"x\"}],"
                 "\"continuationToken\":\"t\"}"},
        {.url = "http://aws.test/buckets?maxBuckets=1000&continuationToken=t",
         .status = 400,
         .headers = {"x-amzn-ErrorType: BadRequestException"},
         .body = "{\"message\":\"the token has expired\"}"},
        {.url = "http://aws.test/buckets?maxBuckets=1000",
         .status = 200,
         .body = "{\"tableBuckets\":[{\"name\":\"b\",\"arn\":\"y\"}]}"}};
    struct eidc_source_aws_options o = options_of("s3tables.buckets");
    expect(&o, script, COUNT(script), "listed eu-west-1: b|");
}

static void a_last_name_that_comes_twice(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.times = 2,
         .status = 200,
         .body = "{\"DeliveryStreamNames\":[\"a\"],\"HasMoreDeliveryStreams\":true}"}};
    struct eidc_source_aws_options o = options_of("firehose.delivery_streams");
    expect(&o, script, COUNT(script),
           "failed eu-west-1: firehose ListDeliveryStreams: the same "
           "ExclusiveStartDeliveryStreamName came twice|");
}

static void a_circle_ends(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.status = 200, .body = ROOTS(U("R", "r-1"))},
        {.times = 32, .status = 200, .body = UNITS(U("A", "ou-a"))}};
    struct eidc_source_aws_options o = options_of("organizations.organizational_units");
    struct bench b;
    set_up(&b, &o, script, COUNT(script), 1);
    run(&b);
    assert_non_null(strstr(b.told.p, "/A/A/: nested deeper than 32|"));
    tear_down(&b);
}

static void parents_asked_by_another_member(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.method = "GET",
         .url = "http://aws.test/buckets?maxBuckets=1000",
         .has_header = {"!Content-Type", "!X-Amz-Target"},
         .status = 200,
         .body = "{\"tableBuckets\":[{\"name\":\"b\",\"arn\":\"arn:x:bucket/b\"},"
                 "{\"name\":\"c\"}]}"},
        {.method = "GET",
         .url = "http://aws.test/namespaces/arn%3Ax%3Abucket%2Fb?maxNamespaces=1000",
         .status = 200,
         .body = "{\"namespaces\":[{\"namespace\":[\"n\"]}]}"},
        {.method = "GET",
         .url = "http://aws.test/tables/arn%3Ax%3Abucket%2Fb?namespace=n&maxTables=1000",
         .status = 200,
         .body = "{\"tables\":[{\"name\":\"t\",\"tableARN\":\"arn:t\"}]}"}};
    struct eidc_source_aws_options o = options_of("s3tables.tables");
    o.eid_field = "/tableARN";
    expect(&o, script, COUNT(script),
           "note eu-west-1: left out: \"c\" has no arn|listed eu-west-1/b/n: b.n.t=arn:t|");
}

static void parents_that_are_gone_are_dropped(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.status = 200, .body = "{\"tableBuckets\":[{\"name\":\"b\",\"arn\":\"arn:b\"}]}"},
        {.status = 404,
         .headers = {"x-amzn-ErrorType: NotFoundException"},
         .body = "{\"message\":\"gone\"}"}};
    struct eidc_source_aws_options o = options_of("s3tables.tables");
    struct bench b;
    set_up(&b, &o, script, COUNT(script), 1);
    run(&b);
    assert_int_equal(b.told.n, 0); /* no scope, none carried */
    tear_down(&b);
}

static void parameters_go_to_all_rows_that_take_them(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.has_body = {"{\"CatalogId\":\"7\",\"Attr"}, .status = 200, .body = DATABASES(N("d"))},
        {.has_body = {"{\"DatabaseName\":\"d\",\"CatalogId\":\"7\",\"Expression\":\"x.*\","},
         .status = 200,
         .body = TABLES(N("x"))}};
    static const struct eidc_listing_given given[] = {{"CatalogId", "7"}, {"Expression", "x.*"}};
    struct eidc_source_aws_options o = options_of("glue.tables");
    o.params = given;
    o.param_count = 2;
    expect(&o, script, COUNT(script), "listed eu-west-1/d: d.x|");
}

static void buckets_come_as_xml(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.method = "GET",
         .url = "http://aws.test/?max-buckets=10000",
         .has_header = {"x-amz-content-sha256: e3b0c442", "Authorization: /eu-west-1/s3/"},
         .status = 200,
         .body = "<ListAllMyBucketsResult><Buckets><Bucket><Name>a</Name></Bucket></Buckets>"
                 "<ContinuationToken>a/b+c</ContinuationToken></ListAllMyBucketsResult>"},
        {.url = "http://aws.test/?max-buckets=10000&continuation-token=a%2Fb%2Bc",
         .status = 200,
         .body = "<ListAllMyBucketsResult><Buckets><Bucket><Name>b</Name>"}, /* again */
        {.status = 200,
         .body = "<ListAllMyBucketsResult><Buckets><Bucket><Name>b</Name></Bucket></Buckets>"
                 "</ListAllMyBucketsResult>"}};
    struct eidc_source_aws_options o = options_of("s3.buckets");
    expect(&o, script, COUNT(script), "listed global: a b|");
}

static void max_names_counts_the_whole_source(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.status = 200, .body = DATABASES(N("a") "," N("b") "," N("c"))},
        {.status = 200, .body = TABLES(N("1") "," N("2"))},
        {.status = 200, .body = TABLES(N("3") "," N("4"))},
        {.status = 200, .body = TABLES(N("5"))}}; /* what failed does not count */
    struct eidc_source_aws_options o = options_of("glue.tables");
    o.max_names = 3;
    expect(&o, script, COUNT(script),
           "listed eu-west-1/a: a.1 a.2|failed eu-west-1/b: glue GetTables: more than "
           "refresh.max_names (3) names|"
           "listed eu-west-1/c: c.5|");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_parent_is_a_scope),
        cmocka_unit_test(parents_are_listed_though_their_children_are_not_due),
        cmocka_unit_test(how_far_it_is),
        cmocka_unit_test(how_far_plain_listings_are),
        cmocka_unit_test(no_parents_no_scopes),
        cmocka_unit_test(children_fail_or_are_gone_alone),
        cmocka_unit_test(parents_that_cannot_be_listed_are_carried),
        cmocka_unit_test(a_missing_parents_list_is_no_deletion),
        cmocka_unit_test(children_run_in_parallel),
        cmocka_unit_test(members_of_the_element),
        cmocka_unit_test(fan_out_over_two_levels),
        cmocka_unit_test(a_scope_that_is_not_due_two_levels_down),
        cmocka_unit_test(a_recursive_row),
        cmocka_unit_test(a_recursive_row_is_listed_though_nothing_is_due),
        cmocka_unit_test(an_expired_token_starts_over_in_every_protocol),
        cmocka_unit_test(a_last_name_that_comes_twice),
        cmocka_unit_test(a_circle_ends),
        cmocka_unit_test(parents_asked_by_another_member),
        cmocka_unit_test(parents_that_are_gone_are_dropped),
        cmocka_unit_test(parameters_go_to_all_rows_that_take_them),
        cmocka_unit_test(buckets_come_as_xml),
        cmocka_unit_test(max_names_counts_the_whole_source),
    };
    return cmocka_run_group_tests(tests, set_environment, NULL);
}
