#include "eidcached/config/listen.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/un.h>

#include "eidcached/base/mem.h"

/* --- what stands behind the question mark ------------------------------------------------- */

static bool set_threads(struct eidc_listen *listen, struct eidc_str value, struct eidc_err *err)
{
    uint64_t n;
    if (!eidc_str_u64(value, EIDC_THREADS_MAX, &n) || n == 0)
        return eidc_fail(err, EIDC_ERR_INVALID, "threads is a number from 1 to %d",
                         EIDC_THREADS_MAX);
    listen->threads = (unsigned)n;
    return true;
}

/* Read and write for owner, group, others; at least for somebody. */
static bool set_mode(struct eidc_listen *listen, struct eidc_str value, struct eidc_err *err)
{
    unsigned mode = 0;
    bool octal = value.n >= 3 && value.n <= 4;
    for (size_t i = 0; i < value.n; i++) {
        octal = octal && value.p[i] >= '0' && value.p[i] <= '7';
        mode = mode * 8 + (unsigned)(value.p[i] - '0');
    }
    if (!octal || mode == 0 || mode > 0777)
        return eidc_fail(err, EIDC_ERR_INVALID, "mode is an octal number such as 0660");
    listen->mode = mode;
    return true;
}

static bool set_group(struct eidc_listen *listen, struct eidc_str value, struct eidc_err *err)
{
    if (value.n == 0)
        return eidc_fail(err, EIDC_ERR_INVALID, "group is a group's name or number");
    free(listen->group);
    listen->group = eidc_xstrndup(value.p, value.n);
    return true;
}

static const struct {
    const char *name;
    bool unix_only;
    bool (*set)(struct eidc_listen *listen, struct eidc_str value, struct eidc_err *err);
} keys[] = {
    {"threads", false, set_threads},
    {"mode", true, set_mode},
    {"group", true, set_group},
};

static bool set_key(struct eidc_listen *listen, struct eidc_str pair, struct eidc_err *err)
{
    const char *equals = pair.n > 0 ? memchr(pair.p, '=', pair.n) : NULL;
    size_t n = equals != NULL ? (size_t)(equals - pair.p) : pair.n;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (equals == NULL || !eidc_str_eq((struct eidc_str){pair.p, n}, eidc_str_of(keys[i].name)))
            continue;
        if (keys[i].unix_only && listen->kind != EIDC_LISTEN_UNIX)
            return eidc_fail(err, EIDC_ERR_INVALID, "%s is only for unix:/PATH", keys[i].name);
        return keys[i].set(listen, (struct eidc_str){equals + 1, pair.n - n - 1}, err);
    }
    return eidc_fail(err, EIDC_ERR_INVALID,
                     "'%.*s' is not threads=N, and of unix:/PATH mode=OCTAL or group=NAME", (int)n,
                     pair.p);
}

static bool set_keys(struct eidc_listen *listen, const char *at, struct eidc_err *err)
{
    while (*at != '\0') {
        size_t n = strcspn(++at, "&");
        if (!set_key(listen, (struct eidc_str){at, n}, err))
            return eidc_wrap(err, "cannot be");
        at += n;
    }
    return true;
}

/* --- the place ---------------------------------------------------------------------------- */

static enum eidc_listen_kind kind_of(const char *place)
{
    if (strcmp(place, "systemd") == 0)
        return EIDC_LISTEN_SYSTEMD;
    return strncmp(place, "unix:", strlen("unix:")) == 0 ? EIDC_LISTEN_UNIX : EIDC_LISTEN_INET;
}

static bool set_path(struct eidc_listen *listen, struct eidc_err *err)
{
    const char *path = listen->place + strlen("unix:");
    if (*path != '/')
        return eidc_fail(err, EIDC_ERR_INVALID, "needs an absolute path: unix:/PATH");
    if (strlen(path) >= sizeof((struct sockaddr_un *)NULL)->sun_path)
        return eidc_fail(err, EIDC_ERR_INVALID, "has a path too long for a socket (107 bytes)");
    listen->path = path;
    return true;
}

static bool set_port(struct eidc_listen *listen, const char *after_host, struct eidc_err *err)
{
    uint64_t number;
    if (*after_host != ':' || !eidc_str_u64(eidc_str_of(after_host + 1), 65535, &number))
        return eidc_fail(err, EIDC_ERR_INVALID, "has no port from 0 to 65535");
    listen->port = eidc_xstrdup(after_host + 1);
    return true;
}

/* [ADDRESS]:PORT */
static bool set_bracketed(struct eidc_listen *listen, struct eidc_err *err)
{
    struct in6_addr address;
    const char *host = listen->place + 1;
    size_t n = strcspn(host, "]");
    listen->host = eidc_xstrndup(host, n);
    if (host[n] != ']' || inet_pton(AF_INET6, listen->host, &address) != 1)
        return eidc_fail(err, EIDC_ERR_INVALID, "has no IPv6 address in its brackets");
    return set_port(listen, host + n + 1, err);
}

static bool set_host(struct eidc_listen *listen, struct eidc_err *err)
{
    const char *place = listen->place;
    size_t n = *place == '*' ? 1 : strspn(place, EIDC_HOST_CHARS);
    if (place[n] != ':' || strchr(place + n + 1, ':') != NULL)
        return eidc_fail(err, EIDC_ERR_INVALID,
                         "is not HOST:PORT, [IPV6]:PORT, unix:/PATH or systemd");
    if (n > 0 && *place != '*')
        listen->host = eidc_xstrndup(place, n);
    return set_port(listen, place + n, err);
}

static bool set_place(struct eidc_listen *listen, struct eidc_err *err)
{
    switch (listen->kind) {
    case EIDC_LISTEN_SYSTEMD:
        return true;
    case EIDC_LISTEN_UNIX:
        return set_path(listen, err);
    case EIDC_LISTEN_INET:
        return *listen->place == '[' ? set_bracketed(listen, err) : set_host(listen, err);
    }
    return false;
}

/* --- both --------------------------------------------------------------------------------- */

bool eidc_listen_parse(const char *entry, struct eidc_listen *out, struct eidc_err *err)
{
    size_t n = strcspn(entry, "?");
    struct eidc_listen listen = {.place = eidc_xstrndup(entry, n), .mode = EIDC_SOCKET_FILE_MODE};
    listen.kind = kind_of(listen.place);
    if (!set_keys(&listen, entry + n, err) || !set_place(&listen, err)) {
        eidc_listen_free(&listen);
        return false;
    }
    *out = listen;
    return true;
}

void eidc_listen_free(struct eidc_listen *listen)
{
    free(listen->place);
    free(listen->host);
    free(listen->port);
    free(listen->group);
    *listen = (struct eidc_listen){0};
}
