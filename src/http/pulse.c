#include "eidcached/http/pulse.h"

#include <sys/socket.h>
#include <unistd.h>

/* Whom accept() gives has a family, so this address is nobody's. */
static const struct sockaddr asker = {.sa_family = AF_UNSPEC};

static bool ask(struct MHD_Daemon *thread)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
        return false;
    close(ends[1]);
    return MHD_add_connection(thread, ends[0], &asker, sizeof(asker)) == MHD_YES; /* or closes it */
}

bool eidc_pulse_is_felt(struct eidc_pulse *pulse, struct MHD_Daemon *thread, int64_t now_ms,
                        int64_t patience_ms)
{
    uint64_t beats = atomic_load_explicit(&pulse->beats, memory_order_relaxed);
    if (beats != pulse->seen) {
        pulse->seen = beats;
        pulse->asked_ms = 0;
        return true;
    }
    if (pulse->asked_ms == 0) {
        if (ask(thread))
            pulse->asked_ms = now_ms;
        return true;
    }
    return now_ms - pulse->asked_ms < patience_ms;
}

bool eidc_pulse_asks(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    return info != NULL && info->client_addr != NULL && info->client_addr->sa_family == AF_UNSPEC;
}
