#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "eidcached/aws/listing.h"

static const struct eidc_template_field fields[] = {
    {"database", {"sales", 5}}, {"table", {"o{r}ders", 8}}, {"region", {"eu-west-1", 9}}};

static char *expanded(const char *text)
{
    static char out[256];
    EIDC_BUF_AUTO buf = {0};
    struct eidc_err err;
    if (!eidc_template_expand(text, fields, 3, &buf, &err))
        fail_msg("%s: %s", text, err.text);
    memcpy(out, buf.p ? buf.p : "", buf.n);
    out[buf.n] = 0;
    return out;
}

static void fields_are_filled_in(void **state)
{
    (void)state;
    assert_string_equal(expanded("{database}.{table}"), "sales.o{r}ders");
    assert_string_equal(expanded("{region}/{table}{table}"), "eu-west-1/o{r}derso{r}ders");
    assert_string_equal(expanded("plain"), "plain");
    assert_string_equal(expanded(""), "");
}

static void doubled_braces_are_braces(void **state)
{
    (void)state;
    assert_string_equal(expanded("{{{table}}}"), "{o{r}ders}");
    assert_string_equal(expanded("{{}}"), "{}");
    assert_string_equal(expanded("{{table}}"), "{table}");
}

static void what_cannot_be_expanded(void **state)
{
    (void)state;
    static const char *const bad[] = {"{catalog}", "{", "a{table", "}", "x}y", "{}", "{ta{ble}"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        EIDC_BUF_AUTO buf = {0};
        struct eidc_err err = {0};
        if (eidc_template_expand(bad[i], fields, 3, &buf, &err))
            fail_msg("%s was expanded", bad[i]);
        assert_int_equal(err.kind, EIDC_ERR_INVALID);
    }
}

static void a_name_that_is_too_long(void **state)
{
    (void)state;
    EIDC_BUF_AUTO buf = {.limit = 10};
    struct eidc_err err = {0};
    assert_false(eidc_template_expand("{database}.{table}", fields, 3, &buf, &err));
    assert_int_equal(err.kind, EIDC_ERR_LIMIT);
}

static void rows_offer_their_fields(void **state)
{
    (void)state;
    const struct eidc_listing *tables = eidc_listing_find("glue.tables");
    const struct eidc_listing *databases = eidc_listing_find("glue.databases");
    struct eidc_err err = {0};
    assert_true(eidc_template_check(tables, "{database}.{table}", &err));
    assert_true(eidc_template_check(tables, "{region}:{database}.{name}", &err));
    assert_true(eidc_template_check(tables, "{{{table}}}", &err));
    assert_true(eidc_template_check(databases, "{database}", &err));
    assert_true(eidc_template_check(databases, "{name}", &err));
}

static void templates_that_are_refused(void **state)
{
    (void)state;
    const struct eidc_listing *tables = eidc_listing_find("glue.tables");
    const struct eidc_listing *databases = eidc_listing_find("glue.databases");
    struct eidc_err err = {0};
    assert_false(eidc_template_check(databases, "{database}.{table}", &err));
    assert_non_null(strstr(err.text, "{table}"));
    assert_non_null(strstr(err.text, "glue.databases"));
    assert_false(eidc_template_check(tables, "{Table}", &err));
    assert_false(eidc_template_check(tables, "{table", &err));
    assert_false(eidc_template_check(tables, "table}", &err));
    assert_false(eidc_template_check(tables, "{database}", &err)); /* all the same */
    assert_non_null(strstr(err.text, "{table}"));
    assert_false(eidc_template_check(tables, "", &err));
    assert_int_equal(err.kind, EIDC_ERR_INVALID);
}

static void defaults_are_good(void **state)
{
    (void)state;
    const struct eidc_listing *row;
    for (size_t i = 0; (row = eidc_listing_at(i)) != NULL; i++) {
        struct eidc_err err;
        if (!eidc_template_check(row, row->default_name, &err))
            fail_msg("%s: %s", row->id, err.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_filled_in),    cmocka_unit_test(doubled_braces_are_braces),
        cmocka_unit_test(what_cannot_be_expanded), cmocka_unit_test(a_name_that_is_too_long),
        cmocka_unit_test(rows_offer_their_fields), cmocka_unit_test(templates_that_are_refused),
        cmocka_unit_test(defaults_are_good),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
