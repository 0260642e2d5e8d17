#include "eidcached/refresh/systemd.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include "eidcached/base/clock.h"
#include "eidcached/base/log.h"
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

/* What was passed, with its names; asked for once, as nothing is passed later. */
static int passed(char ***names)
{
    static char **known;
    static int count = -1;

    if (count < 0)
        count = sd_listen_fds_with_names(0, &known);
    if (count < 0)
        count = 0;
    *names = known;
    return count;
}

static bool is_socket(int fd)
{
    return sd_is_socket(fd, AF_UNSPEC, SOCK_STREAM, -1) > 0;
}

size_t eidc_systemd_sockets(int *out, size_t room)
{
    char **names;
    const int count = passed(&names);
    size_t n = 0;

    for (int i = 0; i < count && n < room; i++)
        if (is_socket(SD_LISTEN_FDS_START + i))
            out[n++] = SD_LISTEN_FDS_START + i;
    return n;
}

bool eidc_systemd_kept_fd(size_t i, int *fd, const char **name)
{
    char **names;
    const int count = passed(&names);

    for (int k = 0; k < count; k++) {
        if (is_socket(SD_LISTEN_FDS_START + k) || i-- > 0)
            continue;
        *fd = SD_LISTEN_FDS_START + k;
        *name = names[k];
        return true;
    }
    return false;
}

bool eidc_systemd_keeps_fds(void)
{
    const char *room = getenv("FDSTORE");

    return getenv("NOTIFY_SOCKET") != NULL && room != NULL && strtoul(room, NULL, 10) > 0;
}

bool eidc_systemd_keep_fd(int fd, const char *name)
{
    char text[300];

    snprintf(text, sizeof text, "FDSTORE=1\nFDNAME=%s", name);
    return sd_pid_notify_with_fds(0, 0, text, &fd, 1) > 0;
}

void eidc_systemd_forget_fd(const char *name)
{
    sd_notifyf(0, "FDSTOREREMOVE=1\nFDNAME=%s", name);
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
