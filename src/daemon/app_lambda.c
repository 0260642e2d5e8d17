/*
 * The function: a start, then one refresh an invocation. The map stays in memory from one to the
 * next; a fresh sandbox starts from the newest snapshot.
 */
#include <stdlib.h>

#include "app_internal.h"
#include "eidcached/base/clock.h"
#include "eidcached/base/json_read.h"
#include "eidcached/base/log.h"
#include "eidcached/base/mem.h"
#include "eidcached/daemon/app.h"
#include "eidcached/daemon/lambda.h"

/* Of the time that is left, ... */
#define SAVING_MS    2500 /* for building, saving and answering */
#define ANSWERING_MS 1500 /* for answering */

/* {"accept_shrink": true}; whatever else an event says is its sender's business. */
static bool accepts_shrink(struct eidc_str event)
{
    EIDC_CJSON_AUTO *root = NULL;
    struct eidc_err ignored;

    return eidc_json_parse(event, &root, &ignored) &&
           cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(root, "accept_shrink"));
}

/* So that what was listed in time is saved in time, and what became of it told in time. */
static void keep_to_deadline(struct app *a, const struct eidc_lambda_invocation *invocation)
{
    const int64_t now = eidc_mono_ms();
    const int64_t left = invocation->deadline_ms - eidc_now_ms();

    const struct eidc_refresh_limits limits = {
        .listed = now + (left > 2 * SAVING_MS ? left - SAVING_MS : left / 2),
        .ended = now + (left > 2 * ANSWERING_MS ? left - ANSWERING_MS : left / 2),
        .what = "the invocation's deadline",
    };

    if (invocation->deadline_ms == 0)
        eidc_refresh_limit(a->refresh, &EIDC_REFRESH_UNLIMITED);
    else
        eidc_refresh_limit(a->refresh, &limits);
}

static void write_summary(const struct eidc_round_report *round, struct eidc_buf *out)
{
    struct eidc_json j = eidc_json_to(out);

    eidc_json_open_object(&j);
    eidc_round_outcome_write(round, &j);
    eidc_json_close_object(&j);
}

static bool refresh(struct app *a, struct eidc_lambda *lambda,
                    const struct eidc_lambda_invocation *invocation, struct eidc_err *err)
{
    struct eidc_round_report round;
    EIDC_BUF_AUTO summary = {0};

    keep_to_deadline(a, invocation);
    eidc_refresh_once(a->refresh, accepts_shrink(eidc_buf_view(&invocation->event)), &round);
    if (round.held > 0)
        eidc_warn("a fresh sandbox counts its refreshes from one again: what is held stays until "
                  "it returns, or is let go with the event {\"accept_shrink\": true}");
    if (round.result == EIDC_RESULT_FAILED)
        return eidc_lambda_fail(lambda, invocation->id, "Refresh.Failed", round.error, err);
    if (round.saving == EIDC_SAVING_FAILED)
        return eidc_lambda_fail(lambda, invocation->id, "Refresh.NotSaved", round.error, err);
    write_summary(&round, &summary);
    return eidc_lambda_answer(lambda, invocation->id, eidc_buf_view(&summary), err);
}

/* Until the runtime API is gone, which is how a function ends. */
static void serve_invocations(struct app *a, struct eidc_lambda *lambda)
{
    struct eidc_err err = {0};
    bool more = true;

    while (more) {
        struct eidc_lambda_invocation invocation = {0};
        more = eidc_lambda_next(lambda, &invocation, &err) && refresh(a, lambda, &invocation, &err);
        eidc_lambda_invocation_free(&invocation);
    }
    eidc_error("%s", err.text);
}

int eidc_app_lambda(const char *config_path)
{
    struct app a = {.config_path = config_path};
    struct eidc_lambda *lambda = NULL;
    struct eidc_err err = {0};

    if (!eidc_lambda_new(&lambda, &err)) {
        eidc_error("%s", err.text);
        return 1;
    }
    if (eidc_app_setup(&a)) {
        eidc_app_warm_start(&a);
        serve_invocations(&a, lambda);
    } else if (!eidc_lambda_fail(lambda, NULL, "Configuration.Invalid",
                                 "the configuration has problems, see the log", &err)) {
        eidc_error("%s", err.text);
    }
    eidc_app_teardown(&a);
    eidc_lambda_free(lambda);
    return 1;
}
