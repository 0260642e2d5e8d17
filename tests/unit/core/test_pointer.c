#include "eidcached/core/pointer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "eidcached/base/clock.h"

#define ID     "0123456789abcdef"
#define KEY    "images/00000000000000000042-" ID ".eidc.zst"
#define SHA256 "e04eb29020eaa961e99d3162635e9fe9a7ee0f1a0000000000000000000000ff"
#define GOOD                                                                                       \
    "{\"number\":42,\"id\":\"" ID "\",\"key\":\"" KEY "\",\"bytes\":9000,\"sha256\":\"" SHA256     \
    "\",\"names\":250,\"created_at\":\"2026-11-22T18:24:37.120Z\",\"refreshed_at\":null,"          \
    "\"verified_at\":\"2026-11-22T18:24:38Z\"}"

static void written_and_read_back(void **state)
{
    (void)state;
    struct eidc_pointer in = {.number = 42,
                              .id = ID,
                              .bytes = 9000,
                              .sha256 = {0xe0, [31] = 0xff},
                              .names = 250,
                              .created_at_ms = 1795371877120,
                              .verified_at_ms = 1795371878000};
    struct eidc_pointer out = {0};
    struct eidc_err err;
    EIDC_BUF_AUTO doc = {0};
    eidc_pointer_key(in.number, in.id, true, in.key);
    assert_string_equal(in.key, KEY);
    eidc_pointer_write(&in, &doc);
    assert_false(doc.failed);
    assert_true(eidc_pointer_read(eidc_buf_view(&doc), &out, &err));
    assert_memory_equal(&in, &out, sizeof in);
}

static void document_as_specified(void **state)
{
    (void)state;
    struct eidc_pointer p = {0};
    struct eidc_err err;
    EIDC_BUF_AUTO doc = {0};
    assert_true(eidc_pointer_read(EIDC_STR(GOOD), &p, &err));
    assert_int_equal(p.number, 42);
    assert_string_equal(p.id, ID);
    assert_string_equal(p.key, KEY);
    assert_int_equal(p.bytes, 9000);
    assert_int_equal(p.sha256[0], 0xe0);
    assert_int_equal(p.sha256[31], 0xff);
    assert_int_equal(p.names, 250);
    assert_int_equal(p.created_at_ms, 1795371877120);
    assert_int_equal(p.refreshed_at_ms, 0);
    assert_int_equal(p.verified_at_ms, 1795371878000);
    eidc_pointer_write(&p, &doc);
    assert_string_equal(doc.p, GOOD "\n");
}

/* GOOD with one piece replaced by another. */
static void replaced(const char *from, const char *to, char out[static 2048])
{
    const char *at = strstr(GOOD, from);
    assert_non_null(at);
    snprintf(out, 2048, "%.*s%s%s", (int)(at - GOOD), GOOD, to, at + strlen(from));
}

static void damage_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to, *says;
    } bad[] = {
        {"\"number\":42", "\"number\":-1", "number"},
        {"\"number\":42", "\"number\":\"42\"", "number"},
        {"\"number\":42", "\"number\":43", "key"},
        {"\"number\":42,", "", "number"},
        {"\"id\":\"" ID, "\"id\":\"0123456789abcdeF", "id"},
        {"\"id\":\"" ID, "\"id\":\"0123456789abcde", "id"},
        {"\"id\":\"" ID, "\"id\":\"0123456789abcdee", "key"},
        {KEY, "images/../../../../../../../../../../../etc/passwd", "key"},
        {KEY, "images/00000000000000000042-" ID ".eidc.gz", "key"},
        {KEY, "images/42-" ID ".eidc", "key"},
        {KEY, "00000000000000000042-" ID ".eidc", "key"},
        {KEY, "/" KEY, "key"},
        {KEY, "images/" KEY, "key"},
        {KEY, "", "key"},
        {"9000", "9.5", "bytes"},
        {SHA256, "e0", "sha256"},
        {SHA256, "zz4eb29020eaa961e99d3162635e9fe9a7ee0f1a0000000000000000000000ff", "sha256"},
        {"\"names\":250", "\"names\":null", "names"},
        {"2026-11-22T18:24:37.120Z", "yesterday", "created_at"},
        {"\"refreshed_at\":null,", "", "refreshed_at"},
        {"\"refreshed_at\":null", "\"refreshed_at\":7", "refreshed_at"},
        {"18:24:38Z", "18:24:38", "verified_at"},
        {"}", "", "CURRENT"},
        {"{\"number\":42", "[{\"number\":42", "CURRENT"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char doc[2048];
        struct eidc_pointer out = {.number = 7};
        struct eidc_err err = {0};
        replaced(bad[i].from, bad[i].to, doc);
        assert_false(eidc_pointer_read(eidc_str_of(doc), &out, &err));
        assert_int_equal(err.kind, EIDC_ERR_CORRUPT);
        assert_non_null(strstr(err.text, bad[i].says));
        assert_int_equal(out.number, 7);
    }
}

