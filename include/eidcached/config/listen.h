#pragma once
/* One entry of http.listen: PLACE[?KEY=VALUE[&KEY=VALUE]...], PLACE being HOST:PORT,
 * [ADDRESS]:PORT, unix:/PATH or systemd; the keys are threads, and of a UNIX socket mode (octal)
 * and group. */
#include "eidcached/base/buf.h"
#include "eidcached/base/err.h"

#define EIDC_THREADS_MAX      256
#define EIDC_SOCKET_FILE_MODE 0660

struct eidc_listen {
    char *place;
    unsigned threads; /* 0: http.threads */
    unsigned mode;
    char *group; /* NULL: the process's */
};

/* Errors say what is wrong, without the entry itself. PLACE is not looked into, but for unix:. */
bool eidc_listen_parse(const char *entry, struct eidc_listen *out, struct eidc_err *err);
void eidc_listen_free(struct eidc_listen *listen);
#define EIDC_LISTEN_AUTO __attribute__((cleanup(eidc_listen_free))) struct eidc_listen
