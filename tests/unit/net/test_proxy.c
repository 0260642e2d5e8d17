/* Which requests go to a proxy, against a real one. */
#include "eidcached/net/proxy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "eidcached/base/mem.h"
#include "eidcached/net/http_client.h"
#include "tests/support/raw_server.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
/* A connection to it fails at once and sends nothing. */
#define NOWHERE "255.255.255.255"

static int no_proxies(void **state)
{
    static const char *const names[] = {"http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY",
                                        "all_proxy",  "ALL_PROXY",  "no_proxy",    "NO_PROXY"};
    (void)state;
    for (size_t i = 0; i < COUNT(names); i++)
        unsetenv(names[i]);
    return 0;
}

static void local_hosts(void **state)
{
    (void)state;
    static const char *const local[] = {"localhost",
                                        "LOCALHOST.",
                                        "a.localhost",
                                        "127.0.0.1",
                                        "127.1",
                                        "0.0.0.0",
                                        "169.254.169.254",
                                        "169.254.170.2",
                                        "[::1]",
                                        "[fe80::1]",
                                        "[fe80::1%25eth0]",
                                        "[fd00:ec2::254]",
                                        "[fd00:ec2::23]",
                                        "[::ffff:127.0.0.1]",
                                        "[::ffff:169.254.169.254]"};
    static const char *const others[] = {"notlocalhost",
                                         "localhost.example",
                                         "128.0.0.1",
                                         "169.253.1.1",
                                         "10.0.0.1",
                                         "192.168.0.1",
                                         "[fd00:ec2::1]",
                                         "[2001:db8::1]",
                                         "[::ffff:10.0.0.1]",
                                         "127.0.0.1.example",
                                         "[]",
                                         ""};
    for (size_t i = 0; i < COUNT(local); i++)
        if (!eidc_proxy_is_local(eidc_str_of(local[i])))
            fail_msg("%s", local[i]);
    for (size_t i = 0; i < COUNT(others); i++)
        if (eidc_proxy_is_local(eidc_str_of(others[i])))
            fail_msg("%s", others[i]);
}

/* One GET while `variable` names a proxy. *first: the request line that the proxy saw, or "". */
static bool get_through(const char *variable, const char *url, struct eidc_str answer, char **first,
                        struct eidc_err *err)
{
    const struct raw_answer answers[] = {{.bytes = answer.p, .close = true}};
    struct raw_server proxy;
    struct eidc_http_client *c = NULL;
    struct eidc_http_response response = {0};
    raw_server_start(&proxy, answers, 1);
    setenv(variable, proxy.url, 1);
    assert_true(eidc_http_curl_new("eidcached-test/1", &c, err));
    const struct eidc_http_request request = {
        .method = "GET", .url = url, .connect_timeout_ms = 5000, .timeout_ms = 10000};
    bool ok = eidc_http_perform(c, &request, &response, err);
    eidc_http_response_free(&response);
    c->ops->destroy(c);
    raw_server_stop(&proxy);
    const char *asked = proxy.asked[0].p != NULL ? proxy.asked[0].p : "";
    *first = eidc_xstrndup(asked, strcspn(asked, "\r\n"));
    raw_server_free(&proxy);
    return ok;
}

#define OK        EIDC_STR("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
#define FORBIDDEN EIDC_STR("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")

static void plain_requests(void **state)
{
    (void)state;
    static const char *const variables[] = {"http_proxy", "HTTP_PROXY", "ALL_PROXY"};
    for (size_t i = 0; i < COUNT(variables); i++) {
        char *first EIDC_AUTO_FREE = NULL;
        struct eidc_err err;
        no_proxies(NULL);
        assert_true(get_through(variables[i], "http://names.invalid/x?y", OK, &first, &err));
        assert_string_equal(first, "GET http://names.invalid/x?y HTTP/1.1");
    }
}

static void tls_goes_through_a_tunnel(void **state)
{
    (void)state;
    char *first EIDC_AUTO_FREE = NULL;
    struct eidc_err err;
    assert_false(get_through("HTTPS_PROXY", "https://names.invalid/x", FORBIDDEN, &first, &err));
    assert_string_equal(first, "CONNECT names.invalid:443 HTTP/1.1");
    assert_int_equal(err.kind, EIDC_ERR_UNAVAILABLE);
    assert_non_null(strstr(err.text, "403"));
}

static void the_other_schemes_proxy_is_not_asked(void **state)
{
    (void)state;
    char *first EIDC_AUTO_FREE = NULL;
    struct eidc_err err;
    assert_false(get_through("HTTPS_PROXY", "http://" NOWHERE "/", OK, &first, &err));
    assert_string_equal(first, "");
    assert_int_equal(err.kind, EIDC_ERR_UNAVAILABLE);
}

static void hosts_that_have_none(void **state)
{
    (void)state;
    char *named EIDC_AUTO_FREE = NULL, *not_named EIDC_AUTO_FREE = NULL;
    struct eidc_err err;
    setenv("NO_PROXY", "other.invalid," NOWHERE, 1);
    assert_false(get_through("HTTP_PROXY", "http://" NOWHERE "/", OK, &named, &err));
    assert_string_equal(named, "");
    setenv("NO_PROXY", "other.invalid", 1);
    assert_true(get_through("HTTP_PROXY", "http://" NOWHERE "/", OK, &not_named, &err));
    assert_string_equal(not_named, "GET http://" NOWHERE "/ HTTP/1.1");
}

/* Whoever asks: the request does not say no_proxy. */
static void local_hosts_never_have_one(void **state)
{
    (void)state;
    static const struct raw_answer answer = {.bytes = "HTTP/1.1 204 No Content\r\n\r\n"};
    struct raw_server server;
    char *first EIDC_AUTO_FREE = NULL;
    struct eidc_err err;
    raw_server_start(&server, &answer, 1);
    assert_true(get_through("http_proxy", server.url, OK, &first, &err));
    assert_string_equal(first, "");
    raw_server_stop(&server);
    assert_int_equal(strncmp(server.asked[0].p, "GET / HTTP/1.1\r\n", 16), 0);
    raw_server_free(&server);
}

static void a_proxys_password_is_not_told(void **state)
{
    (void)state;
    static const char *const urls[] = {"gopher://user:secret@127.0.0.1:1", "user:secret@[::1",
                                       "http://user:secret@127.0.0.1:1",
                                       "http://user:secret@127.0.0.1:1:2"};
    for (size_t i = 0; i < COUNT(urls); i++) {
        struct eidc_http_client *c = NULL;
        struct eidc_http_response response;
        struct eidc_err err;
        setenv("HTTP_PROXY", urls[i], 1);
        assert_true(eidc_http_curl_new("eidcached-test/1", &c, &err));
        const struct eidc_http_request request = {
            .method = "GET", .url = "http://names.invalid/", .timeout_ms = 5000};
        assert_false(eidc_http_perform(c, &request, &response, &err));
        if (strstr(err.text, "secret") != NULL)
            fail_msg("%s", err.text);
        c->ops->destroy(c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(local_hosts),
        cmocka_unit_test_setup(plain_requests, no_proxies),
        cmocka_unit_test_setup(tls_goes_through_a_tunnel, no_proxies),
        cmocka_unit_test_setup(the_other_schemes_proxy_is_not_asked, no_proxies),
        cmocka_unit_test_setup(hosts_that_have_none, no_proxies),
        cmocka_unit_test_setup(local_hosts_never_have_one, no_proxies),
        cmocka_unit_test_setup(a_proxys_password_is_not_told, no_proxies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
