#include "eidcached/daemon/systemd.h"

#include <inttypes.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include "eidcached/base/clock.h"
#include "eidcached/base/log.h"
#include "eidcached/refresh/kept_fds.h"
#include "eidcached/refresh/publish.h"

#define JOURNAL "/run/systemd/journal/socket"

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

size_t eidc_systemd_sockets(int *out, size_t room)
{
    size_t n = 0;

    while (n < room && eidc_passed_socket(n, &out[n]))
        n++;
    return n;
}

static bool send_to_journal(int priority, const char *message)
{
    return sd_journal_send("MESSAGE=%s", message, "PRIORITY=%i", priority,
                           "SYSLOG_IDENTIFIER=eidcached", "EIDCACHED_GENERATION=%" PRIu64,
                           eidc_served_number(), NULL) == 0;
}

void eidc_systemd_journal(void)
{
    if (access(JOURNAL, W_OK) == 0)
        eidc_log_journal(send_to_journal);
}
