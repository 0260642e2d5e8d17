#include "eidcached/http/access.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum listener { LOOPBACK, UNIX, OPEN };

struct origin_case {
    enum listener listener;
    const char *host; /* NULL: none */
    const char *origin, *forwarded, *uri_host;
    unsigned origins;
    bool allow_list, trust_proxy, probe; /* allow_list: "eid.test" and "10.0.0.1" */
    enum eidc_access expected;
};

static const struct origin_case origin_cases[] = {
    {LOOPBACK, "localhost", .expected = EIDC_ACCESS_OK},
    {LOOPBACK, "LOCALHOST:8627", .expected = EIDC_ACCESS_OK},
    {LOOPBACK, "127.0.0.1:1", .expected = EIDC_ACCESS_OK},
    {LOOPBACK, "[::1]:80", .expected = EIDC_ACCESS_OK},
    {LOOPBACK, "[::1]", .expected = EIDC_ACCESS_OK},
    {LOOPBACK, "evil.test", .expected = EIDC_ACCESS_HOST},
    {LOOPBACK, "localhost.evil.test", .expected = EIDC_ACCESS_HOST},
    {LOOPBACK, "127.0.0.1.nip.io", .expected = EIDC_ACCESS_HOST},
    {LOOPBACK, "127.0.0.2", .expected = EIDC_ACCESS_HOST},
    {LOOPBACK, "localhost:80@evil.test", .expected = EIDC_ACCESS_BAD_HOST},
    {LOOPBACK, "localhost:abc", .expected = EIDC_ACCESS_BAD_HOST},
    {LOOPBACK, "a, b", .expected = EIDC_ACCESS_BAD_HOST},
    {LOOPBACK, "[::1", .expected = EIDC_ACCESS_BAD_HOST},
    {LOOPBACK, ":80", .expected = EIDC_ACCESS_BAD_HOST},
    {LOOPBACK, "", .expected = EIDC_ACCESS_HOST},
    {LOOPBACK, "evil.test", .probe = true, .expected = EIDC_ACCESS_HOST},
    {LOOPBACK, "evil.test", .trust_proxy = true, .expected = EIDC_ACCESS_OK},
    {LOOPBACK, "eid.test", .allow_list = true, .expected = EIDC_ACCESS_OK},
    {LOOPBACK, "10.0.0.1:8627", .allow_list = true, .expected = EIDC_ACCESS_OK},
    {LOOPBACK, "localhost", .allow_list = true, .expected = EIDC_ACCESS_HOST},
    {LOOPBACK, "localhost", .uri_host = "evil.test", .expected = EIDC_ACCESS_TARGET_HOST},
    {LOOPBACK, "localhost", .uri_host = "localhost:1", .expected = EIDC_ACCESS_OK},
    {LOOPBACK, "localhost", .forwarded = "", .expected = EIDC_ACCESS_FORWARDED},
    {LOOPBACK, "localhost", .forwarded = "1.2.3.4", .probe = true,
     .expected = EIDC_ACCESS_FORWARDED},
    {LOOPBACK, "localhost", .forwarded = "1.2.3.4", .trust_proxy = true,
     .expected = EIDC_ACCESS_OK},
    {LOOPBACK, "localhost", .origin = "http://evil.test", .expected = EIDC_ACCESS_ORIGIN},
    {LOOPBACK, "localhost", .origin = "null", .expected = EIDC_ACCESS_ORIGIN},
    {LOOPBACK, "localhost", .origin = "", .expected = EIDC_ACCESS_ORIGIN},
    {LOOPBACK, "localhost", .origin = "http://localhost:8627", .expected = EIDC_ACCESS_OK},
    {LOOPBACK, "localhost", .origin = "http://localhost.evil.test", .expected = EIDC_ACCESS_ORIGIN},
    {LOOPBACK, "localhost", .origin = "http://localhost", .origins = 1, .expected = EIDC_ACCESS_OK},
    {LOOPBACK, "localhost", .origin = "http://localhost", .origins = 2,
     .expected = EIDC_ACCESS_ORIGIN},
    {LOOPBACK, "localhost", .origin = "http://evil.test", .trust_proxy = true,
     .expected = EIDC_ACCESS_OK},
    {UNIX, "localhost", .expected = EIDC_ACCESS_OK},
    {UNIX, "localhost", .allow_list = true, .expected = EIDC_ACCESS_OK},
    {UNIX, "eid.test", .allow_list = true, .expected = EIDC_ACCESS_OK},
    {UNIX, "evil.test", .expected = EIDC_ACCESS_HOST},
    {UNIX, "localhost", .forwarded = "for=1.2.3.4", .expected = EIDC_ACCESS_FORWARDED},
    {OPEN, "anything.test", .expected = EIDC_ACCESS_OK},
    {OPEN, "anything.test", .forwarded = "1.2.3.4", .origin = "http://x",
     .expected = EIDC_ACCESS_OK},
    {OPEN, "anything.test", .allow_list = true, .expected = EIDC_ACCESS_HOST},
    {OPEN, "10.1.2.3:8627", .allow_list = true, .probe = true, .expected = EIDC_ACCESS_OK},
    {OPEN, "eid.test", .allow_list = true, .expected = EIDC_ACCESS_OK},
    {OPEN, NULL, .expected = EIDC_ACCESS_BAD_HOST},
};

