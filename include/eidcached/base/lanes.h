#pragma once
/* Sixteen bytes at a time. */
#include <stdint.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

typedef uint8_t eidc_lane_vector __attribute__((vector_size(16)));
typedef int8_t eidc_signed_lanes __attribute__((vector_size(16)));

static inline eidc_lane_vector eidc_lanes_load(const void *p)
{
    eidc_lane_vector lanes;
    memcpy(&lanes, p, sizeof lanes);
    return lanes;
}

/* Bit i: lane i is 255, else it is 0. */
#ifdef __SSE2__
static inline unsigned eidc_lanes(eidc_lane_vector lanes)
{
    return (unsigned)_mm_movemask_epi8((__m128i)lanes);
}
#else
static inline unsigned eidc_lanes(eidc_lane_vector lanes)
{
    unsigned bits = 0;
    for (unsigned i = 0; i < sizeof lanes; i++)
        bits |= (unsigned)(lanes[i] & 1) << i;
    return bits;
}
#endif
