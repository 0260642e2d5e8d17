/*
 * Start: configuration, refresher (its sources and stores), the newest good image, listeners,
 * READY=1, the refresher's thread. Whatever AWS is doing, what was known is answered before it is
 * asked.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

#include "app_internal.h"
#include "eidcached/base/clock.h"
#include "eidcached/base/log.h"
#include "eidcached/core/current.h"
#include "eidcached/daemon/app.h"
#include "eidcached/daemon/systemd.h"

#define TICK_MS 1000

static bool serve_http(struct app *a)
{
    struct eidc_err err = {0};
    EIDC_BUF_AUTO where = {0};
    int passed[64];
    const size_t fds = eidc_systemd_sockets(passed, sizeof passed / sizeof *passed);

    pthread_rwlock_init(&a->service.refresh_lock, NULL);
    a->service.config = a->http_config;
    a->service.report = &a->report;
    a->service.started_at_ms = eidc_now_ms();
    eidc_service_adopt(&a->service, a->config);
    atomic_store(&a->service.refresh, a->refresh);
    if (!eidc_httpd_start(&a->service, passed, fds, &a->httpd, &err)) {
        eidc_error("%s", err.text);
        return false;
    }
    eidc_httpd_describe(a->httpd, &where);
    eidc_app_log_lines(EIDC_LOG_INFO, "listening on ", &where);
    return true;
}

static void describe(struct app *a, char *out, size_t size)
{
    struct eidc_round_report last = {0};
    const char *result =
        eidc_report_last(&a->report, &last) ? eidc_refresh_result_name(last.result) : "none yet";
    const struct eidc_generation *g = eidc_current_enter();

    if (g == NULL)
        snprintf(out, size, "no data yet; last refresh: %s", result);
    else
        snprintf(out, size,
                 "generation %" PRIu64 ", %" PRIu64 " names, verified %" PRId64
                 " s ago; last refresh: %s",
                 eidc_image_info(g->image)->number, eidc_image_info(g->image)->names,
                 (eidc_now_ms() - atomic_load(&g->verified_at)) / 1000, result);
    eidc_current_leave();
}

/* In this order; false: logged. */
static bool start(struct app *a)
{
    struct eidc_err err = {0};

    if (!eidc_app_setup(a))
        return false;
    eidc_app_warm_start(a);
    if (!serve_http(a))
        return false;
    if (eidc_refresh_start(a->refresh, &err))
        return true;
    eidc_error("%s", err.text);
    return false;
}

/* The signals that are waited for; every thread inherits the mask. */
static sigset_t block_signals(void)
{
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    return signals;
}

static int wait_for_signal(const sigset_t *signals, int64_t wait_ms)
{
    const struct timespec t = {wait_ms / 1000, wait_ms % 1000 * 1000000};

    return sigtimedwait(signals, NULL, &t);
}

/* Until a signal ends it, or a reload that broke it. */
static void run(struct app *a, const sigset_t *signals)
{
    const int64_t watchdog_ms = eidc_app_watchdog_start(a);
    const int64_t tick = watchdog_ms && watchdog_ms < TICK_MS ? watchdog_ms : TICK_MS;
    char status[256];

    for (;;) {
        int signal = wait_for_signal(signals, tick);
        if (signal == SIGTERM || signal == SIGINT)
            return;
        if (signal == SIGHUP)
            eidc_app_reload(a);
        if (a->broken)
            return;
        eidc_app_watchdog_feed(a);
        if (signal < 0) {
            describe(a, status, sizeof status);
            eidc_systemd_status(status);
        }
    }
}

static void serve(struct app *a, const sigset_t *signals)
{
    char status[256];

    describe(a, status, sizeof status);
    eidc_systemd_ready(status);
    run(a, signals);
    eidc_info("stopping");
    eidc_systemd_stopping();
    atomic_store(&a->service.draining, true);
}

int eidc_app_serve(const char *config_path)
{
    struct app a = {.config_path = config_path};
    const sigset_t signals = block_signals();

    bool up = start(&a);
    if (up)
        serve(&a, &signals);
    eidc_app_teardown(&a);
    if (up)
        eidc_info("stopped");
    return up && !a.broken ? 0 : 1;
}
