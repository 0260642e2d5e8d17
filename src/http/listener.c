#include "eidcached/http/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "eidcached/base/log.h"
#include "eidcached/base/mem.h"
#include "eidcached/config/listen.h"

#define BACKLOG 1024

/* Any address a socket can have, without casts between types of different alignment. */
union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un local;
    struct sockaddr_storage storage;
};

static bool is_loopback(const union address *a)
{
    if (a->any.sa_family == AF_INET)
        return ntohl(a->v4.sin_addr.s_addr) >> 24 == 127;
    if (a->any.sa_family != AF_INET6)
        return false;
    if (IN6_IS_ADDR_V4MAPPED(&a->v6.sin6_addr))
        return a->v6.sin6_addr.s6_addr[12] == 127;
    return IN6_IS_ADDR_LOOPBACK(&a->v6.sin6_addr);
}

static char *print_inet(const union address *a)
{
    char text[INET6_ADDRSTRLEN] = "?";
    if (a->any.sa_family == AF_INET) {
        inet_ntop(AF_INET, &a->v4.sin_addr, text, sizeof(text));
        return eidc_xprintf("%s:%u", text, ntohs(a->v4.sin_port));
    }
    inet_ntop(AF_INET6, &a->v6.sin6_addr, text, sizeof(text));
    return eidc_xprintf("[%s]:%u", text, ntohs(a->v6.sin6_port));
}

static char *print_local(const union address *a, socklen_t size)
{
    size_t n = size > offsetof(struct sockaddr_un, sun_path)
                   ? size - offsetof(struct sockaddr_un, sun_path)
                   : 0;
    const char *path = a->local.sun_path;
    if (n > 0 && path[0] == '\0')
        return eidc_xprintf("unix:@%.*s", (int)(n - 1), path + 1);
    return eidc_xprintf("unix:%.*s", (int)strnlen(path, n), path);
}

/* Fills what is known from the socket itself. */
static bool describe(int fd, struct eidc_listener *out, struct eidc_err *err)
{
    union address a = {0};
    socklen_t size = sizeof(a);
    if (getsockname(fd, &a.any, &size) != 0)
        return eidc_fail_errno(err, "getsockname");
    out->fd = fd;
    out->is_unix = a.any.sa_family == AF_UNIX;
    out->is_ipv6 = a.any.sa_family == AF_INET6;
    out->is_loopback = is_loopback(&a);
    if (!out->is_unix && a.any.sa_family != AF_INET && !out->is_ipv6)
        return eidc_fail(err, EIDC_ERR_INVALID, "address family %d is not one of ours",
                         a.any.sa_family);
    out->text = out->is_unix ? print_local(&a, size) : print_inet(&a);
    return true;
}

/* -1 with errno: it cannot be had. */
static int bound_socket(const union address *a, socklen_t size)
{
    int fd = socket(a->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;
    if (fd < 0)
        return -1;
    if (a->any.sa_family != AF_UNIX)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, &a->any, size) == 0)
        return fd;
    int saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

/* What errno of a bind or a listen means to whoever wrote http.listen. */
static bool fail_bind(struct eidc_err *err)
{
    static const struct {
        int error;
        const char *advice;
    } advices[] = {
        {EADDRINUSE, " (another process listens there: stop it, or choose another http.listen)"},
        {EADDRNOTAVAIL, " (no interface of this machine has that address)"},
        {EACCES, " (a port below 1024 needs CAP_NET_BIND_SERVICE, a socket's folder must be ours)"},
    };
    int error = errno;
    const char *advice = "";
    for (size_t i = 0; i < sizeof(advices) / sizeof(advices[0]); i++) {
        if (advices[i].error == error)
            advice = advices[i].advice;
    }
    char reason[128];
    return eidc_fail(err, EIDC_ERR_IO, "%s%s", strerror_r(error, reason, sizeof(reason)), advice);
}

/* True when a process answers there. */
static bool somebody_answers(const union address *a)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool answered = fd >= 0 && (connect(fd, &a->any, sizeof(a->local)) == 0 || errno == EAGAIN);
    if (fd >= 0)
        close(fd);
    return answered;
}

static bool remove_stale(const union address *a, struct eidc_err *err)
{
    struct stat st;
    const char *path = a->local.sun_path;
    if (lstat(path, &st) != 0)
        return errno == ENOENT || eidc_fail_errno(err, "%s", path);
    if (!S_ISSOCK(st.st_mode))
        return eidc_fail(err, EIDC_ERR_CONFLICT, "%s is there and is not a socket", path);
    if (somebody_answers(a))
        return eidc_fail(err, EIDC_ERR_CONFLICT, "%s: another process listens on it", path);
    if (unlink(path) != 0)
        return eidc_fail_errno(err, "%s: unlink", path);
    return true;
}

/* -1: there is none of that name or number. */
static gid_t find_group(const char *group)
{
    char space[16384];
    struct group entry, *found = NULL;
    uint64_t number;
    if (eidc_str_u64(eidc_str_of(group), UINT32_MAX - 1, &number))
        return (gid_t)number;
    getgrnam_r(group, &entry, space, sizeof(space), &found);
    return found != NULL ? found->gr_gid : (gid_t)-1;
}

static bool set_group(const char *path, const char *group, struct eidc_err *err)
{
    gid_t gid = find_group(group);
    if (gid == (gid_t)-1)
        return eidc_fail(err, EIDC_ERR_NOT_FOUND, "there is no group '%s'", group);
    if (chown(path, (uid_t)-1, gid) != 0)
        return eidc_fail_errno(err, "group %s (the process must be in it, or be root)", group);
    return true;
}

