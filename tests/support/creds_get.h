#pragma once
/* One get of a provider, waited for on its client. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "eidcached/aws/creds.h"

struct creds_got {
    unsigned told;
    bool ok;
    struct eidc_creds creds;
    struct eidc_err err;
};

static inline void creds_got_done(void *arg, struct eidc_creds *creds, const struct eidc_err *err)
{
    struct creds_got *got = arg;
    got->told++;
    got->ok = creds != NULL;
    if (creds != NULL) {
        assert_null(err);
        got->creds = *creds;
        *creds = (struct eidc_creds){0}; /* moved */
    } else {
        got->err = *err;
    }
}

/* http NULL: it must be told at once. */
static inline bool creds_get(struct eidc_creds_provider *provider, struct eidc_http_client *http,
                             struct eidc_creds *out, struct eidc_err *err)
{
    struct creds_got got = {0};
    provider->ops->get(provider, creds_got_done, &got);
    while (got.told == 0 && http != NULL && http->ops->step(http, 1000))
        continue;
    assert_int_equal(got.told, 1);
    *out = got.creds;
    *err = got.err;
    return got.ok;
}
