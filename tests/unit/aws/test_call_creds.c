/* The engine and where its credentials come from: who waits for them, and who does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "eidcached/aws/call_state.h"
#include "eidcached/base/clock.h"
#include "tests/support/aws_env.h"
#include "tests/support/aws_target.h"
#include "tests/support/call_wait.h"
#include "tests/support/fake_http.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static int64_t later_ms;

int64_t __real_eidc_now_ms(void);
int64_t __wrap_eidc_now_ms(void);
int64_t __wrap_eidc_now_ms(void)
{
    return __real_eidc_now_ms() + later_ms;
}

/* Two accounts behind one engine. */
struct bench {
    struct eidc_http_client *http;
    struct eidc_aws *aws;
    struct eidc_aws_target one, two;
    struct test_creds *creds_of_one, *creds_of_two;
    atomic_bool stop;
};

static void set_up(struct bench *b, const struct fake_exchange *script, size_t n,
                   unsigned concurrency)
{
    later_ms = 0;
    *b = (struct bench){.http = fake_http_new(script, n)};
    b->one = test_target("glue", &b->creds_of_one);
    b->two = test_target("athena", &b->creds_of_two);
    b->aws = eidc_aws_new(b->http, concurrency, &b->stop);
}

static void tear_down(struct bench *b)
{
    fake_http_end(b->http);
    eidc_aws_free(b->aws);
    test_target_free(&b->one);
    test_target_free(&b->two);
}

static struct eidc_aws_request request_to(const struct eidc_aws_target *target, const char *path)
{
    return (struct eidc_aws_request){.target = target,
                                     .operation = "List",
                                     .method = "POST",
                                     .path = eidc_str_of(path),
                                     .body = EIDC_STR("{}"),
                                     .max_response = 1000};
}

struct counter {
    unsigned done, ok, cancelled;
    int64_t at_ms; /* of the last one */
    struct bench *b;
};

static void count(void *arg, struct eidc_aws_response *response)
{
    struct counter *c = arg;
    c->done++;
    c->ok += response->ok;
    c->cancelled += response->err.kind == EIDC_ERR_CANCELLED;
    c->at_ms = fake_http_now(c->b->http);
}

static void run(struct bench *b)
{
    while (b->http->ops->step(b->http, 1000))
        continue;
}

/* --- waiting -------------------------------------------------------------------------------- */

static void an_account_that_hangs_does_not_hold_the_others(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.url = "http://imds.test/", .status = 200, .delay_ms = 60000},
        {.times = 3, .url = "http://aws.test/two", .status = 200, .delay_ms = 100},
        {.times = 2, .url = "http://aws.test/one", .status = 200, .delay_ms = 100},
    };
    struct bench b;
    set_up(&b, script, COUNT(script), 1);
    b.creds_of_one->perform = b.http;
    struct counter one = {.b = &b}, two = {.b = &b};
    struct eidc_aws_request slow = request_to(&b.one, "/one"), quick = request_to(&b.two, "/two");
    eidc_aws_call(b.aws, &slow, count, &one);
    eidc_aws_call(b.aws, &quick, count, &two);
    eidc_aws_call(b.aws, &slow, count, &one);
    eidc_aws_call(b.aws, &quick, count, &two);
    eidc_aws_call(b.aws, &quick, count, &two);
    run(&b);
    assert_int_equal(one.ok, 2);
    assert_int_equal(two.ok, 3);
    assert_int_equal(two.at_ms, 300); /* as if there were no other account */
    assert_int_equal(one.at_ms, 60200);
    assert_int_equal(b.creds_of_one->asked, 1);
    assert_int_equal(fake_http_most_at_once(b.http), 2); /* the provider's own, and one call */
    tear_down(&b);
}

