#include "eidcached/core/eid.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "eidcached/base/file.h"
#include "tests/support/default_scheme.h"

/* Expected values come from sha256sum, and from Python's hashlib, hmac and base64. */
static const struct golden {
    const char *algorithm;
    unsigned bits;
    enum eidc_eid_encoding encoding;
    const char *prefix, *key, *name, *eid;
} goldens[] = {
    {"sha256", 128, EIDC_EID_HEX, "", "", "sales", "e04eb29020eaa961e99d3162635e9fe9"},
    {"sha256", 128, EIDC_EID_BASE32, "", "", "sales", "4bhlfeba5kuwd2m5gfrggxu75e"},
    {"sha256", 128, EIDC_EID_BASE64URL, "", "", "sales", "4E6ykCDqqWHpnTFiY16f6Q"},
    {"sha256", 128, EIDC_EID_HEX, "e-", "", "sales", "e-e04eb29020eaa961e99d3162635e9fe9"},
    {"sha256", 64, EIDC_EID_BASE32, "é/", "", "sales_prod.orders", "é/qm3ozu6kknoek"},
    {"sha256", 32, EIDC_EID_BASE32, NULL, "", "sales", "4bhlfea"},
    {"sha256", 256, EIDC_EID_HEX, "", "key-1", "sales",
     "c2e61e4ba521246bb3bb1fd39b3d4a1029d438aeee701baf99d701a8f9c580a5"},
    {"sha512", 512, EIDC_EID_HEX, "", "key-1", "sales_prod",
     "ab8dfb66ab6aac90f40cbd49ee7c0492f087cb11c2cb5aa6d56106b9a69bf936"
     "0b376aceb5d1c78e3c3074c77bf44b3813e253560c2c1a628aff8cd7d16037d2"},
    {"sha512", 512, EIDC_EID_HEX, "", "", "sales",
     "9053e6191b2c62602fddad574df11aab5176f8a81e3465b8c1d8acab97d62ad9"
     "3948d4530095e812f4e176e4e178c3019a133091e427b45b88722be12b9a19b6"},
    {"sha3-256", 256, EIDC_EID_HEX, "", "", "sales",
     "11039337021aa54303981d0e109cf31a1b792dacb198fbb090de8d42cb4487ed"},
    {"md5", 128, EIDC_EID_HEX, "", "", "größe.表", "68ace12ffbee514630cf3249f0c7ec69"},
};
#define GOLDENS (sizeof goldens / sizeof goldens[0])

static struct eidc_eid_scheme make(const struct golden *g)
{
    struct eidc_eid_scheme scheme;
    struct eidc_err err;
    assert_true(eidc_eid_scheme_make(g->algorithm, g->bits, g->encoding, g->prefix,
                                     eidc_str_of(g->key), &scheme, &err));
    return scheme;
}

static struct eidc_eid_hasher *hasher_of(const struct eidc_eid_scheme *scheme, const char *key)
{
    struct eidc_eid_hasher *hasher = NULL;
    struct eidc_err err;
    assert_true(eidc_eid_hasher_new(scheme, eidc_str_of(key), &hasher, &err));
    return hasher;
}

static void golden_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < GOLDENS; i++) {
        const struct golden *g = &goldens[i];
        struct eidc_eid_scheme scheme = make(g);
        struct eidc_eid_hasher *hasher = hasher_of(&scheme, g->key);
        uint8_t raw[EIDC_EID_RAW_MAX], back[EIDC_EID_RAW_MAX];
        char text[EIDC_EID_TEXT_MAX];
        assert_true(eidc_eid_compute(hasher, eidc_str_of(g->name), raw));
        struct eidc_str printed = {text, eidc_eid_print(&scheme, raw, text)};
        assert_int_equal(printed.n, strlen(g->eid));
        assert_memory_equal(printed.p, g->eid, printed.n);
        assert_true(eidc_eid_parse(&scheme, printed, back));
        assert_memory_equal(raw, back, eidc_eid_raw_size(&scheme));
        eidc_eid_hasher_free(hasher);
    }
}

