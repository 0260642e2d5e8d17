#pragma once
/* One S3 request: addressing, the headers every request has, errors that name bucket and key.
 * For s3*.c. */
#include "eidcached/aws/s3.h"

struct eidc_s3_request {
    const char *operation, *method;
    const char *key; /* NULL: the bucket itself */
    const struct eidc_sigv4_param *params;
    size_t param_count;
    struct eidc_http_headers headers; /* freed by eidc_s3_perform; else by the caller */
    struct eidc_str body;
    const struct eidc_http_body *made; /* see eidc_aws_request */
    const uint8_t *sha256;
    size_t max_response; /* of a success; errors always have room */
    bool (*take)(void *arg, struct eidc_str body, struct eidc_err *err);
    void *take_arg;
};

/* Starts it, see eidc_aws_call; s3 and request, with all they point to, must outlive it. A bucket
 * that is in another region is asked for there: once, and remembered. */
void eidc_s3_start(const struct eidc_s3 *s3, struct eidc_s3_request *request, eidc_aws_done *done,
                   void *arg);
/* Why an answer is no success; returns false. */
bool eidc_s3_explain(const struct eidc_s3 *s3, const struct eidc_s3_request *request,
                     const struct eidc_aws_response *response, struct eidc_err *err);
/* Both: false when the answer is no 2xx, with err set; *response is to be freed either way. */
bool eidc_s3_perform(const struct eidc_s3 *s3, struct eidc_s3_request *request,
                     struct eidc_aws_response *response, struct eidc_err *err);
void eidc_s3_take_etag(const struct eidc_aws_response *response, char out[static EIDC_ETAG_MAX]);
