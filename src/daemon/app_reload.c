/*
 * A reload builds a new refresher beside the running one and swaps the two; look-ups go on, the
 * image stays. A configuration with a fault changes nothing.
 */
#include "app_internal.h"
#include "eidcached/base/log.h"
#include "eidcached/daemon/systemd.h"

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
    eidc_app_stop_refresh(a);
    eidc_service_replace_refresh(&a->service, next);
    eidc_refresh_free(old);
    a->refresh = next;
    if (a->config != a->http_config)
        eidc_config_free(a->config);
    a->config = fresh;
    eidc_service_adopt(&a->service, fresh);
    a->broken = !eidc_refresh_start(next, why);
    return !a->broken;
}

static void tell_waiting(const struct app *a)
{
    EIDC_BUF_AUTO changed = {0};

    eidc_config_section_changes(a->http_config, a->config, "http", &changed);
    if (changed.n > 0)
        eidc_warn("reload: these take effect at a restart: %.*s",
                  EIDC_STR_ARG(eidc_buf_view(&changed)));
}

void eidc_app_reload(struct app *a)
{
    struct eidc_err why = {0};

    eidc_systemd_reloading();
    struct eidc_config *fresh = eidc_app_load_config(a->config_path);
    if (fresh == NULL) {
        eidc_error("reload: failed, the running configuration stays in force");
        eidc_systemd_ready("reload failed: the configuration has problems, see the log");
        return;
    }
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
    tell_waiting(a);
    eidc_info("reload: done");
    eidc_systemd_ready("reloaded");
}
