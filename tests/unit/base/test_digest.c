#include "eidcached/base/digest.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "eidcached/base/encode.h"

static void hashed(struct eidc_str data, const char *expected)
{
    char hex[2 * EIDC_SHA256_BYTES + 1];
    eidc_sha256_hex(data, hex);
    assert_string_equal(hex, expected);
}

static void test_sha256(void **state)
{
    (void)state;
    hashed(EIDC_STR(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    hashed((struct eidc_str){0},
           "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    hashed(EIDC_STR("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    hashed(EIDC_STR("\0"), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
}

static void test_sha256_in_pieces(void **state)
{
    (void)state;
    uint8_t whole[EIDC_SHA256_BYTES], pieces[EIDC_SHA256_BYTES];
    char data[1000];
    memset(data, 'x', sizeof data);
    eidc_sha256((struct eidc_str){data, sizeof data}, whole);
    struct eidc_sha256_sum *sum = eidc_sha256_begin();
    for (size_t at = 0; at < sizeof data; at += 40)
        eidc_sha256_add(sum, (struct eidc_str){data + at, 40});
    eidc_sha256_end(sum, pieces);
    assert_memory_equal(pieces, whole, sizeof whole);
    eidc_sha256_end(eidc_sha256_begin(), pieces);
    eidc_sha256(EIDC_STR(""), whole);
    assert_memory_equal(pieces, whole, sizeof whole);
}

static void signed_with(struct eidc_str key, struct eidc_str data, const char *expected)
{
    uint8_t raw[EIDC_SHA256_BYTES];
    char hex[2 * EIDC_SHA256_BYTES];
    eidc_hmac_sha256(key, data, raw);
    eidc_hex_encode(raw, sizeof raw, hex);
    assert_memory_equal(hex, expected, sizeof hex);
}

/* RFC 4231, and the empty key */
static void test_hmac(void **state)
{
    (void)state;
    static char long_key[131];
    memset(long_key, 0xaa, sizeof long_key);
    signed_with(EIDC_STR("\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b"
                         "\x0b\x0b"),
                EIDC_STR("Hi There"),
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    signed_with(EIDC_STR("Jefe"), EIDC_STR("what do ya want for nothing?"),
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    signed_with((struct eidc_str){long_key, sizeof long_key},
                EIDC_STR("Test Using Larger Than Block-Size Key - Hash Key First"),
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    signed_with((struct eidc_str){0}, (struct eidc_str){0},
                "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static void test_equal_secret(void **state)
{
    (void)state;
    assert_true(eidc_equal_secret(EIDC_STR("token"), EIDC_STR("token")));
    assert_true(eidc_equal_secret(EIDC_STR(""), (struct eidc_str){0}));
    assert_false(eidc_equal_secret(EIDC_STR("token"), EIDC_STR("toke")));
    assert_false(eidc_equal_secret(EIDC_STR("token"), EIDC_STR("tokem")));
    assert_false(eidc_equal_secret(EIDC_STR("token"), EIDC_STR("Token")));
    assert_false(eidc_equal_secret(EIDC_STR("token"), EIDC_STR("")));
    assert_false(eidc_equal_secret(EIDC_STR("token"), EIDC_STR("token\0")));
}

static void *hash_many(void *unused)
{
    for (int i = 0; i < 2000; i++) {
        signed_with(EIDC_STR("Jefe"), EIDC_STR("what do ya want for nothing?"),
                    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        hashed(EIDC_STR("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
    return unused;
}

static void test_threads(void **state)
{
    (void)state;
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hash_many, NULL), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sha256),  cmocka_unit_test(test_sha256_in_pieces),
        cmocka_unit_test(test_hmac),    cmocka_unit_test(test_equal_secret),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
