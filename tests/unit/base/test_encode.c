#include "eidcached/base/encode.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

typedef size_t encode_fn(const uint8_t *in, size_t n, char *out);
typedef bool decode_fn(struct eidc_str in, uint8_t *out, size_t n);

static void expect(encode_fn *encode, const char *in, const char *want)
{
    char out[64] = {0};
    assert_int_equal(encode((const uint8_t *)in, strlen(in), out), strlen(want));
    assert_string_equal(out, want);
}

static void rfc_4648_vectors(void **state)
{
    (void)state;
    static const struct {
        const char *in, *hex, *base32, *base64url, *base64;
    } rows[] = {
        {"", "", "", "", ""},
        {"f", "66", "my", "Zg", "Zg=="},
        {"fo", "666f", "mzxq", "Zm8", "Zm8="},
        {"foo", "666f6f", "mzxw6", "Zm9v", "Zm9v"},
        {"foob", "666f6f62", "mzxw6yq", "Zm9vYg", "Zm9vYg=="},
        {"fooba", "666f6f6261", "mzxw6ytb", "Zm9vYmE", "Zm9vYmE="},
        {"foobar", "666f6f626172", "mzxw6ytboi", "Zm9vYmFy", "Zm9vYmFy"},
        {"\xfb\xff", "fbff", "7p7q", "-_8", "+/8="},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        expect(eidc_hex_encode, rows[i].in, rows[i].hex);
        expect(eidc_base32_encode, rows[i].in, rows[i].base32);
        expect(eidc_base64url_encode, rows[i].in, rows[i].base64url);
        expect(eidc_base64_encode, rows[i].in, rows[i].base64);
    }
}

static void every_length_comes_back(void **state)
{
    (void)state;
    static const struct {
        encode_fn *encode;
        decode_fn *decode;
    } pairs[] = {
        {eidc_hex_encode, eidc_hex_decode},
        {eidc_base32_encode, eidc_base32_decode},
        {eidc_base64url_encode, eidc_base64url_decode},
    };
    uint8_t in[64], out[64];
    char text[128];
    for (size_t i = 0; i < sizeof(in); i++)
        in[i] = (uint8_t)(i * 73 + 200);
    for (size_t n = 0; n <= sizeof(in); n++) {
        for (size_t i = 0; i < 3; i++) {
            struct eidc_str encoded = {text, pairs[i].encode(in, n, text)};
            assert_true(pairs[i].decode(encoded, out, n));
            assert_memory_equal(in, out, n);
            assert_false(pairs[i].decode(encoded, out, n + 1));
            if (n > 0)
                assert_false(pairs[i].decode(encoded, out, n - 1));
        }
    }
}

static void either_case_is_read(void **state)
{
    (void)state;
    uint8_t out[3];
    assert_true(eidc_hex_decode(EIDC_STR("AbCdeF"), out, 3));
    assert_memory_equal(out, "\xab\xcd\xef", 3);
    assert_true(eidc_base32_decode(EIDC_STR("MzXW6"), out, 3));
    assert_memory_equal(out, "foo", 3);
}

static void bad_text_is_refused(void **state)
{
    (void)state;
    uint8_t out[8];
    assert_false(eidc_hex_decode(EIDC_STR("0g"), out, 1));
    assert_false(eidc_hex_decode(EIDC_STR("0"), out, 1));
    assert_false(eidc_hex_decode(EIDC_STR("0:"), out, 1));
    assert_false(eidc_hex_decode(EIDC_STR("@0"), out, 1));
    assert_false(eidc_base32_decode(EIDC_STR("m1"), out, 1));
    assert_false(eidc_base32_decode(EIDC_STR("my======"), out, 1));
    assert_false(eidc_base64url_decode(EIDC_STR("+/"), out, 1));
    assert_false(eidc_base64url_decode(EIDC_STR("Zg=="), out, 1));
    assert_false(eidc_base64url_decode(EIDC_STR("Z\0"), out, 1));
    assert_false(eidc_hex_decode(EIDC_STR(""), out, SIZE_MAX));
}

