/*
 * Start: configuration, refresher (its sources and stores), the newest good image, listeners,
 * READY=1, the refresher's thread. Whatever AWS is doing, what was known is answered before it is
 * asked.
 *
 * A reload builds a new refresher beside the running one and swaps the two; look-ups go on, the
 * image stays. A configuration with a fault changes nothing.
 */
#include "eidcached/daemon/app.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app_internal.h"
#include "eidcached/base/clock.h"
#include "eidcached/base/log.h"
#include "eidcached/base/metrics.h"
#include "eidcached/base/utf8.h"
#include "eidcached/core/current.h"
#include "eidcached/http/tls.h"
#include "eidcached/refresh/systemd.h"

#define DRAIN_MS     10000
#define TICK_MS      1000
#define STOP_POLL_MS 20

static void log_lines(enum eidc_log_level level, const char *before, struct eidc_buf *text)
{
    for (char *save = NULL, *line = text->n ? strtok_r(text->p, "\n", &save) : NULL; line != NULL;
         line = strtok_r(NULL, "\n", &save))
        eidc_log(level, "%s%s", before, line);
}

static void tell_problems(struct eidc_config_problems *problems)
{
    log_lines(EIDC_LOG_ERROR, "", &problems->text);
    eidc_error("the configuration has %u problem%s", problems->count,
               problems->count == 1 ? "" : "s");
}

static struct eidc_config *load_config(const char *path)
{
    struct eidc_config *config = NULL;
    struct eidc_config_problems problems = {0};

    if (eidc_config_load(path, &config, &problems))
        eidc_log_setup(config->log.level, config->log.format);
    else
        tell_problems(&problems);
    eidc_config_problems_free(&problems);
    return config;
}

static bool build_refresh(struct app *a)
{
    struct eidc_err err = {0};

    if (eidc_refresh_new(a->config, &a->report, &a->refresh, &err))
        return true;
    eidc_error("%s", err.text);
    return false;
}

bool eidc_app_setup(struct app *a)
{
    eidc_systemd_journal();
    eidc_metric_set(eidc_metric(EIDC_METRIC_BUILD_INFO, EIDC_VERSION), 1);
    a->config = load_config(a->config_path);
    if (a->config == NULL)
        return false;
    a->http_config = a->config;
    eidc_report_init(&a->report);
    return build_refresh(a);
}

void eidc_app_warm_start(struct app *a)
{
    struct eidc_err err = {0};

    if (!eidc_refresh_warm_start(a->refresh, &err))
        eidc_info("no snapshot to start from (%s): answers come with the first refresh", err.text);
}

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
    log_lines(EIDC_LOG_INFO, "listening on ", &where);
    return true;
}

/* A build or a save ends before the refresher does. */
static void stop_refresh(struct app *a)
{
    eidc_refresh_stop_begin(a->refresh);
    while (!eidc_refresh_stopped(a->refresh)) {
        eidc_app_watchdog_feed(a);
        nanosleep(&(struct timespec){.tv_nsec = STOP_POLL_MS * 1000000}, NULL);
    }
}

void eidc_app_teardown(struct app *a)
{
    if (a->refresh != NULL)
        stop_refresh(a);
    if (a->httpd != NULL)
        eidc_httpd_stop(a->httpd, DRAIN_MS);
    eidc_refresh_free(a->refresh);
    eidc_current_publish(NULL);
    if (a->config != NULL)
        eidc_report_free(&a->report);
    if (a->http_config != a->config)
        eidc_config_free(a->http_config);
    eidc_config_free(a->config);
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

/* The reload proper. False: nothing was changed, or the process is broken; *why is for people. */
static bool swap_refresh(struct app *a, struct eidc_config *fresh, struct eidc_err *why)
{
    struct eidc_refresh *next = NULL, *old = a->refresh;

    if (!eidc_refresh_new(fresh, &a->report, &next, why))
        return false;
    if (!eidc_eid_scheme_equal(eidc_refresh_scheme(next), eidc_refresh_scheme(old))) {
        eidc_refresh_free(next);
        return eidc_fail(why, EIDC_ERR_INVALID,
                         "the eid options make other EIDs now: restart to change them");
    }
    stop_refresh(a);
    eidc_refresh_inherit(next, old);
    pthread_rwlock_wrlock(&a->service.refresh_lock);
    atomic_store(&a->service.refresh, next);
    pthread_rwlock_unlock(&a->service.refresh_lock);
    eidc_refresh_free(old);
    a->refresh = next;
    if (a->config != a->http_config)
        eidc_config_free(a->config);
    a->config = fresh;
    eidc_service_adopt(&a->service, fresh);
    a->broken = !eidc_refresh_start(next, why);
    return !a->broken;
}

static void reload(struct app *a)
{
    struct eidc_err why = {0};

    eidc_systemd_reloading();
    struct eidc_config *fresh = load_config(a->config_path);
    if (fresh == NULL) {
        eidc_error("reload: failed, the running configuration stays in force");
        eidc_systemd_ready("reload failed: the configuration has problems, see the log");
        return;
    }
    bool http_changed = !eidc_config_section_equal(fresh, a->http_config, "http");
    if (!swap_refresh(a, fresh, &why)) {
        if (a->config != fresh)
            eidc_config_free(fresh);
        eidc_log_setup(a->config->log.level, a->config->log.format);
        eidc_error("reload: failed, %s: %s",
                   a->broken ? "and there is no way back" : "the running configuration stays",
                   why.text);
        eidc_systemd_ready("reload failed, see the log");
        return;
    }
    if (http_changed)
        eidc_warn("reload: the http options have changed: they take effect at a restart");
    eidc_info("reload: done");
    eidc_systemd_ready("reloaded");
}

static int wait_for_signal(const sigset_t *signals, int64_t wait_ms)
{
    const struct timespec t = {wait_ms / 1000, wait_ms % 1000 * 1000000};

    return sigtimedwait(signals, NULL, &t);
}

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
            reload(a);
        if (a->broken)
            return;
        eidc_app_watchdog_feed(a);
        if (signal < 0) {
            describe(a, status, sizeof status);
            eidc_systemd_status(status);
        }
    }
}