/* A hasher that has done other names gives what a fresh one gives. */
static void hasher_keeps_nothing_between_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < GOLDENS; i++) {
        struct eidc_eid_scheme scheme = make(&goldens[i]);
        struct eidc_eid_hasher *used = hasher_of(&scheme, goldens[i].key);
        struct eidc_eid_hasher *fresh = hasher_of(&scheme, goldens[i].key);
        uint8_t a[EIDC_EID_RAW_MAX], b[EIDC_EID_RAW_MAX];
        for (int n = 0; n < 5; n++)
            assert_true(eidc_eid_compute(used, eidc_str_of("another name"), a));
        assert_true(eidc_eid_compute(used, eidc_str_of("sales"), a));
        assert_true(eidc_eid_compute(fresh, eidc_str_of("sales"), b));
        assert_memory_equal(a, b, eidc_eid_raw_size(&scheme));
        eidc_eid_hasher_free(used);
        eidc_eid_hasher_free(fresh);
    }
}

static void long_and_empty_input(void **state)
{
    (void)state;
    struct eidc_eid_scheme scheme;
    default_scheme(&scheme);
    struct eidc_eid_hasher *hasher = hasher_of(&scheme, "");
    uint8_t raw[EIDC_EID_RAW_MAX];
    char text[EIDC_EID_TEXT_MAX], name[2048];
    memset(name, 'a', sizeof name);
    assert_true(eidc_eid_compute(hasher, (struct eidc_str){name, sizeof name}, raw));
    assert_int_equal(eidc_eid_print(&scheme, raw, text), 32);
    assert_true(eidc_eid_compute(hasher, EIDC_STR(""), raw));
    assert_int_equal(eidc_eid_print(&scheme, raw, text), 32);
    assert_memory_equal(text, "e3b0c44298fc1c149afbf4c8996fb924", 32);
    eidc_eid_hasher_free(hasher);
}

static void scheme_values(void **state)
{
    (void)state;
    struct eidc_eid_scheme made, plain, other;
    struct eidc_err err;
    default_scheme(&plain);
    assert_true(
        eidc_eid_scheme_make("sha256", 128, EIDC_EID_HEX, "", (struct eidc_str){0}, &made, &err));
    assert_true(eidc_eid_scheme_equal(&made, &plain));
    assert_true(eidc_eid_scheme_make("SHA2-256", 128, EIDC_EID_HEX, "", (struct eidc_str){0},
                                     &other, &err));
    assert_true(eidc_eid_scheme_equal(&other, &plain));
    assert_string_equal(other.algorithm, "sha256");
    for (size_t i = 1; i < GOLDENS; i++) {
        other = make(&goldens[i]);
        assert_false(eidc_eid_scheme_equal(&other, &plain));
        assert_true(eidc_eid_scheme_equal(&other, &other));
    }
}

static void key_is_told_by_its_fingerprint(void **state)
{
    (void)state;
    static const uint8_t expected[EIDC_EID_FINGERPRINT] = {0x55, 0x2d, 0x7a, 0x5a, 0x78, 0x4b,
                                                           0x10, 0xc0, 0x38, 0x40, 0x3c, 0x9a,
                                                           0xf5, 0x5d, 0x3a, 0x8c};
    struct eidc_eid_scheme a, b;
    struct eidc_err err;
    assert_true(eidc_eid_scheme_make("sha256", 128, EIDC_EID_HEX, "", EIDC_STR("key-1"), &a, &err));
    assert_true(eidc_eid_scheme_make("sha256", 128, EIDC_EID_HEX, "", EIDC_STR("key-2"), &b, &err));
    assert_int_equal(a.keyed, 1);
    assert_memory_equal(a.fingerprint, expected, sizeof expected);
    assert_false(eidc_eid_scheme_equal(&a, &b));

    struct eidc_eid_hasher *hasher = NULL;
    assert_false(eidc_eid_hasher_new(&a, EIDC_STR("key-2"), &hasher, &err));
    assert_int_equal(err.kind, EIDC_ERR_INVALID);
    assert_null(strstr(err.text, "key-2"));
    assert_false(eidc_eid_hasher_new(&a, EIDC_STR(""), &hasher, &err));
    default_scheme(&b);
    assert_false(eidc_eid_hasher_new(&b, EIDC_STR("key-1"), &hasher, &err));
    assert_null(hasher);
}

