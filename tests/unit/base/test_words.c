#include "eidcached/base/words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_next(void **state)
{
    (void)state;
    struct eidc_str word;
    const char *at = "Arn Id";
    assert_true(eidc_words_next(&at, &word) && eidc_str_eq(word, EIDC_STR("Arn")));
    assert_true(eidc_words_next(&at, &word) && eidc_str_eq(word, EIDC_STR("Id")));
    assert_false(eidc_words_next(&at, &word));
    assert_true(eidc_str_eq(word, EIDC_STR("Id")));
    at = NULL;
    assert_false(eidc_words_next(&at, &word));
    at = "";
    assert_false(eidc_words_next(&at, &word));
}

static void test_have(void **state)
{
    (void)state;
    assert_true(eidc_words_have("Arn Id", EIDC_STR("Id")));
    assert_false(eidc_words_have("Arn Id", EIDC_STR("Ar")));
    assert_false(eidc_words_have("Arn Id", EIDC_STR("Arn Id")));
    assert_false(eidc_words_have("Arn Id", EIDC_STR("")));
    assert_false(eidc_words_have(NULL, EIDC_STR("Id")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_next),
        cmocka_unit_test(test_have),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
