#include "eidcached/core/names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "eidcached/base/name.h"

static void names_come_back_in_order(void **state)
{
    (void)state;
    struct eidc_names names = {0};
    struct eidc_err err = {0};
    assert_true(eidc_names_add(&names, EIDC_STR("b"), (struct eidc_str){0}, &err));
    assert_true(eidc_names_add(&names, EIDC_STR("a"), EIDC_STR("123456789012"), &err));
    assert_int_equal(names.count, 2);

    size_t at = 0;
    struct eidc_str name, eid;
    assert_true(eidc_names_next(&names, &at, &name, &eid));
    assert_true(eidc_str_eq(name, EIDC_STR("b")));
    assert_int_equal(eid.n, 0);
    assert_true(eidc_names_next(&names, &at, &name, &eid));
    assert_true(eidc_str_eq(name, EIDC_STR("a")));
    assert_true(eidc_str_eq(eid, EIDC_STR("123456789012")));
    assert_false(eidc_names_next(&names, &at, &name, &eid));
    eidc_names_free(&names);
    assert_int_equal(names.count, 0);
}

static void the_longest_name_and_eid_fit(void **state)
{
    (void)state;
    struct eidc_names names = {0};
    struct eidc_err err = {0};
    char name[EIDC_NAME_MAX], eid[255];
    memset(name, 'n', sizeof name);
    memset(eid, 'e', sizeof eid);
    assert_true(eidc_names_add(&names, (struct eidc_str){name, sizeof name},
                               (struct eidc_str){eid, sizeof eid}, &err));
    size_t at = 0;
    struct eidc_str n, e;
    assert_true(eidc_names_next(&names, &at, &n, &e));
    assert_int_equal(n.n, EIDC_NAME_MAX);
    assert_int_equal(e.n, 255);
    assert_int_equal(e.p[254], 'e');
    eidc_names_free(&names);
}

static void what_is_no_name_is_refused(void **state)
{
    (void)state;
    static const struct {
        struct eidc_str name, eid;
        const char *says;
    } bad[] = {
        {{"", 0}, {NULL, 0}, "name is empty"},
        {{"a\nb", 3}, {NULL, 0}, "name holds a newline"},
        {{"a\0b", 3}, {NULL, 0}, "name holds a NUL"},
        {{"\xff", 1}, {NULL, 0}, "name is not valid UTF-8"},
        {{"a", 1}, {"\xc3", 1}, "EID is not valid UTF-8"},
        {{"a", 1}, {"1\n2", 3}, "EID holds a newline"},
    };
    struct eidc_names names = {0};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct eidc_err err = {0};
        assert_false(eidc_names_add(&names, bad[i].name, bad[i].eid, &err));
        assert_int_equal(err.kind, EIDC_ERR_INVALID);
        assert_string_equal(err.text, bad[i].says);
    }
    char eid[256];
    memset(eid, 'e', sizeof eid);
    struct eidc_err err = {0};
    assert_false(eidc_names_add(&names, EIDC_STR("a"), (struct eidc_str){eid, sizeof eid}, &err));
    assert_string_equal(err.text, "EID of 256 bytes; at most 255");
    assert_int_equal(names.count, 0);
    assert_int_equal(names.packed.n, 0);
}

static void a_limit_is_kept(void **state)
{
    (void)state;
    struct eidc_names names = {.packed.limit = 10};
    struct eidc_err err = {0};
    assert_true(eidc_names_add(&names, EIDC_STR("1234567"), (struct eidc_str){0}, &err));
    assert_false(eidc_names_add(&names, EIDC_STR("x"), (struct eidc_str){0}, &err));
    assert_int_equal(err.kind, EIDC_ERR_LIMIT);
    assert_int_equal(names.count, 1);
    eidc_names_free(&names);
}

static void packed_bytes_that_end_early_are_no_name(void **state)
{
    (void)state;
    struct eidc_names names = {0};
    struct eidc_err err = {0};
    assert_true(eidc_names_add(&names, EIDC_STR("name"), EIDC_STR("eid"), &err));
    struct eidc_str name, eid;
    for (size_t n = names.packed.n; n-- > 0;) {
        names.packed.n = n;
        size_t at = 0;
        assert_false(eidc_names_next(&names, &at, &name, &eid));
    }
    size_t at = 100;
    assert_false(eidc_names_next(&names, &at, &name, &eid));
    eidc_names_free(&names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_come_back_in_order),
        cmocka_unit_test(the_longest_name_and_eid_fit),
        cmocka_unit_test(what_is_no_name_is_refused),
        cmocka_unit_test(a_limit_is_kept),
        cmocka_unit_test(packed_bytes_that_end_early_are_no_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
