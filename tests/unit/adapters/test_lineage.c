#include "eidcached/adapters/lineage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void below(struct eidc_lineage *at, const char *name, const char *value, bool recursive)
{
    struct eidc_lineage child;
    eidc_lineage_child(at, eidc_str_of(name), eidc_str_of(value), recursive, &child);
    eidc_lineage_free(at);
    *at = child;
}

static void scopes_and_values(void **state)
{
    (void)state;
    struct eidc_lineage at;
    eidc_lineage_root("eu-west-1", &at);
    assert_string_equal(at.scope, "eu-west-1");
    below(&at, "bucket", "arn:bucket", false);
    below(&at, "ns", "ns", false);
    assert_string_equal(at.scope, "eu-west-1/bucket/ns");
    assert_int_equal(at.count, 2);
    assert_true(eidc_str_eq(at.values[0], EIDC_STR("arn:bucket")));
    assert_true(eidc_str_eq(at.names[0], EIDC_STR("bucket")));
    assert_true(eidc_str_eq(at.values[1], EIDC_STR("ns")));
    assert_int_equal(at.path.n, 0);
    eidc_lineage_free(&at);
    assert_null(at.scope);
}

static void recursion_keeps_its_place(void **state)
{
    (void)state;
    struct eidc_lineage at;
    eidc_lineage_root("global", &at);
    below(&at, "Root", "r-1", true);
    below(&at, "Work", "ou-1", true);
    below(&at, "Prod", "ou-2", true);
    assert_string_equal(at.scope, "global/Root/Work/Prod");
    assert_int_equal(at.count, 1);
    assert_int_equal(at.depth, 3);
    assert_true(eidc_str_eq(at.names[0], EIDC_STR("Root")));
    assert_true(eidc_str_eq(at.values[0], EIDC_STR("ou-2")));
    assert_true(eidc_str_eq(at.path, EIDC_STR("Root/Work/Prod")));
    eidc_lineage_free(&at);
}

/* No two places have one scope. */
static void separators_in_names(void **state)
{
    (void)state;
    static const char *const paths[][2] = {
        {"a/b", "c"}, {"a", "b/c"}, {"a%2Fb", "c"}, {"a%", "2Fb"}, {"\xc3\xa9/", "%"}};
    static const char *const scopes[] = {"r/a%2Fb/c", "r/a/b%2Fc", "r/a%252Fb/c", "r/a%25/2Fb",
                                         "r/\xc3\xa9%2F/%25"};
    for (size_t i = 0; i < 5; i++) {
        struct eidc_lineage at;
        eidc_lineage_root("r", &at);
        below(&at, paths[i][0], "v", false);
        below(&at, paths[i][1], "v", false);
        assert_string_equal(at.scope, scopes[i]);
        eidc_lineage_free(&at);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scopes_and_values),
        cmocka_unit_test(recursion_keeps_its_place),
        cmocka_unit_test(separators_in_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
