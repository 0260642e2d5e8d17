#include "eidcached/refresh/baseline.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/support/images.h"

static struct eidc_generation *generation(uint64_t number)
{
    const struct test_scope scope = {"s", "a", 10, (const char *const[]){"n", NULL}};

    return test_generation(number, &scope, 1);
}

/* The number of what the next refresh follows on; 0: nothing. */
static uint64_t follow(struct eidc_baseline *b, bool to_the_end, bool *served)
{
    struct eidc_generation *g = eidc_baseline_pin(b, served);
    const uint64_t number = g ? eidc_image_info(g->image)->number : 0;

    eidc_baseline_unpin(b, g, to_the_end);
    return number;
}

static void test_what_is_served_is_followed_on(void **state)
{
    struct eidc_baseline b = {0};
    bool served = true;

    (void)state;
    assert_int_equal(follow(&b, true, &served), 0);
    assert_false(served);
    eidc_current_publish(generation(3));
    for (int i = 0; i < 2; i++) {
        served = false;
        assert_int_equal(follow(&b, i == 0, &served), 3);
        assert_true(served);
    }
    eidc_baseline_free(&b);
    eidc_current_publish(NULL);
}

static void test_what_is_told_late_is_followed_on_once(void **state)
{
    struct eidc_baseline b = {.blind = true}, heir = {0};
    bool served = true;

    (void)state;
    eidc_current_publish(generation(1));
    eidc_baseline_tell(&b, generation(7));
    eidc_baseline_tell(&b, generation(8));
    assert_int_equal(follow(&b, false, &served), 8); /* that refresh failed */
    assert_false(served);
    eidc_baseline_inherit(&heir, &b);
    eidc_baseline_free(&b);
    assert_true(heir.blind);
    assert_int_equal(follow(&heir, true, &served), 8);
    assert_int_equal(follow(&heir, true, &served), 1);
    assert_true(served);
    eidc_baseline_tell(&heir, generation(9));
    eidc_baseline_free(&heir);
    eidc_current_publish(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_served_is_followed_on),
        cmocka_unit_test(test_what_is_told_late_is_followed_on_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
