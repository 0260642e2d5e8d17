/* The page at /: who gets it, under which policy, and that the policy fits the document. */
#include <unistd.h>

#include <openssl/evp.h>

#include "eidcached/base/mem.h"
#include "eidcached/core/current.h"
#include "tests/unit/http/asking.h"

#define BROWSER "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"

static bool is_page(void)
{
    return a.status == 200 &&
           strcmp(http_header(&a, "Content-Type"), "text/html; charset=utf-8") == 0;
}

static void browsers_get_the_page(void **state)
{
    (void)state;
    httpd_fixture_start(&f); /* nothing is served yet: it is there all the same */
    ask("GET / HTTP/1.1\r\n" BROWSER);
    assert_true(is_page());
    assert_memory_equal(a.body.p, "<!doctype html>", 15);
    assert_non_null(strstr(a.body.p, "</html>\n"));
    assert_null(strstr(a.body.p, "@STYLE@"));
    assert_null(strstr(a.body.p, "@SCRIPT@"));
    expect_header("Vary", "Accept, Accept-Encoding");
    assert_null(http_header(&a, "Content-Encoding"));
    expect_header("X-Content-Type-Options", "nosniff");
    expect_header("Referrer-Policy", "no-referrer");
    expect_header("Cache-Control", "no-cache");
}

static void others_get_text(void **state)
{
    static const char *const heads[] = {
        "GET / HTTP/1.1\r\n",
        "GET / HTTP/1.1\r\nAccept: */*\r\n",
        "GET / HTTP/1.1\r\nAccept: text/plain\r\n",
        "GET / HTTP/1.1\r\nAccept: application/json\r\n",
        "GET / HTTP/1.1\r\nAccept: text/html;q=0.1, text/plain\r\n",
    };
    (void)state;
    httpd_fixture_start(&f);
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        ask(heads[i]);
        assert_int_equal(a.status, 200);
        expect_header("Content-Type", "text/plain; charset=utf-8");
        expect_header("Vary", "Accept");
        assert_null(http_header(&a, "Content-Security-Policy"));
    }
}

/* What is between two marks of the document. */
static struct eidc_str block(const char *from, const char *to)
{
    const char *start = strstr(a.body.p, from);
    assert_non_null(start);
    start += strlen(from);
    const char *end = strstr(start, to);
    assert_non_null(end);
    return (struct eidc_str){start, (size_t)(end - start)};
}

static void assert_allowed(const char *policy, const char *directive, struct eidc_str text)
{
    unsigned char digest[EVP_MAX_MD_SIZE], base64[EVP_MAX_MD_SIZE * 2];
    unsigned size = 0;
    char source[256];
    assert_true(EVP_Digest(text.p, text.n, digest, &size, EVP_sha256(), NULL));
    EVP_EncodeBlock(base64, digest, (int)size);
    snprintf(source, sizeof(source), "; %s 'sha256-%s';", directive, base64);
    if (strstr(policy, source) == NULL)
        fail_msg("no %s in %s", source, policy);
}

static void the_policy_fits(void **state)
{
    static const char *const parts[] = {
        "default-src 'none';", "connect-src 'self';",     "base-uri 'none';",
        "form-action 'none';", "frame-ancestors 'none';", "require-trusted-types-for 'script';"};
    (void)state;
    httpd_fixture_start(&f);
    ask("GET / HTTP/1.1\r\n" BROWSER);
    assert_true(is_page());
    char *policy = eidc_xstrdup(http_header(&a, "Content-Security-Policy"));
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (strstr(policy, parts[i]) == NULL)
            fail_msg("no %s in %s", parts[i], policy);
    }
    assert_null(strstr(policy, "unsafe"));
    assert_null(strstr(policy, "*"));
    assert_allowed(policy, "style-src", block("<style>", "</style>"));
    assert_allowed(policy, "script-src", block("<script type=\"module\">", "</script>"));
    free(policy);
}

static void conditional(void **state)
{
    char head[256];
    (void)state;
    httpd_fixture_start(&f);
    ask("GET / HTTP/1.1\r\n" BROWSER);
    char *etag = eidc_xstrdup(http_header(&a, "ETag"));
    snprintf(head, sizeof(head), "GET / HTTP/1.1\r\n" BROWSER "If-None-Match: %s\r\n", etag);
    ask(head);
    assert_int_equal(a.status, 304);
    assert_int_equal(a.body.n, 0);
    expect_header("ETag", etag);
    ask("GET / HTTP/1.1\r\n" BROWSER "If-None-Match: \"another\"\r\n");
    assert_true(is_page());
    free(etag);
}

