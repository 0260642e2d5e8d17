/* Replays sigv4_golden.json, which AWS's own signer has judged
 * (tests/support/make_sigv4_golden.py), or what EIDC_SIGV4_CASES names. */
#include "eidcached/aws/sigv4.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "eidcached/base/file.h"
#include "eidcached/base/json_read.h"
#include "eidcached/base/mem.h"

#define PARAMS_MAX 32

struct golden {
    cJSON *cases;
};

static int load(void **state)
{
    static struct golden golden;
    EIDC_BUF_AUTO text = {0};
    struct eidc_err err = {0};
    const char *others = getenv("EIDC_SIGV4_CASES");
    const char *path = others ? others : EIDC_TEST_SOURCE_DIR "/tests/unit/aws/sigv4_golden.json";
    if (!eidc_file_read(path, 64 << 20, &text, &err) ||
        !eidc_json_parse(eidc_buf_view(&text), &golden.cases, &err)) {
        print_error("%s\n", err.text);
        return 1;
    }
    *state = &golden;
    return 0;
}

static int unload(void **state)
{
    cJSON_Delete(((struct golden *)*state)->cases);
    return 0;
}

/* A case with what it points to. */
struct request {
    struct eidc_sigv4 in;
    struct eidc_sigv4_param params[PARAMS_MAX];
    struct eidc_http_headers headers;
};

static const char *text_of(const cJSON *c, const char *key)
{
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(c, key);
    assert_non_null(member);
    return member->valuestring;
}

static void read_case(const cJSON *c, struct request *request)
{
    *request = (struct request){.in = {
                                    .method = text_of(c, "method"),
                                    .host = text_of(c, "host"),
                                    .path = eidc_str_of(text_of(c, "path")),
                                    .params = request->params,
                                    .headers = &request->headers,
                                    .payload_hash = text_of(c, "payload_hash"),
                                    .region = text_of(c, "region"),
                                    .service = text_of(c, "service"),
                                    .access_key = text_of(c, "access_key"),
                                    .secret_key = text_of(c, "secret_key"),
                                    .session_token = text_of(c, "session_token"),
                                }};
    request->in.s3 = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(c, "s3"));
    request->in.unix_ms = (int64_t)cJSON_GetObjectItemCaseSensitive(c, "unix_ms")->valuedouble;
    const cJSON *pair;
    cJSON_ArrayForEach(pair, cJSON_GetObjectItemCaseSensitive(c, "params"))
    {
        assert_true(request->in.param_count < PARAMS_MAX);
        request->params[request->in.param_count++] =
            (struct eidc_sigv4_param){eidc_str_of(cJSON_GetArrayItem(pair, 0)->valuestring),
                                      eidc_str_of(cJSON_GetArrayItem(pair, 1)->valuestring)};
    }
    cJSON_ArrayForEach(pair, cJSON_GetObjectItemCaseSensitive(c, "headers"))
    {
        assert_true(eidc_http_headers_add(&request->headers,
                                          cJSON_GetArrayItem(pair, 0)->valuestring,
                                          eidc_str_of(cJSON_GetArrayItem(pair, 1)->valuestring)));
    }
}

static unsigned differs(const cJSON *c, const char *stage, const char *got)
{
    const char *expected = text_of(c, stage);
    if (got != NULL && strcmp(got, expected) == 0)
        return 0;
    print_error("%s: %s is\n%s\nnot\n%s\n", text_of(c, "name"), stage, got, expected);
    return 1;
}

static unsigned stages_that_differ(const cJSON *c)
{
    struct request request;
    EIDC_BUF_AUTO wire = {0};
    EIDC_BUF_AUTO canonical = {0};
    EIDC_BUF_AUTO to_sign = {0};
    char signature[2 * EIDC_SHA256_BYTES + 1];
    read_case(c, &request);
    eidc_sigv4_wire_target(&request.in, &wire);
    eidc_sigv4_canonical_request(&request.in, &canonical);
    eidc_sigv4_string_to_sign(&request.in, eidc_buf_view(&canonical), &to_sign);
    eidc_sigv4_signature(&request.in, eidc_buf_view(&to_sign), signature);
    eidc_http_headers_free(&request.headers);
    return differs(c, "wire_target", wire.p) + differs(c, "canonical_request", canonical.p) +
           differs(c, "string_to_sign", to_sign.p) + differs(c, "signature", signature);
}

static void each_stage_as_the_golden_cases_have_it(void **state)
{
    const struct golden *golden = *state;
    unsigned failures = 0;
    const cJSON *c;
    assert_true(cJSON_GetArraySize(golden->cases) >= 60);
    cJSON_ArrayForEach(c, golden->cases)
    {
        failures += stages_that_differ(c);
    }
    assert_int_equal(failures, 0);
}

