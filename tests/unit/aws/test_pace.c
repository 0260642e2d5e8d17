/* The engine in adaptive mode, in virtual time: the linker puts the script's clock in place of the
 * monotonic one (--wrap), and the dice give no back-off. */
#include "eidcached/aws/pace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "eidcached/base/clock.h"
#include "eidcached/base/log.h"
#include "tests/support/aws_target.h"
#include "tests/support/fake_http.h"

#define COUNT(a)  (sizeof(a) / sizeof((a)[0]))
#define CALLS_MAX 32
#define THROTTLED .status = 400, .body = "{\"__type\":\"ThrottlingException\"}"

static const struct eidc_http_client *clock_http;

int64_t __wrap_eidc_mono_us(void);
int64_t __wrap_eidc_mono_us(void)
{
    return clock_http != NULL ? fake_http_now(clock_http) * 1000 : 0;
}

int64_t __wrap_eidc_backoff_ms(unsigned attempt, int64_t base_ms, int64_t max_ms);
int64_t __wrap_eidc_backoff_ms(unsigned attempt, int64_t base_ms, int64_t max_ms)
{
    (void)attempt, (void)base_ms, (void)max_ms;
    return 0;
}

struct bench {
    struct eidc_http_client *http;
    struct eidc_aws *aws;
    struct eidc_aws_target target;
    struct test_creds *creds;
    size_t pending;
    struct eidc_aws_slot slots[CALLS_MAX];
};

static void set_up(struct bench *b, const struct fake_exchange *script, size_t n,
                   unsigned concurrency)
{
    *b = (struct bench){.http = fake_http_new(script, n)};
    clock_http = b->http;
    b->target = test_target("glue", &b->creds);
    b->target.retry.adaptive = true;
    b->aws = eidc_aws_new(b->http, concurrency, NULL);
    eidc_log_setup(EIDC_LOG_ERROR, EIDC_LOG_TEXT);
}

static void tear_down(struct bench *b)
{
    while (b->http->ops->step(b->http, 60000)) /* a timer that came too late */
        continue;
    clock_http = NULL;
    fake_http_end(b->http);
    eidc_aws_free(b->aws);
    test_target_free(&b->target);
    for (size_t i = 0; i < CALLS_MAX; i++)
        eidc_aws_response_free(&b->slots[i].response);
}

static void start(struct bench *b, size_t slot, const struct eidc_aws_target *target,
                  const char *path, const bool *abandoned)
{
    const struct eidc_aws_request request = {.target = target,
                                             .operation = "GetTables",
                                             .method = "POST",
                                             .path = eidc_str_of(path),
                                             .max_response = 1000,
                                             .abandoned = abandoned};
    b->pending++;
    b->slots[slot].pending = &b->pending;
    eidc_aws_call(b->aws, &request, eidc_aws_keep, &b->slots[slot]);
}

static int64_t sent_at(const struct bench *b, size_t index)
{
    return fake_http_request(b->http, index)->at_ms;
}

static void assert_ok(const struct bench *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!b->slots[i].response.ok)
            fail_msg("call %zu: %s", i, b->slots[i].response.err.text);
}

/* --- pacing ----------------------------------------------------------------------------------- */

static void nothing_waits_before_the_first_throttling(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {{.times = 20, .status = 200, .delay_ms = 1}};
    struct bench b;
    set_up(&b, script, COUNT(script), 4);
    for (size_t i = 0; i < 20; i++)
        start(&b, i, &b.target, "/", NULL);
    eidc_aws_wait(b.aws, &b.pending);
    assert_ok(&b, 20);
    assert_int_equal(fake_http_now(b.http), 5);
    tear_down(&b);
}

