#include "eidcached/base/metrics.h"

#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "eidcached/base/metrics_process.h"

/* The process keeps its series for ever, so that each test uses metrics of its own. */
static struct eidc_buf text;

static const char *written(void)
{
    eidc_buf_clear(&text);
    eidc_metrics_write(&text);
    assert_false(text.failed);
    return text.p;
}

static void has(const char *lines)
{
    if (strstr(written(), lines) == NULL)
        fail_msg("%s\nis not in\n%s", lines, text.p);
}

static void has_not(const char *part)
{
    if (strstr(written(), part) != NULL)
        fail_msg("%s\nis in\n%s", part, text.p);
}

static void test_unlabelled_are_there_from_the_start(void **state)
{
    (void)state;
    has("# HELP eidcached_names Distinct names in the current generation.\n"
        "# TYPE eidcached_names gauge\n"
        "eidcached_names 0\n");
    has("\neidcached_refresh_duration_seconds_count 0\n");
}

static void test_labelled_families_need_a_series(void **state)
{
    (void)state;
    has_not("eidcached_aws_retries_total");
    eidc_metric_add(eidc_metric(EIDC_METRIC_AWS_RETRIES, "throttled"), 2);
    has("# TYPE eidcached_aws_retries_total counter\n"
        "eidcached_aws_retries_total{reason=\"throttled\"} 2\n");
}

static void test_series_are_found_again(void **state)
{
    (void)state;
    struct eidc_series *a = eidc_metric(EIDC_METRIC_AWS_REQUESTS, "glue", "GetTables", "ok");
    struct eidc_series *b = eidc_metric(EIDC_METRIC_AWS_REQUESTS, "glue", "GetTables", "failed");
    assert_ptr_not_equal(a, b);
    assert_ptr_equal(a, eidc_metric(EIDC_METRIC_AWS_REQUESTS, "glue", "GetTables", "ok"));
    eidc_metric_add(a, 3);
    eidc_metric_add(a, 4);
    assert_true(eidc_metric_value(a) == 7);
    assert_true(eidc_metric_value(b) == 0);
    has("# TYPE eidcached_aws_requests_total counter\n"
        "eidcached_aws_requests_total{service=\"glue\",operation=\"GetTables\",outcome=\"ok\"} 7\n"
        "eidcached_aws_requests_total{service=\"glue\",operation=\"GetTables\",outcome=\"failed\"}"
        " 0\n");
}

static void test_label_values_are_escaped(void **state)
{
    (void)state;
    eidc_metric_set(eidc_metric(EIDC_METRIC_BUILD_INFO, "a\\b\"c\nd,e=\"}"), 1);
    has("\neidcached_build_info{version=\"a\\\\b\\\"c\\nd,e=\\\"}\"} 1\n");
}

static void test_labels_that_would_run_together(void **state)
{
    (void)state;
    struct eidc_series *a = eidc_metric(EIDC_METRIC_LOOKUPS, "a\",result=\"b", "");
    assert_ptr_not_equal(a, eidc_metric(EIDC_METRIC_LOOKUPS, "a", "b"));
}

static void test_gauge_goes_up_and_down(void **state)
{
    (void)state;
    struct eidc_series *s = eidc_metric(EIDC_METRIC_HTTP_CONNECTIONS);
    eidc_metric_add(s, 5);
    eidc_metric_add(s, -7);
    assert_true(eidc_metric_value(s) == -2);
    has("\neidcached_http_connections -2\n");
    eidc_metric_set(s, 1795371877.25);
    has("\neidcached_http_connections 1795371877.25\n");
    eidc_metric_set(s, (double)NAN);
    has("\neidcached_http_connections NaN\n");
}

static void test_histogram(void **state)
{
    (void)state;
    struct eidc_series *s = eidc_metric(EIDC_METRIC_HTTP_DURATION, "forward");
    eidc_metric_observe(s, 0.00005); /* a bound belongs to its bucket */
    eidc_metric_observe(s, 0.00006);
    eidc_metric_observe(s, 0.5);
    eidc_metric_observe(s, 99);
    assert_true(eidc_metric_value(s) == 4);
    has("# TYPE eidcached_http_request_duration_seconds histogram\n"
        "eidcached_http_request_duration_seconds_bucket{route=\"forward\",le=\"5e-05\"} 1\n"
        "eidcached_http_request_duration_seconds_bucket{route=\"forward\",le=\"0.0001\"} 2\n");
    has("_bucket{route=\"forward\",le=\"0.25\"} 2\n");
    has("_bucket{route=\"forward\",le=\"0.5\"} 3\n");
    has("_bucket{route=\"forward\",le=\"1\"} 3\n"
        "eidcached_http_request_duration_seconds_bucket{route=\"forward\",le=\"+Inf\"} 4\n"
        "eidcached_http_request_duration_seconds_sum{route=\"forward\"} 99.50011\n"
        "eidcached_http_request_duration_seconds_count{route=\"forward\"} 4\n");
}

static void test_unlabelled_histogram(void **state)
{
    (void)state;
    eidc_metric_observe(eidc_metric(EIDC_METRIC_REFRESH_DURATION), 601);
    has("\neidcached_refresh_duration_seconds_bucket{le=\"600\"} 0\n"
        "eidcached_refresh_duration_seconds_bucket{le=\"+Inf\"} 1\n"
        "eidcached_refresh_duration_seconds_sum 601\n"
        "eidcached_refresh_duration_seconds_count 1\n");
}