/* "SignedHeaders=...;..., Signature=..." names the same headers in the same order. */
static void signing_adds_the_three_headers(void **state)
{
    const struct golden *golden = *state;
    const cJSON *c;
    cJSON_ArrayForEach(c, golden->cases)
    {
        struct request request;
        read_case(c, &request);
        size_t before = request.headers.n;
        assert_true(eidc_sigv4_sign(&request.in, &request.headers));
        assert_string_equal(eidc_http_headers_get(&request.headers, "authorization"),
                            text_of(c, "authorization"));
        const char *date = eidc_http_headers_get(&request.headers, "x-amz-date");
        assert_int_equal(strlen(date), 16);
        assert_non_null(strstr(text_of(c, "string_to_sign"), date));
        const char *token = eidc_http_headers_get(&request.headers, "x-amz-security-token");
        if (request.in.session_token == NULL)
            assert_null(token);
        else
            assert_string_equal(token, request.in.session_token);
        assert_int_equal(request.headers.n, before + (token != NULL ? 3 : 2));
        eidc_http_headers_free(&request.headers);
    }
}

static struct eidc_sigv4 plain(const struct eidc_http_headers *headers)
{
    return (struct eidc_sigv4){
        .method = "GET",
        .host = "h",
        .path = EIDC_STR("/"),
        .headers = headers,
        .payload_hash = "UNSIGNED-PAYLOAD",
        .region = "r",
        .service = "s",
        .unix_ms = 1,
        .access_key = "AKIDEXAMPLE",
        .secret_key = "secret",
    };
}

/* Of the test suite that AWS publishes: its requests come with their paths as they are, so that
 * those with characters to encode are signed like S3's. */
