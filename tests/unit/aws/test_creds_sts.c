/* What STS answers, good and bad. */
#include "eidcached/aws/sts.h"

#include "tests/support/creds_bench.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ROLE_ARN     "arn:aws:iam::1:role/r"

struct asked {
    struct creds_got creds;
    unsigned callers_told;
    char text[EIDC_ERR_TEXT_MAX]; /* of the caller, or of the error */
};

static void on_caller(void *arg, const struct eidc_sts_caller *caller, const struct eidc_err *err)
{
    struct asked *asked = arg;
    asked->callers_told++;
    if (caller)
        snprintf(asked->text, sizeof(asked->text), "%s %s %s", caller->account, caller->arn,
                 caller->user_id);
    else
        snprintf(asked->text, sizeof(asked->text), "%s", err->text);
}

static void run(struct creds_bench *b)
{
    while (b->http->ops->step(b->http, 1000))
        continue;
}

static int with_keys(void **state)
{
    aws_env_clear(state);
    setenv("AWS_ACCESS_KEY_ID", "AKIAENV", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "s3cretenv", 1);
    return 0;
}

static void assume(struct creds_bench *b, struct asked *asked)
{
    const struct eidc_sts_role role = {.arn = ROLE_ARN, .external_id = "external-MARKED"};
    b->settings.max_attempts = 1;
    eidc_sts_assume_role(b->aws, &b->settings, eidc_aws_identity(b->aws, &b->settings), &role,
                         creds_got_done, &asked->creds);
    run(b);
    assert_int_equal(asked->creds.told, 1);
}

static void answers_that_are_no_credentials(void **state)
{
    (void)state;
#define RESULT(inner)                                                                              \
    "<AssumeRoleResponse><AssumeRoleResult><Credentials>" inner "</Credentials>"                   \
    "</AssumeRoleResult></AssumeRoleResponse>"
#define KEY    "<AccessKeyId>ASIA</AccessKeyId>"
#define SECRET "<SecretAccessKey>s3cret</SecretAccessKey>"
#define TOKEN  "<SessionToken>t0ken</SessionToken>"
#define END    "<Expiration>2031-01-02T03:04:05Z</Expiration>"
    static const struct {
        const char *body, *error;
    } cases[] = {
        {RESULT(SECRET TOKEN END), "the answer has no AccessKeyId"},
        {RESULT(KEY TOKEN END), "the answer has no SecretAccessKey"},
        {RESULT(KEY "<SecretAccessKey/>" TOKEN END), "the answer has no SecretAccessKey"},
        {RESULT(KEY SECRET END), "the answer has no SessionToken"},
        {RESULT(KEY SECRET TOKEN), "the answer has no Expiration"},
        {RESULT(KEY SECRET TOKEN "<Expiration>s3cret</Expiration>"), "Expiration is no time"},
        {"<AssumeRoleResponse>s3cret", "the answer is not XML"},
        {"{\"AccessKeyId\":\"s3cret\"}", "the answer is not XML"},
        {"", "the answer is not XML"},
        /* an error document with status 200 */
        {STS_ERROR("AccessDenied", "s3cret"), "the answer has no AccessKeyId"},
        /* of somebody else's shape */
        {"<a><Credentials>" KEY SECRET TOKEN END "</Credentials></a>", "no AccessKeyId"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct fake_exchange script[] = {{.status = 200, .body = cases[i].body}};
        struct creds_bench b = bench_start(script, 1);
        struct asked asked = {0};
        assume(&b, &asked);
        assert_false(asked.creds.ok);
        assert_int_equal(asked.creds.err.kind, EIDC_ERR_CORRUPT);
        if (strstr(asked.creds.err.text, cases[i].error) == NULL)
            fail_msg("\"%s\" does not hold \"%s\"", asked.creds.err.text, cases[i].error);
        assert_null(strstr(asked.creds.err.text, "s3cret"));
        bench_end(&b);
    }
}

static void refusals_and_failures(void **state)
{
    (void)state;
    static const struct {
        struct fake_exchange exchange;
        enum eidc_err_kind kind;
        const char *error;
    } cases[] = {
        {{.status = 403,
          .body = STS_ERROR("AccessDenied", "with external-MARKED by AKIAENV and s3cretenv")},
         EIDC_ERR_DENIED,
         "sts AssumeRole: AccessDenied: with [redacted] by [redacted] and [redacted] (status 403, "
         "request id r-1)"},
        {{.status = 400, .body = STS_ERROR("ValidationError", "bad")},
         EIDC_ERR_INVALID,
         "sts AssumeRole: ValidationError: bad"},
        {{.status = 403, .body = STS_ERROR("RegionDisabledException", "not here")},
         EIDC_ERR_DENIED,
         "RegionDisabledException"},
        {{.status = 400, .body = STS_ERROR("Throttling", "Rate exceeded")},
         EIDC_ERR_THROTTLED,
         "Throttling"},
        {{.status = 503, .body = "busy"}, EIDC_ERR_UNAVAILABLE, "status 503"},
        {{.error = EIDC_ERR_UNAVAILABLE},
         EIDC_ERR_UNAVAILABLE,
         "sts AssumeRole: fake: as scripted"},
        {{.never = true}, EIDC_ERR_TIMEOUT, "timed out"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct creds_bench b = bench_start(&cases[i].exchange, 1);
        struct asked asked = {0};
        b.settings.timeout_ms = 1000;
        assume(&b, &asked);
        assert_int_equal(asked.creds.err.kind, cases[i].kind);
        if (strstr(asked.creds.err.text, cases[i].error) == NULL)
            fail_msg("\"%s\" does not hold \"%s\"", asked.creds.err.text, cases[i].error);
        bench_end(&b);
    }
}

static void a_failure_that_passes_is_tried_again(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.status = 500},
        {.status = 400, .body = STS_ERROR("IDPCommunicationError", "later")},
        {.status = 200, .body = STS_ANSWER("AssumeRole", "ASIA")}};
    struct creds_bench b = bench_start(script, COUNT(script));
    struct asked asked = {0};
    const struct eidc_sts_role role = {.arn = ROLE_ARN};
    eidc_sts_assume_role(b.aws, &b.settings, eidc_aws_identity(b.aws, &b.settings), &role,
                         creds_got_done, &asked.creds);
    run(&b);
    assert_true(asked.creds.ok);
    assert_string_equal(asked.creds.creds.access_key, "ASIA");
    assert_string_equal(asked.creds.creds.session_token, "t0ken");
    assert_int_equal(asked.creds.creds.expires_at_ms, 1925089445000);
    eidc_creds_wipe(&asked.creds.creds);
    bench_end(&b);
}

