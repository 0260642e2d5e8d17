#include "eidcached/adapters/source_aws.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "eidcached/base/mem.h"
#include "tests/support/aws_env.h"
#include "tests/support/fake_http.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* What a run reported, as text: "scope eu-west-1: a,b,|". */
struct bench {
    struct eidc_http_client *http;
    struct eidc_aws *aws;
    struct eidc_source *source;
    struct eidc_source_sink sink;
    struct eidc_buf told;
    unsigned done;
    const char *not_due; /* a scope, or "*" for all */
};

static bool on_due(void *arg, const struct eidc_source *source, struct eidc_str scope)
{
    const struct bench *b = arg;
    assert_ptr_equal(source, b->source);
    assert_int_equal(b->done, 0);
    return !b->not_due ||
           (strcmp(b->not_due, "*") != 0 && !eidc_str_eq(scope, eidc_str_of(b->not_due)));
}

static void on_scope(void *arg, const struct eidc_source *source, struct eidc_str scope,
                     enum eidc_scope_result result, struct eidc_names *names,
                     const struct eidc_err *err)
{
    static const char *const results[] = {"listed", "failed", "gone"};
    struct bench *b = arg;
    assert_ptr_equal(source, b->source);
    assert_int_equal(b->done, 0);
    eidc_buf_addf(&b->told, "%s %.*s:", results[result], EIDC_STR_ARG(scope));
    if (result != EIDC_SCOPE_LISTED) {
        assert_null(names);
        eidc_buf_addf(&b->told, " %s|", err->text);
        return;
    }
    assert_null(err);
    size_t at = 0;
    struct eidc_str name, eid;
    while (eidc_names_next(names, &at, &name, &eid))
        eidc_buf_addf(&b->told, " %.*s%s%.*s", EIDC_STR_ARG(name), eid.n ? "=" : "", (int)eid.n,
                      eid.p);
    eidc_buf_add_z(&b->told, "|");
    eidc_names_free(names);
}

static void on_carry(void *arg, const struct eidc_source *source, struct eidc_str prefix,
                     const struct eidc_err *err)
{
    struct bench *b = arg;
    (void)source;
    eidc_buf_addf(&b->told, "carry %.*s: %s|", EIDC_STR_ARG(prefix), err->text);
}

static void on_note(void *arg, const struct eidc_source *source, const char *text)
{
    struct bench *b = arg;
    (void)source;
    eidc_buf_addf(&b->told, "note %s|", text);
}

static void on_done(void *arg, const struct eidc_source *source)
{
    struct bench *b = arg;
    (void)source;
    b->done++;
}

static struct eidc_source_aws_options options_of(const char *list)
{
    static char first[] = "eu-west-1";
    static char *regions[] = {first};
    return (struct eidc_source_aws_options){
        .name = "prod",
        .listing = eidc_listing_find(list),
        .regions = regions,
        .region_count = 1,
        .aws = {.endpoint_url = "http://aws.test", .timeout_ms = 10000},
        .max_names = 1000,
        .max_response = 1 << 20,
    };
}

static void set_up(struct bench *b, const struct eidc_source_aws_options *options,
                   const struct fake_exchange *script, size_t n, unsigned concurrency)
{
    struct eidc_err err;
    *b = (struct bench){.http = fake_http_new(script, n)};
    b->sink = (struct eidc_source_sink){b, on_due, on_scope, on_carry, on_note, on_done};
    b->aws = eidc_aws_new(b->http, concurrency, NULL);
    if (!eidc_source_aws_new(options, b->aws, &b->source, &err))
        fail_msg("%s", err.text);
}

static void run(struct bench *b)
{
    b->source->ops->begin(b->source, &b->sink);
    assert_int_equal(b->told.n, 0); /* reports come from step() */
    while (!b->done && b->http->ops->step(b->http, 1000))
        continue;
    assert_int_equal(b->done, 1);
}

static void tear_down(struct bench *b)
{
    b->source->ops->destroy(b->source);
    fake_http_end(b->http);
    eidc_aws_free(b->aws);
    eidc_buf_free(&b->told);
}

/* Runs the script and compares what was told; a '*' at the end stands for anything. */
static void expect(const struct eidc_source_aws_options *options,
                   const struct fake_exchange *script, size_t n, const char *told)
{
    struct bench b;
    size_t m = strlen(told);
    set_up(&b, options, script, n, 1);
    run(&b);
    bool same =
        told[m - 1] == '*' ? strncmp(b.told.p, told, m - 1) == 0 : strcmp(b.told.p, told) == 0;
    if (!same)
        fail_msg("told: %s", b.told.p);
    tear_down(&b);
}

#define DATABASES(list) "{\"DatabaseList\":[" list "]}"
#define TABLES(list)    "{\"TableList\":[" list "]}"
#define N(name)         "{\"Name\":\"" name "\"}"
#define THROTTLED       "{\"__type\":\"ThrottlingException\",\"message\":\"Rate exceeded\"}"
#define DENIED          "{\"__type\":\"AccessDeniedException\",\"message\":\"no\"}"
#define NOT_FOUND       "{\"__type\":\"EntityNotFoundException\",\"message\":\"gone\"}"

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

/* --- fan-out --------------------------------------------------------------------------------- */

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

static int set_environment(void **state)
{
    aws_env_clear(state);
    setenv("AWS_ACCESS_KEY_ID", "AKID", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
    setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
    return 0;
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
        cmocka_unit_test(what_is_not_a_name_is_told_of),
        cmocka_unit_test(many_bad_names_are_summed_up),
        cmocka_unit_test(eids_may_come_from_a_field),
        cmocka_unit_test(max_names_fails_the_scope_that_goes_over),
        cmocka_unit_test(max_response_fails_the_scope),
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
        cmocka_unit_test(what_was_learnt_is_kept_for_the_next_run),
        cmocka_unit_test(cancel_drops_everything),
        cmocka_unit_test(destroy_ends_what_is_in_flight),
        cmocka_unit_test(without_credentials_every_region_says_so),
        cmocka_unit_test(options_that_are_refused),
    };
    return cmocka_run_group_tests(tests, set_environment, NULL);
}
