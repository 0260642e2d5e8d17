#pragma once
/* eidctl in this process, with its output caught. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "eidcached/ctl/ctl.h"

#define RUN_ARGS 24

struct run {
    int code;
    char *out, *err; /* NUL-terminated */
    size_t out_n, err_n;
};

static bool run_err_terminal; /* progress is shown */

static inline struct run run_io(const char *input, bool terminal, eidc_ctl_http_new *http_new,
                                const char *const *args)
{
    struct run r = {0};
    char *argv[RUN_ARGS + 1] = {strdup("eidctl")};
    int argc = 1;
    while (argc < RUN_ARGS && args[argc - 1] != NULL) {
        argv[argc] = strdup(args[argc - 1]);
        argc++;
    }
    char *held[RUN_ARGS];
    memcpy(held, argv, sizeof held); /* argv is reordered */
    FILE *in = fopen("/dev/null", "r");
    if (input != NULL && input[0] != '\0') {
        fclose(in);
        in = fmemopen((void *)(uintptr_t)input, strlen(input), "r");
    }
    struct eidc_ctl_io io = {.in = in,
                             .out = open_memstream(&r.out, &r.out_n),
                             .err = open_memstream(&r.err, &r.err_n),
                             .terminal = terminal,
                             .err_terminal = run_err_terminal,
                             .http_new = http_new};
    r.code = eidc_ctl_run(argc, argv, &io);
    fclose(io.in);
    fclose(io.out);
    fclose(io.err);
    for (int i = 0; i < argc; i++)
        free(held[i]);
    return r;
}

static inline void run_free(struct run *r)
{
    free(r->out);
    free(r->err);
}

#define RUN_AUTO         __attribute__((cleanup(run_free))) struct run
#define ARGS(...)        ((const char *const[]){__VA_ARGS__, NULL})
#define RUN(...)         run_io("", false, NULL, ARGS(__VA_ARGS__))
#define PIPE(input, ...) run_io(input, false, NULL, ARGS(__VA_ARGS__))

static inline void says(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("'%s' does not say '%s'", text, part);
}
