#pragma once
/* Look-ups of one command, some keys at a time, through a daemon or an image. */
#include "eidcached/core/image.h"
#include "eidcached/ctl/ctl.h"
#include "eidcached/ctl/list.h"

#define EIDC_CTL_BATCH 10000

struct eidc_ctl_lookup {
    struct eidc_ctl *ctl;
    const char *command; /* for messages */
    bool reverse, alone;
    struct eidc_image *image; /* NULL: ask the daemon */
    bool missed;              /* some key was not found */
};

/* Prints the answers in order; returns EIDC_CTL_OK or EIDC_CTL_FAILED (having complained). */
int eidc_ctl_lookup_image(struct eidc_ctl_lookup *lookup, const struct eidc_ctl_list *keys);
int eidc_ctl_lookup_server(struct eidc_ctl_lookup *lookup, const struct eidc_ctl_list *keys);
