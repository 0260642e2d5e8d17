/* A Redis server with two hashes, for its size alone: used_memory with them less without. */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "map_peer.h"

#define PIPELINE 1000

struct server {
    pid_t pid;
    FILE *in, *out;
    uint64_t empty; /* bytes */
};

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static pid_t start(const char *dir)
{
    pid_t pid = fork();
    if (pid < 0)
        fail("redis");
    if (pid > 0)
        return pid;
    if (chdir(dir) != 0 || freopen("log", "w", stdout) == NULL)
        _exit(127);
    execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", "socket", "--save", "",
           "--appendonly", "no", (char *)NULL);
    _exit(127);
}

static int connect_to(const char *dir)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s/socket", dir);
    for (int tries = 0; tries < 500; tries++) {
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
            return fd;
        close(fd);
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    fail("redis: no connection");
    return -1;
}

static uint64_t used_memory(struct server *server)
{
    static const char key[] = "used_memory:";
    char line[512];
    uint64_t bytes = 0;
    fputs("*2\r\n$4\r\nINFO\r\n$6\r\nmemory\r\n", server->out);
    fflush(server->out);
    while (fgets(line, sizeof line, server->in) != NULL && strcmp(line, "\r\n") != 0)
        if (strncmp(line, key, sizeof key - 1) == 0)
            bytes = strtoull(line + sizeof key - 1, NULL, 10);
    return bytes;
}

static void put(FILE *out, char hash, struct bench_str key, struct bench_str value)
{
    fprintf(out, "*4\r\n$4\r\nHSET\r\n$1\r\n%c\r\n$%zu\r\n%s\r\n$%zu\r\n%s\r\n", hash, key.n, key.p,
            value.n, value.p);
}

static void read_answers(struct server *server, size_t n)
{
    char line[64];
    fflush(server->out);
    for (size_t i = 0; i < n; i++)
        if (fgets(line, sizeof line, server->in) == NULL || line[0] != ':')
            fail("redis: refused");
}

static void *build(const struct bench_pairs *pairs, const char *dir)
{
    struct server *server = malloc(sizeof *server);
    server->pid = start(dir);
    int fd = connect_to(dir);
    server->in = fdopen(fd, "r");
    server->out = fdopen(dup(fd), "w");
    server->empty = used_memory(server);
    for (size_t i = 0; i < pairs->n; i += PIPELINE) {
        size_t end = pairs->n - i < PIPELINE ? pairs->n : i + PIPELINE;
        for (size_t j = i; j < end; j++) {
            put(server->out, 'f', pairs->names[j], pairs->eids[j]);
            put(server->out, 'r', pairs->eids[j], pairs->names[j]);
        }
        read_answers(server, 2 * (end - i));
    }
    return server;
}

static uint64_t bytes(void *map)
{
    struct server *server = map;
    uint64_t used = used_memory(server) - server->empty;
    kill(server->pid, SIGKILL);
    waitpid(server->pid, NULL, 0);
    return used;
}

const struct bench_peer bench_peers[] = {
    {.name = "Redis", .build = build, .bytes = bytes, .memory_only = 1},
    {0},
};
