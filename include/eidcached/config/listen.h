#pragma once
/* One entry of http.listen: PLACE[?KEY=VALUE[&KEY=VALUE]...], PLACE being HOST:PORT,
 * [ADDRESS]:PORT, unix:/PATH or systemd; HOST may be empty or "*" (every address). The keys are
 * threads, and of a UNIX socket mode (octal) and group. */
#include "eidcached/base/buf.h"
#include "eidcached/base/err.h"

#define EIDC_THREADS_MAX      256
#define EIDC_SOCKET_FILE_MODE 0660

/* What a host's name is made of. */
#define EIDC_HOST_CHARS                                                                            \
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"                                                                   \
    "abcdefghijklmnopqrstuvwxyz"                                                                   \
    "0123456789-._"

enum eidc_listen_kind { EIDC_LISTEN_INET, EIDC_LISTEN_UNIX, EIDC_LISTEN_SYSTEMD };

struct eidc_listen {
    enum eidc_listen_kind kind;
    char *place;
    char *host, *port; /* INET; host without brackets, NULL: every address */
    const char *path;  /* UNIX; in place */
    unsigned threads;  /* 0: http.threads */
    unsigned mode;
    char *group; /* NULL: the process's */
};

/* Errors go on from the entry: "... has no port from 0 to 65535". */
bool eidc_listen_parse(const char *entry, struct eidc_listen *out, struct eidc_err *err);
void eidc_listen_free(struct eidc_listen *listen);
#define EIDC_LISTEN_AUTO __attribute__((cleanup(eidc_listen_free))) struct eidc_listen
