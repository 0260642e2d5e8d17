#include "eidcached/aws/crc32.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void as_published(void **state)
{
    (void)state;
    assert_int_equal(eidc_crc32(EIDC_STR("")), 0);
    assert_int_equal(eidc_crc32(EIDC_STR("a")), 0xe8b7be43);
    assert_int_equal(eidc_crc32(EIDC_STR("123456789")), 0xcbf43926);
    assert_int_equal(eidc_crc32(EIDC_STR("The quick brown fox jumps over the lazy dog")),
                     0x414fa339);
}

/* By the book, a bit at a time. */
static uint32_t slowly(struct eidc_str data)
{
    uint32_t crc = ~0U;
    for (size_t i = 0; i < data.n; i++) {
        crc ^= (unsigned char)data.p[i];
        for (unsigned bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ (crc & 1 ? 0xedb88320U : 0);
    }
    return ~crc;
}

static void of_any_length_from_anywhere(void **state)
{
    (void)state;
    char data[120];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (char)(i * 151 + 7);
    for (size_t from = 0; from < 9; from++)
        for (size_t n = 0; from + n < sizeof data; n++) {
            const struct eidc_str s = {data + from, n};
            assert_int_equal(eidc_crc32(s), slowly(s));
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_published),
        cmocka_unit_test(of_any_length_from_anywhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
