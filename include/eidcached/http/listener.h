#pragma once
/* Listening sockets out of http.listen. */
#include "eidcached/base/buf.h"
#include "eidcached/base/err.h"

struct eidc_listener {
    int fd;
    unsigned threads; /* that the entry asks for; 0: it does not */
    bool is_unix, is_loopback, is_ipv6;
    char *text;      /* what is really listened on */
    char *unix_path; /* ours to remove; NULL otherwise */
};

/* Opens one entry (config/listen.h) but systemd. A UNIX socket file that nobody answers on is
 * replaced. */
bool eidc_listener_open(const char *spec, struct eidc_listener *out, struct eidc_err *err);
/* Takes a duplicate of a socket that was passed to us. */
bool eidc_listener_adopt(int fd, struct eidc_listener *out, struct eidc_err *err);
/* Closes the socket (fd < 0: it is closed already) and removes a UNIX socket's file. */
void eidc_listener_close(struct eidc_listener *listener);
