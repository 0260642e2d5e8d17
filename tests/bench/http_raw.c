/*
 * The least that a server can do: http_raw PORT PATH ANSWER listens on 127.0.0.1:PORT and the UNIX
 * socket PATH, reads, and for each end of a head sends the bytes of the file ANSWER. One thread.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define EVENTS 256

static char answer[65536];
static size_t answer_size;

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static int listen_on(int family, const struct sockaddr *at, socklen_t size)
{
    int fd = socket(family, SOCK_STREAM, 0), on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (fd < 0 || bind(fd, at, size) != 0 || listen(fd, 1024) != 0)
        die("listen");
    return fd;
}

static void watch(int poll, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
}

static void serve(int fd)
{
    char head[65536];
    ssize_t n = recv(fd, head, sizeof(head), 0);
    if (n <= 0) {
        close(fd);
        return;
    }
    if (n >= 4 && memcmp(head + n - 4, "\r\n\r\n", 4) == 0 &&
        send(fd, answer, answer_size, MSG_NOSIGNAL) < 0)
        close(fd);
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    struct sockaddr_in v4 = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)atoi(argv[1])),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    snprintf(local.sun_path, sizeof(local.sun_path), "%s", argv[2]);
    FILE *file = fopen(argv[3], "rb");
    if (file == NULL)
        die(argv[3]);
    answer_size = fread(answer, 1, sizeof(answer), file);
    fclose(file);
    int tcp = listen_on(AF_INET, (struct sockaddr *)&v4, sizeof(v4));
    int unix_fd = listen_on(AF_UNIX, (struct sockaddr *)&local, sizeof(local));
    int poll = epoll_create1(0), on = 1;
    watch(poll, tcp);
    watch(poll, unix_fd);
    for (;;) {
        struct epoll_event events[EVENTS];
        int n = epoll_wait(poll, events, EVENTS, -1);
        for (int i = 0; i < n; i++) {
            int fd = events[i].data.fd;
            if (fd != tcp && fd != unix_fd) {
                serve(fd);
                continue;
            }
            fd = accept(fd, NULL, NULL);
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
            watch(poll, fd);
        }
    }
}
