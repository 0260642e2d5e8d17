#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "eidcached/config/config.h"
#include "eidcached/daemon/app.h"

#define DEFAULT_CONFIG EIDC_SYSCONFDIR "/eidcached/eidcached.yaml"

static const char help[] =
    "Usage: eidcached [OPTION]...\n"
    "Keeps the two-way map between names and their EIDs and answers look-ups over HTTP.\n"
    "\n"
    "  -c, --config FILE          configuration (default: " DEFAULT_CONFIG ")\n"
    "      --once                 refresh once, save, print a summary and exit:\n"
    "                             0 fresh, 3 partial or held, 1 failed\n"
    "      --check-config         print the effective configuration and exit, 1 if it has faults\n"
    "      --help-config          explain every option of the configuration\n"
    "      --print-sample-config  print the commented sample configuration\n"
    "  -V, --version              print the version\n"
    "  -h, --help                 print this\n"
    "\n"
    "Signals: SIGHUP reloads the configuration, SIGTERM drains and stops.\n";

static int print_text(void (*write)(struct eidc_buf *))
{
    EIDC_BUF_AUTO text = {0};

    write(&text);
    fwrite(text.p, 1, text.n, stdout);
    return fflush(stdout) == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    enum { ONCE = 256, CHECK, HELP_CONFIG, SAMPLE };
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},
        {"once", no_argument, NULL, ONCE},
        {"check-config", no_argument, NULL, CHECK},
        {"help-config", no_argument, NULL, HELP_CONFIG},
        {"print-sample-config", no_argument, NULL, SAMPLE},
        {"version", no_argument, NULL, 'V'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    const char *config_path = DEFAULT_CONFIG;
    int (*mode)(const char *) = eidc_app_serve;
    int option;

    while ((option = getopt_long(argc, argv, "c:hV", options, NULL)) != -1) {
        switch (option) {
        case 'c':
            config_path = optarg;
            break;
        case ONCE:
            mode = eidc_app_once;
            break;
        case CHECK:
            mode = eidc_app_check;
            break;
        case HELP_CONFIG:
            return print_text(eidc_config_write_help);
        case SAMPLE:
            return print_text(eidc_config_write_sample);
        case 'V':
            puts("eidcached " EIDC_VERSION);
            return 0;
        case 'h':
            fputs(help, stdout);
            return 0;
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
    return mode(config_path);
}
