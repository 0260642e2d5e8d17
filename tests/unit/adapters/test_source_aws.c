/* The source of one row: pages, names, runs. */
#include "tests/unit/adapters/source_aws_bench.h"

/* --- plain rows ------------------------------------------------------------------------------ */

static void pages_are_followed(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.method = "POST",
         .url = "http://aws.test/",
         .has_header = {"X-Amz-Target: AWSGlue.GetDatabases",
                        "Content-Type: application/x-amz-json-1.1", "Authorization: /glue/"},
         .has_body = {"{\"AttributesToGet\":[\"NAME\"],\"MaxResults\":100}"},
         .status = 200,
         .body = "{\"DatabaseList\":[" N("a") "," N("b") "],\"NextToken\":\"t1\"}"},
        {.has_body = {"\"NextToken\":\"t1\""},
         .status = 200,
         .body = "{\"DatabaseList\":[],\"NextToken\":\"t2\"}"}, /* an empty page is no end */
        {.has_body = {"\"NextToken\":\"t2\""}, .status = 200, .body = DATABASES(N("c"))},
    };
    struct eidc_source_aws_options o = options_of("glue.databases");
    expect(&o, script, COUNT(script), "listed eu-west-1: a b c|");
}

static void regions_are_scopes_of_their_own(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.has_header = {"Authorization: /eu-west-1/glue/"}, .status = 400, .body = DENIED},
        {.has_header = {"Authorization: /us-east-1/glue/"},
         .status = 200,
         .body = DATABASES(N("a"))}};
    char *regions[] = {eidc_xstrdup("eu-west-1"), eidc_xstrdup("us-east-1"),
                       eidc_xstrdup("eu-west-1")};
    struct eidc_source_aws_options o = options_of("glue.databases");
    o.regions = regions;
    o.region_count = 3; /* one is there twice: listed once */
    o.name_template = "{region}/{database}";
    expect(&o, script, COUNT(script),
           "failed eu-west-1: glue GetDatabases: AccessDeniedException: no (status 400)|"
           "listed us-east-1: us-east-1/a|");
    for (int i = 0; i < 3; i++)
        free(regions[i]);
}

static void regions_that_are_not_due_are_not_asked(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {{.status = 200, .body = DATABASES(N("a"))}};
    char first[] = "eu-west-1", second[] = "us-east-1";
    char *regions[] = {first, second};
    struct eidc_source_aws_options o = options_of("glue.databases");
    struct bench b;
    o.regions = regions;
    o.region_count = 2;
    set_up(&b, &o, script, COUNT(script), 1);
    b.not_due = "us-east-1";
    run(&b);
    assert_string_equal(b.told.p, "listed eu-west-1: a|");
    tear_down(&b);
}

static void a_source_with_nothing_due_is_done_at_once(void **state)
{
    (void)state;
    struct eidc_source_aws_options o = options_of("glue.databases");
    struct bench b;
    set_up(&b, &o, NULL, 0, 1);
    b.not_due = "*";
    b.source->ops->begin(b.source, &b.sink);
    assert_int_equal(b.done, 1);
    assert_int_equal(b.told.n, 0);
    tear_down(&b);
}

#define ACCOUNTS(list) "{\"Accounts\":[" list "]}"

static void a_global_service_is_one_scope(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.url = "https://organizations.us-east-1.amazonaws.com/",
         .has_header = {"Authorization: /us-east-1/organizations/"},
         .status = 200,
         .body = ACCOUNTS("{\"Name\":\"a\",\"Id\":\"1\"}")}};
    char first[] = "eu-west-1", second[] = "eu-central-1";
    char *regions[] = {first, second};
    struct eidc_source_aws_options o = options_of("organizations.accounts");
    o.aws.endpoint_url = NULL;
    o.name_template = "{region}:{account}:{Id}";
    o.regions = regions;
    o.region_count = 2;
    expect(&o, script, COUNT(script), "listed global: us-east-1:a:1|");
}

static void damaged_pages_are_asked_for_again(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.status = 200, .body = "{\"DatabaseList\":[" N("a") "],\"NextToken\":\"t1\"}"},
        {.status = 200, .body = "{\"DatabaseList\":[" N("b") ","},
        {.status = 200, .body = "{\"DatabaseList\":[" N("b") ",{\"Name\":null}]}"},
        {.has_body = {"\"NextToken\":\"t1\""}, .status = 200, .body = DATABASES(N("b"))}};
    struct eidc_source_aws_options o = options_of("glue.databases");
    expect(&o, script, COUNT(script), "listed eu-west-1: a b|");
}

static void a_listing_that_fails_late_fails_whole(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.status = 200, .body = "{\"DatabaseList\":[" N("a") "],\"NextToken\":\"t1\"}"},
        {.times = 3, .status = 400, .body = THROTTLED}};
    struct eidc_source_aws_options o = options_of("glue.databases");
    expect(&o, script, COUNT(script),
           "failed eu-west-1: glue GetDatabases (3 tries): ThrottlingException: Rate exceeded "
           "(status 400)|");
}

