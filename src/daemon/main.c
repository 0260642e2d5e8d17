#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eidcached/base/file.h"
#include "eidcached/config/config.h"
#include "eidcached/daemon/app.h"
#include "eidcached/daemon/lambda.h"

#define DEFAULT_CONFIG EIDC_SYSCONFDIR "/eidcached/eidcached.yaml"

static const char help[] =
    "Usage: eidcached [OPTION]...\n"
    "Keeps the two-way map between names and their EIDs and answers look-ups over HTTP.\n"
    "\n"
    "  -c, --config FILE          configuration (default: " DEFAULT_CONFIG ")\n"
    "      --once                 refresh once, save, print a summary and exit:\n"
    "                             0 fresh, 3 partial or held, 1 failed\n"
    "      --accept-shrink        with --once: what vanished may go, however much\n"
    "      --check-config         print the effective configuration and exit, 1 if it has faults\n"
    "      --help-config          explain every option of the configuration\n"
    "      --print-sample-config  print the commented sample configuration\n"
    "      --print-config-manual  print the manual page of the configuration, for man -l -\n"
    "      --print-config-schema  print a JSON schema of the configuration, for editors\n"
    "  -V, --version              print the version\n"
    "  -h, --help                 print this\n"
    "\n"
    "In an AWS Lambda function (AWS_LAMBDA_RUNTIME_API is set) each invocation is one refresh; "
    "the\n"
    "configuration is eidcached.yaml beside the program.\n"
    "\n"
    "Signals: SIGHUP reloads the configuration, SIGTERM drains and stops.\n";

static int print_text(void (*write)(struct eidc_buf *))
{
    EIDC_BUF_AUTO text = {0};

    write(&text);
    return eidc_app_print(eidc_buf_view(&text)) ? 0 : 1;
}

enum { ONCE = 256, ACCEPT_SHRINK, CHECK, HELP_CONFIG, SAMPLE, MANUAL, SCHEMA };

static const struct option options[] = {
    {"config", required_argument, NULL, 'c'},
    {"once", no_argument, NULL, ONCE},
    {"accept-shrink", no_argument, NULL, ACCEPT_SHRINK},
    {"check-config", no_argument, NULL, CHECK},
    {"help-config", no_argument, NULL, HELP_CONFIG},
    {"print-sample-config", no_argument, NULL, SAMPLE},
    {"print-config-manual", no_argument, NULL, MANUAL},
    {"print-config-schema", no_argument, NULL, SCHEMA},
    {"version", no_argument, NULL, 'V'},
    {"help", no_argument, NULL, 'h'},
    {0},
};

struct order {
    const char *config_path; /* NULL: not given */
    int mode;                /* 0: serve */
    bool accept_shrink;
};

static const char *option_name(int value)
{
    const struct option *o = options;

    while (o->val != value)
        o++;
    return o->name;
}

/* One mode at a time: --check-config must change nothing, whatever stands beside it. */
static bool take_mode(struct order *order, int mode)
{
    if (order->mode != 0 && order->mode != mode) {
        fprintf(stderr, "eidcached: --%s and --%s exclude each other\n", option_name(order->mode),
                option_name(mode));
        return false;
    }
    order->mode = mode;
    return true;
}

/* In a Lambda function the configuration lies beside the program. */
static int run_function(const char *config_path)
{
    const char *root = getenv("LAMBDA_TASK_ROOT");
    char beside[4096];

    snprintf(beside, sizeof beside, "%s/eidcached.yaml", root != NULL ? root : ".");
    return eidc_app_lambda(config_path != NULL ? config_path : beside);
}

static int carry_out(const struct order *order)
{
    const char *path = order->config_path != NULL ? order->config_path : DEFAULT_CONFIG;

    switch (order->mode) {
    case ONCE:
        return eidc_app_once(path, order->accept_shrink);
    case CHECK:
        return eidc_app_check(path);
    case HELP_CONFIG:
        return print_text(eidc_config_write_help);
    case SAMPLE:
        return print_text(eidc_config_write_sample);
    case MANUAL:
        return print_text(eidc_config_write_manual);
    case SCHEMA:
        return print_text(eidc_config_write_schema);
    default:
        return eidc_lambda_is_on() ? run_function(order->config_path) : eidc_app_serve(path);
    }
}

int main(int argc, char **argv)
{
    struct order order = {0};
    int option;

    eidc_fds_take_standard();
    while ((option = getopt_long(argc, argv, "c:hV", options, NULL)) != -1) {
        switch (option) {
        case 'c':
            order.config_path = optarg;
            break;
        case ACCEPT_SHRINK:
            order.accept_shrink = true;
            break;
        case ONCE:
        case CHECK:
        case HELP_CONFIG:
        case SAMPLE:
        case MANUAL:
        case SCHEMA:
            if (!take_mode(&order, option))
                return 2;
            break;
        case 'V':
            return eidc_app_print(EIDC_STR("eidcached " EIDC_VERSION "\n")) ? 0 : 1;
        case 'h':
            return eidc_app_print(EIDC_STR(help)) ? 0 : 1;
        default:
            fputs("Try 'eidcached --help'.\n", stderr);
            return 2;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "eidcached: unexpected argument '%s'\nTry 'eidcached --help'.\n",
                argv[optind]);
        return 2;
    }
    if (order.accept_shrink && order.mode != ONCE) {
        fputs("eidcached: --accept-shrink goes with --once; a daemon is told by eidctl refresh "
              "--accept-shrink\n",
              stderr);
        return 2;
    }
    return carry_out(&order);
}
