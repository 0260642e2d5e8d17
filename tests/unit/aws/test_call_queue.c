/* Many calls at once: who is sent when, and how they end together. */
#include "eidcached/base/clock.h"
#include "tests/unit/aws/call_bench.h"

/* --- many at once --------------------------------------------------------------------------- */

struct counter {
    unsigned done, ok, cancelled;
    struct eidc_aws *aws;
    const struct eidc_aws_request *again; /* started from done */
};

static void count(void *arg, struct eidc_aws_response *response)
{
    struct counter *c = arg;
    c->done++;
    c->ok += response->ok;
    c->cancelled += response->err.kind == EIDC_ERR_CANCELLED;
    const struct eidc_aws_request *again = c->again;
    c->again = NULL;
    if (again)
        eidc_aws_call(c->aws, again, count, c);
}

static void run(struct bench *b)
{
    while (b->http->ops->step(b->http, 1000))
        continue;
}

static void no_more_than_concurrency_in_flight(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {{.times = 20, .status = 200, .delay_ms = 100}};
    struct bench b;
    struct counter c = {0};
    set_up(&b, script, 1, 4);
    struct eidc_aws_request request = request_of(&b);
    for (int i = 0; i < 20; i++)
        eidc_aws_call(b.aws, &request, count, &c);
    assert_int_equal(fake_http_count(b.http), 0); /* nothing happens outside step() */
    run(&b);
    assert_int_equal(c.ok, 20);
    assert_int_equal(fake_http_most_at_once(b.http), 4);
    assert_int_equal(fake_http_now(b.http), 500); /* and no slot stays empty */
    assert_int_equal(b.creds->asked, 1);
    tear_down(&b);
}

static void calls_go_out_in_order(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {{.url = "http://aws.test/0", .status = 200},
                                                  {.url = "http://aws.test/1", .status = 200},
                                                  {.url = "http://aws.test/2", .status = 200}};
    static const char *const paths[] = {"/0", "/1", "/2"};
    struct bench b;
    struct counter c = {0};
    set_up(&b, script, 3, 1);
    for (int i = 0; i < 3; i++) {
        char *path EIDC_AUTO_FREE = eidc_xstrdup(paths[i]);
        struct eidc_aws_request request = request_of(&b);
        request.path = eidc_str_of(path); /* copied */
        eidc_aws_call(b.aws, &request, count, &c);
    }
    run(&b);
    assert_int_equal(c.ok, 3);
    tear_down(&b);
}

static void a_waiting_call_holds_no_place(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.status = 503, .headers = {"x-amz-retry-after: 4000"}},
        {.times = 10, .status = 200, .delay_ms = 100},
        {.status = 200}};
    struct bench b;
    struct counter c = {0};
    set_up(&b, script, 3, 1);
    struct eidc_aws_request request = request_of(&b);
    for (int i = 0; i < 11; i++)
        eidc_aws_call(b.aws, &request, count, &c);
    run(&b);
    assert_int_equal(c.ok, 11);
    assert_int_equal(fake_http_now(b.http), 4000);
    tear_down(&b);
}

static void done_may_start_the_next_call(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {{.times = 2, .status = 200}};
    struct bench b;
    set_up(&b, script, 1, 1);
    struct eidc_aws_request request = request_of(&b);
    struct counter c = {.aws = b.aws, .again = &request};
    eidc_aws_call(b.aws, &request, count, &c);
    run(&b);
    assert_int_equal(c.ok, 2);
    tear_down(&b);
}

static void credentials_may_come_over_the_same_client(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.times = 2, .url = "http://aws.test/", .status = 200, .delay_ms = 50},
        {.url = "http://imds.test/", .status = 200, .delay_ms = 200},
        {.times = 2, .url = "http://aws.test/", .status = 200, .delay_ms = 50},
    };
    struct bench b, other;
    struct counter c = {0};
    set_up(&b, script, 3, 4);
    set_up(&other, NULL, 0, 1);
    other.creds->perform = b.http;
    struct eidc_aws_request request = request_of(&b), slow = request_of(&other);
    c.aws = b.aws;
    c.again = &request; /* started while the credentials are awaited */
    eidc_aws_call(b.aws, &request, count, &c);
    eidc_aws_call(b.aws, &request, count, &c);
    eidc_aws_call(b.aws, &slow, count, &c);
    run(&b);
    assert_int_equal(c.ok, 4);
    tear_down(&b);
    tear_down(&other);
}

static void errors_of_credentials_end_every_call_once(void **state)
{
    (void)state;
    struct bench b;
    struct counter c = {0};
    set_up(&b, NULL, 0, 2);
    b.creds->denied = "no role";
    struct eidc_aws_request request = request_of(&b);
    for (int i = 0; i < 5; i++)
        eidc_aws_call(b.aws, &request, count, &c);
    run(&b);
    assert_int_equal(c.done, 5);
    assert_int_equal(c.ok, 0);
    tear_down(&b);
}

/* --- stopping ------------------------------------------------------------------------------- */

