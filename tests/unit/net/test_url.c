#include "eidcached/net/url.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void assert_str(struct eidc_str got, const char *expected)
{
    assert_int_equal(got.n, strlen(expected));
    assert_memory_equal(got.p, expected, got.n);
}

static void splits_plain_urls(void **state)
{
    (void)state;
    static const struct {
        const char *url, *authority, *host, *path;
        uint16_t port;
        bool https;
    } cases[] = {
        {"https://glue.eu-west-1.amazonaws.com", "glue.eu-west-1.amazonaws.com",
         "glue.eu-west-1.amazonaws.com", "", 443, true},
        {"http://127.0.0.1:4566/a/b?c=d", "127.0.0.1:4566", "127.0.0.1", "/a/b?c=d", 4566, false},
        {"HTTP://h?x", "h", "h", "?x", 80, false},
        {"http://[fd00:ec2::254]/latest", "[fd00:ec2::254]", "[fd00:ec2::254]", "/latest", 80,
         false},
        {"https://[::1]:8443/", "[::1]:8443", "[::1]", "/", 8443, true},
        {"http://a_b/%2F/../x@y", "a_b", "a_b", "/%2F/../x@y", 80, false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct eidc_url url;
        assert_true(eidc_url_split(cases[i].url, &url));
        assert_str(url.authority, cases[i].authority);
        assert_str(url.host, cases[i].host);
        assert_str(url.path, cases[i].path);
        assert_int_equal(url.port, cases[i].port);
        assert_int_equal(url.https, cases[i].https);
    }
}

static void refuses_what_parsers_disagree_on(void **state)
{
    (void)state;
    static const char *const urls[] = {
        "",
        "http://",
        "http:///path",
        "ftp://host/",
        "file:///etc/passwd",
        "//host/",
        "host/path",
        "http://user@host/",
        "http://127.0.0.1@evil.example/",
        "http://127.0.0.1:80@evil.example/",
        "http://127.0.0.1\\.evil.example/",
        "http://host:0/",
        "http://host:/",
        "http://host:65536/",
        "http://host:80x/",
        "http://[::1/",
        "http://[::1]x/",
        "http://[]/",
        "http://[fe80::1%25eth0]/",
        "http://host/a b",
        "http://host/a#b",
        "http://host/\r\nX: y",
        "http://h\xc3\xb6st/",
        "http://host/\xc3\xb6",
    };
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        struct eidc_url url = {.port = 7};
        if (eidc_url_split(urls[i], &url))
            fail_msg("taken: %s", urls[i]);
        assert_int_equal(url.port, 7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(splits_plain_urls),
        cmocka_unit_test(refuses_what_parsers_disagree_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
