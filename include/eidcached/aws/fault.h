#pragma once
/*
 * What an AWS answer that is no success says: the error code without its namespace, the message
 * and the request's id, from headers, JSON (`__type`, `message`) or XML (`Error/Code`). The message
 * ends at its first line break and is left out when it quotes an Authorization: what AWS says about
 * wrong signatures repeats signed headers, the session token among them. None of it holds one of
 * the request's secrets.
 */
#include "eidcached/aws/secrets.h"
#include "eidcached/base/err.h"
#include "eidcached/net/http_client.h"

#define EIDC_AWS_CODE_MAX 64

struct eidc_aws_fault {
    /* "" when the answer has none; UnknownError when it is not like [A-Za-z0-9._-] */
    char code[EIDC_AWS_CODE_MAX + 1];
    char message[320];
    char request_id[96];
    char bucket_region[32]; /* S3: where the bucket is, when it says so */
};

void eidc_aws_fault_read(const struct eidc_http_response *response,
                         const struct eidc_secrets *secrets, struct eidc_aws_fault *out);
enum eidc_err_kind eidc_aws_fault_kind(int status, const char *code);
/* "ok", "throttled", "denied", ...: label of the request metric. */
const char *eidc_aws_outcome(int status, enum eidc_err_kind kind);
