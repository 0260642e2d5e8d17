#pragma once
/* eidctl's command line: one table of options, one of commands (commands.h). Options may stand
 * before, between and behind the arguments; "--" ends them. */
#include <stdio.h>

#include "eidcached/base/err.h"
#include "eidcached/core/eid.h"

enum eidc_ctl_option {
    EIDC_CTL_SERVER,
    EIDC_CTL_TOKEN_FILE,
    EIDC_CTL_CA,
    EIDC_CTL_CERT,
    EIDC_CTL_CLIENT_KEY,
    EIDC_CTL_IMAGE,
    EIDC_CTL_FORMAT,
    EIDC_CTL_EXPORT, /* --format again, with what it says to image export */
    EIDC_CTL_WAIT,
    EIDC_CTL_PATIENCE, /* --wait again, with what it says to changes and wait-ready */
    EIDC_CTL_ACCEPT_SHRINK,
    EIDC_CTL_LIVE,
    EIDC_CTL_REVERSE,
    EIDC_CTL_STARTS, /* --prefix again, with what it says to image list */
    EIDC_CTL_AFTER,
    EIDC_CTL_LIMIT,
    EIDC_CTL_SINCE,
    EIDC_CTL_FOLLOW,
    EIDC_CTL_OUTPUT,
    EIDC_CTL_ALGORITHM,
    EIDC_CTL_BITS,
    EIDC_CTL_ENCODING,
    EIDC_CTL_PREFIX,
    EIDC_CTL_KEY_FILE,
    EIDC_CTL_CONFIG,
    EIDC_CTL_PROFILE,
    EIDC_CTL_ROLE_ARN,
    EIDC_CTL_REGION,
    EIDC_CTL_HELP,
    EIDC_CTL_VERSION,
    EIDC_CTL_MANUAL,
    EIDC_CTL_OPTION_COUNT
};

#define EIDC_CTL_BIT(option) (1u << (option))

struct eidc_ctl_options {
    unsigned given; /* EIDC_CTL_BITs */
    const char *ca, *cert, *key;
    const char *server, *token_file, *image, *output, *key_file;
    const char *algorithm, *prefix, *after;
    const char *config, *profile, *role_arn, *region; /* NULL: not given */
    uint64_t limit, since;
    unsigned bits;
    enum eidc_eid_encoding encoding;
    unsigned wait_s;
    bool json, tsv, format_of_export;
    bool wait, accept_shrink, follow, live, reverse, help, version, manual;
};

/* Reads argv[1...]; reorders argv so that the arguments come last and returns where they start,
 * or -1 with INVALID. EIDCACHE_SERVER gives --server's default. */
int eidc_ctl_options_read(int argc, char **argv, struct eidc_ctl_options *out,
                          struct eidc_err *err);
/* The long name, without "--". */
const char *eidc_ctl_option_name(enum eidc_ctl_option option);
/* "-o, --format" and "text|json" or NULL, as help shows them; *text: what it does. */
struct eidc_ctl_option_words {
    char letter; /* 0: none */
    const char *name, *value, *text;
};
struct eidc_ctl_option_words eidc_ctl_option_words(enum eidc_ctl_option option);
/* A line for each option of the set. */
void eidc_ctl_options_help(unsigned set, FILE *out);
