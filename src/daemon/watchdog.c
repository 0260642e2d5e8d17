#include "app_internal.h"
#include "eidcached/base/clock.h"
#include "eidcached/base/log.h"
#include "eidcached/daemon/systemd.h"

#define LOOK_MS            500    /* at most this often: each look may wake every serving thread */
#define REFRESHER_SLACK_MS 120000 /* saving and building, on top of refresh.timeout */

int64_t eidc_app_watchdog_start(struct app *a)
{
    a->watchdog = (struct watchdog){.period_ms = eidc_systemd_watchdog_ms()};
    return a->watchdog.period_ms;
}

static bool refresher_is_alive(const struct app *a, struct eidc_err *err)
{
    int64_t silent_ms = eidc_mono_ms() - eidc_refresh_heartbeat_ms(a->refresh);
    return silent_ms < a->config->refresh.timeout + REFRESHER_SLACK_MS ||
           eidc_fail(err, EIDC_ERR_TIMEOUT, "the refresher is past its deadline");
}

/* A thread that is late by a part of the period is slow; longer, it is stuck. */
static bool all_alive(struct app *a, struct eidc_err *err)
{
    bool answers = a->httpd == NULL || eidc_httpd_answers(a->httpd, a->watchdog.period_ms / 2, err);
    return answers && refresher_is_alive(a, err);
}

void eidc_app_watchdog_feed(struct app *a)
{
    struct watchdog *w = &a->watchdog;
    struct eidc_err err = {0};
    int64_t now_ms = eidc_mono_ms();
    if (w->period_ms == 0 || now_ms < w->due_ms)
        return;
    w->due_ms = now_ms + (w->period_ms / 2 < LOOK_MS ? w->period_ms / 2 : LOOK_MS);
    bool alive = all_alive(a, &err);
    if (alive)
        eidc_systemd_alive();
    if (alive && w->unfed)
        eidc_info("the watchdog is fed again");
    else if (!alive && !w->unfed)
        eidc_error("the watchdog is not fed: %s", err.text);
    w->unfed = !alive;
}
