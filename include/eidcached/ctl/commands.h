#pragma once
/* eidctl's commands: each is one row of the table in command_table.c. */
#include "eidcached/ctl/ctl.h"

typedef int eidc_ctl_command_fn(struct eidc_ctl *ctl); /* returns the exit code */

extern const struct eidc_ctl_command {
    const char *name, *args, *summary;
    size_t min_args, max_args;
    unsigned options; /* EIDC_CTL_BITs */
    eidc_ctl_command_fn *run;
    const char *more;    /* examples, each line behind two blanks */
    const char *details; /* a paragraph; NULL: the summary says it all */
} eidc_ctl_commands[];
extern const size_t eidc_ctl_command_count;

/* Options of every command, and those of commands that ask a daemon. */
#define EIDC_CTL_ALWAYS (EIDC_CTL_BIT(EIDC_CTL_HELP) | EIDC_CTL_BIT(EIDC_CTL_VERSION))
#define EIDC_CTL_ONLINE                                                                            \
    (EIDC_CTL_BIT(EIDC_CTL_SERVER) | EIDC_CTL_BIT(EIDC_CTL_TOKEN_FILE) |                           \
     EIDC_CTL_BIT(EIDC_CTL_CA) | EIDC_CTL_BIT(EIDC_CTL_CERT) | EIDC_CTL_BIT(EIDC_CTL_CLIENT_KEY))
#define EIDC_CTL_LOOKUP                                                                            \
    (EIDC_CTL_ONLINE | EIDC_CTL_BIT(EIDC_CTL_FORMAT) | EIDC_CTL_BIT(EIDC_CTL_IMAGE))

/* The table as the manual page eidctl(1), in mdoc(7). */
void eidc_ctl_print_manual(FILE *out); /* manual.c */

eidc_ctl_command_fn eidc_ctl_forward, eidc_ctl_reverse;                 /* lookup.c */
eidc_ctl_command_fn eidc_ctl_status, eidc_ctl_refresh, eidc_ctl_health; /* online.c */
eidc_ctl_command_fn eidc_ctl_wait_ready;
eidc_ctl_command_fn eidc_ctl_names;                             /* names.c */
eidc_ctl_command_fn eidc_ctl_changes;                           /* changes.c */
eidc_ctl_command_fn eidc_ctl_compute;                           /* compute.c */
eidc_ctl_command_fn eidc_ctl_image_build;                       /* image_file.c */
eidc_ctl_command_fn eidc_ctl_image_import;                      /* image_import.c */
eidc_ctl_command_fn eidc_ctl_image_info, eidc_ctl_image_verify; /* image_commands.c */
eidc_ctl_command_fn eidc_ctl_image_lookup;                      /* lookup.c */
eidc_ctl_command_fn eidc_ctl_image_list, eidc_ctl_image_diff;   /* image_list.c */
eidc_ctl_command_fn eidc_ctl_image_export;                      /* image_export.c */
eidc_ctl_command_fn eidc_ctl_aws_policy;                        /* aws_policy.c */
eidc_ctl_command_fn eidc_ctl_aws_list;                          /* aws_list.c */
eidc_ctl_command_fn eidc_ctl_aws_whoami;                        /* aws_whoami.c */

/* Shared by compute, image build and import: the scheme that the options ask for, and its key. */
bool eidc_ctl_scheme(const struct eidc_ctl *ctl, struct eidc_eid_scheme *scheme,
                     struct eidc_buf *key, struct eidc_err *err);
/* Reads --key-file by eidc_eid_key_read; nothing when the option is not given. Wipe it
 * afterwards. */
bool eidc_ctl_read_key(const struct eidc_ctl *ctl, struct eidc_buf *key, struct eidc_err *err);

struct eidc_config;
/* The configuration of --config; *out is NULL when the option is not given. On false what is wrong
 * with it has been told. */
bool eidc_ctl_load_config(const struct eidc_ctl *ctl, struct eidc_config **out);
