#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "eidcached/aws/template.h"

static bool value_of(void *arg, struct eidc_str field, struct eidc_str *value)
{
    static const char *const fields[][2] = {
        {"database", "sales"}, {"table", "o{r}ders"}, {"region", "eu-west-1"}};
    (void)arg;
    for (size_t i = 0; i < 3; i++) {
        if (!eidc_str_eq(field, eidc_str_of(fields[i][0])))
            continue;
        *value = eidc_str_of(fields[i][1]);
        return true;
    }
    return false;
}

static char *expanded(const char *text)
{
    static char out[256];
    EIDC_BUF_AUTO buf = {0};
    struct eidc_err err;
    if (!eidc_template_expand(text, value_of, NULL, &buf, &err))
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
        if (eidc_template_expand(bad[i], value_of, NULL, &buf, &err))
            fail_msg("%s was expanded", bad[i]);
        assert_int_equal(err.kind, EIDC_ERR_INVALID);
    }
}

static void a_name_that_is_too_long(void **state)
{
    (void)state;
    EIDC_BUF_AUTO buf = {.limit = 10};
    struct eidc_err err = {0};
    assert_false(eidc_template_expand("{database}.{table}", value_of, NULL, &buf, &err));
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
    assert_true(eidc_template_check(databases, "{LocationUri}", &err));
    const struct eidc_listing *deep = eidc_listing_find("athena.tables");
    assert_true(eidc_template_check(deep, "{catalog}/{database}/{table} {TableType}", &err));
    const struct eidc_listing *units = eidc_listing_find("organizations.organizational_units");
    assert_true(eidc_template_check(units, "{root}: {parent}/{ou} ({Id})", &err));
}

static void what_members_are_needed(void **state)
{
    (void)state;
    const struct eidc_listing *tables = eidc_listing_find("glue.tables");
    assert_false(eidc_template_needs_members(tables, "{database}.{table}{name}{region}"));
    assert_false(eidc_template_needs_members(tables, "{Name}{{Owner}}")); /* comes with names */
    assert_true(eidc_template_needs_members(tables, "{table}/{Owner}"));
    /* a field of the row before a member of the same name */
    const struct eidc_listing *redshift = eidc_listing_find("redshift-data.tables");
    assert_true(eidc_template_needs_members(redshift, "{schema}"));
    assert_false(eidc_template_needs_members(eidc_listing_find("dynamodb.tables"), "{table}"));
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
    assert_false(eidc_template_check(tables, "{table}{parent}", &err)); /* of recursive rows */
    assert_false(eidc_template_check(databases, "{Parameters}", &err)); /* no scalar */
    assert_non_null(strstr(err.text, "{LocationUri}"));                 /* what there is */
    const struct eidc_listing *bare = eidc_listing_find("dynamodb.tables");
    assert_false(eidc_template_check(bare, "{TableArn}", &err));
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
        cmocka_unit_test(what_members_are_needed), cmocka_unit_test(defaults_are_good),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