static void other_documents_are_corrupt(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "null", "[]", "{}", "<html>", "{\"number\":42}"};
    static char huge[EIDC_POINTER_MAX + 2];
    struct eidc_pointer out;
    struct eidc_err err;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(eidc_pointer_read(eidc_str_of(bad[i]), &out, &err));
        assert_int_equal(err.kind, EIDC_ERR_CORRUPT);
    }
    memset(huge, ' ', sizeof huge - 1);
    memcpy(huge, GOOD, strlen(GOOD));
    assert_false(eidc_pointer_read(eidc_str_of(huge), &out, &err));
    assert_non_null(strstr(err.text, "4096"));
}

static void unknown_fields_are_fine(void **state)
{
    (void)state;
    char doc[2048];
    struct eidc_pointer out;
    struct eidc_err err;
    replaced("{", "{\"of_a_later_version\":[1],", doc);
    assert_true(eidc_pointer_read(eidc_str_of(doc), &out, &err));
}

static void numbers_of_keys(void **state)
{
    (void)state;
    char key[EIDC_POINTER_KEY_MAX];
    uint64_t n = 7;
    eidc_pointer_key(EIDC_GENERATION_MAX, ID, false, key);
    assert_string_equal(key, "images/00009007199254740991-" ID ".eidc");
    assert_true(eidc_pointer_key_number(eidc_str_of(key), &n));
    assert_true(n == EIDC_GENERATION_MAX);
    assert_true(eidc_pointer_key_number(EIDC_STR("00000000000000000003-" ID ".eidc.zst"), &n));
    assert_int_equal(n, 3);

    static const char *const bad[] = {
        "",
        "images/",
        "CURRENT",
        "images/00000000000000000003",
        "images/00000000000000000003-" ID,
        "images/00000000000000000003-" ID ".eidc.tmp",
        "images/00000000000000000003_" ID ".eidc",
        "images/0000000000000000000x-" ID ".eidc",
        "images/99999999999999999999-" ID ".eidc",
        "images/00000000000000000003-0123456789ABCDEF.eidc",
        "image/00000000000000000003-" ID ".eidc",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        n = 7;
        assert_false(eidc_pointer_key_number(eidc_str_of(bad[i]), &n));
        assert_int_equal(n, 7);
    }
}

static void test_times_move_on_only(void **state)
{
    const int64_t now = eidc_now_ms();
    struct eidc_pointer p = {.refreshed_at_ms = 1000, .verified_at_ms = 2000};
    (void)state;
    assert_true(eidc_pointer_advance(&p, 3000, 1000));
    assert_int_equal(p.refreshed_at_ms, 3000);
    assert_int_equal(p.verified_at_ms, 2000);
    assert_false(eidc_pointer_advance(&p, 3000, 2000));
    p.verified_at_ms = now + 3600 * 1000; /* a clock that was wrong once */
    assert_true(eidc_pointer_advance(&p, 3000, 2500));
    assert_int_equal(p.verified_at_ms, 2500);
}

static void test_numbers_have_an_end(void **state)
{
    uint64_t number;
    (void)state;
    assert_true(
        eidc_pointer_key_number(EIDC_STR("00009007199254740991-0123456789abcdef.eidc"), &number));
    assert_false(
        eidc_pointer_key_number(EIDC_STR("00009007199254740992-0123456789abcdef.eidc"), &number));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_times_move_on_only), cmocka_unit_test(test_numbers_have_an_end),
        cmocka_unit_test(written_and_read_back),   cmocka_unit_test(document_as_specified),
        cmocka_unit_test(damage_is_named),         cmocka_unit_test(other_documents_are_corrupt),
        cmocka_unit_test(unknown_fields_are_fine), cmocka_unit_test(numbers_of_keys),
    };
    return cmocka_run_group_tests_name("core.pointer", tests, NULL, NULL);
}
