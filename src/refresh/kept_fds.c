#include "eidcached/refresh/kept_fds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "eidcached/base/mem.h"

struct passed {
    const char *name;
    bool is_socket;
    bool closed; /* its number may be another's by now */
};

/* What was passed, from SD_LISTEN_FDS_START on; asked for once, as nothing is passed later. */
static struct passed *passed(int *count)
{
    static struct passed *known;
    static int n = -1;
    char **names = NULL;

    if (n < 0) {
        n = sd_listen_fds_with_names(0, &names);
        n = n < 0 ? 0 : n;
        known = eidc_xcalloc((size_t)n + 1, sizeof *known);
        for (int i = 0; i < n; i++) {
            known[i].name = names[i];
            known[i].is_socket =
                sd_is_socket(SD_LISTEN_FDS_START + i, AF_UNSPEC, SOCK_STREAM, -1) > 0;
        }
        free(names);
    }
    *count = n;
    return known;
}

/* The i-th that is open and a socket, or none. NULL: past the last one. */
static const struct passed *find(bool socket, size_t i, int *fd)
{
    int count;
    const struct passed *all = passed(&count);

    for (int k = 0; k < count; k++) {
        if (all[k].is_socket != socket || all[k].closed || i-- > 0)
            continue;
        *fd = SD_LISTEN_FDS_START + k;
        return &all[k];
    }
    return NULL;
}

bool eidc_kept_fd(size_t i, int *fd, const char **name)
{
    const struct passed *found = find(false, i, fd);

    if (found != NULL)
        *name = found->name;
    return found != NULL;
}

bool eidc_passed_socket(size_t i, int *fd)
{
    return find(true, i, fd) != NULL;
}

void eidc_close_kept_fd(int fd)
{
    int count;
    struct passed *all = passed(&count);
    const int k = fd - SD_LISTEN_FDS_START;

    if (k < 0 || k >= count || all[k].is_socket || all[k].closed)
        return;
    all[k].closed = true;
    close(fd);
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
    int count;
    const struct passed *all = passed(&count);

    for (int k = 0; k < count; k++)
        if (strcmp(all[k].name, name) == 0)
            eidc_close_kept_fd(SD_LISTEN_FDS_START + k);
    sd_notifyf(0, "FDSTOREREMOVE=1\nFDNAME=%s", name);
}