static void described(void **state)
{
    (void)state;
    struct eidc_eid_scheme scheme;
    char text[128];
    default_scheme(&scheme);
    eidc_eid_scheme_describe(&scheme, text);
    assert_string_equal(text, "sha256/128 hex");
    struct golden g = {"sha256", 64, EIDC_EID_BASE32, "e-", "k", NULL, NULL};
    scheme = make(&g);
    eidc_eid_scheme_describe(&scheme, text);
    assert_string_equal(text, "hmac-sha256/64 base32 prefix e-");
    scheme.encoding = 200;
    eidc_eid_scheme_describe(&scheme, text);
    assert_non_null(strstr(text, "unknown"));
}

static void bad_schemes_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *algorithm;
        unsigned bits;
        int encoding;
        const char *prefix, *says;
    } bad[] = {
        {"sha255", 128, EIDC_EID_HEX, "", "no digest 'sha255'"},
        {"", 128, EIDC_EID_HEX, "", "algorithm"},
        {"shake128", 128, EIDC_EID_HEX, "", "extendable-output"},
        {"shake256", 128, EIDC_EID_HEX, "", "extendable-output"},
        {"NULL", 32, EIDC_EID_HEX, "", "algorithm"},
        {"sha256", 0, EIDC_EID_HEX, "", "from 32 to 256"},
        {"sha256", 24, EIDC_EID_HEX, "", "bits: 24"},
        {"sha256", 127, EIDC_EID_HEX, "", "multiple of 8"},
        {"sha256", 264, EIDC_EID_HEX, "", "bits"},
        {"md5", 160, EIDC_EID_HEX, "", "from 32 to 128, the size of md5"},
        {"sha256", 65536 + 128, EIDC_EID_HEX, "", "bits"},
        {"sha256", 128, 3, "", "encoding"},
        {"sha256", 128, -1, "", "encoding"},
        {"sha256", 128, EIDC_EID_HEX, "123456789012345678901234567890123", "at most 32"},
        {"sha256", 128, EIDC_EID_HEX, "a\nb", "control"},
        {"sha256", 128, EIDC_EID_HEX, "\x7f", "control"},
        {"sha256", 128, EIDC_EID_HEX, "\xff", "UTF-8"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct eidc_eid_scheme out = {.bits = 7};
        struct eidc_err err = {0};
        assert_false(eidc_eid_scheme_make(bad[i].algorithm, bad[i].bits,
                                          (enum eidc_eid_encoding)bad[i].encoding, bad[i].prefix,
                                          (struct eidc_str){0}, &out, &err));
        assert_int_equal(err.kind, EIDC_ERR_INVALID);
        assert_non_null(strstr(err.text, bad[i].says));
        assert_int_equal(out.bits, 7);
    }
}

/* What a damaged image may hold. */
static void damaged_schemes_do_no_harm(void **state)
{
    (void)state;
    struct eidc_eid_scheme scheme;
    struct eidc_eid_hasher *hasher = NULL;
    struct eidc_err err;
    uint8_t raw[EIDC_EID_RAW_MAX] = {0};
    char text[EIDC_EID_TEXT_MAX];
    default_scheme(&scheme);
    scheme.bits = 65528;
    assert_false(eidc_eid_hasher_new(&scheme, EIDC_STR(""), &hasher, &err));
    assert_int_equal(eidc_eid_print(&scheme, raw, text), 0);
    assert_false(eidc_eid_parse(&scheme, EIDC_STR("00"), raw));
    default_scheme(&scheme);
    scheme.encoding = 9;
    assert_int_equal(eidc_eid_print(&scheme, raw, text), 0);
    assert_false(eidc_eid_parse(&scheme, EIDC_STR("00"), raw));
    eidc_eid_hasher_free(NULL);
}

static void parse_takes_either_case_where_it_can(void **state)
{
    (void)state;
    uint8_t raw[EIDC_EID_RAW_MAX];
    struct eidc_eid_scheme hex = make(&goldens[0]), base32 = make(&goldens[1]);
    assert_true(eidc_eid_parse(&hex, EIDC_STR("E04EB29020EAA961E99D3162635E9FE9"), raw));
    assert_int_equal(raw[0], 0xe0);
    assert_true(eidc_eid_parse(&base32, EIDC_STR("4BHLFEBA5KUWD2M5GFRGGXU75E"), raw));
    assert_int_equal(raw[0], 0xe0);
}

