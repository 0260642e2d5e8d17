#pragma once
/*
 * A client-side send rate: the "adaptive" mode of AWS's SDKs. Nothing is limited until the first
 * answer says that we are throttled; then the rate falls to 0.7 of what it was and grows back along
 * a cubic curve (CUBIC, scale 0.4), never below 0.5 a second and never beyond twice what is really
 * sent, which is measured in half-second buckets. Pure: the clock is the caller's, in microseconds
 * of any origin.
 */
#include <stdbool.h>
#include <stdint.h>

struct eidc_limiter {
    bool enabled;
    /* The tokens: one a request. */
    double fill_rate, capacity, max_capacity; /* a second; tokens */
    double filled_at_s;
    /* The rate really sent, smoothed. */
    double measured_rate, bucket_s;
    unsigned count; /* answers in this bucket */
    /* The curve since the last throttling. */
    double last_max_rate, throttled_at_s, time_window_s;
};

void eidc_limiter_start(struct eidc_limiter *limiter, int64_t now_us);
/* True: go, a token is taken. False: ask again in *wait_us, or later: *wait_us is at least 1. */
bool eidc_limiter_take(struct eidc_limiter *limiter, int64_t now_us, int64_t *wait_us);
/* An answer came, or a request failed without one. */
void eidc_limiter_answered(struct eidc_limiter *limiter, bool throttled, int64_t now_us);
