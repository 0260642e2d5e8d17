#include "eidcached/config/listen.h"

#include <stdlib.h>

#include "eidcached/base/mem.h"

static bool is_unix(const struct eidc_listen *listen)
{
    return strncmp(listen->place, "unix:", strlen("unix:")) == 0;
}

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
        if (keys[i].unix_only && !is_unix(listen))
            return eidc_fail(err, EIDC_ERR_INVALID, "%s is only for unix:/PATH", keys[i].name);
        return keys[i].set(listen, (struct eidc_str){equals + 1, pair.n - n - 1}, err);
    }
    return eidc_fail(err, EIDC_ERR_INVALID,
                     "'%.*s' is not threads=N, and of unix:/PATH mode=OCTAL or group=NAME", (int)n,
                     pair.p);
}

bool eidc_listen_parse(const char *entry, struct eidc_listen *out, struct eidc_err *err)
{
    size_t place = strcspn(entry, "?");
    struct eidc_listen listen = {.place = eidc_xstrndup(entry, place),
                                 .mode = EIDC_SOCKET_FILE_MODE};
    for (const char *at = entry + place; *at != '\0';) {
        size_t n = strcspn(++at, "&");
        if (!set_key(&listen, (struct eidc_str){at, n}, err)) {
            eidc_listen_free(&listen);
            return false;
        }
        at += n;
    }
    *out = listen;
    return true;
}

void eidc_listen_free(struct eidc_listen *listen)
{
    free(listen->place);
    free(listen->group);
    *listen = (struct eidc_listen){0};
}
