#include "eidcached/refresh/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "eidcached/base/clock.h"
#include "eidcached/base/mem.h"

static struct eidc_report report;
static struct eidc_buf text; /* the report as JSON, when it was last asked */

static void assign(const char *source, const char *store)
{
    struct eidc_source_report *sources = eidc_xcalloc(1, sizeof *sources);
    struct eidc_store_report *stores = eidc_xcalloc(1, sizeof *stores);

    sources[0] = (struct eidc_source_report){.name = eidc_xstrdup(source), .type = "file"};
    stores[0] = (struct eidc_store_report){.url = eidc_xstrdup(store), .role = "primary"};
    eidc_report_assign(&report, sources, 1, stores, 1);
}

static int set_up(void **state)
{
    (void)state;
    eidc_report_init(&report);
    assign("one", "file:/a");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    eidc_report_free(&report);
    eidc_buf_free(&text);
    return 0;
}

static void write(void)
{
    struct eidc_json j = eidc_json_to(&text);

    eidc_buf_free(&text);
    eidc_json_open_object(&j);
    eidc_report_write(&report, &j);
    eidc_json_close_object(&j);
    eidc_buf_add_byte(&text, '\0');
}

static void expect(const char *part)
{
    write();
    if (strstr(text.p, part) == NULL)
        fail_msg("%s is not in %s", part, text.p);
}

static void add_round(uint64_t ticket, enum eidc_refresh_result result, const char *error)
{
    struct eidc_round_report round = {.ticket = ticket, .result = result, .names = ticket};

    snprintf(round.error, sizeof round.error, "%s", error);
    eidc_report_add_round(&report, &round);
}

static void test_nothing_has_ended_yet(void **state)
{
    struct eidc_round_report round = {.ticket = 99};

    (void)state;
    assert_false(eidc_report_last(&report, &round));
    assert_false(eidc_report_round(&report, 0, &round)); /* which unused rows have */
    assert_int_equal(round.ticket, 99);
    expect("\"state\":\"idle\",\"last_result\":null,\"last_error\":null,"
           "\"last_duration_seconds\":null,\"next_at\":null,\"history\":[]}");
}

static void test_rounds_are_found_by_ticket_until_they_are_forgotten(void **state)
{
    struct eidc_round_report round;

    (void)state;
    for (uint64_t ticket = 1; ticket <= EIDC_HISTORY; ticket++)
        add_round(ticket, EIDC_RESULT_OK, "");
    assert_true(eidc_report_round(&report, 1, &round));
    assert_int_equal(round.names, 1);
    add_round(EIDC_HISTORY + 1, EIDC_RESULT_OK, "");
    assert_false(eidc_report_round(&report, 1, &round));
    assert_true(eidc_report_round(&report, 2, &round));
    assert_true(eidc_report_round(&report, EIDC_HISTORY + 1, &round));
    assert_int_equal(round.names, EIDC_HISTORY + 1);
    assert_false(eidc_report_round(&report, EIDC_HISTORY + 2, &round));
    assert_true(eidc_report_last(&report, &round));
    assert_int_equal(round.ticket, EIDC_HISTORY + 1);
}

static void test_history_begins_with_the_newest(void **state)
{
    (void)state;
    add_round(1, EIDC_RESULT_FAILED, "no route");
    expect("\"last_result\":\"failed\",\"last_error\":\"no route\"");
    add_round(2, EIDC_RESULT_HELD, "");
    expect("\"last_result\":\"held\",\"last_error\":null");
    const char *newest = strstr(text.p, "\"history\":[{\"result\":\"held\"");
    assert_non_null(newest);
    assert_non_null(strstr(newest, "{\"result\":\"failed\""));
}

static void test_a_refresh_says_whether_it_was_saved(void **state)
{
    (void)state;
    static const char *const words[] = {
        [EIDC_SAVING_NONE] = "\"saved\":null}]",
        [EIDC_SAVING_DONE] = "\"saved\":true},",
        [EIDC_SAVING_FAILED] = "\"saved\":false},",
    };
    for (int saving = EIDC_SAVING_NONE; saving <= EIDC_SAVING_FAILED; saving++) {
        const struct eidc_round_report round = {.result = EIDC_RESULT_OK, .saving = saving};
        eidc_report_add_round(&report, &round);
        expect(words[saving]);
    }
}

static void test_state_and_progress_are_of_now(void **state)
{
    const struct eidc_progress progress = {.phase = EIDC_PROGRESS_BUILDING, .names = 12};

    (void)state;
    eidc_report_state(&report, EIDC_REFRESH_BACKING_OFF, 1000);
    expect("\"state\":\"backing_off\"");
    expect("\"next_at\":\"1970-01-01T00:00:01");
    assert_null(strstr(text.p, "\"progress\""));
    eidc_report_progress(&report, &progress);
    expect("\"progress\":{");
    eidc_report_progress(&report, NULL);
    write();
    assert_null(strstr(text.p, "\"progress\""));
}