static void as_awss_published_examples(void **state)
{
    (void)state;
    static const struct {
        struct eidc_str path;
        struct eidc_sigv4_param params[3];
        size_t param_count;
        const char *headers[3][2];
        bool s3;
        const char *session_token, *signature;
    } cases[] = {
        {.path = EIDC_STR("/"),
         .signature = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
        {.path = EIDC_STR("/"),
         .session_token = "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267",
         .signature = "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8"},
        {.path = EIDC_STR("/\xe1\x88\xb4"),
         .s3 = true,
         .signature = "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
        {.path = EIDC_STR("/example space/"),
         .s3 = true,
         .signature = "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"},
        {.path = EIDC_STR("/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"),
         .signature = "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
        {.path = EIDC_STR("//example//"),
         .signature = "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"},
        {.path = EIDC_STR("/"),
         .params = {{EIDC_STR("\xe1\x88\xb4"), EIDC_STR("bar")}},
         .param_count = 1,
         .signature = "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
        {.path = EIDC_STR("/"),
         .params = {{EIDC_STR("Param2"), EIDC_STR("value2")},
                    {EIDC_STR("Param1"), EIDC_STR("value1")}},
         .param_count = 2,
         .signature = "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
        {.path = EIDC_STR("/"),
         .params = {{EIDC_STR("Param-3"), EIDC_STR("Value3")},
                    {EIDC_STR("Param"), EIDC_STR("Value2")},
                    {EIDC_STR("\xe1\x88\xb4"), EIDC_STR("Value1")}},
         .param_count = 3,
         .signature = "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac"},
        {.path = EIDC_STR("/"),
         .headers = {{"My-Header1", " value1"}, {"My-Header2", " \"a   b   c\""}},
         .signature = "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
        {.path = EIDC_STR("/"),
         .headers = {{"My-Header1", "value2"}, {"My-Header1", "value2"}, {"My-Header1", "value1"}},
         .signature = "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct eidc_http_headers headers = {0};
        char empty[2 * EIDC_SHA256_BYTES + 1];
        eidc_sha256_hex((struct eidc_str){0}, empty);
        for (size_t h = 0; h < 3 && cases[i].headers[h][0] != NULL; h++)
            eidc_http_headers_add(&headers, cases[i].headers[h][0],
                                  eidc_str_of(cases[i].headers[h][1]));
        const struct eidc_sigv4 in = {
            .method = "GET",
            .host = "example.amazonaws.com",
            .path = cases[i].path,
            .params = cases[i].params,
            .param_count = cases[i].param_count,
            .headers = &headers,
            .payload_hash = empty,
            .region = "us-east-1",
            .service = "service",
            .s3 = cases[i].s3,
            .unix_ms = 1440938160000,
            .access_key = "AKIDEXAMPLE",
            .secret_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            .session_token = cases[i].session_token,
        };
        assert_true(eidc_sigv4_sign(&in, &headers));
        const char *authorization = eidc_http_headers_get(&headers, "Authorization");
        if (strstr(authorization, cases[i].signature) == NULL)
            fail_msg("case %zu: %s", i, authorization);
        eidc_http_headers_free(&headers);
    }
}

static void no_room_leaves_the_headers_alone(void **state)
{
    (void)state;
    struct eidc_http_headers headers = {0};
    while (headers.n < EIDC_HTTP_HEADERS_MAX - 2)
        eidc_http_headers_add(&headers, "A", EIDC_STR("x"));
    struct eidc_sigv4 in = plain(&headers);
    in.session_token = "token";
    assert_false(eidc_sigv4_sign(&in, &headers));
    assert_int_equal(headers.n, EIDC_HTTP_HEADERS_MAX - 2);
    in.session_token = NULL;
    assert_true(eidc_sigv4_sign(&in, &headers));
    assert_int_equal(headers.n, EIDC_HTTP_HEADERS_MAX);
    eidc_http_headers_free(&headers);
}

static void a_token_with_a_line_break_is_refused(void **state)
{
    (void)state;
    struct eidc_http_headers headers = {0};
    struct eidc_sigv4 in = plain(&headers);
    in.session_token = "token\r\nX-Evil: 1";
    assert_false(eidc_sigv4_sign(&in, &headers));
    assert_int_equal(headers.n, 0);
    eidc_http_headers_free(&headers);
}

static void sign(struct eidc_sigv4 in, char out[static 2 * EIDC_SHA256_BYTES + 1])
{
    EIDC_BUF_AUTO canonical = {0};
    EIDC_BUF_AUTO to_sign = {0};
    eidc_sigv4_canonical_request(&in, &canonical);
    eidc_sigv4_string_to_sign(&in, eidc_buf_view(&canonical), &to_sign);
    eidc_sigv4_signature(&in, eidc_buf_view(&to_sign), out);
}

static void every_input_counts(void **state)
{
    (void)state;
    struct eidc_http_headers none = {0};
    struct eidc_sigv4 changed[9];
    char base[2 * EIDC_SHA256_BYTES + 1];
    char other[2 * EIDC_SHA256_BYTES + 1];
    for (size_t i = 0; i < 9; i++)
        changed[i] = plain(&none);
    changed[0].method = "PUT";
    changed[1].host = "h2";
    changed[2].path = EIDC_STR("/x");
    changed[3].payload_hash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    changed[4].region = "r2";
    changed[5].service = "s2";
    changed[6].unix_ms = 1001;
    changed[7].secret_key = "Secret";
    changed[8].session_token = "t";
    sign(plain(&none), base);
    for (size_t i = 0; i < 9; i++) {
        sign(changed[i], other);
        assert_string_not_equal(base, other);
    }
}

/* An encoded path goes on the wire as it is and is encoded once more to be signed: what a decoded
 * path with the same bytes gives, when it can be written as one. */
static void a_path_may_come_encoded(void **state)
{
    (void)state;
    struct eidc_http_headers headers = {0};
    struct eidc_sigv4 in = {.method = "GET",
                            .host = "h",
                            .path = EIDC_STR("/n/a%3Ab%2Fc"),
                            .path_encoded = true,
                            .headers = &headers,
                            .payload_hash = "x"};
    EIDC_BUF_AUTO wire = {0};
    EIDC_BUF_AUTO canonical = {0};
    EIDC_BUF_AUTO decoded = {0};
    eidc_sigv4_wire_target(&in, &wire);
    assert_string_equal(wire.p, "/n/a%3Ab%2Fc");
    eidc_sigv4_canonical_request(&in, &canonical);
    assert_true(eidc_str_starts(eidc_buf_view(&canonical), EIDC_STR("GET\n/n/a%253Ab%252Fc\n")));
    in.path = EIDC_STR("/n/a%3Ab");
    eidc_buf_clear(&canonical);
    eidc_sigv4_canonical_request(&in, &canonical);
    in.path = EIDC_STR("/n/a:b");
    in.path_encoded = false;
    eidc_sigv4_canonical_request(&in, &decoded);
    assert_string_equal(canonical.p, decoded.p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_stage_as_the_golden_cases_have_it),
        cmocka_unit_test(signing_adds_the_three_headers),
        cmocka_unit_test(as_awss_published_examples),
        cmocka_unit_test(no_room_leaves_the_headers_alone),
        cmocka_unit_test(a_token_with_a_line_break_is_refused),
        cmocka_unit_test(every_input_counts),
        cmocka_unit_test(a_path_may_come_encoded),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
