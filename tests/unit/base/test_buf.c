#include "eidcached/base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void appends_are_nul_terminated(void **state)
{
    (void)state;
    EIDC_BUF_AUTO b = {0};
    assert_true(eidc_buf_add_z(&b, "ab"));
    assert_true(eidc_buf_add_byte(&b, 'c'));
    assert_true(eidc_buf_add(&b, "\0d", 2));
    assert_true(eidc_buf_addf(&b, "-%d-%s", 42, "e"));
    assert_true(eidc_buf_add_str(&b, EIDC_STR("!")));
    assert_int_equal(b.n, 11);
    assert_memory_equal(b.p, "abc\0d-42-e!", 12);
}

static void nothing_can_be_appended(void **state)
{
    (void)state;
    EIDC_BUF_AUTO b = {0};
    assert_true(eidc_buf_add(&b, NULL, 0));
    assert_true(eidc_buf_add_str(&b, (struct eidc_str){0}));
    assert_int_equal(b.n, 0);
    assert_non_null(eidc_buf_view(&(struct eidc_buf){0}).p);
}

static void memory_grows_geometrically(void **state)
{
    (void)state;
    EIDC_BUF_AUTO b = {0};
    unsigned moves = 0;
    for (size_t i = 0, cap = 0; i < 1000000; i++) {
        assert_true(eidc_buf_add_byte(&b, (char)i));
        moves += b.cap != cap;
        cap = b.cap;
    }
    assert_int_equal(b.n, 1000000);
    assert_in_range(moves, 2, 40);
    for (size_t i = 0; i < b.n; i += 997)
        assert_int_equal(b.p[i], (char)i);
}

static void the_limit_is_exact(void **state)
{
    (void)state;
    EIDC_BUF_AUTO b = {.limit = 5};
    assert_true(eidc_buf_add_z(&b, "12345"));
    assert_false(b.failed);
    assert_false(eidc_buf_add_byte(&b, '6'));
    assert_true(b.failed);
    assert_string_equal(b.p, "12345");
}

static void a_failed_append_changes_nothing_and_all_later_ones_fail(void **state)
{
    (void)state;
    EIDC_BUF_AUTO b = {.limit = 4};
    eidc_buf_add_z(&b, "abc");
    assert_false(eidc_buf_addf(&b, "%s", "de"));
    assert_int_equal(b.n, 3);
    assert_string_equal(b.p, "abc");
    assert_false(eidc_buf_add_byte(&b, 'd')); /* would have fitted */
    assert_null(eidc_buf_reserve(&b, 1));
    assert_int_equal(b.n, 3);
    eidc_buf_clear(&b);
    assert_true(eidc_buf_add_byte(&b, 'd'));
    assert_string_equal(b.p, "d");
}

static void absurd_sizes_fail_and_do_not_wrap(void **state)
{
    (void)state;
    EIDC_BUF_AUTO b = {0};
    eidc_buf_add_z(&b, "abc");
    assert_null(eidc_buf_reserve(&b, SIZE_MAX));
    assert_true(b.failed);
    eidc_buf_clear(&b);
    assert_null(eidc_buf_reserve(&b, SIZE_MAX - 1));
    assert_true(b.failed);
}

static void reserve_and_commit(void **state)
{
    (void)state;
    EIDC_BUF_AUTO b = {0};
    eidc_buf_add_z(&b, "a");
    char *to = eidc_buf_reserve(&b, 100);
    assert_non_null(to);
    memcpy(to, "bc??", 4);
    eidc_buf_commit(&b, 2);
    assert_string_equal(b.p, "abc");
}

static void truncate_and_free(void **state)
{
    (void)state;
    struct eidc_buf b = {.limit = 100};
    eidc_buf_add_z(&b, "abcdef");
    eidc_buf_truncate(&b, 2);
    assert_string_equal(b.p, "ab");
    eidc_buf_free(&b);
    assert_null(b.p);
    assert_int_equal(b.n + b.cap, 0);
    assert_int_equal(b.limit, 100);
    eidc_buf_free(&b);
}

/* Every free of the program comes here first (see CMakeLists.txt): the bytes that p held. */
static struct {
    void *p;
    size_t size, bytes_left;
} watched;

void __real_free(void *p);
void __wrap_free(void *p);

void __wrap_free(void *p)
{
    if (p != NULL && p == watched.p) {
        for (size_t i = 0; i < watched.size; i++)
            watched.bytes_left += ((const char *)p)[i] != 0;
        watched.p = NULL;
    }
    __real_free(p);
}

static void watch(const struct eidc_buf *b)
{
    watched.p = b->p;
    watched.size = b->cap;
    watched.bytes_left = 0;
}