static void a_damaged_page_to_the_end(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {{.times = 3, .status = 200, .body = "{}"}};
    struct eidc_source_aws_options o = options_of("glue.databases");
    expect(&o, script, COUNT(script),
           "failed eu-west-1: glue GetDatabases (3 tries): the answer has no list DatabaseList|");
}

static void a_token_that_comes_twice(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.status = 200, .body = "{\"DatabaseList\":[],\"NextToken\":\"t1\"}"},
        {.status = 200, .body = "{\"DatabaseList\":[],\"NextToken\":\"t2\"}"},
        {.status = 200, .body = "{\"DatabaseList\":[],\"NextToken\":\"t1\"}"}};
    struct eidc_source_aws_options o = options_of("glue.databases");
    expect(&o, script, COUNT(script),
           "failed eu-west-1: glue GetDatabases: the same NextToken came twice|");
}

static void members_that_are_refused_are_left_out(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.has_body = {"AttributesToGet"},
         .status = 400,
         .body = "{\"__type\":\"InvalidInputException\",\"message\":\"Unknown parameter in input: "
                 "\\\"AttributesToGet\\\"\"}"},
        {.has_body = {"{\"MaxResults\":100}"},
         .status = 200,
         .body = "{\"DatabaseList\":[" N("a") "],\"NextToken\":\"t1\"}"},
        {.has_body = {"{\"MaxResults\":100,\"NextToken\":\"t1\"}"},
         .status = 200,
         .body = DATABASES(N("b"))}};
    struct eidc_source_aws_options o = options_of("glue.databases");
    expect(&o, script, COUNT(script), "listed eu-west-1: a b|");
}

static void listings_in_flight_meet_the_same_refusal(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.status = 200, .body = DATABASES(N("a") "," N("b"))},
        {.times = 2,
         .has_body = {"AttributesToGet"},
         .status = 400,
         .body = "{\"__type\":\"ValidationException\",\"message\":\"AttributesToGet\"}"},
        {.times = 2, .has_body = {"\"MaxResults\":100}"}, .status = 200, .body = TABLES(N("t"))}};
    struct bench b;
    struct eidc_source_aws_options o = options_of("glue.tables");
    set_up(&b, &o, script, COUNT(script), 2);
    run(&b);
    assert_string_equal(b.told.p, "listed eu-west-1/a: a.t|listed eu-west-1/b: b.t|");
    tear_down(&b);
}

#define BAD_TOKEN "{\"__type\":\"InvalidInputException\",\"message\":\"Invalid NextToken\"}"

static void a_token_that_expired_starts_over_once(void **state)
{
    (void)state;
    static const struct fake_exchange good[] = {
        {.status = 200, .body = "{\"DatabaseList\":[" N("a") "],\"NextToken\":\"t1\"}"},
        {.status = 400, .body = BAD_TOKEN},
        {.has_body = {"\"MaxResults\":100}"},
         .status = 200,
         .body = "{\"DatabaseList\":[" N("x") "],\"NextToken\":\"t1\"}"}, /* t1 is new again */
        {.status = 200, .body = DATABASES(N("y"))}};
    struct eidc_source_aws_options o = options_of("glue.databases");
    expect(&o, good, COUNT(good), "listed eu-west-1: x y|");

    static const struct fake_exchange bad[] = {
        {.status = 200, .body = "{\"DatabaseList\":[" N("a") "],\"NextToken\":\"t1\"}"},
        {.status = 400, .body = BAD_TOKEN},
        {.status = 200, .body = "{\"DatabaseList\":[" N("x") "],\"NextToken\":\"t2\"}"},
        {.status = 400, .body = BAD_TOKEN}};
    expect(&o, bad, COUNT(bad),
           "failed eu-west-1: glue GetDatabases: InvalidInputException: Invalid NextToken*");
}

static void the_same_error_on_the_first_page_is_final(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {{.status = 400, .body = BAD_TOKEN}};
    struct eidc_source_aws_options o = options_of("glue.databases");
    expect(&o, script, COUNT(script), "failed eu-west-1: *");
}

/* --- names ----------------------------------------------------------------------------------- */

static void names_are_filtered_after_the_template(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.status = 200,
         .body = DATABASES(N("sales") "," N("sales_tmp") "," N("other") "," N("sal{}\\u00e9"))}};
    char include[] = "glue:sal*", exclude[] = "*_tmp";
    char *includes[] = {include}, *excludes[] = {exclude};
    struct eidc_source_aws_options o = options_of("glue.databases");
    o.name_template = "glue:{name}";
    o.filter = (struct eidc_filter){includes, excludes, 1, 1};
    expect(&o, script, COUNT(script), "listed eu-west-1: glue:sales glue:sal{}\xc3\xa9|");
}