static void calls_go_out_in_their_order_after_the_wait(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.url = "http://imds.test/", .status = 200, .delay_ms = 150},
        {.url = "http://aws.test/t0", .status = 200, .delay_ms = 100},
        {.url = "http://aws.test/t1", .status = 200, .delay_ms = 100}, /* sent at 100 */
        {.url = "http://aws.test/o0", .status = 200, .delay_ms = 100}, /* came back at 150 */
        {.url = "http://aws.test/o1", .status = 200, .delay_ms = 100},
        {.url = "http://aws.test/t2", .status = 200, .delay_ms = 100},
    };
    struct bench b;
    set_up(&b, script, COUNT(script), 1);
    b.creds_of_one->perform = b.http;
    struct counter c = {.b = &b};
    static const char *const paths[] = {"/o0", "/t0", "/o1", "/t1", "/t2"};
    for (size_t i = 0; i < COUNT(paths); i++) {
        struct eidc_aws_request request =
            request_to(paths[i][1] == 'o' ? &b.one : &b.two, paths[i]);
        eidc_aws_call(b.aws, &request, count, &c);
    }
    run(&b);
    assert_int_equal(c.ok, 5);
    tear_down(&b);
}

static void a_background_refresh_holds_nobody(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.url = "http://imds.test/", .status = 200},
        {.has_header = {"Authorization: AKID1/"}, .url = "http://aws.test/*", .status = 200},
        {.url = "http://imds.test/", .status = 200, .delay_ms = 5000},
        {.times = 3,
         .has_header = {"Authorization: AKID1/"},
         .url = "http://aws.test/*",
         .status = 200,
         .delay_ms = 100},
        {.has_header = {"Authorization: AKID2/"}, .url = "http://aws.test/*", .status = 200},
    };
    struct bench b;
    set_up(&b, script, COUNT(script), 1);
    b.creds_of_one->perform = b.http;
    b.creds_of_one->expires_at_ms = eidc_now_ms() + 60 * 60000;
    struct counter c = {.b = &b};
    struct eidc_aws_request request = request_to(&b.one, "/");
    eidc_aws_call(b.aws, &request, count, &c);
    run(&b);
    later_ms = 50 * 60000;
    b.creds_of_one->expires_at_ms += later_ms;
    for (int i = 0; i < 3; i++)
        eidc_aws_call(b.aws, &request, count, &c);
    while (c.done < 4)
        b.http->ops->step(b.http, 1000);
    assert_int_equal(c.at_ms, 300);
    run(&b);
    eidc_aws_call(b.aws, &request, count, &c);
    run(&b);
    assert_int_equal(c.ok, 5);
    tear_down(&b);
}

/* --- credentials that come by calls of the same engine ---------------------------------------- */

struct role {
    struct eidc_creds_provider base;
    struct bench *b;
    eidc_creds_done *done;
    void *arg;
};

static void on_assumed(void *arg, struct eidc_aws_response *response)
{
    const struct role *role = arg;
    struct eidc_creds set = {.access_key = eidc_xstrdup("ASIAROLE"),
                             .secret_key = eidc_xstrdup("secret"),
                             .session_token = eidc_xstrdup("token")};
    eidc_creds_tell(response->ok, &set, &response->err, role->done, role->arg);
}

static void role_get(struct eidc_creds_provider *self, eidc_creds_done *done, void *arg)
{
    struct role *role = (struct role *)(void *)self;
    struct eidc_aws_request request = request_to(&role->b->two, "/assume");
    request.urgent = true;
    role->done = done;
    role->arg = arg;
    eidc_aws_call(role->b->aws, &request, on_assumed, role);
}

static void role_destroy(struct eidc_creds_provider *self)
{
    (void)self;
}

static const struct eidc_creds_provider_ops role_ops = {role_get, NULL, role_destroy};

static void set_up_role(struct bench *b, struct role *role, const struct fake_exchange *script,
                        size_t n)
{
    set_up(b, script, n, 1);
    *role = (struct role){.base = {&role_ops, "role"}, .b = b};
    b->one.creds->ops->destroy(b->one.creds);
    b->one.creds = eidc_creds_cache_new(&role->base);
    b->creds_of_one = NULL;
}

