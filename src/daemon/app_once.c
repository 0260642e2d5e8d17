/* What ends by itself: one refresh, and a look at the configuration. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>

#include "app_internal.h"
#include "eidcached/base/log.h"
#include "eidcached/base/utf8.h"
#include "eidcached/daemon/app.h"
#include "eidcached/http/tls.h"

static int exit_code(const struct eidc_round_report *round)
{
    if (round->result == EIDC_RESULT_FAILED || round->saving == EIDC_SAVING_FAILED)
        return 1;
    return round->result == EIDC_RESULT_OK ? 0 : 3;
}

bool eidc_app_print(struct eidc_str text)
{
    fwrite(text.p, 1, text.n, stdout);
    if (fflush(stdout) == 0 && !ferror(stdout))
        return true;
    eidc_error("cannot write to standard output: %s", strerror(errno));
    return false;
}

static bool print_summary(const struct eidc_round_report *r)
{
    EIDC_BUF_AUTO text = {0}, error = {0};
    eidc_buf_addf(&text,
                  "result %s\nsaved %s\ngeneration %" PRIu64 "\nnames %" PRIu64 "\nadded %" PRIu64
                  "\nremoved %" PRIu64 "\nheld %" PRIu64 "\nseconds %.3f\n",
                  eidc_refresh_result_name(r->result), r->saving == EIDC_SAVING_DONE ? "yes" : "no",
                  r->generation, r->names, r->added, r->removed, r->held,
                  (double)r->duration_ms / 1000.0);
    eidc_utf8_add_visible(eidc_str_of(r->error), &error);
    if (error.n > 0)
        eidc_buf_addf(&text, "error %.*s\n", EIDC_STR_ARG(eidc_buf_view(&error)));
    return eidc_app_print(eidc_buf_view(&text));
}

int eidc_app_once(const char *config_path, bool accept_shrink)
{
    struct app a = {.config_path = config_path};
    struct eidc_round_report round;
    int code = 1;

    signal(SIGPIPE, SIG_IGN);
    if (eidc_app_setup(&a)) {
        eidc_app_warm_start(&a);
        eidc_refresh_once(a.refresh, accept_shrink, &round);
        if (round.held > 0)
            eidc_warn("the next run counts its refreshes from one again: what is held stays until "
                      "it returns, or is let go with --once --accept-shrink");
        code = print_summary(&round) ? exit_code(&round) : 1;
    }
    eidc_app_teardown(&a);
    return code;
}

static bool check_tls(const struct eidc_config *config, struct eidc_err *err)
{
    struct eidc_tls *tls;
    if (!eidc_tls_new(config, &tls, err))
        return false;
    eidc_tls_free(tls);
    return true;
}

int eidc_app_check(const char *config_path)
{
    EIDC_BUF_AUTO text = {0};
    struct eidc_config_problems problems = {0}, warnings = {0};
    struct eidc_config *config = NULL;

    bool good = eidc_config_probe(config_path, check_tls, &config, &problems, &warnings);
    if (good) {
        eidc_app_log_lines(EIDC_LOG_WARN, "", &warnings.text);
        eidc_config_write(config, &text);
        good = eidc_app_print(eidc_buf_view(&text));
    } else {
        eidc_app_tell_problems(&problems);
    }
    eidc_config_problems_free(&problems);
    eidc_config_problems_free(&warnings);
    eidc_config_free(config);
    return good ? 0 : 1;
}
