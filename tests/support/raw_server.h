#pragma once
/* A server of raw sockets on the loopback, which says exactly the bytes it is told: one connection
 * at a time, one answer a request. */
#include <pthread.h>
#include <stdbool.h>

#include "eidcached/base/buf.h"

#define RAW_ASKED_MAX 8

struct raw_answer {
    const char *bytes;
    bool close;  /* after the bytes */
    bool reset;  /* the same, as RST */
    bool silent; /* wait until the client gives up */
    bool slow;   /* ten bytes a second behind the headers */
};

struct raw_server {
    int listener;
    pthread_t thread;
    char url[64];
    char path[64]; /* of a UNIX socket */
    const struct raw_answer *answers;
    size_t n;
    struct eidc_buf asked[RAW_ASKED_MAX]; /* look only after server_stop */
    size_t asked_n, connections;
};

void raw_server_start(struct raw_server *server, const struct raw_answer *answers, size_t n);
void raw_server_start_unix(struct raw_server *server, const struct raw_answer *answers, size_t n);
void raw_server_stop(struct raw_server *server); /* ends the thread, also before all is answered */
void raw_server_free(struct raw_server *server);