int eidc_app_serve(const char *config_path)
{
    struct app a = {.config_path = config_path};
    struct eidc_err err = {0};
    char status[256];
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, NULL); /* every thread inherits it */
    signal(SIGPIPE, SIG_IGN);

    bool up = eidc_app_setup(&a);
    if (up) {
        eidc_app_warm_start(&a);
        up = serve_http(&a);
    }
    if (up && !eidc_refresh_start(a.refresh, &err)) {
        eidc_error("%s", err.text);
        up = false;
    }
    if (up) {
        describe(&a, status, sizeof status);
        eidc_systemd_ready(status);
        run(&a, &signals);
        eidc_info("stopping");
        eidc_systemd_stopping();
        atomic_store(&a.service.draining, true);
    }
    eidc_app_teardown(&a);
    if (up)
        eidc_info("stopped");
    return up && !a.broken ? 0 : 1;
}

static int exit_code(const struct eidc_round_report *round)
{
    if (round->result == EIDC_RESULT_FAILED || round->save_failed)
        return 1;
    return round->result == EIDC_RESULT_OK ? 0 : 3;
}

static bool is_saved(const struct eidc_config *config)
{
    return config->snapshot.dir[0] != '\0' || config->snapshot.s3[0] != '\0';
}

static void print_summary(const struct eidc_round_report *r)
{
    printf("result %s\ngeneration %" PRIu64 "\nnames %" PRIu64 "\nadded %" PRIu64
           "\nremoved %" PRIu64 "\nheld %" PRIu64 "\nseconds %.3f\n",
           eidc_refresh_result_name(r->result), r->generation, r->names, r->added, r->removed,
           r->held, (double)r->duration_ms / 1000.0);
    EIDC_BUF_AUTO error = {0};
    eidc_utf8_add_visible(eidc_str_of(r->error), &error);
    if (error.n > 0)
        printf("error %.*s\n", EIDC_STR_ARG(eidc_buf_view(&error)));
}

int eidc_app_once(const char *config_path, bool accept_shrink)
{
    struct app a = {.config_path = config_path};
    struct eidc_round_report round;
    int code = 1;

    signal(SIGPIPE, SIG_IGN);
    if (eidc_app_setup(&a)) {
        eidc_app_warm_start(&a);
        if (!is_saved(a.config))
            eidc_warn("nothing will be saved: neither snapshot.dir nor snapshot.s3 is set");
        eidc_refresh_once(a.refresh, accept_shrink, &round);
        print_summary(&round);
        code = exit_code(&round);
    }
    eidc_app_teardown(&a);
    return code;
}

static bool check_tls(const struct eidc_config *config)
{
    struct eidc_tls *tls;
    struct eidc_err err;
    if (!eidc_tls_new(config, &tls, &err)) {
        eidc_error("%s", err.text);
        return false;
    }
    eidc_tls_free(tls);
    return true;
}

int eidc_app_check(const char *config_path)
{
    EIDC_BUF_AUTO text = {0};
    struct eidc_config_problems problems = {0};
    struct eidc_config *config = load_config(config_path);

    if (config == NULL)
        return 1;
    bool good = eidc_config_probe(config, &problems) && check_tls(config);
    if (good) {
        eidc_config_write(config, &text);
        fwrite(text.p, 1, text.n, stdout);
    } else if (problems.count > 0) {
        tell_problems(&problems);
    }
    eidc_config_problems_free(&problems);
    eidc_config_free(config);
    return good ? 0 : 1;
}