static void secrets_are_wiped(void **state)
{
    (void)state;
    struct eidc_buf b = {.limit = 100};
    eidc_buf_wipe(&b); /* nothing yet */
    eidc_buf_add_z(&b, "a secret that was longer once");
    memset(b.p + b.n + 1, 'x', b.cap - b.n - 1);
    watch(&b);
    eidc_buf_free(&b);
    assert_int_not_equal(watched.bytes_left, 0); /* the watch works */
    eidc_buf_add_z(&b, "a secret that was longer once");
    memset(b.p + b.n + 1, 'x', b.cap - b.n - 1); /* behind its end too */
    b.n = 3;
    watch(&b);
    eidc_buf_wipe(&b);
    assert_null(watched.p);
    assert_int_equal(watched.bytes_left, 0);
    assert_null(b.p);
    assert_int_equal(b.n + b.cap, 0);
    assert_int_equal(b.limit, 100);
    {
        EIDC_BUF_SECRET local = {0};
        eidc_buf_add_z(&local, "another");
        watch(&local);
    }
    assert_null(watched.p);
    assert_int_equal(watched.bytes_left, 0);
}

static void strings_compare_by_bytes(void **state)
{
    (void)state;
    assert_true(eidc_str_cmp(EIDC_STR("a"), EIDC_STR("ab")) < 0);
    assert_true(eidc_str_cmp(EIDC_STR("b"), EIDC_STR("ab")) > 0);
    assert_true(eidc_str_cmp(EIDC_STR("\xff"), EIDC_STR("a")) > 0);
    assert_true(eidc_str_cmp(EIDC_STR("a\0b"), EIDC_STR("a\0a")) > 0);
    assert_int_equal(eidc_str_cmp((struct eidc_str){0}, EIDC_STR("")), 0);
    assert_true(eidc_str_eq(EIDC_STR("x"), eidc_str_of("x")));
    assert_false(eidc_str_eq(EIDC_STR("x"), EIDC_STR("xy")));
    assert_true(eidc_str_eq(eidc_str_of(NULL), EIDC_STR("")));
    assert_true(eidc_str_starts(EIDC_STR("abc"), EIDC_STR("ab")));
    assert_true(eidc_str_starts(EIDC_STR("abc"), (struct eidc_str){0}));
    assert_false(eidc_str_starts(EIDC_STR("a"), EIDC_STR("ab")));
    assert_false(eidc_str_starts(EIDC_STR("abc"), EIDC_STR("b")));
    assert_true(eidc_str_ends(EIDC_STR("abc"), EIDC_STR("bc")));
    assert_true(eidc_str_ends(EIDC_STR("abc"), EIDC_STR("")));
    assert_false(eidc_str_ends(EIDC_STR("c"), EIDC_STR("bc")));
    assert_false(eidc_str_ends(EIDC_STR("abc"), EIDC_STR("b")));
    assert_true(eidc_str_eq(eidc_str_trim(EIDC_STR(" \t a b\r\n")), EIDC_STR("a b")));
    assert_true(eidc_str_eq(eidc_str_trim(EIDC_STR(" \n")), EIDC_STR("")));
    assert_int_equal(eidc_str_trim((struct eidc_str){0}).n, 0);
}

static void numbers(void **state)
{
    (void)state;
    uint64_t value = 1;
    assert_true(eidc_str_u64(EIDC_STR("0"), 0, &value));
    assert_int_equal(value, 0);
    assert_true(eidc_str_u64(EIDC_STR("18446744073709551615"), UINT64_MAX, &value));
    assert_true(value == UINT64_MAX);
    assert_true(eidc_str_u64((struct eidc_str){"123", 2}, 12, &value));
    assert_int_equal(value, 12);
}

static void what_is_not_a_number(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",    "-1", "+1", " 1", "1 ", "0x1", "1.0", "18446744073709551616", "99999999999999999999",
        "101",
    };
    uint64_t value = 77;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(eidc_str_u64(eidc_str_of(bad[i]), i == 9 ? 100 : UINT64_MAX, &value));
    assert_int_equal(value, 77);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appends_are_nul_terminated),
        cmocka_unit_test(nothing_can_be_appended),
        cmocka_unit_test(memory_grows_geometrically),
        cmocka_unit_test(the_limit_is_exact),
        cmocka_unit_test(a_failed_append_changes_nothing_and_all_later_ones_fail),
        cmocka_unit_test(absurd_sizes_fail_and_do_not_wrap),
        cmocka_unit_test(reserve_and_commit),
        cmocka_unit_test(truncate_and_free),
        cmocka_unit_test(secrets_are_wiped),
        cmocka_unit_test(strings_compare_by_bytes),
        cmocka_unit_test(numbers),
        cmocka_unit_test(what_is_not_a_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