static void one_place_is_enough_for_a_call_and_its_credentials(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.url = "http://aws.test/assume",
         .has_header = {"Authorization: AKID1/"},
         .status = 200,
         .delay_ms = 100},
        {.times = 2,
         .url = "http://aws.test/",
         .has_header = {"Authorization: ASIAROLE/"},
         .status = 200,
         .delay_ms = 100},
    };
    struct bench b;
    struct role role;
    set_up_role(&b, &role, script, COUNT(script));
    struct counter c = {.b = &b};
    struct eidc_aws_request request = request_to(&b.one, "/");
    eidc_aws_call(b.aws, &request, count, &c);
    eidc_aws_call(b.aws, &request, count, &c);
    run(&b);
    assert_int_equal(c.ok, 2);
    assert_int_equal(fake_http_most_at_once(b.http), 1);
    tear_down(&b);
}

static void a_role_that_hangs_takes_no_place(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.url = "http://aws.test/assume", .status = 200, .delay_ms = 4000},
        {.times = 3, .url = "http://aws.test/three", .status = 200, .delay_ms = 100},
        {.times = 2, .url = "http://aws.test/one", .status = 200, .delay_ms = 100},
    };
    struct bench b;
    struct role role;
    struct test_creds *creds;
    set_up_role(&b, &role, script, COUNT(script));
    struct eidc_aws_target three = test_target("kms", &creds);
    struct counter slow = {.b = &b}, quick = {.b = &b};
    struct eidc_aws_request one = request_to(&b.one, "/one"), other = request_to(&three, "/three");
    eidc_aws_call(b.aws, &one, count, &slow);
    eidc_aws_call(b.aws, &one, count, &slow);
    for (int i = 0; i < 3; i++)
        eidc_aws_call(b.aws, &other, count, &quick);
    run(&b);
    assert_int_equal(quick.ok, 3);
    assert_int_equal(quick.at_ms, 300);
    assert_int_equal(slow.ok, 2);
    assert_int_equal(slow.at_ms, 4200);
    test_target_free(&three);
    tear_down(&b);
}

static void a_refused_role_fails_its_calls_and_says_why(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.status = 403, .body = "<Error><Code>AccessDenied</Code><Message>no</Message></Error>"}};
    struct bench b;
    struct role role;
    struct eidc_aws_response response;
    set_up_role(&b, &role, script, COUNT(script));
    struct eidc_aws_request request = request_to(&b.one, "/");
    for (int i = 0; i < 2; i++) { /* told again without a call */
        assert_false(call_wait(b.aws, &request, &response));
        assert_string_equal(response.err.text, "glue List: credentials: athena List: AccessDenied: "
                                               "no (status 403)");
        assert_int_equal(response.err.kind, EIDC_ERR_DENIED);
        eidc_aws_response_free(&response);
    }
    tear_down(&b);
}

/* --- the end ---------------------------------------------------------------------------------- */

static void cancel_ends_those_who_wait_for_credentials(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.url = "http://imds.test/", .never = true},
        {.url = "http://aws.test/assume", .never = true},
        {.url = "http://imds.test/", .status = 200},
        {.url = "http://aws.test/", .status = 200},
    };
    struct bench b;
    struct role role;
    set_up_role(&b, &role, script, COUNT(script));
    struct eidc_aws_target three = test_target("kms", &b.creds_of_one);
    b.creds_of_one->perform = b.http;
    b.two.timeout_ms = 0;
    struct counter c = {.b = &b};
    struct eidc_aws_request by_role = request_to(&b.one, "/"), by_request = request_to(&three, "/");
    for (int i = 0; i < 3; i++) {
        eidc_aws_call(b.aws, &by_request, count, &c);
        eidc_aws_call(b.aws, &by_role, count, &c);
    }
    b.http->ops->step(b.http, 10);
    assert_int_equal(c.done, 0);
    eidc_aws_cancel(b.aws);
    assert_int_equal(c.done, 6);
    assert_int_equal(c.cancelled, 6);

    eidc_aws_call(b.aws, &by_request, count, &c); /* and it works afterwards */
    run(&b);
    assert_int_equal(c.ok, 1);
    test_target_free(&three);
    tear_down(&b);
}

