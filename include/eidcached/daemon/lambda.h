#pragma once
/*
 * The AWS Lambda runtime API, for a custom runtime (provided.al2023). Source: "Using the Lambda
 * runtime API" in the AWS Lambda developer guide, version 2018-06-01. One thread.
 */
#include "eidcached/base/buf.h"
#include "eidcached/base/err.h"

/* Whether this process is a Lambda function: AWS_LAMBDA_RUNTIME_API is set. */
bool eidc_lambda_is_on(void);

struct eidc_lambda;
bool eidc_lambda_new(struct eidc_lambda **out, struct eidc_err *err);
void eidc_lambda_free(struct eidc_lambda *lambda); /* NULL is fine */

struct eidc_lambda_invocation {
    char *id;
    int64_t deadline_ms; /* unix time; 0: not told */
    struct eidc_buf event;
};
void eidc_lambda_invocation_free(struct eidc_lambda_invocation *invocation);

/* Waits for the next invocation, however long; the process may be frozen meanwhile. */
bool eidc_lambda_next(struct eidc_lambda *lambda, struct eidc_lambda_invocation *out,
                      struct eidc_err *err);
/* Its answer, a JSON document. */
bool eidc_lambda_answer(struct eidc_lambda *lambda, const char *id, struct eidc_str json,
                        struct eidc_err *err);
/* Its failure; id NULL: the start failed. type: "Category.Reason". */
bool eidc_lambda_fail(struct eidc_lambda *lambda, const char *id, const char *type,
                      const char *message, struct eidc_err *err);
