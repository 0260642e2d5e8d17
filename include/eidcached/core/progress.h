#pragma once
/* How far a refresh has come: what `--once` shows on a terminal, the log tells now and then, and
 * /v1/status and `eidctl status` say. */
#include "eidcached/base/json.h"
#include "eidcached/base/json_read.h"

enum eidc_progress_phase {
    EIDC_PROGRESS_LISTING,
    EIDC_PROGRESS_BUILDING, /* publishing included */
    EIDC_PROGRESS_SAVING,
};

struct eidc_progress {
    enum eidc_progress_phase phase;
    uint64_t scopes_known, scopes_done, scopes_kept; /* so far; done includes kept */
    uint64_t names;
    uint64_t calls, throttles; /* of AWS */
    bool all_known;            /* no further scopes will be found */
    /* by eidc_progress_measure */
    double calls_per_second; /* of the last few seconds */
    int64_t elapsed_ms;
    int64_t left_ms; /* of listing, if it goes on like this; -1: cannot be told */
};

/* What measuring remembers. Zeroed: it starts with the first measurement. */
struct eidc_progress_meter {
    int64_t started_ms; /* monotonic; 0: not yet */
    struct {
        int64_t at_ms;
        uint64_t calls;
    } mark[2]; /* the older one first */
};
void eidc_progress_measure(struct eidc_progress *progress, struct eidc_progress_meter *meter,
                           int64_t mono_ms);

/* "listing: 43 of 120 scopes, 5200 names, 310 calls, 52/s, 3 throttled, 12 s left" */
void eidc_progress_print(const struct eidc_progress *progress, struct eidc_buf *out);
/* As a JSON object and back. */
void eidc_progress_write(const struct eidc_progress *progress, struct eidc_json *json);
bool eidc_progress_read(const cJSON *object, struct eidc_progress *out);
