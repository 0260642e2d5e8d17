#pragma once
/* Time. Wall-clock times are milliseconds since the Unix epoch; 0 means "never". */
#include <stdint.h>

#include "eidcached/base/buf.h"

int64_t eidc_now_ms(void);  /* wall clock */
int64_t eidc_mono_ms(void); /* monotonic, for durations */
int64_t eidc_mono_us(void);

#define EIDC_TIME_TEXT 32
/* "2026-11-22T18:24:37.120Z" (RFC 3339), NUL-terminated; the fraction is left out when zero. */
void eidc_time_print(int64_t unix_ms, char out[static EIDC_TIME_TEXT]);
/* RFC 3339 with any offset and up to 9 fraction digits. */
bool eidc_time_parse(struct eidc_str text, int64_t *unix_ms);

/* Delay before attempt number `attempt` (0 = first retry): uniform in [0, min(base * 2^attempt,
 * max)]: exponential back-off with full jitter. Milliseconds. Thread-safe. */
int64_t eidc_backoff_ms(unsigned attempt, int64_t base_ms, int64_t max_ms);
/* Uniform in [0, below). Thread-safe; not for secrets. */
uint64_t eidc_random_below(uint64_t below);
