#pragma once
/* How far a command has come: a live line, on a terminal only. */
#include "eidcached/ctl/ctl.h"

struct eidc_ctl_progress {
    FILE *to, *input; /* to == NULL: silent */
    uint64_t total;   /* bytes of the input; 0: unknown */
};

struct eidc_ctl_progress eidc_ctl_progress_start(const struct eidc_ctl *ctl, FILE *input);
/* Another name was read: shows how many, and how much of the input that is, now and then. */
void eidc_ctl_progress_step(struct eidc_ctl_progress *progress, uint64_t names);
/* Wipes the line. */
void eidc_ctl_progress_end(struct eidc_ctl_progress *progress);
