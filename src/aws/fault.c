#include "eidcached/aws/fault.h"

#include <stdio.h>
#include <strings.h>

#include "eidcached/aws/retry.h"
#include "eidcached/aws/xml.h"
#include "eidcached/base/json_read.h"
#include "eidcached/base/utf8.h"

/* An answer being read. */
struct reading {
    const struct eidc_secrets *secrets;
    struct eidc_aws_fault *out;
    bool had_code;
};

/* The first text counts. Redacted before it is cut: the beginning of a secret is not recognised. */
static void keep(const struct reading *r, char *out, size_t size, struct eidc_str text)
{
    EIDC_BUF_AUTO clean = {0};
    if (out[0] != 0)
        return;
    eidc_secrets_redact(r->secrets, text, &clean);
    struct eidc_str kept = eidc_buf_view(&clean);
    if (kept.n >= size) {
        kept.n = size - 1;
        kept.n = eidc_utf8_valid_prefix(kept); /* no half character at the end */
    }
    snprintf(out, size, "%.*s", EIDC_STR_ARG(kept));
}

static bool is_code(struct eidc_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    c == '.' || c == '_' || c == '-';
        if (!good)
            return false;
    }
    return s.n > 0 && s.n <= EIDC_AWS_CODE_MAX;
}

/* "com.amazonaws.glue#EntityNotFoundException:http://..." */
static struct eidc_str bare_code(struct eidc_str text)
{
    const char *colon = memchr(text.p, ':', text.n);
    if (colon)
        text.n = (size_t)(colon - text.p);
    const char *hash = memrchr(text.p, '#', text.n);
    if (hash) {
        text.n -= (size_t)(hash + 1 - text.p);
        text.p = hash + 1;
    }
    return text;
}

static void keep_code(struct reading *r, struct eidc_str text)
{
    EIDC_BUF_AUTO clean = {0};
    eidc_secrets_redact(r->secrets, text, &clean);
    struct eidc_str code = bare_code(eidc_buf_view(&clean));
    r->had_code |= text.n > 0;
    if (is_code(code))
        keep(r, r->out->code, sizeof(r->out->code), code);
}

static void keep_message(const struct reading *r, struct eidc_str text)
{
    static const char quoted[] = "AWS4-HMAC";
    if (memmem(text.p, text.n, quoted, sizeof(quoted) - 1))
        return;
    const char *line_end = memchr(text.p, '\n', text.n);
    if (line_end)
        text.n = (size_t)(line_end - text.p);
    keep(r, r->out->message, sizeof(r->out->message), text);
}

static void keep_request_id(const struct reading *r, struct eidc_str text)
{
    keep(r, r->out->request_id, sizeof(r->out->request_id), text);
}

static void keep_region(const struct reading *r, struct eidc_str text)
{
    keep(r, r->out->bucket_region, sizeof(r->out->bucket_region), text);
}

static void read_headers(const struct eidc_http_headers *headers, struct reading *r)
{
    static const char *const id_names[] = {"x-amzn-RequestId", "x-amz-request-id"};
    const char *code = eidc_http_headers_get(headers, "x-amzn-ErrorType");
    if (code)
        keep_code(r, eidc_str_of(code));
    for (size_t i = 0; i < sizeof(id_names) / sizeof(id_names[0]); i++) {
        const char *id = eidc_http_headers_get(headers, id_names[i]);
        if (id)
            keep_request_id(r, eidc_str_of(id));
    }
    const char *region = eidc_http_headers_get(headers, "x-amz-bucket-region");
    if (region)
        keep_region(r, eidc_str_of(region));
}

static void read_json(struct eidc_str body, struct reading *r)
{
    EIDC_CJSON_AUTO *root = NULL;
    struct eidc_err ignored;
    if (!eidc_json_parse(body, &root, &ignored))
        return;
    struct eidc_str text;
    if (eidc_json_get_str(root, "__type", &text) || eidc_json_get_str(root, "code", &text))
        keep_code(r, text);
    if (eidc_json_get_str(root, "message", &text) || eidc_json_get_str(root, "Message", &text))
        keep_message(r, text);
}