/* Whoever reaches this socket needs no token: its mode is set before anybody can connect. */
static bool listen_local(int fd, const char *path, const struct eidc_listen *entry,
                         struct eidc_listener *out, struct eidc_err *err)
{
    if (entry->group != NULL && !set_group(path, entry->group, err))
        return false;
    if (chmod(path, entry->mode) != 0)
        return eidc_fail_errno(err, "chmod");
    if (listen(fd, BACKLOG) != 0)
        return eidc_fail_errno(err, "listen");
    return describe(fd, out, err);
}

static bool fail_local(const char *path, struct eidc_err *err)
{
    const char *slash = strrchr(path, '/');
    if (errno != ENOENT || slash == NULL)
        return fail_bind(err);
    return eidc_fail(err, EIDC_ERR_NOT_FOUND, "the folder %.*s does not exist", (int)(slash - path),
                     path);
}

static bool open_local(const struct eidc_listen *entry, struct eidc_listener *out,
                       struct eidc_err *err)
{
    const char *path = entry->path;
    union address a = {.local = {.sun_family = AF_UNIX}};
    memcpy(a.local.sun_path, path, strlen(path) + 1); /* its length has been checked */
    if (!remove_stale(&a, err))
        return false;
    int fd = bound_socket(&a, sizeof(a.local));
    if (fd < 0)
        return fail_local(path, err);
    if (!listen_local(fd, path, entry, out, err)) {
        unlink(path);
        close(fd);
        return false;
    }
    out->unix_path = eidc_xstrdup(path);
    return true;
}

/* -1 with errno of the last: none does. */
static int first_that_listens(const struct addrinfo *found)
{
    int fd = -1;
    for (const struct addrinfo *i = found; i != NULL && fd < 0; i = i->ai_next) {
        union address a = {0};
        memcpy(&a, i->ai_addr, i->ai_addrlen);
        fd = bound_socket(&a, i->ai_addrlen);
        if (fd < 0 || listen(fd, BACKLOG) == 0)
            continue;
        int saved = errno;
        close(fd);
        errno = saved;
        fd = -1;
    }
    return fd;
}

static bool open_inet(const struct eidc_listen *entry, struct eidc_listener *out,
                      struct eidc_err *err)
{
    const struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV,
                                   .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int failed = getaddrinfo(entry->host, entry->port, &hints, &found);
    if (failed != 0)
        return eidc_fail(err, EIDC_ERR_INVALID, "%s", gai_strerror(failed));

    int fd = first_that_listens(found);
    if (fd < 0)
        fail_bind(err);
    freeaddrinfo(found);
    if (fd < 0)
        return false;
    if (!describe(fd, out, err)) {
        close(fd);
        return false;
    }
    return true;
}

static bool open_entry(const struct eidc_listen *entry, struct eidc_listener *out,
                       struct eidc_err *err)
{
    switch (entry->kind) {
    case EIDC_LISTEN_UNIX:
        return open_local(entry, out, err);
    case EIDC_LISTEN_INET:
        return open_inet(entry, out, err);
    case EIDC_LISTEN_SYSTEMD:
        break;
    }
    return eidc_fail(err, EIDC_ERR_INVALID, "is no place of its own");
}

bool eidc_listener_open(const char *spec, struct eidc_listener *out, struct eidc_err *err)
{
    EIDC_LISTEN_AUTO entry = {0};
    struct eidc_listener opened = {.fd = -1};
    if (!eidc_listen_parse(spec, &entry, err) || !open_entry(&entry, &opened, err))
        return eidc_wrap(err, "%s", spec);
    opened.threads = entry.threads;
    *out = opened;
    return true;
}

static bool check_listening(int fd, struct eidc_err *err)
{
    int listening = 0, type = 0;
    socklen_t size = sizeof(listening);
    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0 ||
        getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0)
        return eidc_fail_errno(err, "getsockopt");
    if (listening == 0)
        return eidc_fail(err, EIDC_ERR_INVALID, "is not a listening socket");
    if (type != SOCK_STREAM)
        return eidc_fail(err, EIDC_ERR_INVALID, "is not a stream socket");
    return true;
}

static bool set_nonblocking(int fd, struct eidc_err *err)
{
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0)
        return eidc_fail_errno(err, "fcntl");
    return true;
}

bool eidc_listener_adopt(int fd, struct eidc_listener *out, struct eidc_err *err)
{
    struct eidc_listener adopted = {.fd = -1};
    if (!check_listening(fd, err))
        return eidc_wrap(err, "descriptor %d", fd);
    int own = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (own < 0)
        return eidc_fail_errno(err, "descriptor %d", fd);
    if (!set_nonblocking(own, err) || !describe(own, &adopted, err)) {
        close(own);
        return eidc_wrap(err, "descriptor %d", fd);
    }
    *out = adopted;
    return true;
}

void eidc_listener_close(struct eidc_listener *listener)
{
    if (listener->fd >= 0)
        close(listener->fd);
    if (listener->unix_path != NULL && unlink(listener->unix_path) != 0)
        eidc_debug("http: %s was removed already", listener->unix_path);
    free(listener->text);
    free(listener->unix_path);
    *listener = (struct eidc_listener){.fd = -1};
}
