#pragma once
/*
 * When the parts of one refresh end. It has refresh.timeout for everything that it waits for. Where
 * a store across the network has its share, listing leaves a quarter to saving, and asking that
 * store beforehand leaves half of the rest to listing; what a part does not use is for the next.
 * Building is work, not waiting, and is not cut: saving has its quarter after it, however long that
 * took. What comes from outside (a Lambda function's deadline) holds without exception.
 */
#include <stdbool.h>
#include <stdint.h>

/* From outside, monotonic (ms). */
struct eidc_refresh_limits {
    int64_t listed, ended; /* INT64_MAX: none */
    const char *what;      /* that sets them, for people; static */
};
#define EIDC_REFRESH_UNLIMITED ((struct eidc_refresh_limits){INT64_MAX, INT64_MAX, ""})

/* Monotonic (ms). */
struct eidc_deadlines {
    int64_t began;
    int64_t asked, listed, ended;
    int64_t saving_ms; /* saving has at least this long, up to `latest` */
    int64_t latest;
    const char *what; /* sets them: refresh.timeout, or the limits' own */
};

struct eidc_deadlines eidc_deadlines_of(int64_t now_ms, int64_t timeout_ms, bool remote,
                                        const struct eidc_refresh_limits *limits);
/* When saving ends that begins now. */
int64_t eidc_deadlines_saved(const struct eidc_deadlines *d, int64_t now_ms);