static char *allowed[] = {(char[]){"eid.test"}, (char[]){"10.0.0.1"}};

/* NULL: the request has no such header. */
static struct eidc_str header(const char *value)
{
    return value != NULL ? eidc_str_of(value) : (struct eidc_str){0};
}

static enum eidc_access decide(const struct origin_case *c, unsigned hosts, bool http_1_0)
{
    const struct eidc_strings list = {.at = allowed, .n = c->allow_list ? 2 : 0};
    const struct eidc_access_rules rules = {
        .allowed_hosts = &list, .trust_proxy = c->trust_proxy, .http_1_0 = http_1_0};
    struct eidc_request r = {.is_unix = c->listener == UNIX,
                             .is_loopback = c->listener == LOOPBACK};
    r.headers.host = header(c->host);
    r.headers.hosts = hosts;
    r.headers.origin = header(c->origin);
    r.headers.origins = c->origins;
    r.headers.forwarded = header(c->forwarded);
    r.uri_host = header(c->uri_host);
    return eidc_access_origin(&r, &rules, c->probe ? EIDC_FOR_ANYONE : EIDC_FOR_READERS);
}

static void where_from(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(origin_cases) / sizeof(origin_cases[0]); i++) {
        const struct origin_case *c = &origin_cases[i];
        enum eidc_access got = decide(c, c->host != NULL, false);
        if (got != c->expected)
            fail_msg("case %zu, Host %s: %d", i, c->host, got);
    }
}

static void number_of_hosts(void **state)
{
    const struct origin_case c = {LOOPBACK, .host = "localhost"};
    const struct origin_case none = {LOOPBACK, .host = NULL};
    (void)state;
    assert_int_equal(decide(&c, 2, false), EIDC_ACCESS_BAD_HOST);
    assert_int_equal(decide(&none, 0, false), EIDC_ACCESS_BAD_HOST);
    assert_int_equal(decide(&none, 0, true), EIDC_ACCESS_OK);
}

static void who_asks(void **state)
{
    static const struct {
        bool is_unix;
        enum eidc_audience audience;
        enum eidc_token_state token;
        enum eidc_access expected;
    } cases[] = {
        {false, EIDC_FOR_ANYONE, EIDC_TOKEN_MISSING, EIDC_ACCESS_OK},
        {false, EIDC_FOR_ANYONE, EIDC_TOKEN_UNREADABLE, EIDC_ACCESS_OK},
        {false, EIDC_FOR_VISITORS, EIDC_TOKEN_MISSING, EIDC_ACCESS_OK},
        {false, EIDC_FOR_VISITORS, EIDC_TOKEN_WRONG, EIDC_ACCESS_OK},
        {false, EIDC_FOR_READERS, EIDC_TOKEN_NOT_CONFIGURED, EIDC_ACCESS_OK},
        {false, EIDC_FOR_READERS, EIDC_TOKEN_MISSING, EIDC_ACCESS_UNAUTHORIZED},
        {false, EIDC_FOR_READERS, EIDC_TOKEN_WRONG, EIDC_ACCESS_UNAUTHORIZED},
        {false, EIDC_FOR_READERS, EIDC_TOKEN_RIGHT, EIDC_ACCESS_OK},
        {false, EIDC_FOR_READERS, EIDC_TOKEN_UNREADABLE, EIDC_ACCESS_NO_TOKEN_FILE},
        {false, EIDC_FOR_WRITERS, EIDC_TOKEN_NOT_CONFIGURED, EIDC_ACCESS_NEEDS_TOKEN},
        {false, EIDC_FOR_WRITERS, EIDC_TOKEN_MISSING, EIDC_ACCESS_UNAUTHORIZED},
        {false, EIDC_FOR_WRITERS, EIDC_TOKEN_WRONG, EIDC_ACCESS_UNAUTHORIZED},
        {false, EIDC_FOR_WRITERS, EIDC_TOKEN_RIGHT, EIDC_ACCESS_OK},
        {true, EIDC_FOR_READERS, EIDC_TOKEN_MISSING, EIDC_ACCESS_OK},
        {true, EIDC_FOR_WRITERS, EIDC_TOKEN_NOT_CONFIGURED, EIDC_ACCESS_OK},
        {true, EIDC_FOR_WRITERS, EIDC_TOKEN_UNREADABLE, EIDC_ACCESS_OK},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct eidc_request r = {.is_unix = cases[i].is_unix, .is_loopback = !cases[i].is_unix};
        if (eidc_access_token(&r, cases[i].audience, cases[i].token) != cases[i].expected)
            fail_msg("case %zu", i);
    }
}

static void bearer(void **state)
{
    static const struct {
        const char *header, *token;
    } cases[] = {
        {"Bearer abc", "abc"}, {"bearer  abc ", "abc"}, {"Bearer", NULL}, {"Bearer ", NULL},
        {"Basic abc", NULL},   {"Bearerabc", NULL},     {"", NULL},       {NULL, NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct eidc_str token;
        bool got = eidc_access_bearer(eidc_str_of(cases[i].header), &token);
        assert_int_equal(got, cases[i].token != NULL);
        if (got)
            assert_true(eidc_str_eq(token, eidc_str_of(cases[i].token)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(where_from),
        cmocka_unit_test(number_of_hosts),
        cmocka_unit_test(who_asks),
        cmocka_unit_test(bearer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
