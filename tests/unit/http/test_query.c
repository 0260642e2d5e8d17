#include "eidcached/http/query.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void walks_parameters(void **state)
{
    struct eidc_str query = EIDC_STR("&name=a&&flag&name=b%26=c&=x");
    struct eidc_param p;
    size_t at = 0;
    (void)state;
    assert_true(eidc_query_next(query, &at, &p));
    assert_true(eidc_str_eq(p.name, EIDC_STR("name")) && eidc_str_eq(p.value, EIDC_STR("a")));
    assert_true(eidc_query_next(query, &at, &p));
    assert_true(eidc_str_eq(p.name, EIDC_STR("flag")));
    assert_int_equal(p.value.n, 0);
    assert_true(eidc_query_next(query, &at, &p));
    assert_true(eidc_str_eq(p.value, EIDC_STR("b%26=c")));
    assert_true(eidc_query_next(query, &at, &p));
    assert_int_equal(p.name.n, 0);
    assert_false(eidc_query_next(query, &at, &p));

    assert_true(eidc_query_find(query, "flag", &p));
    assert_false(eidc_query_find(query, "fla", &p));
    assert_false(eidc_query_find(EIDC_STR(""), "flag", &p));
}

static void decodes_once_and_strictly(void **state)
{
    static const struct {
        const char *raw, *decoded; /* NULL: refused */
    } cases[] = {
        {"abc", "abc"},   {"a%2Fb", "a/b"}, {"%c3%a4", "\xc3\xa4"},
        {"a+b", "a+b"},   {"%2541", "%41"}, {"", ""},
        {"%", NULL},      {"%4", NULL},     {"%4g", NULL},
        {"%00", NULL},    {"a%00b", NULL},  {"%ff", NULL},
        {"%c3", NULL},    {"\xff", NULL},   {"%ed%a0%80", NULL},
        {"%c0%af", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        EIDC_BUF_AUTO out = {0};
        const char *problem = eidc_query_decode(eidc_str_of(cases[i].raw), &out);
        if ((problem == NULL) != (cases[i].decoded != NULL))
            fail_msg("%s: %s", cases[i].raw, problem);
        if (problem == NULL)
            assert_true(eidc_str_eq(eidc_buf_view(&out), eidc_str_of(cases[i].decoded)));
    }
}

static void a_plus_in_a_value_is_a_space(void **state)
{
    static const struct {
        const char *raw, *decoded; /* NULL: refused */
    } cases[] = {
        {"a+b", "a b"}, {"+", " "},     {"++a%2Bb+", "  a+b "}, {"%2541+%c3%a4", "%41 \xc3\xa4"},
        {"", ""},       {"%+41", NULL}, {"%4+1", NULL},         {"%c3+%a4", NULL},
        {"+%00", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        EIDC_BUF_AUTO out = {0};
        const char *problem = eidc_query_decode_value(eidc_str_of(cases[i].raw), &out);
        if ((problem == NULL) != (cases[i].decoded != NULL))
            fail_msg("%s: %s", cases[i].raw, problem);
        if (problem == NULL)
            assert_true(eidc_str_eq(eidc_buf_view(&out), eidc_str_of(cases[i].decoded)));
    }
}

static void booleans(void **state)
{
    static const struct {
        const char *text;
        bool good, value;
    } cases[] = {{"true", true, true},   {"1", true, true},  {"", true, true},
                 {"false", true, false}, {"0", true, false}, {"yes", false, false},
                 {"TRUE", false, false}, {"2", false, false}};
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct eidc_param p = {.value = eidc_str_of(cases[i].text)};
        bool value = false;
        assert_int_equal(eidc_query_bool(&p, &value), cases[i].good);
        assert_int_equal(value, cases[i].value);
    }
}

static void durations(void **state)
{
    static const struct {
        const char *text;
        int64_t ms; /* -1: refused */
    } cases[] = {
        {"30s", 30000}, {"500ms", 500}, {"5m", 300000}, {"1h", 3600000},
        {"7", 7000},    {"0", 0},       {"", -1},       {"s", -1},
        {"-1s", -1},    {"1.5s", -1},   {"2h", -1},     {"61m", -1},
        {"1d", -1},     {"1 s", -1},    {"1S", -1},     {"99999999999999999999s", -1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t ms = -1;
        bool good = eidc_query_duration(eidc_str_of(cases[i].text), &ms);
        if (good != (cases[i].ms >= 0) || ms != cases[i].ms)
            fail_msg("%s", cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(walks_parameters),
        cmocka_unit_test(decodes_once_and_strictly),
        cmocka_unit_test(a_plus_in_a_value_is_a_space),
        cmocka_unit_test(booleans),
        cmocka_unit_test(durations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
