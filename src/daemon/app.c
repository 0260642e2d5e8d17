#include "eidcached/daemon/app.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app_internal.h"
#include "eidcached/base/log.h"
#include "eidcached/base/metrics.h"
#include "eidcached/core/current.h"
#include "eidcached/daemon/systemd.h"

#define DRAIN_MS     10000
#define STOP_POLL_MS 20

void eidc_app_log_lines(enum eidc_log_level level, const char *before, struct eidc_buf *text)
{
    for (char *save = NULL, *line = text->n ? strtok_r(text->p, "\n", &save) : NULL; line != NULL;
         line = strtok_r(NULL, "\n", &save))
        eidc_log(level, "%s%s", before, line);
}

void eidc_app_tell_problems(struct eidc_config_problems *problems)
{
    eidc_app_log_lines(EIDC_LOG_ERROR, "", &problems->text);
    eidc_error("the configuration has %u problem%s", problems->count,
               problems->count == 1 ? "" : "s");
}

struct eidc_config *eidc_app_load_config(const char *path)
{
    struct eidc_config *config = NULL;
    struct eidc_config_problems problems = {0};

    if (eidc_config_load(path, &config, &problems))
        eidc_log_setup(config->log.level, config->log.format);
    else
        eidc_app_tell_problems(&problems);
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

static void warn_unsaved(const struct eidc_config *config)
{
    if (config->snapshot.dir[0] == '\0' && config->snapshot.s3[0] == '\0')
        eidc_warn("nothing will be saved: neither snapshot.dir nor snapshot.s3 is set");
}

bool eidc_app_setup(struct app *a)
{
    eidc_systemd_journal();
    eidc_metric_set(eidc_metric(EIDC_METRIC_BUILD_INFO, EIDC_VERSION), 1);
    a->config = eidc_app_load_config(a->config_path);
    if (a->config == NULL)
        return false;
    a->http_config = a->config;
    warn_unsaved(a->config);
    eidc_report_init(&a->report);
    return build_refresh(a);
}

void eidc_app_warm_start(struct app *a)
{
    struct eidc_err err = {0};

    if (!eidc_refresh_warm_start(a->refresh, &err))
        eidc_info("no snapshot to start from (%s): answers come with the first refresh", err.text);
}

/* A build or a save ends before the refresher does. */
void eidc_app_stop_refresh(struct app *a)
{
    eidc_refresh_stop_begin(a->refresh);
    while (!eidc_refresh_stopped(a->refresh)) {
        eidc_app_watchdog_feed(a);
        nanosleep(&(struct timespec){.tv_nsec = STOP_POLL_MS * 1000000}, NULL);
    }
}

static void feed(void *arg)
{
    eidc_app_watchdog_feed(arg);
}

static void stop_http(struct app *a)
{
    struct eidc_httpd *httpd = a->httpd;

    a->httpd = NULL; /* its threads are not asked for a sign of life any more */
    eidc_httpd_stop(httpd, DRAIN_MS, feed, a);
}

void eidc_app_teardown(struct app *a)
{
    if (a->refresh != NULL)
        eidc_app_stop_refresh(a);
    if (a->httpd != NULL)
        stop_http(a);
    eidc_refresh_free(a->refresh);
    eidc_current_publish(NULL);
    if (a->config != NULL)
        eidc_report_free(&a->report);
    if (a->http_config != a->config)
        eidc_config_free(a->http_config);
    eidc_config_free(a->config);
}
