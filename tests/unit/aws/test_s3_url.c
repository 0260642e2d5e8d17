#include "eidcached/aws/s3_url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void test_good(void **state)
{
    (void)state;
    static const struct {
        const char *url, *bucket, *prefix;
    } cases[] = {
        {"s3://Bucket", "Bucket", ""},      {"s3://bucket_1/x", "bucket_1", "x/"},
        {"s3://a.b-c/x/", "a.b-c", "x/"},   {"s3://abc/", "abc", ""},
        {"s3://abc//a/b//", "abc", "a/b/"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct eidc_err err = {0};
        char *bucket = NULL, *prefix = NULL;
        if (!eidc_s3_url_check(cases[i].url, &err) ||
            !eidc_s3_url_split(cases[i].url, &bucket, &prefix, &err))
            fail_msg("%s", err.text);
        assert_string_equal(bucket, cases[i].bucket);
        assert_string_equal(prefix, cases[i].prefix);
        free(bucket);
        free(prefix);
    }
}

static void test_bad(void **state)
{
    (void)state;
    static const char *const bad[] = {"http://bucket/x", "s3://",        "s3:///x",
                                      "s3://ab/x",       "s3://bu cket", "s3://b\xc3\xa4r/x",
                                      "s3://buck%41/x",  "bucket",       ""};
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct eidc_err err = {0};
        char *bucket = NULL, *prefix = NULL;
        assert_false(eidc_s3_url_check(bad[i], &err));
        assert_int_equal(err.kind, EIDC_ERR_INVALID);
        assert_false(eidc_s3_url_split(bad[i], &bucket, &prefix, &err));
        assert_null(bucket);
        assert_null(prefix);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
