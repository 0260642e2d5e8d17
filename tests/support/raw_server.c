#include "tests/support/raw_server.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

static size_t body_length(const char *head)
{
    const char *header = strcasestr(head, "\r\nContent-Length:");
    return header != NULL ? strtoul(header + 17, NULL, 10) : 0;
}

/* One whole request; false: the connection ended. */
static bool read_request(int fd, struct eidc_buf *out)
{
    for (;;) {
        const char *end = out->p != NULL ? strstr(out->p, "\r\n\r\n") : NULL;
        if (end != NULL && out->n >= (size_t)(end - out->p) + 4 + body_length(out->p))
            return true;
        char part[4096];
        ssize_t n = read(fd, part, sizeof(part));
        if (n <= 0)
            return false;
        eidc_buf_add(out, part, (size_t)n);
    }
}

static void wait_for_end(int fd)
{
    char part[256];
    while (read(fd, part, sizeof(part)) > 0)
        continue;
}

/* False: the connection is over. */
static bool say(int fd, const struct raw_answer *answer)
{
    if (answer->silent) {
        wait_for_end(fd);
        return false;
    }
    const char *body = answer->slow ? strstr(answer->bytes, "\r\n\r\n") + 4 : "";
    (void)!send(fd, answer->bytes, strlen(answer->bytes) - strlen(body), MSG_NOSIGNAL);
    for (; *body != '\0'; body++) {
        (void)!send(fd, body, 1, MSG_NOSIGNAL);
        usleep(100000);
    }
    if (answer->reset) {
        const struct linger hard = {.l_onoff = 1};
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
    }
    return !answer->close && !answer->reset;
}

static void *serve(void *arg)
{
    struct raw_server *server = arg;
    int fd = -1;
    while (server->asked_n < server->n) {
        if (fd < 0) {
            fd = accept(server->listener, NULL, NULL);
            if (fd < 0)
                return NULL;
            server->connections++;
        }
        struct eidc_buf *asked = &server->asked[server->asked_n];
        bool open = read_request(fd, asked);
        if (open)
            open = say(fd, &server->answers[server->asked_n++]);
        else
            eidc_buf_clear(asked);
        if (!open) {
            close(fd);
            fd = -1;
        }
    }
    if (fd >= 0)
        close(fd);
    return NULL;
}

static void listen_on(struct raw_server *server, const struct sockaddr *address, socklen_t n)
{
    server->listener = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(server->listener, address, n), 0);
    assert_int_equal(listen(server->listener, 16), 0);
}

void raw_server_start(struct raw_server *server, const struct raw_answer *answers, size_t n)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof(address);
    *server = (struct raw_server){.answers = answers, .n = n};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    listen_on(server, (const struct sockaddr *)(const void *)&address, sizeof(address));
    getsockname(server->listener, (struct sockaddr *)(void *)&address, &length);
    snprintf(server->url, sizeof(server->url), "http://127.0.0.1:%u", ntohs(address.sin_port));
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

void raw_server_start_unix(struct raw_server *server, const struct raw_answer *answers, size_t n)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    *server = (struct raw_server){.answers = answers, .n = n};
    snprintf(server->path, sizeof(server->path), "/tmp/eidc-test-%ld.sock", (long)getpid());
    memcpy(address.sun_path, server->path, sizeof(server->path));
    unlink(server->path);
    listen_on(server, (const struct sockaddr *)(const void *)&address, sizeof(address));
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

void raw_server_stop(struct raw_server *server)
{
    shutdown(server->listener, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    close(server->listener);
    if (server->path[0] != '\0')
        unlink(server->path);
}

void raw_server_free(struct raw_server *server)
{
    for (size_t i = 0; i < RAW_ASKED_MAX; i++)
        eidc_buf_free(&server->asked[i]);
}
