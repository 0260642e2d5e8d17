#include "eidcached/core/progress.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void prints(const struct eidc_progress *p, const char *expected)
{
    EIDC_BUF_AUTO out = {0};
    eidc_progress_print(p, &out);
    assert_string_equal(out.p, expected);
}

static void as_people_read_it(void **state)
{
    (void)state;
    struct eidc_progress p = {.scopes_known = 120,
                              .scopes_done = 43,
                              .names = 5200,
                              .calls = 310,
                              .throttles = 3,
                              .all_known = true,
                              .calls_per_second = 52.4,
                              .left_ms = 11001};
    prints(&p, "listing: 43 of 120 scopes, 5200 names, 310 calls, 52/s, 3 throttled, 12 s left");
    p.left_ms = 7199000;
    p.throttles = 0;
    p.calls_per_second = 4.96;
    prints(&p, "listing: 43 of 120 scopes, 5200 names, 310 calls, 5.0/s, 119 min left");
    p.left_ms = 9000000;
    prints(&p, "listing: 43 of 120 scopes, 5200 names, 310 calls, 5.0/s, 2 h 30 min left");
    p.left_ms = -1;
    p.all_known = false; /* more may come */
    prints(&p, "listing: 43 of 120+ scopes, 5200 names, 310 calls, 5.0/s");
    p = (struct eidc_progress){.phase = EIDC_PROGRESS_SAVING,
                               .scopes_known = 1,
                               .scopes_done = 1,
                               .names = 1,
                               .all_known = true,
                               .calls = 1,
                               .left_ms = -1};
    prints(&p, "saving: 1 of 1 scope, 1 name, 1 call");
    p.calls = 0; /* a file */
    p.phase = EIDC_PROGRESS_BUILDING;
    prints(&p, "building: 1 of 1 scope, 1 name");
}

static struct eidc_progress at(struct eidc_progress_meter *meter, int64_t ms, uint64_t calls,
                               uint64_t done, uint64_t kept)
{
    struct eidc_progress p = {.scopes_known = 100,
                              .scopes_done = done,
                              .scopes_kept = kept,
                              .calls = calls,
                              .all_known = true};
    eidc_progress_measure(&p, meter, ms);
    return p;
}

static void the_rate_is_that_of_the_last_seconds(void **state)
{
    (void)state;
    struct eidc_progress_meter meter = {0};
    assert_true(at(&meter, 1000, 50, 0, 0).calls_per_second == 0.0); /* who knows since when */
    assert_true(fabs(at(&meter, 2000, 60, 0, 0).calls_per_second - 10.0) < 0.01);
    for (int64_t s = 3; s <= 20; s++)
        at(&meter, s * 1000, 60 + (uint64_t)(s - 2) * 100, 0, 0);
    assert_true(fabs(at(&meter, 21000, 1960, 0, 0).calls_per_second - 100.0) < 0.01);
    for (int64_t s = 22; s <= 30; s++) /* throttled to a halt */
        at(&meter, s * 1000, 1960, 0, 0);
    assert_true(at(&meter, 31000, 1960, 0, 0).calls_per_second == 0.0);
}

static void the_time_left_is_that_of_what_takes_time(void **state)
{
    (void)state;
    struct eidc_progress_meter meter = {0};
    assert_int_equal(at(&meter, 1000, 0, 0, 0).left_ms, -1); /* nothing to go by */
    assert_int_equal(at(&meter, 11000, 0, 20, 0).left_ms, 40000);
    assert_int_equal(at(&meter, 21000, 0, 90, 50).left_ms, 5000); /* 40 in 20 s, 10 left */
    assert_int_equal(at(&meter, 21000, 0, 50, 50).left_ms, -1);
    struct eidc_progress p = at(&meter, 31000, 0, 100, 0);
    assert_int_equal(p.left_ms, 0);
    assert_int_equal(p.elapsed_ms, 30000);
    p.all_known = false;
    eidc_progress_measure(&p, &meter, 31000);
    assert_int_equal(p.left_ms, -1);
    p.all_known = true;
    p.phase = EIDC_PROGRESS_BUILDING;
    eidc_progress_measure(&p, &meter, 31000);
    assert_int_equal(p.left_ms, -1);
}