static void unused_bits_must_be_zero(void **state)
{
    (void)state;
    uint8_t out[1];
    assert_true(eidc_base32_decode(EIDC_STR("my"), out, 1));
    assert_false(eidc_base32_decode(EIDC_STR("mz"), out, 1));
    assert_true(eidc_base64url_decode(EIDC_STR("Zg"), out, 1));
    assert_false(eidc_base64url_decode(EIDC_STR("Zh"), out, 1));
}

static void percent_encoding(void **state)
{
    (void)state;
    EIDC_BUF_AUTO out = {0};
    eidc_percent_encode(&out, EIDC_STR("aZ09-._~ /+%\xc3\xa9\0"), "");
    assert_string_equal(out.p, "aZ09-._~%20%2F%2B%25%C3%A9%00");
    eidc_buf_clear(&out);
    eidc_percent_encode(&out, EIDC_STR("a/b c\0"), "/");
    assert_string_equal(out.p, "a/b%20c%00");
}

static void percent_decoding_happens_once(void **state)
{
    (void)state;
    EIDC_BUF_AUTO out = {0};
    assert_true(eidc_percent_decode(&out, EIDC_STR("a%2fB%2F+%2525%00z")));
    assert_int_equal(out.n, 10);
    assert_memory_equal(out.p, "a/B/+%25\0z", 10);
    assert_true(eidc_percent_decode(&out, EIDC_STR("")));
    assert_int_equal(out.n, 10);
}

static void bad_escapes_add_nothing(void **state)
{
    (void)state;
    static const char *const bad[] = {"%",    "ab%",   "ab%2", "%zz", "%2",
                                      "%%20", "a%2xb", "%-1",  "% 1"};
    EIDC_BUF_AUTO out = {0};
    eidc_buf_add_z(&out, "kept");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(eidc_percent_decode(&out, eidc_str_of(bad[i])));
        assert_string_equal(out.p, "kept");
    }
}

static int digit_value(int c)
{
    const char *digits = "0123456789abcdef", *at = strchr(digits, tolower(c));
    return c != 0 && at != NULL ? (int)(at - digits) : -1;
}

/* Sixteen bytes go side by side: any byte at any place of 32 digits, and of the 6 behind them. */
static void every_byte_at_every_place_of_hex(void **state)
{
    (void)state;
    for (size_t place = 0; place < 38; place++) {
        for (int c = 0; c < 256; c++) {
            char text[] = "00112233445566778899aAbBcCdDeEfFf0e1d2";
            uint8_t expected[19], out[19];
            text[place] = (char)c;
            for (size_t i = 0; i < sizeof out; i++)
                expected[i] =
                    (uint8_t)(16 * digit_value(text[2 * i]) + digit_value(text[2 * i + 1]));
            struct eidc_str in = {text, sizeof text - 1};
            assert_int_equal(eidc_hex_decode(in, out, sizeof out), digit_value(c) >= 0);
            if (digit_value(c) < 0)
                continue;
            assert_memory_equal(out, expected, sizeof out);
            char again[38];
            assert_int_equal(eidc_hex_encode(out, sizeof out, again), sizeof again);
            for (size_t i = 0; i < sizeof again; i++)
                assert_int_equal(again[i], tolower(text[i]));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte_at_every_place_of_hex),
        cmocka_unit_test(rfc_4648_vectors),
        cmocka_unit_test(every_length_comes_back),
        cmocka_unit_test(either_case_is_read),
        cmocka_unit_test(bad_text_is_refused),
        cmocka_unit_test(unused_bits_must_be_zero),
        cmocka_unit_test(percent_encoding),
        cmocka_unit_test(percent_decoding_happens_once),
        cmocka_unit_test(bad_escapes_add_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
