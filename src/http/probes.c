#include "eidcached/base/clock.h"
#include "eidcached/http/freshness.h"
#include "eidcached/http/handlers.h"
#include "eidcached/http/query.h"

/* One check appends why it failed, or nothing. */
struct check {
    const char *name;
    void (*run)(const struct eidc_service *service, struct eidc_buf *why);
};

static void check_generation(const struct eidc_service *service, struct eidc_buf *why)
{
    (void)service;
    if (eidc_current_enter() == NULL)
        eidc_buf_add_z(why, EIDC_NO_GENERATION);
    eidc_current_leave();
}

static void check_fresh(const struct eidc_service *service, struct eidc_buf *why)
{
    const int64_t max_stale_ms = atomic_load(&service->max_stale_ms);
    int64_t now = eidc_now_ms();
    const struct eidc_generation *g = eidc_current_enter();
    if (g == NULL)
        eidc_buf_add_z(why, "there is nothing to serve");
    else if (eidc_is_stale(g, max_stale_ms, now))
        eidc_tell_stale(g, max_stale_ms, now, why);
    eidc_current_leave();
}

static void check_serving(const struct eidc_service *service, struct eidc_buf *why)
{
    if (atomic_load_explicit(&service->draining, memory_order_relaxed))
        eidc_buf_add_z(why, "the process is stopping");
}

/* That it answers at all is the check. */
static void check_alive(const struct eidc_service *service, struct eidc_buf *why)
{
    (void)service;
    (void)why;
}

static const struct check live_checks[] = {{"process", check_alive}, {NULL, NULL}};
static const struct check ready_checks[] = {
    {"generation", check_generation},
    {"fresh", check_fresh},
    {"serving", check_serving},
    {NULL, NULL},
};

/* Runs all; a line for each into r->out. True when none failed. */
static bool run_checks(struct eidc_request *r, const struct check *checks)
{
    EIDC_BUF_AUTO why = {0};
    bool all = true;
    for (; checks->name != NULL; checks++) {
        eidc_buf_clear(&why);
        checks->run(r->service, &why);
        if (why.n == 0)
            eidc_buf_addf(&r->out, "[+]%s ok\n", checks->name);
        else
            eidc_buf_addf(&r->out, "[-]%s failed: %s\n", checks->name, why.p);
        all = all && why.n == 0;
    }
    return all;
}

/* As Kubernetes' own components answer: "ok", or with ?verbose and on failure every check. */
static void probe(struct eidc_request *r, const char *name, const struct check *checks)
{
    struct eidc_param param;
    bool verbose = eidc_query_find(r->query, "verbose", &param);
    bool passed = run_checks(r, checks);
    if (passed && !verbose) {
        eidc_buf_clear(&r->out);
        eidc_buf_add_z(&r->out, "ok\n");
    } else {
        eidc_buf_addf(&r->out, "%s check %s\n", name, passed ? "passed" : "failed");
    }
    r->answer.status = passed ? 200 : 503;
    r->answer.content_type = EIDC_TYPE_TEXT;
    r->answer.no_store = true;
}

void eidc_handle_livez(struct eidc_request *r)
{
    probe(r, "livez", live_checks);
}

void eidc_handle_readyz(struct eidc_request *r)
{
    probe(r, "readyz", ready_checks);
}