static void a_filter_that_passes_nothing_is_told_of(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.status = 200, .body = DATABASES(N("sales") "," N("other"))},
        {.status = 200, .body = DATABASES(N("prod"))}};
    static const struct fake_exchange none[] = {{.status = 200, .body = DATABASES("")}};
    char include[] = "prod", one[] = "eu-west-1", two[] = "us-east-1";
    char *includes[] = {include}, *regions[] = {one, two};
    struct eidc_source_aws_options o = options_of("glue.databases");
    o.filter = (struct eidc_filter){includes, NULL, 1, 0};
    expect(&o, script, 1,
           "listed eu-west-1:|note none of the names listed passes include and exclude|");
    expect(&o, none, COUNT(none), "listed eu-west-1:|");
    o.regions = regions;
    o.region_count = 2;
    expect(&o, script, COUNT(script), "listed eu-west-1:|listed us-east-1: prod|");
    struct bench b;
    set_up(&b, &o, script, 1, 1); /* the other region may have some */
    b.not_due = "us-east-1";
    run(&b);
    assert_string_equal(b.told.p, "listed eu-west-1:|");
    tear_down(&b);
}

static void what_is_not_a_name_is_told_of(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.status = 200, .body = DATABASES(N("") "," N("a\\nb") "," N("good"))}};
    struct eidc_source_aws_options o = options_of("glue.databases");
    expect(&o, script, COUNT(script),
           "note eu-west-1: left out: \"\" name is empty|"
           "note eu-west-1: left out: \"a\\x0ab\" name *");
}

static void many_bad_names_are_summed_up(void **state)
{
    (void)state;
    struct bench b;
    EIDC_BUF_AUTO body = {0};
    eidc_buf_add_z(&body, "{\"DatabaseList\":[{\"Name\":\"good\"}");
    for (int i = 0; i < 25; i++)
        eidc_buf_add_z(&body, ",{\"Name\":\"\"}");
    eidc_buf_add_z(&body, "]}");
    const struct fake_exchange script[] = {{.status = 200, .body = body.p}};
    struct eidc_source_aws_options o = options_of("glue.databases");
    set_up(&b, &o, script, 1, 1);
    run(&b);
    assert_non_null(strstr(b.told.p, "listed eu-west-1: good|note 15 more names were left out|"));
    tear_down(&b);
}

static void eids_may_come_from_a_field(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.has_body = {"{\"MaxResults\":100}"}, /* names alone would not do */
         .status = 200,
         .body = DATABASES("{\"Name\":\"a\",\"Parameters\":{\"id\":\"x-1\"}},"
                           "{\"Name\":\"b\",\"Parameters\":{\"id\":42}}," N("c"))}};
    struct eidc_source_aws_options o = options_of("glue.databases");
    o.eid_field = "/Parameters/id";
    expect(&o, script, COUNT(script),
           "note eu-west-1: left out: \"c\" has no EID: /Parameters/id is missing|"
           "listed eu-west-1: a=x-1 b=42|");
}

static void max_names_fails_the_scope_that_goes_over(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.status = 200, .body = "{\"DatabaseList\":[" N("a") "," N("b") "],\"NextToken\":\"t\"}"},
        {.status = 200, .body = DATABASES(N("c") "," N("d"))}}; /* not tried again */
    struct eidc_source_aws_options o = options_of("glue.databases");
    o.max_names = 3;
    expect(&o, script, COUNT(script),
           "failed eu-west-1: glue GetDatabases: more than refresh.max_names (3) names|");
    o.max_names = 4;
    expect(&o, script, COUNT(script), "listed eu-west-1: a b c d|");
}

static void max_response_fails_the_scope(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {{.status = 200, .body = DATABASES(N("a"))}};
    struct eidc_source_aws_options o = options_of("glue.databases");
    o.max_response = 10;
    expect(&o, script, COUNT(script), "failed eu-west-1: glue GetDatabases: *");
}

/* --- runs ------------------------------------------------------------------------------------ */

static void what_was_learnt_is_kept_for_the_next_run(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.has_body = {"AttributesToGet"},
         .status = 400,
         .body = "{\"__type\":\"ValidationException\",\"message\":\"AttributesToGet\"}"},
        {.times = 2, .has_body = {"{\"MaxResults\":100}"}, .status = 200, .body = DATABASES("")}};
    struct bench b;
    struct eidc_source_aws_options o = options_of("glue.databases");
    set_up(&b, &o, script, COUNT(script), 1);
    run(&b);
    b.done = 0;
    eidc_buf_clear(&b.told);
    run(&b);
    tear_down(&b);
}

