#include "eidcached/aws/call_state.h"

#include <openssl/crypto.h>

#include "eidcached/aws/crc32.h"
#include "eidcached/aws/fault.h"
#include "eidcached/base/encode.h"
#include "eidcached/base/mem.h"
#include "eidcached/base/metrics.h"

static struct eidc_str own_str(struct eidc_str s)
{
    return (struct eidc_str){eidc_xstrndup(s.p ? s.p : "", s.n), s.n};
}

static struct eidc_sigv4_param *own_params(const struct eidc_sigv4_param *params, size_t n)
{
    if (n == 0)
        return NULL;
    struct eidc_sigv4_param *own = eidc_xcalloc(n, sizeof(*own));
    for (size_t i = 0; i < n; i++)
        own[i] = (struct eidc_sigv4_param){own_str(params[i].key), own_str(params[i].value)};
    return own;
}

static void own_headers(const struct eidc_http_headers *from, struct eidc_http_headers *to)
{
    for (size_t i = 0; from && i < from->n; i++)
        eidc_http_headers_add(to, from->at[i].name, eidc_str_of(from->at[i].value));
}

struct eidc_call *eidc_call_new(const struct eidc_aws_request *request)
{
    struct eidc_call *call = eidc_xcalloc(1, sizeof(*call));
    call->request = *request;
    call->request.operation = eidc_xstrdup(request->operation);
    call->request.method = eidc_xstrdup(request->method);
    call->request.host =
        eidc_xstrdup(request->host ? request->host : request->target->endpoint.host);
    call->request.secret = call->secret = eidc_xstrdup(request->secret);
    call->request.params = own_params(request->params, request->param_count);
    own_headers(request->headers, &call->headers);
    call->request.headers = &call->headers;

    struct eidc_buf path = {0};
    struct eidc_str base = eidc_str_of(request->target->endpoint.base_path);
    if (request->path_encoded)
        eidc_percent_encode(&path, base, "/");
    else
        eidc_buf_add_str(&path, base);
    eidc_buf_add_str(&path, request->path);
    call->request.path = own_str(eidc_buf_view(&path));
    eidc_buf_free(&path);

    if (request->sha256)
        eidc_hex_encode(request->sha256, EIDC_SHA256_BYTES, call->payload_hash);
    else
        eidc_sha256_hex(request->body, call->payload_hash);
    call->request.sha256 = NULL; /* said */
    return call;
}

/* The copies were made above, so that taking const away is right. */
static void free_own(const void *p)
{
    union {
        const void *in;
        void *out;
    } u = {p};
    free(u.out);
}

void eidc_call_free(struct eidc_call *call)
{
    struct eidc_aws_request *r = &call->request;
    for (size_t i = 0; i < r->param_count; i++) {
        free_own(r->params[i].key.p);
        free_own(r->params[i].value.p);
    }
    free_own(r->params);
    free_own(r->operation);
    free_own(r->method);
    free_own(r->host);
    free_own(r->path.p);
    eidc_http_headers_free(&call->headers);
    if (call->secret)
        OPENSSL_cleanse(call->secret, strlen(call->secret));
    free(call->secret);
    free(call->access_key);
    eidc_secrets_wipe(&call->secrets);
    free(call);
}

/* Found here, where it can be said whose they are: headers refuse line breaks without a word. */
static bool check_credentials(const struct eidc_creds *creds, struct eidc_err *err)
{
    const struct {
        const char *what, *value;
    } values[] = {{"access key", creds->access_key}, {"session token", creds->session_token}};
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        for (const char *at = values[i].value; at && *at; at++) {
            if ((unsigned char)*at < 0x20 || *at == 0x7f)
                return eidc_fail(err, EIDC_ERR_DENIED,
                                 "the %s holds a character that cannot be in a header (from %s)",
                                 values[i].what, creds->provider);
        }
    }
    return true;
}

bool eidc_call_sign(const struct eidc_call *call, const struct eidc_creds *creds, int64_t unix_ms,
                    struct eidc_buf *url, struct eidc_http_headers *headers, struct eidc_err *err)
{
    static const struct eidc_creds none;
    const struct eidc_aws_request *r = &call->request;
    const struct eidc_creds *keys = creds ? creds : &none;
    const struct eidc_sigv4 in = {
        .method = r->method,
        .host = r->host,
        .path = r->path,
        .path_encoded = r->path_encoded,
        .params = r->params,
        .param_count = r->param_count,
        .headers = headers,
        .payload_hash = call->payload_hash,
        .region = r->target->region,
        .service = r->target->service,
        .s3 = r->s3,
        .unix_ms = unix_ms,
        .access_key = keys->access_key,
        .secret_key = keys->secret_key,
        .session_token = keys->session_token,
    };
    if (!check_credentials(keys, err))
        return false;
    own_headers(&call->headers, headers);
    if (r->s3)
        eidc_http_headers_add(headers, "x-amz-content-sha256", eidc_str_of(call->payload_hash));
    if (creds && !eidc_sigv4_sign(&in, headers))
        return eidc_fail(err, EIDC_ERR_LIMIT, "too many headers to sign");
    eidc_buf_addf(url, "%s://%s", r->target->endpoint.scheme, r->host);
    eidc_sigv4_wire_target(&in, url);
    if (url->failed)
        return eidc_fail(err, EIDC_ERR_NOMEM, "out of memory");
    return true;
}

