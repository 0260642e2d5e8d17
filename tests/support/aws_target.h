#pragma once
/* A call target for tests of the AWS layer: http://aws.test, region eu-west-1, credentials that
 * change with every set that is asked for (AKID1, AKID2, ...), through the real cache. */
#include <stdio.h>

#include "eidcached/aws/call.h"
#include "eidcached/aws/creds_cache.h"
#include "eidcached/base/mem.h"

struct test_creds {
    struct eidc_creds_provider base;
    unsigned asked;
    const char *denied;               /* not NULL: get finds none and says this */
    int64_t expires_at_ms;            /* of the sets; 0: never */
    struct eidc_http_client *perform; /* not NULL: get first asks this client for a document */
    eidc_creds_done *done;
    void *arg;
};

static inline void test_creds_end(void *arg, struct eidc_http_response *response)
{
    const struct test_creds *creds = arg;
    struct eidc_creds set = {.access_key = eidc_xprintf("AKID%u", creds->asked),
                             .secret_key = eidc_xstrdup("secret"),
                             .session_token = eidc_xprintf("token%u", creds->asked),
                             .expires_at_ms = creds->expires_at_ms,
                             .provider = "test"};
    eidc_creds_tell(!response || response->status != 0, &set, response ? &response->err : NULL,
                    creds->done, creds->arg);
}

static inline void test_creds_get(struct eidc_creds_provider *self, eidc_creds_done *done,
                                  void *arg)
{
    struct test_creds *creds = (struct test_creds *)(void *)self;
    const struct eidc_http_request request = {.method = "GET", .url = "http://imds.test/"};
    struct eidc_err err;
    creds->asked++;
    creds->done = done;
    creds->arg = arg;
    if (creds->denied) {
        eidc_fail(&err, EIDC_ERR_NOT_FOUND, "%s", creds->denied);
        done(arg, NULL, &err);
    } else if (creds->perform) {
        creds->perform->ops->start(creds->perform, &request, test_creds_end, creds);
    } else {
        test_creds_end(creds, NULL);
    }
}

static inline void test_creds_destroy(struct eidc_creds_provider *self)
{
    free(self);
}

static inline struct test_creds *test_creds_new(void)
{
    static const struct eidc_creds_provider_ops ops = {test_creds_get, NULL, test_creds_destroy};
    struct test_creds *creds = eidc_xcalloc(1, sizeof(*creds));
    creds->base = (struct eidc_creds_provider){&ops, "test"};
    return creds;
}

/* *creds stays valid until the target is freed. */
static inline struct eidc_aws_target test_target(const char *service, struct test_creds **creds)
{
    *creds = test_creds_new();
    return (struct eidc_aws_target){
        .service = service,
        .region = "eu-west-1",
        .endpoint = {.scheme = eidc_xstrdup("http"),
                     .host = eidc_xstrdup("aws.test"),
                     .base_path = eidc_xstrdup(""),
                     .region = eidc_xstrdup("eu-west-1"),
                     .service = eidc_xstrdup(service),
                     .custom = true},
        .creds = eidc_creds_cache_new(&(*creds)->base),
        .connect_timeout_ms = 1000,
        .timeout_ms = 5000,
    };
}

static inline void test_target_free(struct eidc_aws_target *target)
{
    eidc_endpoint_free(&target->endpoint);
    target->creds->ops->destroy(target->creds);
}
