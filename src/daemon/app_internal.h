#pragma once
/* What serving (app.c) and the Lambda function (app_lambda.c) share. */
#include "eidcached/http/httpd.h"

struct app {
    const char *config_path;
    struct eidc_config *config;      /* of the refresher */
    struct eidc_config *http_config; /* as it was at start; may be the same */
    struct eidc_report report;
    struct eidc_service service;
    struct eidc_refresh *refresh;
    struct eidc_httpd *httpd;
    bool broken; /* a reload left no refresher: end, so that the service manager starts anew */
};

/* Configuration and refresher; false: logged. */
bool eidc_app_setup(struct app *a);
void eidc_app_warm_start(struct app *a);
void eidc_app_teardown(struct app *a); /* also after a setup that failed */