void eidc_call_conceal(struct eidc_call *call, const struct eidc_creds *creds,
                       const struct eidc_http_headers *headers)
{
    static const char before_signature[] = "Signature=";
    const char *authorization = eidc_http_headers_get(headers, "Authorization");
    const char *signature = authorization ? strstr(authorization, before_signature) : NULL;
    eidc_secrets_wipe(&call->secrets);
    eidc_secrets_add(&call->secrets, authorization);
    if (signature)
        eidc_secrets_add(&call->secrets, signature + sizeof(before_signature) - 1);
    eidc_secrets_add(&call->secrets, call->request.secret);
    if (!creds)
        return;
    eidc_secrets_add(&call->secrets, creds->session_token);
    eidc_secrets_add(&call->secrets, creds->secret_key);
    eidc_secrets_add(&call->secrets, creds->access_key);
}

static void describe_fault(const struct eidc_call *call, int status,
                           const struct eidc_aws_fault *fault, struct eidc_err *err)
{
    EIDC_BUF_AUTO text = {.limit = EIDC_ERR_TEXT_MAX};
    if (fault->code[0])
        eidc_buf_addf(&text, "%s: ", fault->code);
    eidc_buf_addf(&text, "%s", fault->message[0] ? fault->message : "the request failed");
    const char *region = fault->bucket_region;
    if (region[0] && strcmp(region, call->request.target->region) != 0)
        eidc_buf_addf(&text, "; the bucket is in region %s, not %s", region,
                      call->request.target->region);
    eidc_buf_addf(&text, " (status %d", status);
    if (fault->request_id[0])
        eidc_buf_addf(&text, ", request id %s", fault->request_id);
    eidc_buf_add_byte(&text, ')');
    eidc_fail(err, eidc_aws_fault_kind(status, fault->code), "%s", text.p);
}

static enum eidc_retry_class judge_fault(const struct eidc_call *call,
                                         const struct eidc_http_response *answer,
                                         struct eidc_aws_response *out)
{
    struct eidc_aws_fault fault;
    eidc_aws_fault_read(answer, &call->secrets, &fault);
    memcpy(out->code, fault.code, sizeof(out->code));
    describe_fault(call, answer->status, &fault, &out->err);
    return eidc_retry_classify(answer->status, fault.code);
}

static enum eidc_retry_class judge_unanswered(const struct eidc_call *call,
                                              const struct eidc_http_response *answer,
                                              struct eidc_aws_response *out)
{
    const char *origin = call->request.target->endpoint.origin;
    out->err = answer->err;
    if (origin && (out->err.kind == EIDC_ERR_UNAVAILABLE || out->err.kind == EIDC_ERR_TIMEOUT))
        eidc_fail(&out->err, out->err.kind, "%s (%s)", answer->err.text, origin);
    bool lasting = out->err.kind == EIDC_ERR_CANCELLED || out->err.kind == EIDC_ERR_LIMIT ||
                   out->err.kind == EIDC_ERR_INVALID || out->err.kind == EIDC_ERR_NOMEM;
    return lasting ? EIDC_RETRY_NO : EIDC_RETRY_TRANSIENT;
}

/* No call asks for a part. */
static enum eidc_retry_class judge_part(struct eidc_aws_response *out)
{
    eidc_fail(&out->err, EIDC_ERR_CORRUPT, "a part of an answer (status %d)", out->status);
    return EIDC_RETRY_TRANSIENT;
}

/* DynamoDB tells its answers' CRC-32. */
static bool check_crc32(const struct eidc_http_response *answer, struct eidc_err *err)
{
    const char *text = eidc_http_headers_get(&answer->headers, "x-amz-crc32");
    uint64_t told;
    if (!text || !eidc_str_u64(eidc_str_of(text), UINT32_MAX, &told) ||
        told == eidc_crc32(eidc_buf_view(&answer->body)))
        return true;
    return eidc_fail(err, EIDC_ERR_CORRUPT, "the answer does not have the CRC-32 it came with");
}

static enum eidc_retry_class judge_success(const struct eidc_call *call,
                                           const struct eidc_http_response *answer,
                                           struct eidc_aws_response *out)
{
    const struct eidc_aws_request *r = &call->request;
    out->ok = check_crc32(answer, &out->err) &&
              (!r->take || r->take(r->take_arg, eidc_buf_view(&answer->body), &out->err));
    return !out->ok && out->err.kind == EIDC_ERR_CORRUPT ? EIDC_RETRY_TRANSIENT : EIDC_RETRY_NO;
}

/* Whoever made the error: a reader of pages, too, may tell what it stumbled over. */
static void redact_error(const struct eidc_call *call, struct eidc_err *err)
{
    EIDC_BUF_AUTO text = {0};
    eidc_secrets_redact(&call->secrets, eidc_str_of(err->text), &text);
    eidc_fail(err, err->kind, "%.*s", EIDC_STR_ARG(eidc_buf_view(&text)));
}

enum eidc_retry_class eidc_call_judge(const struct eidc_call *call,
                                      struct eidc_http_response *answer,
                                      struct eidc_aws_response *out)
{
    const struct eidc_aws_request *r = &call->request;
    *out = (struct eidc_aws_response){.status = answer->status, .tries = call->tries};
    enum eidc_retry_class cls;
    if (answer->status == 0)
        cls = judge_unanswered(call, answer, out);
    else if (answer->status == 206)
        cls = judge_part(out);
    else if (answer->status >= 200 && answer->status < 300)
        cls = judge_success(call, answer, out);
    else
        cls = judge_fault(call, answer, out);
    if (!out->ok)
        redact_error(call, &out->err);

    out->headers = answer->headers;
    answer->headers = (struct eidc_http_headers){0};
    out->body = answer->body;
    answer->body = (struct eidc_buf){0};
    eidc_metric_add(
        eidc_metric(EIDC_METRIC_AWS_REQUESTS, r->target->service, r->operation,
                    eidc_aws_outcome(out->status, out->ok ? EIDC_ERR_NONE : out->err.kind)),
        1);
    return cls;
}
