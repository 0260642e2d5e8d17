#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "eidcached/refresh/deadlines.h"

#define NOW     1000000
#define TIMEOUT 80000

static struct eidc_deadlines of(bool remote, int64_t listed, int64_t ended)
{
    return eidc_deadlines_of(NOW, TIMEOUT, remote,
                             &(struct eidc_refresh_limits){listed, ended, "from outside"});
}

static void test_without_a_remote_store_all_of_it_is_for_listing(void **state)
{
    struct eidc_deadlines d = of(false, INT64_MAX, INT64_MAX);

    (void)state;
    assert_int_equal(d.listed, NOW + TIMEOUT);
    assert_int_equal(d.ended, NOW + TIMEOUT);
    assert_string_equal(d.what, "refresh.timeout");
}

static void test_a_remote_store_has_its_share(void **state)
{
    struct eidc_deadlines d = of(true, INT64_MAX, INT64_MAX);

    (void)state;
    assert_int_equal(d.asked, NOW + 30000);
    assert_int_equal(d.listed, NOW + 60000);
    assert_int_equal(d.ended, NOW + TIMEOUT);
}

static void test_saving_has_what_listing_left(void **state)
{
    struct eidc_deadlines d = of(true, INT64_MAX, INT64_MAX);

    (void)state;
    assert_int_equal(eidc_deadlines_saved(&d, NOW + 5000), NOW + TIMEOUT);
}

static void test_saving_has_its_share_after_a_long_build(void **state)
{
    struct eidc_deadlines d = of(true, INT64_MAX, INT64_MAX);

    (void)state;
    assert_int_equal(eidc_deadlines_saved(&d, NOW + 75000), NOW + 95000);
    assert_int_equal(eidc_deadlines_saved(&d, NOW + 200000), NOW + 220000);
}

static void test_what_comes_from_outside_holds(void **state)
{
    struct eidc_deadlines d = of(true, NOW + 4000, NOW + 5000);

    (void)state;
    assert_int_equal(d.asked, NOW + 2000);
    assert_int_equal(d.listed, NOW + 4000);
    assert_int_equal(d.ended, NOW + 5000);
    assert_int_equal(eidc_deadlines_saved(&d, NOW + 3000), NOW + 5000);
    assert_int_equal(eidc_deadlines_saved(&d, NOW + 4900), NOW + 5000);
    assert_string_equal(d.what, "from outside");
}

static void test_what_comes_from_outside_and_is_later_changes_nothing(void **state)
{
    struct eidc_deadlines d = of(true, NOW + 100000, NOW + 110000);

    (void)state;
    assert_int_equal(d.listed, NOW + 60000);
    assert_int_equal(d.ended, NOW + TIMEOUT);
    assert_string_equal(d.what, "refresh.timeout");
    assert_int_equal(eidc_deadlines_saved(&d, NOW + 100000), NOW + 110000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_a_remote_store_all_of_it_is_for_listing),
        cmocka_unit_test(test_a_remote_store_has_its_share),
        cmocka_unit_test(test_saving_has_what_listing_left),
        cmocka_unit_test(test_saving_has_its_share_after_a_long_build),
        cmocka_unit_test(test_what_comes_from_outside_holds),
        cmocka_unit_test(test_what_comes_from_outside_and_is_later_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
