/*
 * Sends requests and times the answers: http_load WHERE CONNECTIONS RATE SECONDS FILE
 * WHERE is 127.0.0.1:PORT or unix:PATH. RATE is requests a second, of all connections together,
 * each timed from when it was due; 0: each connection asks again when it has its answer. FILE holds
 * requests, each behind a line with its length; they are sent in turn. Answers are HTTP/1.1 or
 * Redis's. Prints: answers, failures, and the microseconds of half and of 99 % of them.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#define ANSWER_MAX (1u << 20)
#define TIMES_MAX  (1u << 23)
#define EVENTS     128

struct request {
    const char *p;
    size_t n;
};

struct peer {
    int fd;
    bool waits;
    double since;
    size_t got;
    char *answer;
};

static struct request *requests;
static size_t request_count, next_request;
static float *times;
static size_t answered, failed;

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void read_requests(const char *path)
{
    FILE *file = fopen(path, "rb");
    char line[32];
    if (file == NULL)
        die(path);
    while (fgets(line, sizeof(line), file) != NULL) {
        size_t n = strtoul(line, NULL, 10);
        char *text = malloc(n + 1);
        requests = realloc(requests, (request_count + 1) * sizeof(*requests));
        if (text == NULL || requests == NULL || fread(text, 1, n, file) != n)
            die(path);
        requests[request_count++] = (struct request){text, n};
    }
    fclose(file);
}

static int connect_to(const char *where)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_un local;
    } to = {0};
    socklen_t size = sizeof(to.v4);
    const char *colon = strrchr(where, ':');
    int on = 1;
    if (strncmp(where, "unix:", 5) == 0) {
        to.local.sun_family = AF_UNIX;
        snprintf(to.local.sun_path, sizeof(to.local.sun_path), "%s", where + 5);
        size = sizeof(to.local);
    } else {
        to.v4.sin_family = AF_INET;
        to.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        to.v4.sin_port = htons((uint16_t)atoi(colon + 1));
    }
    int fd = socket(to.any.sa_family, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, &to.any, size) != 0)
        die(where);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return fd;
}

static void send_next(struct peer *peer, double since)
{
    const struct request *r = &requests[next_request++ % request_count];
    for (size_t sent = 0; sent < r->n;) {
        ssize_t n = send(peer->fd, r->p + sent, r->n - sent, MSG_NOSIGNAL);
        if (n < 0)
            die("send");
        sent += (size_t)n;
    }
    peer->since = since;
    peer->got = 0;
    peer->waits = true;
}

static bool ends_with(const struct peer *peer, const char *end)
{
    size_t n = strlen(end);
    return peer->got >= n && memcmp(peer->answer + peer->got - n, end, n) == 0;
}

static bool http_is_whole(const struct peer *peer)
{
    const char *end = memmem(peer->answer, peer->got, "\r\n\r\n", 4);
    if (end == NULL)
        return false;
    size_t head = (size_t)(end - peer->answer) + 4;
    for (const char *line = peer->answer; line < end; line = strchr(line, '\n') + 1) {
        if (strncasecmp(line, "content-length:", 15) == 0)
            return peer->got >= head + strtoul(line + 15, NULL, 10);
    }
    return ends_with(peer, "\r\n0\r\n\r\n");
}

/* *N and N times $LENGTH and its bytes; or +OK. */
static bool redis_is_whole(const struct peer *peer)
{
    const char *at = peer->answer, *end = at + peer->got;
    const char *line = memchr(at, '\n', peer->got);
    if (line == NULL || *at != '*')
        return line != NULL;
    size_t count = strtoul(at + 1, NULL, 10);
    for (at = line + 1; count > 0; count--) {
        line = at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL;
        if (line == NULL)
            return false;
        long n = strtol(at + 1, NULL, 10);
        at = line + 1 + (n >= 0 ? n + 2 : 0);
    }
    return at <= end;
}

static bool is_good(const struct peer *peer)
{
    return peer->answer[0] == '*' || peer->answer[0] == '+' ||
           strncmp(peer->answer, "HTTP/1.1 200", 12) == 0;
}

/* Whether the answer is whole now. */
static bool receive(struct peer *peer)
{
    ssize_t n = recv(peer->fd, peer->answer + peer->got, ANSWER_MAX - peer->got, MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN)
        return false;
    if (n <= 0)
        die("the server closed");
    peer->got += (size_t)n;
    peer->answer[peer->got] = '\0';
    if (!(peer->answer[0] == 'H' ? http_is_whole(peer) : redis_is_whole(peer)))
        return false;
    peer->waits = false;
    failed += !is_good(peer);
    if (answered < TIMES_MAX)
        times[answered++] = (float)(now() - peer->since);
    return true;
}

static int by_size(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* The requests that are due by now, each on a connection that has nothing to do. */
static void send_due(struct peer *peers, size_t count, double rate, double began, size_t *sent)
{
    double due;
    for (size_t i = 0; i < count && (due = began + (double)*sent / rate) <= now(); i++) {
        if (peers[i].waits)
            continue;
        send_next(&peers[i], due);
        ++*sent;
    }
}

static void run(struct peer *peers, size_t count, double rate, double seconds)
{
    struct epoll_event events[EVENTS];
    int poll = epoll_create1(0);
    size_t sent = 0;
    double began = now();
    for (size_t i = 0; i < count; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &peers[i]};
        epoll_ctl(poll, EPOLL_CTL_ADD, peers[i].fd, &event);
        if (rate == 0)
            send_next(&peers[i], now());
    }
    while (now() - began < seconds) {
        if (rate > 0)
            send_due(peers, count, rate, began, &sent);
        int n = epoll_wait(poll, events, EVENTS, rate > 0 ? 0 : 100);
        for (int i = 0; i < n; i++) {
            struct peer *peer = events[i].data.ptr;
            if (receive(peer) && rate == 0)
                send_next(peer, now());
        }
        if (rate > 0 && n == 0) {
            const struct timespec pause = {.tv_nsec = 20000};
            nanosleep(&pause, NULL);
        }
    }
    close(poll);
}

int main(int argc, char **argv)
{
    if (argc != 6) {
        fprintf(stderr, "usage: http_load WHERE CONNECTIONS RATE SECONDS FILE\n");
        return 2;
    }
    size_t count = strtoul(argv[2], NULL, 10);
    struct peer *peers = calloc(count, sizeof(*peers));
    times = malloc(TIMES_MAX * sizeof(*times));
    read_requests(argv[5]);
    if (peers == NULL || times == NULL || request_count == 0)
        die("requests");
    for (size_t i = 0; i < count; i++) {
        peers[i].fd = connect_to(argv[1]);
        peers[i].answer = malloc(ANSWER_MAX + 1);
        if (peers[i].answer == NULL)
            die("memory");
    }
    run(peers, count, atof(argv[3]), atof(argv[4]));
    qsort(times, answered, sizeof(*times), by_size);
    printf("%zu %zu %.0f %.0f\n", answered, failed, answered ? times[answered / 2] * 1e6 : 0,
           answered ? times[answered * 99 / 100] * 1e6 : 0);
    return 0;
}
