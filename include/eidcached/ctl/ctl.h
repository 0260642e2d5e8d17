#pragma once
/*
 * eidctl, callable: main() is eidc_ctl_run with the process's streams. Output goes to io->out,
 * errors to io->err as "eidctl: what: why; what to do".
 */
#include <stdio.h>

#include "eidcached/ctl/options.h"
#include "eidcached/net/http_client.h"

/* Exit codes; scripts rely on them. */
enum eidc_ctl_code {
    EIDC_CTL_OK = 0,
    EIDC_CTL_FAILED = 1,
    EIDC_CTL_USAGE = 2,
    EIDC_CTL_NOT_FOUND = 4, /* at least one key is in no entry */
};

typedef bool eidc_ctl_http_new(const char *user_agent, struct eidc_http_client **out,
                               struct eidc_err *err);

struct eidc_ctl_io {
    FILE *in, *out, *err;
    bool terminal;     /* out is one: control characters are shown as '?' */
    bool err_terminal; /* err is one: progress is shown */
    eidc_ctl_http_new *http_new;
};

struct eidc_ctl {
    const struct eidc_ctl_io *io;
    struct eidc_ctl_options options;
    char *const *args; /* of the command */
    size_t arg_count;
    struct eidc_http_client *http; /* made by the first request */
};

int eidc_ctl_run(int argc, char **argv, const struct eidc_ctl_io *io);

/* "1 name", "2 names" */
static inline const char *eidc_ctl_s(uint64_t n)
{
    return n == 1 ? "" : "s";
}

/* Writes one line to io->err, control characters as '?'. */
void eidc_ctl_complain(const struct eidc_ctl *ctl, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* "eidctl: WHAT: err[; ADVICE]"; returns EIDC_CTL_FAILED. */
int eidc_ctl_failed(const struct eidc_ctl *ctl, const char *what, const struct eidc_err *err,
                    const char *advice);
/* Writes text of names and servers to io->out. */
void eidc_ctl_put(const struct eidc_ctl *ctl, struct eidc_str text);
/* Writes a server's document as it is, with a newline at its end. */
void eidc_ctl_put_document(const struct eidc_ctl *ctl, struct eidc_str body);
