#include "eidcached/daemon/lambda.h"

#include <stdlib.h>

#include "eidcached/base/json.h"
#include "eidcached/base/mem.h"
#include "eidcached/net/http_client.h"
#include "eidcached/net/user_agent.h"

#define VERSION     "2018-06-01"
#define EVENT_MAX   ((size_t)8 * 1024 * 1024) /* Lambda's own limit is 6 MB */
#define ANSWER_MAX  65536
#define ANSWER_S    10 /* the runtime API is on this machine */
#define TYPE_HEADER "Lambda-Runtime-Function-Error-Type"

struct eidc_lambda {
    struct eidc_http_client *http;
    char *base; /* "http://127.0.0.1:9001/2018-06-01/runtime" */
};

static const char *runtime_api(void)
{
    const char *api = getenv("AWS_LAMBDA_RUNTIME_API");
    return api != NULL && api[0] != '\0' ? api : NULL;
}

bool eidc_lambda_is_on(void)
{
    return runtime_api() != NULL;
}

bool eidc_lambda_new(struct eidc_lambda **out, struct eidc_err *err)
{
    struct eidc_http_client *http;
    char *user_agent EIDC_AUTO_FREE = eidc_user_agent("eidcached");
    if (!eidc_http_curl_new(user_agent, &http, err))
        return false;
    struct eidc_lambda *lambda = eidc_xcalloc(1, sizeof *lambda);
    lambda->http = http;
    lambda->base = eidc_xprintf("http://%s/" VERSION "/runtime", runtime_api());
    *out = lambda;
    return true;
}

void eidc_lambda_free(struct eidc_lambda *lambda)
{
    if (lambda == NULL)
        return;
    lambda->http->ops->destroy(lambda->http);
    free(lambda->base);
    free(lambda);
}

void eidc_lambda_invocation_free(struct eidc_lambda_invocation *invocation)
{
    free(invocation->id);
    eidc_buf_free(&invocation->event);
    *invocation = (struct eidc_lambda_invocation){0};
}

static bool check_status(const char *path, int status, struct eidc_err *err)
{
    return (status >= 200 && status < 300) ||
           eidc_fail(err, EIDC_ERR_UNAVAILABLE, "the Lambda runtime API answers %s with status %d",
                     path, status);
}

static int64_t deadline_of(const struct eidc_http_headers *headers)
{
    const char *text = eidc_http_headers_get(headers, "Lambda-Runtime-Deadline-Ms");
    uint64_t ms;
    return text != NULL && eidc_str_u64(eidc_str_of(text), INT64_MAX, &ms) ? (int64_t)ms : 0;
}

static bool take_invocation(struct eidc_http_response *response, struct eidc_lambda_invocation *out,
                            struct eidc_err *err)
{
    const char *id = eidc_http_headers_get(&response->headers, "Lambda-Runtime-Aws-Request-Id");
    if (id == NULL)
        return eidc_fail(err, EIDC_ERR_CORRUPT, "the invocation has no request id");
    *out = (struct eidc_lambda_invocation){
        .id = eidc_xstrdup(id),
        .deadline_ms = deadline_of(&response->headers),
        .event = response->body,
    };
    response->body = (struct eidc_buf){0};
    return true;
}

bool eidc_lambda_next(struct eidc_lambda *lambda, struct eidc_lambda_invocation *out,
                      struct eidc_err *err)
{
    static const char path[] = "/invocation/next";
    char *url EIDC_AUTO_FREE = eidc_xprintf("%s%s", lambda->base, path);
    const struct eidc_http_request request = {
        .method = "GET", .url = url, .max_response = EVENT_MAX, .no_proxy = true};
    struct eidc_http_response response;
    if (!eidc_http_perform(lambda->http, &request, &response, err))
        return eidc_wrap(err, "the Lambda runtime API");
    bool ok = check_status(path, response.status, err) && take_invocation(&response, out, err);
    eidc_http_response_free(&response);
    return ok;
}

static bool post(struct eidc_lambda *lambda, const char *path, const char *error_type,
                 struct eidc_str body, struct eidc_err *err)
{
    char *url EIDC_AUTO_FREE = eidc_xprintf("%s%s", lambda->base, path);
    struct eidc_http_headers headers = {0};
    struct eidc_http_response response;
    eidc_http_headers_add(&headers, "Content-Type", EIDC_STR("application/json"));
    if (error_type != NULL)
        eidc_http_headers_add(&headers, TYPE_HEADER, eidc_str_of(error_type));
    const struct eidc_http_request request = {
        .method = "POST",
        .url = url,
        .headers = &headers,
        .body = body,
        .timeout_ms = ANSWER_S * 1000,
        .max_response = ANSWER_MAX,
        .no_proxy = true,
    };
    bool answered = eidc_http_perform(lambda->http, &request, &response, err);
    eidc_http_headers_free(&headers);
    if (!answered)
        return eidc_wrap(err, "the Lambda runtime API");
    bool ok = check_status(path, response.status, err);
    eidc_http_response_free(&response);
    return ok;
}

bool eidc_lambda_answer(struct eidc_lambda *lambda, const char *id, struct eidc_str json,
                        struct eidc_err *err)
{
    char *path EIDC_AUTO_FREE = eidc_xprintf("/invocation/%s/response", id);
    return post(lambda, path, NULL, json, err);
}

bool eidc_lambda_fail(struct eidc_lambda *lambda, const char *id, const char *type,
                      const char *message, struct eidc_err *err)
{
    char *path EIDC_AUTO_FREE =
        id != NULL ? eidc_xprintf("/invocation/%s/error", id) : eidc_xstrdup("/init/error");
    EIDC_BUF_AUTO body = {0};
    struct eidc_json j = eidc_json_to(&body);
    eidc_json_open_object(&j);
    eidc_json_put_z(&j, "errorMessage", message);
    eidc_json_put_z(&j, "errorType", type);
    eidc_json_key(&j, "stackTrace");
    eidc_json_open_array(&j);
    eidc_json_close_array(&j);
    eidc_json_close_object(&j);
    return post(lambda, path, type, eidc_buf_view(&body), err);
}