static void cancel_drops_everything(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.status = 200, .body = DATABASES(N("a") "," N("b") "," N("c"))},
        {.status = 503, .delay_ms = 500}, /* in flight, ends unheard and is not tried again */
        {.status = 200, .body = DATABASES(N("z"))},
        {.status = 200, .body = TABLES(N("t"))}};
    struct bench b;
    struct eidc_source_aws_options o = options_of("glue.tables");
    set_up(&b, &o, script, COUNT(script), 1);
    b.source->ops->begin(b.source, &b.sink);
    for (int i = 0; i < 3; i++)
        b.http->ops->step(b.http, 10);
    b.source->ops->cancel(b.source);
    b.source->ops->cancel(b.source); /* twice is fine */
    assert_int_equal(b.told.n, 0);
    run(&b); /* a new run starts at once */
    assert_string_equal(b.told.p, "listed eu-west-1/z: z.t|");
    tear_down(&b);
}

static void destroy_ends_what_is_in_flight(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {{.never = true}};
    struct bench b;
    struct eidc_source_aws_options o = options_of("glue.databases");
    o.aws.timeout_ms = 0;
    set_up(&b, &o, script, COUNT(script), 1);
    b.source->ops->begin(b.source, &b.sink);
    b.http->ops->step(b.http, 10);
    tear_down(&b);
    assert_int_equal(b.done, 0);
}

static void without_credentials_every_region_says_so(void **state)
{
    (void)state;
    unsetenv("AWS_ACCESS_KEY_ID");
    struct eidc_source_aws_options o = options_of("glue.databases");
    expect(&o, NULL, 0, "failed eu-west-1: glue GetDatabases: credentials: *");
    setenv("AWS_ACCESS_KEY_ID", "AKID", 1);
}

/* --- making one ------------------------------------------------------------------------------ */

static void refused(const struct eidc_source_aws_options *options, const char *text)
{
    struct eidc_http_client *http = fake_http_new(NULL, 0);
    struct eidc_aws *aws = eidc_aws_new(http, 1, NULL);
    struct eidc_source *source = NULL;
    struct eidc_err err = {0};
    assert_false(eidc_source_aws_new(options, aws, &source, &err));
    assert_null(source);
    assert_int_equal(err.kind, EIDC_ERR_INVALID);
    if (!strstr(err.text, text))
        fail_msg("%s", err.text);
    eidc_aws_free(aws);
    fake_http_end(http);
}

static void options_that_are_refused(void **state)
{
    (void)state;
    struct eidc_source_aws_options o = options_of("glue.databases");
    o.name_template = "{table}";
    refused(&o, "{table}");
    o = options_of("glue.databases");
    o.eid_field = "Id";
    refused(&o, "eid: Id");
    o.eid_field = "/Id";
    refused(&o, "eid: glue.databases has no member Id to take; it has /Name");
    o = options_of("glue.databases");
    char bad[] = "eu west/1";
    char *regions[] = {bad};
    o.regions = regions;
    refused(&o, "regions: eu west/1");
    o = options_of("glue.databases");
    o.region_count = 0;
    refused(&o, "region");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_are_followed),
        cmocka_unit_test(regions_are_scopes_of_their_own),
        cmocka_unit_test(regions_that_are_not_due_are_not_asked),
        cmocka_unit_test(a_source_with_nothing_due_is_done_at_once),
        cmocka_unit_test(a_global_service_is_one_scope),
        cmocka_unit_test(damaged_pages_are_asked_for_again),
        cmocka_unit_test(a_listing_that_fails_late_fails_whole),
        cmocka_unit_test(a_damaged_page_to_the_end),
        cmocka_unit_test(a_token_that_comes_twice),
        cmocka_unit_test(members_that_are_refused_are_left_out),
        cmocka_unit_test(listings_in_flight_meet_the_same_refusal),
        cmocka_unit_test(a_token_that_expired_starts_over_once),
        cmocka_unit_test(the_same_error_on_the_first_page_is_final),
        cmocka_unit_test(names_are_filtered_after_the_template),
        cmocka_unit_test(a_filter_that_passes_nothing_is_told_of),
        cmocka_unit_test(what_is_not_a_name_is_told_of),
        cmocka_unit_test(many_bad_names_are_summed_up),
        cmocka_unit_test(eids_may_come_from_a_field),
        cmocka_unit_test(max_names_fails_the_scope_that_goes_over),
        cmocka_unit_test(max_response_fails_the_scope),
        cmocka_unit_test(what_was_learnt_is_kept_for_the_next_run),
        cmocka_unit_test(cancel_drops_everything),
        cmocka_unit_test(destroy_ends_what_is_in_flight),
        cmocka_unit_test(without_credentials_every_region_says_so),
        cmocka_unit_test(options_that_are_refused),
    };
    return cmocka_run_group_tests(tests, set_environment, NULL);
}