/* What `gzip -dc` makes of the body. */
static void unpack(struct eidc_buf *out)
{
    char path[] = "/tmp/eidc-test-gzip-XXXXXX", command[64], piece[4096];
    int fd = mkstemp(path);
    assert_true(fd >= 0 && write(fd, a.body.p, a.body.n) == (ssize_t)a.body.n);
    close(fd);
    snprintf(command, sizeof(command), "gzip -dc <%s", path);
    FILE *unpacked = popen(command, "r");
    assert_non_null(unpacked);
    for (size_t n; (n = fread(piece, 1, sizeof(piece), unpacked)) > 0;)
        eidc_buf_add(out, piece, n);
    assert_int_equal(pclose(unpacked), 0);
    unlink(path);
}

/* The same document, but another representation: it has a tag of its own. */
static void compressed_for_who_takes_that(void **state)
{
    static const char *const requests[] = {"GET / HTTP/1.1\r\n" BROWSER,
                                           "GET /openapi.json HTTP/1.1\r\n"};
    char head[512], etag[64];
    (void)state;
    httpd_fixture_start(&f);
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        EIDC_BUF_AUTO plain = {0}, unpacked = {0};
        ask(requests[i]);
        assert_null(http_header(&a, "Content-Encoding"));
        snprintf(etag, sizeof(etag), "%s", http_header(&a, "ETag"));
        eidc_buf_add(&plain, a.body.p, a.body.n);
        snprintf(head, sizeof(head), "%sAccept-Encoding: gzip, br\r\nIf-None-Match: %s\r\n",
                 requests[i], etag);
        ask(head);
        assert_int_equal(a.status, 200);
        expect_header("Content-Encoding", "gzip");
        assert_string_not_equal(http_header(&a, "ETag"), etag);
        assert_true(a.body.n < plain.n / 2);
        unpack(&unpacked);
        assert_true(eidc_str_eq(eidc_buf_view(&unpacked), eidc_buf_view(&plain)));
        snprintf(head, sizeof(head), "%sAccept-Encoding: gzip\r\nIf-None-Match: %s\r\n",
                 requests[i], http_header(&a, "ETag"));
        ask(head);
        assert_int_equal(a.status, 304);
        assert_null(http_header(&a, "Content-Encoding"));
        assert_non_null(strstr(http_header(&a, "Vary"), "Accept-Encoding"));
    }
}

static void head_has_its_headers(void **state)
{
    (void)state;
    httpd_fixture_start(&f);
    int fd = http_connect(&f);
    http_sendf(fd, "HEAD / HTTP/1.1\r\nHost: localhost\r\n" BROWSER "\r\n");
    assert_true(http_receive(fd, true, &a));
    assert_true(is_page());
    assert_non_null(http_header(&a, "Content-Security-Policy"));
    close(fd);
}

/* The page has no data, so that it needs no token; the text names the version, and does. */
static void a_token_is_not_for_the_page(void **state)
{
    char path[] = "/tmp/eidc-test-page-XXXXXX";
    int fd = mkstemp(path);
    (void)state;
    assert_true(fd >= 0 && write(fd, "s3cret\n", 7) == 7);
    close(fd);
    f.config.http.token_file = path;
    httpd_fixture_start(&f);
    ask("GET / HTTP/1.1\r\n" BROWSER);
    assert_true(is_page());
    assert_null(strstr(a.body.p, EIDC_VERSION));
    ask("GET / HTTP/1.1\r\n" BROWSER "Authorization: Bearer wrong\r\n");
    assert_true(is_page());
    ask("GET / HTTP/1.1\r\n");
    assert_int_equal(a.status, 401);
    ask("GET /v1/status HTTP/1.1\r\n" BROWSER);
    assert_int_equal(a.status, 401);
    ask("GET /nothing HTTP/1.1\r\n" BROWSER);
    assert_int_equal(a.status, 401);
    unlink(path);
}

static void refusals(void **state)
{
    static const struct {
        unsigned status;
        const char *request;
    } cases[] = {
        {403, "GET / HTTP/1.1\r\nHost: evil.test\r\n" BROWSER "\r\n"},
        {403, "GET / HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.test\r\n" BROWSER "\r\n"},
        {403, "GET / HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: ::1\r\n" BROWSER "\r\n"},
        {405, "DELETE / HTTP/1.1\r\nHost: localhost\r\n" BROWSER "\r\n"},
        {404, "GET /page.js HTTP/1.1\r\nHost: localhost\r\n" BROWSER "\r\n"},
    };
    (void)state;
    httpd_fixture_start(&f);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int fd = http_connect(&f);
        http_sendf(fd, "%s", cases[i].request);
        if (!http_receive(fd, false, &a) || a.status != cases[i].status)
            fail_msg("request %zu: %u", i, a.status);
        expect_header("Content-Type", "application/problem+json");
        close(fd);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_httpd, tear_down_httpd)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(browsers_get_the_page),
        TEST(others_get_text),
        TEST(the_policy_fits),
        TEST(conditional),
        TEST(compressed_for_who_takes_that),
        TEST(head_has_its_headers),
        TEST(a_token_is_not_for_the_page),
        TEST(refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