static void stopping_does_not_wait_for_credentials(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {{.url = "http://imds.test/", .never = true}};
    struct bench b;
    set_up(&b, script, 1, 1);
    b.creds_of_one->perform = b.http;
    struct counter c = {.b = &b};
    struct eidc_aws_request request = request_to(&b.one, "/");
    eidc_aws_call(b.aws, &request, count, &c);
    b.http->ops->step(b.http, 10);
    atomic_store(&b.stop, true);
    struct eidc_aws_response response;
    assert_false(call_wait(b.aws, &request, &response));
    assert_int_equal(response.err.kind, EIDC_ERR_CANCELLED);
    assert_int_equal(c.cancelled, 1);
    eidc_aws_response_free(&response);
    tear_down(&b);
}

static void an_engine_may_be_freed_while_credentials_are_refreshed(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {{.never = true}};
    const struct eidc_aws_settings settings = {0};
    struct bench b;
    set_up(&b, script, 1, 1);
    setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/c", 1);
    struct eidc_aws_target target = b.one;
    struct counter c = {.b = &b};
    bool abandoned = false;
    target.creds = eidc_aws_identity(b.aws, &settings);
    struct eidc_aws_request request = request_to(&target, "/");
    request.abandoned = &abandoned;
    eidc_aws_call(b.aws, &request, count, &c);
    b.http->ops->step(b.http, 10);
    eidc_aws_free(b.aws);
    assert_int_equal(c.cancelled, 1);
    b.aws = NULL;
    unsetenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    tear_down(&b);
}

/* --- as whom ---------------------------------------------------------------------------------- */

static void equal_settings_share_their_credentials(void **state)
{
    (void)state;
    struct bench b;
    set_up(&b, NULL, 0, 1);
    char profile[] = "dev", again[] = "dev";
    const struct eidc_aws_settings settings[] = {
        {0},
        {.profile = profile},
        {.profile = "other"},
        {.role_arn = "arn:aws:iam::1:role/a"},
        {.role_arn = "arn:aws:iam::2:role/a"},
        {.role_arn = "arn:aws:iam::2:role/a", .external_id = "x"},
        {.region = "eu-west-1"},
        {.endpoint_url = "http://127.0.0.1:1"},
        {.ca_bundle = "/ca.pem"},
    };
    for (size_t i = 0; i < COUNT(settings); i++) {
        struct eidc_aws_settings same = settings[i];
        same.timeout_ms = 7; /* how, not as whom */
        same.max_attempts = 9;
        same.profile = same.profile == profile ? again : same.profile;
        for (size_t k = 0; k < COUNT(settings); k++) {
            bool equal = eidc_aws_identity(b.aws, &same) == eidc_aws_identity(b.aws, &settings[k]);
            assert_int_equal(equal, i == k);
        }
    }
    tear_down(&b);
}

static void an_unsigned_call_needs_no_credentials(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.has_header = {"!Authorization", "!X-Amz-Security-Token"},
         .status = 400,
         .body = "{\"__type\":\"ExpiredTokenException\",\"message\":\"no t0ken-MARKED here\"}"},
    };
    struct bench b;
    struct eidc_aws_response response;
    set_up(&b, script, 1, 1);
    struct eidc_aws_target target = b.one;
    target.creds = NULL;
    struct eidc_aws_request request = request_to(&target, "/");
    request.secret = "t0ken-MARKED";
    assert_false(call_wait(b.aws, &request, &response));
    assert_string_equal(response.err.text,
                        "glue List: ExpiredTokenException: no [redacted] here (status 400)");
    eidc_aws_response_free(&response);
    tear_down(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_account_that_hangs_does_not_hold_the_others),
        cmocka_unit_test(calls_go_out_in_their_order_after_the_wait),
        cmocka_unit_test(a_background_refresh_holds_nobody),
        cmocka_unit_test(one_place_is_enough_for_a_call_and_its_credentials),
        cmocka_unit_test(a_role_that_hangs_takes_no_place),
        cmocka_unit_test(a_refused_role_fails_its_calls_and_says_why),
        cmocka_unit_test(cancel_ends_those_who_wait_for_credentials),
        cmocka_unit_test(stopping_does_not_wait_for_credentials),
        cmocka_unit_test_setup(an_engine_may_be_freed_while_credentials_are_refreshed,
                               aws_env_clear),
        cmocka_unit_test(equal_settings_share_their_credentials),
        cmocka_unit_test(an_unsigned_call_needs_no_credentials),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