static void test_hidden_until_set_again(void **state)
{
    (void)state;
    struct eidc_series *a = eidc_metric(EIDC_METRIC_SOURCE_NAMES, "a");
    struct eidc_series *b = eidc_metric(EIDC_METRIC_SOURCE_NAMES, "b");
    eidc_metric_set(a, 1);
    eidc_metric_set(b, 2);
    eidc_metric_hide(EIDC_METRIC_SOURCE_NAMES);
    has_not("eidcached_source_names");
    assert_ptr_equal(b, eidc_metric(EIDC_METRIC_SOURCE_NAMES, "b"));
    has_not("eidcached_source_names");
    eidc_metric_set(b, 3);
    has("# TYPE eidcached_source_names gauge\n"
        "eidcached_source_names{source=\"b\"} 3\n");
    has_not("source=\"a\"");
}

static void *count_many(void *unused)
{
    struct eidc_series *counter = eidc_metric(EIDC_METRIC_HTTP_REQUESTS, "r", "200");
    struct eidc_series *gauge = eidc_metric(EIDC_METRIC_IMAGE_BYTES);
    struct eidc_series *histogram = eidc_metric(EIDC_METRIC_HTTP_DURATION, "threads");
    for (int i = 0; i < 10000; i++) {
        eidc_metric_add(counter, 1);
        eidc_metric_add(gauge, 1);
        eidc_metric_observe(histogram, 0.25);
    }
    return unused;
}

static void test_threads_lose_nothing(void **state)
{
    (void)state;
    enum { THREADS = 24 }; /* more than have a place of their own */
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count_many, NULL), 0);
    written();
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    has("\neidcached_http_requests_total{route=\"r\",code=\"200\"} 240000\n");
    has("\neidcached_image_bytes 240000\n");
    has("\neidcached_http_request_duration_seconds_sum{route=\"threads\"} 60000\n");
}

static void number(double value, const char *expected)
{
    EIDC_BUF_AUTO out = {0};
    eidc_metrics_number(&out, value);
    assert_string_equal(out.p, expected);
}

static void test_numbers(void **state)
{
    (void)state;
    number(0, "0");
    number(-3, "-3");
    number(0.1, "0.1");
    number(1.5e-7, "1.5e-07");
    number(9007199254740991, "9007199254740991");
    number(1e300, "1e+300");
    number((double)INFINITY, "+Inf");
    number(-(double)INFINITY, "-Inf");
}

static double process_value(const char *name)
{
    EIDC_BUF_AUTO out = {0}, line = {0};
    eidc_metrics_process_write(&out);
    eidc_buf_addf(&line, "\n%s ", name);
    const char *at = strstr(out.p, line.p);
    assert_non_null(at);
    return strtod(at + line.n, NULL);
}

static void test_process(void **state)
{
    (void)state;
    double started = process_value("process_start_time_seconds");
    double now = (double)time(NULL);
    assert_true(started > now - 300 && started < now + 2);
    assert_true(started == process_value("process_start_time_seconds"));
    assert_true(process_value("process_cpu_seconds_total") > 0);
    double resident = process_value("process_resident_memory_bytes");
    assert_true(resident > 100e3);
    assert_true(process_value("process_virtual_memory_bytes") > resident);
    assert_true(process_value("process_max_fds") >= process_value("process_open_fds"));
}

static void test_process_counts_descriptors(void **state)
{
    (void)state;
    double before = process_value("process_open_fds");
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    assert_true(process_value("process_open_fds") == before + 2);
    close(fds[0]);
    close(fds[1]);
    assert_true(process_value("process_open_fds") == before);
}

/* Every line is a comment or a sample of the family announced last. */
static void test_samples_follow_their_type(void **state)
{
    (void)state;
    char family[128] = "";
    size_t families = 0;
    written();
    for (char *line = strtok(text.p, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        if (strncmp(line, "# HELP ", 7) == 0)
            continue;
        if (strncmp(line, "# TYPE ", 7) == 0) {
            size_t n = strcspn(line + 7, " ");
            assert_true(n < sizeof family);
            memcpy(family, line + 7, n);
            family[n] = 0;
            families++;
            continue;
        }
        assert_int_equal(strncmp(line, family, strlen(family)), 0);
        assert_non_null(strrchr(line, ' '));
    }
    assert_true(families > 12);
}

static int free_text(void **state)
{
    (void)state;
    eidc_buf_free(&text);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unlabelled_are_there_from_the_start),
        cmocka_unit_test(test_labelled_families_need_a_series),
        cmocka_unit_test(test_series_are_found_again),
        cmocka_unit_test(test_label_values_are_escaped),
        cmocka_unit_test(test_labels_that_would_run_together),
        cmocka_unit_test(test_gauge_goes_up_and_down),
        cmocka_unit_test(test_histogram),
        cmocka_unit_test(test_unlabelled_histogram),
        cmocka_unit_test(test_hidden_until_set_again),
        cmocka_unit_test(test_threads_lose_nothing),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_process),
        cmocka_unit_test(test_process_counts_descriptors),
        cmocka_unit_test(test_samples_follow_their_type),
    };
    return cmocka_run_group_tests(tests, NULL, free_text);
}
