/* The published pseudo-code of the SDKs' adaptive retry mode, name by name. */
#include "eidcached/aws/limiter.h"

#include <math.h>

#define RATE_MIN       0.5 /* a second */
#define CAPACITY_MIN   1.0
#define SMOOTH         0.8
#define BETA           0.7
#define SCALE          0.4
#define RATE_SCALE_MAX 2.0
#define BUCKETS_A_S    2.0

static double seconds(int64_t us)
{
    return (double)us / 1e6;
}

void eidc_limiter_start(struct eidc_limiter *limiter, int64_t now_us)
{
    double now = seconds(now_us);
    *limiter = (struct eidc_limiter){
        .fill_rate = 1,
        .max_capacity = CAPACITY_MIN,
        .filled_at_s = now,
        .bucket_s = floor(now),
        .throttled_at_s = now,
    };
}

static void refill(struct eidc_limiter *limiter, double now)
{
    double tokens = limiter->capacity + (now - limiter->filled_at_s) * limiter->fill_rate;
    limiter->capacity = fmin(limiter->max_capacity, tokens);
    limiter->filled_at_s = now;
}

bool eidc_limiter_take(struct eidc_limiter *limiter, int64_t now_us, int64_t *wait_us)
{
    if (!limiter->enabled)
        return true;
    refill(limiter, seconds(now_us));
    if (limiter->capacity < 1) {
        double us = (1 - limiter->capacity) / limiter->fill_rate * 1e6;
        *wait_us = us < 1 ? 1 : (int64_t)ceil(us);
        return false;
    }
    limiter->capacity -= 1;
    return true;
}

static void update_measured_rate(struct eidc_limiter *limiter, double now)
{
    double bucket = floor(now * BUCKETS_A_S) / BUCKETS_A_S;
    limiter->count++;
    if (bucket <= limiter->bucket_s)
        return;
    double rate = limiter->count / (bucket - limiter->bucket_s);
    limiter->measured_rate = rate * SMOOTH + limiter->measured_rate * (1 - SMOOTH);
    limiter->count = 0;
    limiter->bucket_s = bucket;
}

static void update_bucket_rate(struct eidc_limiter *limiter, double rate, double now)
{
    refill(limiter, now); /* what was due at the old rate */
    limiter->fill_rate = fmax(rate, RATE_MIN);
    limiter->max_capacity = fmax(rate, CAPACITY_MIN);
    limiter->capacity = fmin(limiter->capacity, limiter->max_capacity);
}

static double cubic_throttle(struct eidc_limiter *limiter, double now)
{
    double rate = limiter->measured_rate;
    if (limiter->enabled)
        rate = fmin(rate, limiter->fill_rate);
    limiter->enabled = true;
    limiter->last_max_rate = rate;
    limiter->time_window_s = cbrt(rate * (1 - BETA) / SCALE);
    limiter->throttled_at_s = now;
    return rate * BETA;
}

static double cubic_success(const struct eidc_limiter *limiter, double now)
{
    double t = now - limiter->throttled_at_s - limiter->time_window_s;
    return SCALE * t * t * t + limiter->last_max_rate;
}

void eidc_limiter_answered(struct eidc_limiter *limiter, bool throttled, int64_t now_us)
{
    double now = seconds(now_us);
    update_measured_rate(limiter, now);
    double rate = throttled ? cubic_throttle(limiter, now) : cubic_success(limiter, now);
    update_bucket_rate(limiter, fmin(rate, RATE_SCALE_MAX * limiter->measured_rate), now);
}