static bool on_element(void *arg, const char *path, struct eidc_str text, struct eidc_err *err)
{
    struct reading *r = arg;
    (void)err;
    if (strncmp(path, "ErrorResponse/", 14) == 0)
        path += 14;
    if (text.n == 0)
        return true;
    if (strcmp(path, "Error/Code") == 0)
        keep_code(r, text);
    else if (strcmp(path, "Error/Message") == 0)
        keep_message(r, text);
    else if (strcmp(path, "Error/RequestId") == 0 || strcmp(path, "RequestId") == 0)
        keep_request_id(r, text);
    else if (strcmp(path, "Error/Region") == 0)
        keep_region(r, text);
    return true;
}

void eidc_aws_fault_read(const struct eidc_http_response *response,
                         const struct eidc_secrets *secrets, struct eidc_aws_fault *out)
{
    struct reading r = {.secrets = secrets, .out = out};
    *out = (struct eidc_aws_fault){0};
    read_headers(&response->headers, &r);
    struct eidc_str body = eidc_buf_view(&response->body);
    struct eidc_err ignored;
    if (body.n && body.p[0] == '{')
        read_json(body, &r);
    else if (body.n && body.p[0] == '<')
        eidc_xml_parse(body, on_element, &r, &ignored);
    if (r.had_code && out->code[0] == 0)
        snprintf(out->code, sizeof(out->code), "UnknownError");
}

static enum eidc_err_kind kind_of_code(const char *code)
{
    if (strncmp(code, "AccessDenied", 12) == 0 || strncmp(code, "NotAuthorized", 13) == 0)
        return EIDC_ERR_DENIED;
    if (eidc_str_ends(eidc_str_of(code), EIDC_STR("NotFoundException")))
        return EIDC_ERR_NOT_FOUND;
    return EIDC_ERR_NONE;
}

static enum eidc_err_kind kind_of_status(int status)
{
    if (status >= 500)
        return EIDC_ERR_UNAVAILABLE;
    switch (status) {
    case 401:
    case 403:
        return EIDC_ERR_DENIED;
    case 404:
        return EIDC_ERR_NOT_FOUND;
    case 409:
    case 412:
        return EIDC_ERR_CONFLICT;
    default:
        return EIDC_ERR_INVALID;
    }
}

enum eidc_err_kind eidc_aws_fault_kind(int status, const char *code)
{
    static const enum eidc_err_kind by_class[] = {
        [EIDC_RETRY_NO] = EIDC_ERR_NONE,
        [EIDC_RETRY_TRANSIENT] = EIDC_ERR_UNAVAILABLE,
        [EIDC_RETRY_THROTTLE] = EIDC_ERR_THROTTLED,
        [EIDC_RETRY_AUTH] = EIDC_ERR_DENIED,
        [EIDC_RETRY_SKEW] = EIDC_ERR_DENIED,
    };
    enum eidc_err_kind kind = by_class[eidc_retry_classify(status, code)];
    if (kind == EIDC_ERR_NONE)
        kind = kind_of_code(code);
    return kind == EIDC_ERR_NONE ? kind_of_status(status) : kind;
}

const char *eidc_aws_outcome(int status, enum eidc_err_kind kind)
{
    static const char *const names[] = {
        [EIDC_ERR_NONE] = "ok",
        [EIDC_ERR_NOT_FOUND] = "not_found",
        [EIDC_ERR_DENIED] = "denied",
        [EIDC_ERR_CONFLICT] = "conflict",
        [EIDC_ERR_THROTTLED] = "throttled",
        [EIDC_ERR_LIMIT] = "too_large",
        [EIDC_ERR_CORRUPT] = "damaged",
        [EIDC_ERR_CANCELLED] = "cancelled",
    };
    if (status == 304)
        return "ok";
    if (status == 0 && (kind == EIDC_ERR_UNAVAILABLE || kind == EIDC_ERR_TIMEOUT))
        return "unreachable";
    bool named = (size_t)kind < sizeof(names) / sizeof(names[0]) && names[kind];
    return named ? names[kind] : "error";
}
