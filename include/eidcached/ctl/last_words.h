#pragma once
/* A line for standard error that is said however the command ends: by itself, or by a signal. */
#include "eidcached/ctl/ctl.h"

/* Replaces the line; from the first one on SIGINT, SIGTERM and SIGHUP say it before they end the
 * process. */
void eidc_ctl_last_words_set(const struct eidc_ctl *ctl, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* There is nothing to say any more. */
void eidc_ctl_last_words_drop(void);
/* Says the line, if there is one; once. */
void eidc_ctl_last_words_say(const struct eidc_ctl *ctl);
