#include <stdlib.h>
#include <time.h>

#include "eidcached/base/clock.h"
#include "eidcached/base/json.h"
#include "eidcached/base/json_read.h"
#include "eidcached/ctl/client.h"
#include "eidcached/ctl/commands.h"
#include "eidcached/ctl/status_text.h"

#define READY_DEFAULT_S 60
#define READY_EVERY_MS  200
#define READY_LEAST_MS  1000 /* what an answer may take, however little is left */

static int put_status(const struct eidc_ctl *ctl, struct eidc_str body)
{
    EIDC_CJSON_AUTO *status = NULL;
    EIDC_BUF_AUTO text = {0};
    struct eidc_err err;
    if (!eidc_json_parse(body, &status, &err))
        return eidc_ctl_failed(ctl, "status: the server's answer", &err, NULL);
    if (cJSON_GetObjectItemCaseSensitive(status, "generation") == NULL) {
        eidc_ctl_complain(ctl, "status: the server's answer is no status of an eidcached");
        return EIDC_CTL_FAILED;
    }
    if (ctl->options.json) {
        eidc_ctl_put_document(ctl, body);
        return EIDC_CTL_OK;
    }
    eidc_ctl_status_text(status, eidc_now_ms(), &text);
    fwrite(text.p, 1, text.n, ctl->io->out);
    return EIDC_CTL_OK;
}

int eidc_ctl_status(struct eidc_ctl *ctl)
{
    const struct eidc_ctl_request request = {.method = "GET", .target = "/v1/status"};
    EIDC_CTL_RESPONSE_AUTO response = {0};
    struct eidc_err err;
    if (!eidc_ctl_exchange(ctl, &request, &response, &err))
        return eidc_ctl_unreachable(ctl, "status", &err);
    if (response.status != 200)
        return eidc_ctl_refused(ctl, "status", &response);
    return put_status(ctl, eidc_buf_view(&response.body));
}

static bool is_unsaved(const cJSON *doc)
{
    return cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(doc, "saved"));
}

static void put_outcome_text(const struct eidc_ctl *ctl, const cJSON *doc, struct eidc_str result,
                             uint64_t held)
{
    EIDC_BUF_AUTO text = {0};
    uint64_t n;
    eidc_buf_add_str(&text, result);
    if (eidc_json_get_u64(doc, "generation", &n))
        eidc_buf_addf(&text, ", generation %llu", (unsigned long long)n);
    if (eidc_json_get_u64(doc, "names", &n))
        eidc_buf_addf(&text, ", %llu name%s", (unsigned long long)n, eidc_ctl_s(n));
    if (eidc_json_get_u64(doc, "added", &n))
        eidc_buf_addf(&text, ", %llu added", (unsigned long long)n);
    if (eidc_json_get_u64(doc, "removed", &n))
        eidc_buf_addf(&text, ", %llu removed", (unsigned long long)n);
    if (held > 0)
        eidc_buf_addf(&text, ", %llu held", (unsigned long long)held);
    if (is_unsaved(doc))
        eidc_buf_add_z(&text, ", not saved");
    fprintf(ctl->io->out, "refresh: %s\n", text.p);
}

/* "ok" in front of what says that it was not saved would read as if all were well. */
static void put_error(const struct eidc_ctl *ctl, struct eidc_str result, struct eidc_str error,
                      bool unsaved)
{
    if (unsaved && error.n > 0 && eidc_str_eq(result, EIDC_STR("ok")))
        eidc_ctl_complain(ctl, "refresh: %.*s", EIDC_STR_ARG(error));
    else if (error.n > 0 || eidc_str_eq(result, EIDC_STR("failed")))
        eidc_ctl_complain(ctl, "refresh: %.*s%s%.*s", EIDC_STR_ARG(result), error.n > 0 ? ": " : "",
                          EIDC_STR_ARG(error));
}

static void complain_of_held(const struct eidc_ctl *ctl, const cJSON *doc, uint64_t held)
{
    EIDC_BUF_AUTO agreement = {0};
    eidc_ctl_agreement_text(doc, &agreement);
    eidc_ctl_complain(ctl,
                      "refresh: %llu entries have vanished, more than refresh.max_shrink allows, "
                      "and are held%.*s; let them go with: eidctl refresh --accept-shrink",
                      (unsigned long long)held, EIDC_STR_ARG(eidc_buf_view(&agreement)));
}

/* What a refresh that was waited for came to. One that failed or was not saved is a failure here: a
 * partial or held one has published what it could, and says so. */
static int put_outcome(const struct eidc_ctl *ctl, struct eidc_str body)
{
    EIDC_CJSON_AUTO *doc = NULL;
    struct eidc_str result, error = {0};
    struct eidc_err err;
    uint64_t held = 0;
    if (!eidc_json_parse(body, &doc, &err) || !eidc_json_get_str(doc, "result", &result)) {
        eidc_ctl_complain(ctl, "refresh: the server's answer does not say how it ended");
        return EIDC_CTL_FAILED;
    }
    bool failed = eidc_str_eq(result, EIDC_STR("failed"));
    eidc_json_get_str(doc, "error", &error);
    eidc_json_get_u64(doc, "held", &held);
    if (ctl->options.json)
        eidc_ctl_put_document(ctl, body);
    else
        put_outcome_text(ctl, doc, result, held);
    put_error(ctl, result, error, is_unsaved(doc));
    if (held > 0)
        complain_of_held(ctl, doc, held);
    return failed || is_unsaved(doc) ? EIDC_CTL_FAILED : EIDC_CTL_OK;
}