static void a_throttled_pace_falls_to_the_floor_and_keeps_its_order(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.url = "http://aws.test/a", THROTTLED},
        {.url = "http://aws.test/a", .status = 200}, /* again, before those that came later */
        {.url = "http://aws.test/b", .status = 200},
        {.url = "http://aws.test/c", .status = 200}};
    struct bench b;
    set_up(&b, script, COUNT(script), 1);
    start(&b, 0, &b.target, "/a", NULL);
    start(&b, 1, &b.target, "/b", NULL);
    start(&b, 2, &b.target, "/c", NULL);
    eidc_aws_wait(b.aws, &b.pending);
    assert_ok(&b, 3);
    assert_int_equal(b.slots[0].response.tries, 2);
    assert_int_equal(sent_at(&b, 1), 2000); /* half a call a second */
    assert_true(sent_at(&b, 2) > 2000 && sent_at(&b, 3) > sent_at(&b, 2));
    assert_int_equal(fake_http_most_at_once(b.http), 1);
    tear_down(&b);
}

static void who_waits_for_its_turn_holds_up_nobody_else(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {{.url = "http://aws.test/a", THROTTLED},
                                                  {.url = "http://aws.test/other", .status = 200},
                                                  {.url = "http://aws.test/plain", .status = 200},
                                                  {.url = "http://aws.test/a", .status = 200}};
    struct bench b;
    set_up(&b, script, COUNT(script), 1);
    struct eidc_aws_target other = b.target, plain = b.target;
    other.region = "us-east-1";
    plain.retry.adaptive = false;
    start(&b, 0, &b.target, "/a", NULL);
    while (fake_http_count(b.http) < 1 || b.slots[0].response.tries > 0)
        b.http->ops->step(b.http, 1000);
    start(&b, 1, &other, "/other", NULL);
    start(&b, 2, &plain, "/plain", NULL); /* the same region, but not adaptive */
    eidc_aws_wait(b.aws, &b.pending);
    assert_ok(&b, 3);
    assert_int_equal(sent_at(&b, 1), 0);
    assert_int_equal(sent_at(&b, 2), 0);
    assert_int_equal(sent_at(&b, 3), 2000);
    tear_down(&b);
}

static void another_identity_has_a_pace_of_its_own(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {{.url = "http://aws.test/a", THROTTLED},
                                                  {.url = "http://aws.test/b", .status = 200},
                                                  {.url = "http://aws.test/a", .status = 200}};
    struct bench b;
    struct test_creds *creds;
    set_up(&b, script, COUNT(script), 2);
    struct eidc_aws_target theirs = test_target("glue", &creds);
    theirs.retry.adaptive = true;
    start(&b, 0, &b.target, "/a", NULL);
    start(&b, 1, &theirs, "/b", NULL);
    eidc_aws_wait(b.aws, &b.pending);
    assert_ok(&b, 2);
    assert_int_equal(sent_at(&b, 1), 0);
    tear_down(&b);
    test_target_free(&theirs);
}

static void the_rate_grows_while_all_is_well(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {{THROTTLED}, {.times = 30, .status = 200}};
    struct bench b;
    set_up(&b, script, COUNT(script), 2);
    for (size_t i = 0; i < 30; i++)
        start(&b, i, &b.target, "/", NULL);
    eidc_aws_wait(b.aws, &b.pending);
    assert_ok(&b, 30);
    assert_true(fake_http_now(b.http) < 20000); /* 60 s at the floor */
    assert_true(sent_at(&b, 30) - sent_at(&b, 29) < 500);
    tear_down(&b);
}

/* --- how often ----------------------------------------------------------------------------------
 */

static void throttled_tries_are_not_attempts(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.times = 9, THROTTLED}, {.times = 2, .status = 500}, {.status = 200}};
    struct bench b;
    set_up(&b, script, COUNT(script), 1);
    start(&b, 0, &b.target, "/", NULL);
    eidc_aws_wait(b.aws, &b.pending);
    assert_ok(&b, 1);
    assert_int_equal(b.slots[0].response.tries, 12);
    tear_down(&b);
}

