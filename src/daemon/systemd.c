#include "eidcached/daemon/systemd.h"

#include <inttypes.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>

#include "eidcached/base/clock.h"

void eidc_systemd_ready(const char *status)
{
    sd_notifyf(0, "READY=1\nSTATUS=%s", status);
}

void eidc_systemd_status(const char *status)
{
    sd_notifyf(0, "STATUS=%s", status);
}

void eidc_systemd_reloading(void)
{
    /* newer versions ignore RELOADING=1 without the time */
    sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRId64 "\nSTATUS=reloading", eidc_mono_us());
}

void eidc_systemd_stopping(void)
{
    sd_notify(0, "STOPPING=1\nSTATUS=draining");
}

int64_t eidc_systemd_watchdog_ms(void)
{
    uint64_t usec = 0;

    if (sd_watchdog_enabled(0, &usec) <= 0)
        return 0;
    return (int64_t)(usec / 2000) > 0 ? (int64_t)(usec / 2000) : 1; /* twice in the time allowed */
}

void eidc_systemd_alive(void)
{
    sd_notify(0, "WATCHDOG=1");
}

size_t eidc_systemd_sockets(int *first)
{
    int n = sd_listen_fds(0);

    *first = SD_LISTEN_FDS_START;
    return n > 0 ? (size_t)n : 0;
}