static void one_that_is_throttled_does_not_slow_the_others(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.status = 400, .body = STS_ERROR("Throttling", "Rate exceeded")},
        {.times = 3, .status = 200, .body = STS_ANSWER("AssumeRole", "ASIA")}};
    struct creds_bench b = bench_start(script, COUNT(script));
    struct asked asked = {0};
    b.settings.retry_mode = EIDC_RETRY_MODE_ADAPTIVE;
    assume(&b, &asked);
    assert_int_equal(asked.creds.err.kind, EIDC_ERR_THROTTLED);
    for (int i = 0; i < 3; i++) {
        asked = (struct asked){0};
        assume(&b, &asked);
        assert_true(asked.creds.ok);
        eidc_creds_wipe(&asked.creds.creds);
    }
    assert_int_equal(fake_http_now(b.http), 0);
    bench_end(&b);
}

static void who_one_is(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.url = STS_URL,
         .has_header = {"Authorization: Credential=AKIAENV/"},
         .has_body = {"Action=GetCallerIdentity&Version=2011-06-15"},
         .status = 200,
         .body = "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::1:user/u"
                 "</Arn><UserId>AIDA</UserId><Account>123456789012</Account>"
                 "</GetCallerIdentityResult></GetCallerIdentityResponse>"},
        {.status = 403, .body = STS_ERROR("SignatureDoesNotMatch", "no")},
        {.status = 200, .body = "<GetCallerIdentityResponse/>"},
    };
    static const char *const expected[] = {
        "123456789012 arn:aws:iam::1:user/u AIDA",
        "sts GetCallerIdentity: SignatureDoesNotMatch: no (status 403, request id r-1)",
        "sts GetCallerIdentity: the answer has no Account"};
    struct creds_bench b = bench_start(script, COUNT(script));
    b.settings.max_attempts = 1;
    for (size_t i = 0; i < COUNT(expected); i++) {
        struct asked asked = {0};
        eidc_sts_get_caller_identity(b.aws, &b.settings, eidc_aws_identity(b.aws, &b.settings),
                                     on_caller, &asked);
        run(&b);
        assert_int_equal(asked.callers_told, 1);
        assert_string_equal(asked.text, expected[i]);
    }
    bench_end(&b);
}

/* Another region's STS, another partition's, one of one's own. */
static void where_it_is(void **state)
{
    (void)state;
    static const struct {
        const char *region, *endpoint_url, *url, *scope;
    } cases[] = {
        {"us-east-1", NULL, "https://sts.us-east-1.amazonaws.com/", "/us-east-1/sts/"},
        {"cn-north-1", NULL, "https://sts.cn-north-1.amazonaws.com.cn/", "/cn-north-1/sts/"},
        {"us-gov-west-1", NULL, "https://sts.us-gov-west-1.amazonaws.com/", "/us-gov-west-1/"},
        {"eu-west-1", "http://127.0.0.1:9/x", "http://127.0.0.1:9/x/", "/eu-west-1/sts/"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char *scope EIDC_AUTO_FREE = eidc_xprintf("Authorization: %s", cases[i].scope);
        const struct fake_exchange script[] = {{.url = cases[i].url,
                                                .has_header = {scope},
                                                .status = 200,
                                                .body = STS_ANSWER("AssumeRole", "ASIA")}};
        struct creds_bench b = bench_start(script, 1);
        struct asked asked = {0};
        b.settings.region = cases[i].region;
        b.settings.endpoint_url = cases[i].endpoint_url;
        assume(&b, &asked);
        assert_true(asked.creds.ok);
        eidc_creds_wipe(&asked.creds.creds);
        bench_end(&b);
    }
}

static void session_names(void **state)
{
    (void)state;
    static const char longest[] =
        "0123456789012345678901234567890123456789012345678901234567890123";
    struct eidc_err err;
    assert_true(eidc_sts_session_name_check("ab", &err));
    assert_true(eidc_sts_session_name_check("a_Z+=,.@-9", &err));
    assert_true(eidc_sts_session_name_check(longest, &err));
    static const char *const bad[] = {
        "",
        "a",
        "a b",
        "a/b",
        "a\nb",
        "\xc3\xbc\xc3\xbc",
        "01234567890123456789012345678901234567890123456789012345678901234"};
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_false(eidc_sts_session_name_check(bad[i], &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(answers_that_are_no_credentials, with_keys),
        cmocka_unit_test_setup(refusals_and_failures, with_keys),
        cmocka_unit_test_setup(a_failure_that_passes_is_tried_again, with_keys),
        cmocka_unit_test_setup(one_that_is_throttled_does_not_slow_the_others, with_keys),
        cmocka_unit_test_setup(who_one_is, with_keys),
        cmocka_unit_test_setup(where_it_is, with_keys),
        cmocka_unit_test(session_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
