#include "eidcached/aws/s3.h"

#include "eidcached/aws/s3_request.h"

bool eidc_s3_get(const struct eidc_s3 *s3, const char *key, const char *if_none_match, size_t max,
                 bool *modified, struct eidc_buf *body, char etag[static EIDC_ETAG_MAX],
                 struct eidc_err *err)
{
    struct eidc_s3_request request = {
        .operation = "GetObject", .method = "GET", .key = key, .max_response = max};
    if (if_none_match)
        eidc_http_headers_add(&request.headers, "If-None-Match", eidc_str_of(if_none_match));
    struct eidc_aws_response response;
    bool ok = eidc_s3_perform(s3, &request, &response, err);
    bool same = !ok && if_none_match && response.status == 304;
    if (ok && response.body.n > max)
        ok = eidc_fail(err, EIDC_ERR_LIMIT, "s3://%s/%s: longer than %zu bytes", s3->bucket, key,
                       max);
    if (ok) {
        eidc_s3_take_etag(&response, etag);
        eidc_buf_free(body);
        *body = response.body;
        response.body = (struct eidc_buf){0};
    }
    if (ok || same)
        *modified = ok;
    eidc_aws_response_free(&response);
    return ok || same;
}

bool eidc_s3_size(const struct eidc_s3 *s3, const char *key, uint64_t *bytes, struct eidc_err *err)
{
    struct eidc_s3_request request = {.operation = "HeadObject", .method = "HEAD", .key = key};
    struct eidc_aws_response response;
    bool ok = eidc_s3_perform(s3, &request, &response, err);
    const char *length = eidc_http_headers_get(&response.headers, "Content-Length");
    if (response.status == 404)
        err->kind = EIDC_ERR_NOT_FOUND; /* there is no body to say what is missing */
    else if (ok && !(length && eidc_str_u64(eidc_str_of(length), UINT64_MAX, bytes)))
        ok = eidc_fail(err, EIDC_ERR_CORRUPT, "s3://%s/%s: HEAD told no length", s3->bucket, key);
    eidc_aws_response_free(&response);
    return ok;
}

bool eidc_s3_delete(const struct eidc_s3 *s3, const char *key, struct eidc_err *err)
{
    struct eidc_s3_request request = {.operation = "DeleteObject", .method = "DELETE", .key = key};
    struct eidc_aws_response response;
    bool ok = eidc_s3_perform(s3, &request, &response, err);
    eidc_aws_response_free(&response);
    return ok;
}
