#pragma once
/* The names or EIDs that a command is asked for: its arguments, and for "-" the lines of standard
 * input (empty ones are skipped; a byte-order mark and CRs are no part of them). */
#include "eidcached/ctl/ctl.h"

struct eidc_ctl_keys {
    const struct eidc_ctl *ctl;
    const char *what;  /* "name" or "EID", for messages */
    const char *input; /* what io->in is, for messages; NULL: standard input */
    size_t arg;        /* private from here */
    bool reading;
    uint64_t line;
    char *text;
    size_t room;
};

enum eidc_ctl_key { EIDC_CTL_KEY, EIDC_CTL_KEY_END, EIDC_CTL_KEY_BAD };

/* {.ctl = ctl, .what = "name"} starts. The key is valid until the next call. BAD: err says which
 * and why. */
enum eidc_ctl_key eidc_ctl_keys_next(struct eidc_ctl_keys *keys, struct eidc_str *key,
                                     struct eidc_err *err);
void eidc_ctl_keys_free(struct eidc_ctl_keys *keys);

/* One key on the command line: its answer is printed bare. */
bool eidc_ctl_keys_alone(const struct eidc_ctl *ctl);