static void cancel_ends_everything(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.status = 503, .headers = {"x-amz-retry-after: 4000"}}, /* waits for its next try */
        {.times = 2, .never = true}};                            /* in flight; the rest queued */
    struct bench b;
    struct counter c = {0};
    set_up(&b, script, 2, 2);
    b.target.timeout_ms = 0;
    struct eidc_aws_request request = request_of(&b);
    for (int i = 0; i < 6; i++)
        eidc_aws_call(b.aws, &request, count, &c);
    for (int i = 0; i < 4; i++)
        b.http->ops->step(b.http, 10);
    assert_int_equal(c.done, 0);
    c.aws = b.aws;
    c.again = &request; /* started by a cancelled call: cancelled too */
    eidc_aws_cancel(b.aws);
    assert_int_equal(c.done, 7);
    assert_int_equal(c.cancelled, 7);
    tear_down(&b);
}

static void the_engine_works_after_a_cancel(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {{.status = 200}};
    struct bench b;
    struct counter c = {0};
    set_up(&b, script, 1, 2);
    struct eidc_aws_request request = request_of(&b);
    eidc_aws_call(b.aws, &request, count, &c);
    eidc_aws_cancel(b.aws);
    assert_int_equal(c.cancelled, 1);
    struct eidc_aws_response response;
    assert_true(call_wait(b.aws, &request, &response));
    finish(&b, &response);
}

static void abandoned_calls_are_not_sent(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {{.status = 503, .delay_ms = 100}};
    struct bench b;
    struct counter c = {0};
    bool abandoned = false;
    set_up(&b, script, 1, 1);
    struct eidc_aws_request request = request_of(&b);
    request.abandoned = &abandoned;
    for (int i = 0; i < 3; i++)
        eidc_aws_call(b.aws, &request, count, &c);
    b.http->ops->step(b.http, 10);
    abandoned = true; /* one is in flight and not tried again, two are queued */
    run(&b);
    assert_int_equal(c.done, 3);
    assert_int_equal(c.cancelled, 2);
    assert_int_equal(b.creds->asked, 1);
    tear_down(&b);
}

static void stopping_ends_a_wait(void **state)
{
    (void)state;
    struct bench b;
    set_up(&b, NULL, 0, 1);
    atomic_store(&b.stop, true);
    struct eidc_aws_request request = request_of(&b);
    struct eidc_aws_response response;
    assert_false(call_wait(b.aws, &request, &response));
    assert_int_equal(response.err.kind, EIDC_ERR_CANCELLED);
    eidc_aws_pause(b.aws, 1000); /* returns */
    b.http->ops->cancel(b.http);
    finish(&b, &response);
}

/* Then nothing waits or is sent, and afterwards all goes on. */
static void a_deadline_cuts_off_and_says_so(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {{.status = 200}};
    struct bench b;
    struct eidc_aws_response response;
    set_up(&b, script, 1, 1);
    struct eidc_aws_request request = request_of(&b);
    eidc_aws_end_at(b.aws, eidc_mono_ms(), "the test's deadline");
    assert_false(call_wait(b.aws, &request, &response));
    assert_int_equal(response.err.kind, EIDC_ERR_CANCELLED);
    assert_string_equal(response.err.text, "glue GetTables: cut off by the test's deadline");
    eidc_aws_response_free(&response);
    eidc_aws_pause(b.aws, 1000); /* returns */
    b.http->ops->cancel(b.http);
    eidc_aws_end_at(b.aws, 0, NULL);
    assert_true(call_wait(b.aws, &request, &response));
    finish(&b, &response);
}

static void a_pause_takes_its_time(void **state)
{
    (void)state;
    struct bench b;
    set_up(&b, NULL, 0, 1);
    eidc_aws_pause(b.aws, 2500);
    assert_int_equal(fake_http_now(b.http), 2500);
    tear_down(&b);
}

static void waits_show_that_they_live(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {{.status = 200}, {.status = 200}};
    struct bench b;
    struct eidc_aws_response response;
    _Atomic int64_t heartbeat = 0;
    set_up(&b, script, 2, 1);
    eidc_aws_watch(b.aws, &heartbeat);
    struct eidc_aws_request request = request_of(&b);
    int64_t before = eidc_mono_ms();
    assert_true(call_wait(b.aws, &request, &response));
    eidc_aws_response_free(&response);
    assert_true(atomic_load(&heartbeat) >= before);

    atomic_store(&heartbeat, 0);
    eidc_aws_pause(b.aws, 2500);
    assert_true(atomic_load(&heartbeat) >= before);

    atomic_store(&heartbeat, 0);
    eidc_aws_watch(b.aws, NULL);
    assert_true(call_wait(b.aws, &request, &response));
    assert_int_equal(atomic_load(&heartbeat), 0);
    finish(&b, &response);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_more_than_concurrency_in_flight),
        cmocka_unit_test(calls_go_out_in_order),
        cmocka_unit_test(a_waiting_call_holds_no_place),
        cmocka_unit_test(done_may_start_the_next_call),
        cmocka_unit_test(credentials_may_come_over_the_same_client),
        cmocka_unit_test(errors_of_credentials_end_every_call_once),
        cmocka_unit_test(cancel_ends_everything),
        cmocka_unit_test(the_engine_works_after_a_cancel),
        cmocka_unit_test(abandoned_calls_are_not_sent),
        cmocka_unit_test(stopping_ends_a_wait),
        cmocka_unit_test(a_deadline_cuts_off_and_says_so),
        cmocka_unit_test(a_pause_takes_its_time),
        cmocka_unit_test(waits_show_that_they_live),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
