#include "eidcached/adapters/eid_field.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const char document[] =
    "{\"Id\":\"x-1\",\"Empty\":\"\",\"Null\":null,\"Yes\":true,\"Object\":{},"
    "\"N\":9007199254740992,\"Negative\":-7,\"Zero\":0,\"Half\":1.5,\"Huge\":1e300,"
    "\"a/b\":\"slash\",\"m~n\":\"tilde\",\"\":\"blank\",\"Tags\":[{\"Key\":\"k\"},\"last\"],"
    "\"Deep\":{\"er\":{\"Id\":\"found\"}}}";

static const char *field(const char *pointer, char out[static 512])
{
    EIDC_BUF_AUTO buf = {0};
    cJSON *element = cJSON_Parse(document);
    assert_non_null(element);
    eidc_buf_add_z(&buf, "old");
    const char *problem = eidc_eid_field(pointer, element, &buf);
    memcpy(out, buf.p, buf.n + 1);
    cJSON_Delete(element);
    return problem;
}

static void values_are_found(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"/Id", "x-1"},           {"/a~1b", "slash"},         {"/m~0n", "tilde"},
        {"/", "blank"},           {"/Tags/0/Key", "k"},       {"/Tags/1", "last"},
        {"/Deep/er/Id", "found"}, {"/N", "9007199254740992"}, {"/Negative", "-7"},
        {"/Zero", "0"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char value[512];
        assert_null(field(cases[i][0], value));
        assert_string_equal(value, cases[i][1]);
    }
}

static void values_that_are_no_eid(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "/id",     "/Missing", "/Empty",   "/Null",    "/Yes",     "/Object",
        "/Half",   "/Huge",    "/Tags",    "/Tags/2",  "/Tags/-1", "/Tags/01",
        "/Tags/x", "/Tags/",   "/Id/more", "/Deep/er", "/N/0",
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char value[512];
        if (!field(cases[i], value))
            fail_msg("%s gave %s", cases[i], value);
        assert_string_equal(value, "");
    }
}

static void an_eid_has_at_most_255_bytes(void **state)
{
    (void)state;
    char text[300] = "";
    EIDC_BUF_AUTO out = {0};
    memset(text, 'x', 255);
    cJSON *element = cJSON_CreateObject();
    cJSON_AddStringToObject(element, "a", text);
    assert_null(eidc_eid_field("/a", element, &out));
    assert_int_equal(out.n, 255);
    text[255] = 'x';
    cJSON_AddStringToObject(element, "b", text);
    assert_non_null(eidc_eid_field("/b", element, &out));
    cJSON_Delete(element);
}

static void pointers_are_checked(void **state)
{
    (void)state;
    struct eidc_err err = {0};
    assert_true(eidc_eid_field_check("/Id", &err));
    assert_true(eidc_eid_field_check("/a~0b/c~1d/0", &err));
    assert_false(eidc_eid_field_check("Id", &err));
    assert_int_equal(err.kind, EIDC_ERR_INVALID);
    assert_false(eidc_eid_field_check("", &err));
    assert_false(eidc_eid_field_check("/a~2", &err));
    assert_false(eidc_eid_field_check("/a~", &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_found),
        cmocka_unit_test(values_that_are_no_eid),
        cmocka_unit_test(an_eid_has_at_most_255_bytes),
        cmocka_unit_test(pointers_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