static void but_they_end(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {{.times = EIDC_RETRY_THROTTLES, THROTTLED}};
    struct bench b;
    set_up(&b, script, COUNT(script), 1);
    start(&b, 0, &b.target, "/", NULL);
    eidc_aws_wait(b.aws, &b.pending);
    assert_false(b.slots[0].response.ok);
    assert_int_equal(b.slots[0].response.err.kind, EIDC_ERR_THROTTLED);
    assert_non_null(strstr(b.slots[0].response.err.text, "10 tries"));
    assert_true(fake_http_now(b.http) >= 18000); /* two seconds each */
    tear_down(&b);
}

/* --- ends ---------------------------------------------------------------------------------------
 */

static void cancel_ends_those_that_wait(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {{THROTTLED}};
    struct bench b;
    set_up(&b, script, COUNT(script), 1);
    for (size_t i = 0; i < 5; i++)
        start(&b, i, &b.target, "/", NULL);
    while (fake_http_now(b.http) < 1000)
        b.http->ops->step(b.http, 1000);
    assert_int_equal(b.pending, 5);
    eidc_aws_cancel(b.aws);
    assert_int_equal(b.pending, 0);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(b.slots[i].response.err.kind, EIDC_ERR_CANCELLED);
    assert_false(b.http->ops->step(b.http, 0));
    start(&b, 5, &b.target, "/", NULL); /* and the pace goes on */
    eidc_aws_cancel(b.aws);
    tear_down(&b);
}

static void what_is_abandoned_uses_no_turns_up(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {{.url = "http://aws.test/a", THROTTLED},
                                                  {.url = "http://aws.test/b", .status = 200}};
    struct bench b;
    bool abandoned = false;
    set_up(&b, script, COUNT(script), 1);
    for (size_t i = 0; i < 10; i++)
        start(&b, i, &b.target, "/a", &abandoned);
    start(&b, 10, &b.target, "/b", NULL);
    while (fake_http_now(b.http) < 1000)
        b.http->ops->step(b.http, 1000);
    abandoned = true;
    eidc_aws_wait(b.aws, &b.pending);
    for (size_t i = 0; i < 10; i++)
        assert_int_equal(b.slots[i].response.err.kind, EIDC_ERR_CANCELLED);
    assert_true(b.slots[10].response.ok);
    assert_int_equal(sent_at(&b, 1), 2000);
    tear_down(&b);
}

static void an_engine_may_be_freed_while_a_timer_is_set(void **state)
{
    (void)state;
    static const struct fake_exchange script[] = {
        {.url = "http://aws.test/a", THROTTLED},
        {.url = "http://aws.test/b", .status = 200, .delay_ms = 500}};
    struct bench b;
    bool abandoned = false;
    set_up(&b, script, COUNT(script), 2);
    start(&b, 0, &b.target, "/a", &abandoned);
    start(&b, 1, &b.target, "/b", NULL);
    b.http->ops->step(b.http, 100);
    abandoned = true;
    eidc_aws_wait(b.aws, &b.pending); /* the second answer lets the first call go */
    assert_int_equal(fake_http_now(b.http), 500);
    eidc_aws_free(b.aws);
    assert_false(b.http->ops->step(b.http, 60000));
    assert_int_equal(fake_http_now(b.http), 500); /* nothing was left to wait for */
    b.aws = NULL;
    tear_down(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_waits_before_the_first_throttling),
        cmocka_unit_test(a_throttled_pace_falls_to_the_floor_and_keeps_its_order),
        cmocka_unit_test(who_waits_for_its_turn_holds_up_nobody_else),
        cmocka_unit_test(another_identity_has_a_pace_of_its_own),
        cmocka_unit_test(the_rate_grows_while_all_is_well),
        cmocka_unit_test(throttled_tries_are_not_attempts),
        cmocka_unit_test(but_they_end),
        cmocka_unit_test(cancel_ends_those_that_wait),
        cmocka_unit_test(what_is_abandoned_uses_no_turns_up),
        cmocka_unit_test(an_engine_may_be_freed_while_a_timer_is_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