static void parse_refuses(void **state)
{
    (void)state;
    static const struct {
        size_t golden;
        const char *text;
    } bad[] = {
        {0, ""},
        {0, "e04eb29020eaa961e99d3162635e9fe"},   /* short */
        {0, "e04eb29020eaa961e99d3162635e9fe90"}, /* long */
        {0, "e04eb29020eaa961e99d3162635e9feg"},
        {0, " 04eb29020eaa961e99d3162635e9fe9"},
        {1, "4bhlfeba5kuwd2m5gfrggxu75f"},       /* unused bits not zero */
        {1, "4bhlfeba5kuwd2m5gfrggxu75e======"}, /* padding */
        {1, "4bhlfeba5kuwd2m5gfrggxu71e"},       /* 1 is no base32 digit */
        {2, "4E6ykCDqqWHpnTFiY16f6R"},           /* unused bits not zero */
        {2, "4E6ykCDqqWHpnTFiY16f6Q=="},
        {2, "4E6ykCDqqWHpnTFiY16f+Q"},
        {3, "e04eb29020eaa961e99d3162635e9fe9"},   /* no prefix */
        {3, "E-e04eb29020eaa961e99d3162635e9fe9"}, /* a prefix has its case */
        {3, "e-"},
        {3, "e"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        uint8_t raw[EIDC_EID_RAW_MAX];
        struct eidc_eid_scheme scheme = make(&goldens[bad[i].golden]);
        assert_false(eidc_eid_parse(&scheme, eidc_str_of(bad[i].text), raw));
    }
}

static void write_key(const char *path, struct eidc_str bytes)
{
    struct eidc_err err;
    assert_true(eidc_file_write(path, bytes, 0600, &err));
}

static void a_key_file_loses_one_newline(void **state)
{
    (void)state;
    static const struct {
        const char *file, *key;
    } rows[] = {
        {"secret", "secret"}, {"secret\n", "secret"},     {"secret\n\n", "secret\n"},
        {" a b ", " a b "},   {"secret\r\n", "secret\r"},
    };
    char path[] = "/tmp/eidc-test-key-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0 && close(fd) == 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        EIDC_BUF_SECRET key = {0};
        struct eidc_err err;
        write_key(path, eidc_str_of(rows[i].file));
        assert_true(eidc_eid_key_read(path, &key, &err));
        assert_true(eidc_str_eq(eidc_buf_view(&key), eidc_str_of(rows[i].key)));
    }
    unlink(path);
}

static void a_key_file_without_a_key_is_refused(void **state)
{
    (void)state;
    char path[] = "/tmp/eidc-test-key-XXXXXX", text[EIDC_EID_KEY_MAX + 1];
    int fd = mkstemp(path);
    EIDC_BUF_SECRET key = {0};
    struct eidc_err err;
    assert_true(fd >= 0 && close(fd) == 0);
    memset(text, 'k', sizeof text);
    const struct eidc_str files[] = {EIDC_STR(""), EIDC_STR("\n"), {text, sizeof text}};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        write_key(path, files[i]);
        assert_false(eidc_eid_key_read(path, &key, &err));
        assert_non_null(strstr(err.text, path));
    }
    unlink(path);
    assert_false(eidc_eid_key_read(path, &key, &err));
    assert_int_equal(err.kind, EIDC_ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_values),
        cmocka_unit_test(hasher_keeps_nothing_between_names),
        cmocka_unit_test(long_and_empty_input),
        cmocka_unit_test(scheme_values),
        cmocka_unit_test(key_is_told_by_its_fingerprint),
        cmocka_unit_test(described),
        cmocka_unit_test(bad_schemes_are_refused),
        cmocka_unit_test(damaged_schemes_do_no_harm),
        cmocka_unit_test(parse_takes_either_case_where_it_can),
        cmocka_unit_test(parse_refuses),
        cmocka_unit_test(a_key_file_loses_one_newline),
        cmocka_unit_test(a_key_file_without_a_key_is_refused),
    };
    return cmocka_run_group_tests_name("core.eid", tests, NULL, NULL);
}
