#include <inttypes.h>

#include "eidcached/base/clock.h"
#include "eidcached/base/json.h"
#include "eidcached/base/metrics.h"
#include "eidcached/http/freshness.h"
#include "eidcached/http/handlers.h"
#include "eidcached/http/http_metrics.h"
#include "eidcached/http/parameters.h"
#include "eidcached/http/query.h"

static const char index_text[] =
    "eidcached " EIDC_VERSION "\n"
    "\n"
    "GET  /v1/forward/{name}   the EID of a name\n"
    "GET  /v1/reverse/{eid}    the name of an EID\n"
    "GET  /v1/forward?name=    several names; also /v1/reverse?eid=\n"
    "POST /v1/forward          many names: a JSON array of strings, or text, one a line\n"
    "POST /v1/reverse          many EIDs, likewise\n"
    "GET  /v1/names            names in byte order; ?prefix= ?after= ?limit=100\n"
    "GET  /v1/scopes           how old each scope of a source is; ?source= ?after= ?limit=100\n"
    "GET  /v1/snapshot         the image itself; ?format=json the EidCache document\n"
    "GET  /v1/changes          added and removed; ?since= ?wait=30s for the next change\n"
    "GET  /v1/status           what the daemon knows and does\n"
    "POST /v1/refresh          refresh now; ?wait=30s ?accept_shrink=true\n"
    "GET  /livez /readyz       probes; ?verbose; /healthz is /livez\n"
    "GET  /metrics             for Prometheus\n"
    "GET  /openapi.json        all of this, for programs\n";

void eidc_handle_index(struct eidc_request *r)
{
    eidc_buf_add(&r->out, index_text, sizeof(index_text) - 1);
    r->answer.status = 200;
    r->answer.content_type = EIDC_TYPE_TEXT;
    r->answer.vary_accept = true; /* a browser gets the page */
}

void eidc_handle_metrics(struct eidc_request *r)
{
    eidc_metrics_write(&r->out);
    r->answer.status = 200;
    r->answer.content_type = "text/plain; version=0.0.4; charset=utf-8";
    r->answer.no_store = true;
}

static void write_generation(struct eidc_json *j, const struct eidc_generation *g,
                             int64_t max_stale_ms, int64_t now)
{
    eidc_json_key(j, "generation");
    if (g == NULL) {
        eidc_json_null(j);
        return;
    }
    const struct eidc_image_info *info = eidc_image_info(g->image);
    int64_t verified = atomic_load_explicit(&g->verified_at, memory_order_relaxed);
    eidc_json_open_object(j);
    eidc_json_put_u64(j, "number", info->number);
    eidc_json_put_z(j, "id", info->id);
    eidc_json_put_time(j, "created_at", info->created_at_ms);
    eidc_json_put_time(j, "refreshed_at",
                       atomic_load_explicit(&g->refreshed_at, memory_order_relaxed));
    eidc_json_put_time(j, "verified_at", verified);
    eidc_json_put_seconds(j, "age_seconds", now > verified ? now - verified : 0);
    eidc_json_put_u64(j, "names", info->names);
    eidc_json_put_u64(j, "bytes", eidc_image_block(g->image).n);
    eidc_json_put_bool(j, "partial", atomic_load_explicit(&g->partial, memory_order_relaxed));
    eidc_json_put_bool(j, "stale", eidc_is_stale(g, max_stale_ms, now));
    eidc_json_close_object(j);
}

static void write_lookups(struct eidc_json *j)
{
    eidc_json_key(j, "lookups");
    eidc_json_open_object(j);
    eidc_json_put_u64(j, "forward", eidc_http_lookups(EIDC_FORWARD));
    eidc_json_put_u64(j, "reverse", eidc_http_lookups(EIDC_REVERSE));
    eidc_json_put_u64(j, "misses", eidc_http_misses());
    eidc_json_close_object(j);
}

void eidc_handle_status(struct eidc_request *r)
{
    struct eidc_json j = eidc_json_to(&r->out);
    eidc_json_open_object(&j);
    eidc_json_put_z(&j, "service", "eidcached");
    eidc_json_put_z(&j, "version", EIDC_VERSION);
    eidc_json_put_time(&j, "started_at", r->service->started_at_ms);
    write_generation(&j, eidc_current_enter(), atomic_load(&r->service->max_stale_ms),
                     eidc_now_ms());
    eidc_current_leave();
    eidc_report_write(r->service->report, &j);
    write_lookups(&j);
    eidc_json_close_object(&j);
    eidc_buf_add_byte(&r->out, '\n');
    r->answer.status = 200;
    r->answer.content_type = EIDC_TYPE_JSON;
    r->answer.no_store = true;
}

/* False, with a 400 in r. */
static bool read_refresh_query(struct eidc_request *r, bool *accept_shrink, int64_t *wait_ms)
{
    struct eidc_param param;
    if (eidc_query_find(r->query, "accept_shrink", &param) &&
        !eidc_query_bool(&param, accept_shrink)) {
        eidc_answer_problem(r, 400, "accept_shrink is true or false");
        return false;
    }
    return eidc_parameter_wait(r, wait_ms);
}

static void answer_accepted(struct eidc_request *r, uint64_t ticket)
{
    struct eidc_json j = eidc_json_to(&r->out);
    eidc_json_open_object(&j);
    eidc_json_put_u64(&j, "ticket", ticket);
    eidc_json_close_object(&j);
    eidc_buf_add_byte(&r->out, '\n');
    r->answer.status = 202;
    r->answer.content_type = EIDC_TYPE_JSON;
}

static void answer_outcome(struct eidc_request *r, const struct eidc_round_report *round)
{
    struct eidc_json j = eidc_json_to(&r->out);
    eidc_json_open_object(&j);
    eidc_json_put_u64(&j, "ticket", round->ticket);
    eidc_round_report_write(round, &j);
    eidc_json_close_object(&j);
    eidc_buf_add_byte(&r->out, '\n');
    r->answer.status = 200;
    r->answer.content_type = EIDC_TYPE_JSON;
}

/* Called a second time when the wait is over. */
static void finish_wait(struct eidc_request *r)
{
    if (r->wait.round != NULL)
        answer_outcome(r, r->wait.round);
    else
        answer_accepted(r, r->wait.ticket);
}

void eidc_handle_refresh(struct eidc_request *r)
{
    bool accept_shrink = false;
    int64_t wait_ms = 0;
    uint64_t ticket = 0;
    r->answer.no_store = true;
    if (r->wait.over) {
        finish_wait(r);
        return;
    }
    if (!read_refresh_query(r, &accept_shrink, &wait_ms))
        return;
    if (!eidc_service_request_refresh(r->service, accept_shrink, &ticket)) {
        eidc_answer_unavailable(r, "there is no refresher to ask now");
        return;
    }
    if (wait_ms == 0)
        answer_accepted(r, ticket);
    else
        r->wait = (struct eidc_wait){.ticket = ticket, .until_ms = eidc_mono_ms() + wait_ms};
}
