#pragma once
/* What all ways to run share (app.c): serving (app_serve.c, app_reload.c, watchdog.c), one refresh
 * (app_once.c) and the Lambda function (app_lambda.c). */
#include "eidcached/http/httpd.h"

/* systemd's, as seen from here. */
struct watchdog {
    int64_t period_ms; /* 0: nobody wants to know */
    int64_t due_ms;    /* the next look */
    bool unfed;        /* at the last one */
};

struct app {
    const char *config_path;
    struct eidc_config *config;      /* of the refresher */
    struct eidc_config *http_config; /* as it was at start; may be the same */
    struct eidc_report report;
    struct eidc_service service;
    struct eidc_refresh *refresh;
    struct eidc_httpd *httpd;
    struct watchdog watchdog;
    bool broken; /* a reload left no refresher: end, so that the service manager starts anew */
};

/* NULL: its problems are logged. */
struct eidc_config *eidc_app_load_config(const char *path);
void eidc_app_tell_problems(struct eidc_config_problems *problems);
/* A log line for each of the text's, with `before` in front. The text is cut up. */
void eidc_app_log_lines(enum eidc_log_level level, const char *before, struct eidc_buf *text);

/* Configuration and refresher; false: logged. */
bool eidc_app_setup(struct app *a);
void eidc_app_warm_start(struct app *a);
void eidc_app_stop_refresh(struct app *a);
void eidc_app_teardown(struct app *a); /* also after a setup that failed */

/* Reads the configuration anew and tells how that went. */
void eidc_app_reload(struct app *a);

/* How long to wait between two calls of the next; 0: it is not wanted. */
int64_t eidc_app_watchdog_start(struct app *a);
/* Feeds the watchdog if it is time and everybody is alive: the refresher within its deadline, the
 * serving threads by their answers. Main thread. */
void eidc_app_watchdog_feed(struct app *a);