static void never_more_done_than_known(void **state)
{
    (void)state;
    struct eidc_progress_meter meter = {0};
    struct eidc_progress p = at(&meter, 1000, 0, 130, 0);
    assert_int_equal(p.scopes_known, 130);
    assert_int_equal(p.left_ms, 0);
}

static void there_and_back(void **state)
{
    (void)state;
    const struct eidc_progress p = {.phase = EIDC_PROGRESS_BUILDING,
                                    .scopes_known = 120,
                                    .scopes_done = 43,
                                    .scopes_kept = 3,
                                    .names = 5200,
                                    .calls = 310,
                                    .throttles = 3,
                                    .all_known = true,
                                    .calls_per_second = 52.5,
                                    .elapsed_ms = 12345,
                                    .left_ms = 11000};
    EIDC_BUF_AUTO text = {0};
    EIDC_CJSON_AUTO *doc = NULL;
    struct eidc_json j = eidc_json_to(&text);
    struct eidc_progress back = {0};
    struct eidc_err err;
    eidc_progress_write(&p, &j);
    assert_true(eidc_json_parse(eidc_buf_view(&text), &doc, &err));
    assert_true(eidc_progress_read(doc, &back));
    assert_int_equal(back.phase, p.phase);
    assert_int_equal(back.scopes_known, 120);
    assert_int_equal(back.scopes_done, 43);
    assert_int_equal(back.scopes_kept, 3);
    assert_int_equal(back.names, 5200);
    assert_int_equal(back.calls, 310);
    assert_int_equal(back.throttles, 3);
    assert_true(back.all_known);
    assert_true(back.calls_per_second == 52.5);
    assert_int_equal(back.elapsed_ms, 12345);
    assert_int_equal(back.left_ms, 11000);
}

static void what_cannot_be_told_is_null(void **state)
{
    (void)state;
    const struct eidc_progress p = {.left_ms = -1};
    EIDC_BUF_AUTO text = {0};
    EIDC_CJSON_AUTO *doc = NULL;
    struct eidc_json j = eidc_json_to(&text);
    struct eidc_progress back = {0};
    struct eidc_err err;
    eidc_progress_write(&p, &j);
    assert_non_null(strstr(text.p, "\"seconds_left\":null"));
    assert_true(eidc_json_parse(eidc_buf_view(&text), &doc, &err));
    assert_true(eidc_progress_read(doc, &back));
    assert_int_equal(back.left_ms, -1);
}

static void other_documents_are_not_read(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "{}", "[]", "{\"phase\":\"listing\"}",
        "{\"phase\":\"dancing\",\"scopes_done\":1,\"scopes_known\":1,\"scopes_kept\":0,"
        "\"names\":1,\"aws_calls\":1,\"throttles\":0}",
        "{\"phase\":\"listing\",\"scopes_done\":-1,\"scopes_known\":1,\"scopes_kept\":0,"
        "\"names\":1,\"aws_calls\":1,\"throttles\":0}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        EIDC_CJSON_AUTO *doc = NULL;
        struct eidc_progress p = {.names = 7};
        struct eidc_err err;
        assert_true(eidc_json_parse(eidc_str_of(bad[i]), &doc, &err));
        assert_false(eidc_progress_read(doc, &p));
        assert_int_equal(p.names, 7);
    }
    assert_false(eidc_progress_read(NULL, &(struct eidc_progress){0}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_people_read_it),
        cmocka_unit_test(the_rate_is_that_of_the_last_seconds),
        cmocka_unit_test(the_time_left_is_that_of_what_takes_time),
        cmocka_unit_test(never_more_done_than_known),
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(what_cannot_be_told_is_null),
        cmocka_unit_test(other_documents_are_not_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