static int still_running(const struct eidc_ctl *ctl, struct eidc_str body)
{
    if (ctl->options.json)
        eidc_ctl_put_document(ctl, body);
    else if (!ctl->options.wait)
        fputs("refresh: started\n", ctl->io->out);
    if (!ctl->options.wait)
        return EIDC_CTL_OK;
    eidc_ctl_complain(ctl,
                      "refresh: still running after %u s; see `eidctl status`, or wait longer "
                      "with --wait=DURATION",
                      ctl->options.wait_s);
    return EIDC_CTL_FAILED;
}

int eidc_ctl_refresh(struct eidc_ctl *ctl)
{
    const struct eidc_ctl_options *o = &ctl->options;
    EIDC_CTL_RESPONSE_AUTO response = {0};
    EIDC_BUF_AUTO target = {0};
    struct eidc_err err;
    eidc_buf_add_z(&target, "/v1/refresh");
    if (o->wait)
        eidc_buf_addf(&target, "?wait=%us", o->wait_s);
    if (o->accept_shrink)
        eidc_buf_addf(&target, "%caccept_shrink=true", o->wait ? '&' : '?');
    const struct eidc_ctl_request request = {
        .method = "POST", .target = target.p, .wait_s = o->wait ? o->wait_s : 0};
    if (!eidc_ctl_exchange(ctl, &request, &response, &err))
        return eidc_ctl_unreachable(ctl, "refresh", &err);
    if (response.status == 202)
        return still_running(ctl, eidc_buf_view(&response.body));
    if (response.status != 200)
        return eidc_ctl_refused(ctl, "refresh", &response);
    return put_outcome(ctl, eidc_buf_view(&response.body));
}

static void put_health(const struct eidc_ctl *ctl, const struct eidc_http_response *response)
{
    struct eidc_str body = eidc_buf_view(&response->body);
    bool healthy = response->status == 200;
    EIDC_BUF_AUTO out = {0};
    if (!ctl->options.json && !eidc_ctl_is_problem(response)) {
        eidc_ctl_put_document(ctl, body.n > 0 ? body : eidc_str_of(healthy ? "ok" : "not ok"));
        return;
    }
    if (!ctl->options.json) {
        eidc_ctl_refused(ctl, "health", response);
        return;
    }
    struct eidc_json j = eidc_json_to(&out);
    eidc_json_open_object(&j);
    eidc_json_put_bool(&j, "healthy", healthy);
    eidc_json_key(&j, "status");
    eidc_json_i64(&j, response->status);
    eidc_json_put_str(&j, "detail", body);
    eidc_json_close_object(&j);
    eidc_ctl_put_document(ctl, eidc_buf_view(&out));
}

int eidc_ctl_health(struct eidc_ctl *ctl)
{
    const struct eidc_ctl_request request = {
        .method = "GET", .target = ctl->options.live ? "/livez?verbose" : "/readyz?verbose"};
    EIDC_CTL_RESPONSE_AUTO response = {0};
    struct eidc_err err;
    if (!eidc_ctl_exchange(ctl, &request, &response, &err))
        return eidc_ctl_unreachable(ctl, "health", &err);
    put_health(ctl, &response);
    return response.status == 200 ? EIDC_CTL_OK : EIDC_CTL_FAILED;
}

/* *why: what the last answer was, or that there was none; then err says so, too, else its kind is
 * NONE. */
static bool is_ready(struct eidc_ctl *ctl, int64_t left_ms, struct eidc_buf *why,
                     struct eidc_err *err)
{
    const struct eidc_ctl_request request = {
        .method = "GET",
        .target = "/readyz",
        .timeout_ms = left_ms > READY_LEAST_MS ? left_ms : READY_LEAST_MS};
    EIDC_CTL_RESPONSE_AUTO response = {0};
    eidc_buf_clear(why);
    err->kind = EIDC_ERR_NONE;
    if (!eidc_ctl_exchange(ctl, &request, &response, err)) {
        eidc_buf_add_z(why, err->text);
        return false;
    }
    struct eidc_str body = eidc_str_trim(eidc_buf_view(&response.body));
    for (size_t i = 0; i < body.n; i++) /* a line for each check */
        eidc_buf_add_byte(why, body.p[i] == '\n' ? ' ' : body.p[i]);
    return response.status == 200;
}

/* What is wrong here does not become right by waiting. */
static bool may_come(const struct eidc_err *err)
{
    return err->kind == EIDC_ERR_NONE || err->kind == EIDC_ERR_UNAVAILABLE ||
           err->kind == EIDC_ERR_TIMEOUT;
}

int eidc_ctl_wait_ready(struct eidc_ctl *ctl)
{
    const struct timespec pause = {.tv_nsec = READY_EVERY_MS * 1000000L};
    unsigned wait_s = ctl->options.wait ? ctl->options.wait_s : READY_DEFAULT_S;
    int64_t until = eidc_mono_ms() + (int64_t)wait_s * 1000;
    EIDC_BUF_AUTO why = {0};
    struct eidc_err err;
    while (!is_ready(ctl, until - eidc_mono_ms(), &why, &err)) {
        if (!may_come(&err))
            return eidc_ctl_unreachable(ctl, "wait-ready", &err);
        if (eidc_mono_ms() >= until) {
            eidc_ctl_complain(ctl, "wait-ready: not ready after %u s: %s", wait_s, why.p);
            return EIDC_CTL_FAILED;
        }
        nanosleep(&pause, NULL);
    }
    return EIDC_CTL_OK;
}
