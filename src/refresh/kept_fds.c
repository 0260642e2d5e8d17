#include "eidcached/refresh/kept_fds.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>

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

bool eidc_kept_fd(size_t i, int *fd, const char **name)
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

bool eidc_keeps_fds(void)
{
    const char *room = getenv("FDSTORE");

    return getenv("NOTIFY_SOCKET") != NULL && room != NULL && strtoul(room, NULL, 10) > 0;
}

bool eidc_keep_fd(int fd, const char *name)
{
    char text[300];

    snprintf(text, sizeof text, "FDSTORE=1\nFDNAME=%s", name);
    return sd_pid_notify_with_fds(0, 0, text, &fd, 1) > 0;
}

void eidc_forget_fd(const char *name)
{
    sd_notifyf(0, "FDSTOREREMOVE=1\nFDNAME=%s", name);
}
