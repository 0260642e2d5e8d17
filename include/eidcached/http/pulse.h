#pragma once
/*
 * Whether a thread of a listener still turns, as another thread sees it. What happens to a
 * connection is a beat. Without one since the last look the thread is handed a connection whose
 * other end is closed already: taking it is a beat, too. So a busy thread is not disturbed, an
 * idle one is woken, and one that is stuck leaves what it was handed lying.
 */
#include <microhttpd.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Valid when zeroed. */
struct eidc_pulse {
    _Atomic uint64_t beats; /* only its thread counts */
    uint64_t seen;          /* the asker's, as is the next */
    int64_t asked_ms;       /* 0: no answer is due */
};

static inline void eidc_pulse_beat(struct eidc_pulse *pulse)
{
    uint64_t before = atomic_load_explicit(&pulse->beats, memory_order_relaxed);
    atomic_store_explicit(&pulse->beats, before + 1, memory_order_relaxed);
}

/* False: asked patience_ms ago or longer, and no beat since. Always from the same thread. A thread
 * that cannot be asked (all its connections are taken, descriptors are out) is believed. */
bool eidc_pulse_is_felt(struct eidc_pulse *pulse, struct MHD_Daemon *thread, int64_t now_ms,
                        int64_t patience_ms);
/* A connection of the asker's and no client's. */
bool eidc_pulse_asks(struct MHD_Connection *connection);