static struct eidc_scope_failures one_failure(const char *scope)
{
    struct eidc_scope_failures failures = {0};

    eidc_scope_failures_add(&failures, eidc_str_of(scope), false, "denied");
    return failures;
}

static void test_a_source_is_told_of_whole(void **state)
{
    const struct eidc_tally holds = {.names = 7, .scopes = 3, .verified_at = 1000};
    struct eidc_scope_failures failures = one_failure("eu"), none = {0};

    (void)state;
    eidc_report_source(&report, 0, &holds, 1, "denied", &failures);
    assert_int_equal(failures.n, 0); /* taken */
    expect("\"name\":\"one\",\"type\":\"file\",\"scopes\":3,\"failed_scopes\":1,\"names\":7,"
           "\"verified_at\":\"1970-01-01T00:00:01");
    expect("\"error\":\"denied\",\"failing_scopes\":[{\"name\":\"eu\"");
    eidc_report_source(&report, 0, &holds, 0, "", &none);
    expect("\"error\":null,\"failing_scopes\":[]");
}

static void test_a_source_of_which_nothing_is_served_keeps_its_figures(void **state)
{
    const struct eidc_tally holds = {.names = 7, .scopes = 3, .verified_at = 1000};
    struct eidc_scope_failures failures = {0};

    (void)state;
    eidc_report_source(&report, 0, NULL, 2, "no route", &failures);
    expect("\"scopes\":2,\"failed_scopes\":2,\"names\":0,\"verified_at\":null");
    eidc_report_source(&report, 0, &holds, 0, "", &failures);
    eidc_report_source(&report, 0, NULL, 1, "no route", &failures);
    expect("\"scopes\":3,\"failed_scopes\":1,\"names\":7,\"verified_at\":\"1970-01-01T00:00:01");
}

static void test_a_store_keeps_the_time_of_its_last_save(void **state)
{
    const int64_t before = eidc_now_ms();

    (void)state;
    eidc_report_store(&report, 0, "full");
    expect("\"url\":\"file:/a\",\"role\":\"primary\",\"last_saved_at\":null,\"error\":\"full\"");
    eidc_report_store(&report, 0, NULL);
    const int64_t saved = report.stores[0].last_saved_at_ms;
    assert_true(saved >= before && saved <= eidc_now_ms());
    expect("\"error\":null}]");
    eidc_report_store(&report, 0, "full again");
    assert_int_equal(report.stores[0].last_saved_at_ms, saved);
    expect("\"error\":\"full again\"}]");
}

static void test_the_guard_holds_until_it_does_not(void **state)
{
    (void)state;
    static const char nothing[] = "\"guard\":{\"held\":false,\"removals\":0,\"agreed\":null,"
                                  "\"confirmations\":null,\"sample\":null}";
    struct eidc_guard g = {
        .confirmations = 3, .held = true, .removals = 11, .agreed = 1, .sample = "a, b"};
    expect(nothing);
    eidc_report_guard(&report, &g);
    g = (struct eidc_guard){
        .confirmations = 3, .held = true, .removals = 12, .agreed = 2, .sample = "c, d"};
    eidc_report_guard(&report, &g);
    expect("\"guard\":{\"held\":true,\"removals\":12,\"agreed\":2,\"confirmations\":3,"
           "\"sample\":\"c, d\"}");
    eidc_report_guard(&report, &(struct eidc_guard){.confirmations = 3});
    expect(nothing);
}

static void test_another_configuration_has_other_rows_and_the_same_history(void **state)
{
    struct eidc_scope_failures failures = one_failure("eu");

    (void)state;
    add_round(1, EIDC_RESULT_PARTIAL, "");
    eidc_report_source(&report, 0, NULL, 1, "denied", &failures);
    assign("two", "file:/b");
    expect("\"sources\":[{\"name\":\"two\",\"type\":\"file\",\"scopes\":0,");
    expect("\"stores\":[{\"url\":\"file:/b\"");
    expect("\"last_result\":\"partial\"");
    assert_null(strstr(text.p, "denied"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_nothing_has_ended_yet),
        TEST(test_rounds_are_found_by_ticket_until_they_are_forgotten),
        TEST(test_history_begins_with_the_newest),
        TEST(test_a_refresh_says_whether_it_was_saved),
        TEST(test_state_and_progress_are_of_now),
        TEST(test_a_source_is_told_of_whole),
        TEST(test_a_source_of_which_nothing_is_served_keeps_its_figures),
        TEST(test_a_store_keeps_the_time_of_its_last_save),
        TEST(test_the_guard_holds_until_it_does_not),
        TEST(test_another_configuration_has_other_rows_and_the_same_history),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
