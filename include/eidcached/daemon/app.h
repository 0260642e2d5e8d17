#pragma once
/* The daemon as a whole: objects built in order, torn down in reverse. Each returns the exit code
 * of the process; what went wrong has been logged. */
#include "eidcached/base/buf.h"

/* Serves until SIGTERM or SIGINT; SIGHUP reloads. 0, or 1 when it could not start. */
int eidc_app_serve(const char *config_path);
/* One refresh: 0 fresh, 3 partial or held, 1 failed. accept_shrink: whatever vanished may go. */
int eidc_app_once(const char *config_path, bool accept_shrink);
/* An AWS Lambda function: one refresh an invocation, until the runtime API is gone. 1. */
int eidc_app_lambda(const char *config_path);
/* Writes to standard output; false: it could not, which is logged. */
bool eidc_app_print(struct eidc_str text);
/* Prints the effective configuration, or every problem: 0 or 1. */
int eidc_app_check(const char *config_path);
