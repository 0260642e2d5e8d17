#pragma once
/*
 * Ends connections whose request does not come. libmicrohttpd's own time-out only sees silence: a
 * head that comes a byte now and then would hold its place for ever. (An answer that is taken so
 * slowly fills the socket's buffer, and is silence to libmicrohttpd.) A connection says in one
 * store that it waits for a head, or that it has one; a thread of ours looks at all of them and
 * shuts the sockets of those that have waited too long.
 */
#include <stdatomic.h>
#include <stdint.h>
#include <sys/queue.h>

#include "eidcached/base/err.h"

/* One connection; valid when zeroed. */
struct eidc_watched {
    TAILQ_ENTRY(eidc_watched) link;
    int fd;
    bool late, cut;
    _Atomic uint64_t stage; /* counts: even while it waits for a head, odd from there to the end */
    uint64_t seen_stage;    /* the sweep's: what it saw, and when first */
    int64_t seen_ms;
};

struct eidc_reaper;

#define EIDC_REAPER_LATE_MS 1000 /* what a late connection has for its head, at most */

/* limit_ms: how long a head may take. */
bool eidc_reaper_start(int64_t limit_ms, struct eidc_reaper **out, struct eidc_err *err);
/* Nothing is left in it. NULL: nothing is done. */
void eidc_reaper_stop(struct eidc_reaper *reaper);

/* From the connection's own thread, as are promote and remove.
 * late: came over the connection limit. It has EIDC_REAPER_LATE_MS for its head, and when there are
 * more than late_max of such, the oldest of them that has not sent its head has to go at once. */
void eidc_reaper_add(struct eidc_reaper *reaper, struct eidc_watched *watched, int fd, bool late,
                     unsigned late_max);
/* It is not late any more. */
void eidc_reaper_promote(struct eidc_reaper *reaper, struct eidc_watched *watched);
void eidc_reaper_remove(struct eidc_reaper *reaper, struct eidc_watched *watched);
/* Connections with a request that is not completed, and if fresh_too those whose first is still to
 * come; NULL: 0. */
unsigned eidc_reaper_count_busy(struct eidc_reaper *reaper, bool fresh_too);

/* The head is there; the answer is gone. From the connection's own thread only. */
static inline void eidc_reaper_busy(struct eidc_watched *watched, bool busy)
{
    uint64_t before = atomic_load_explicit(&watched->stage, memory_order_relaxed);
    if ((before % 2 != 0) != busy)
        atomic_store_explicit(&watched->stage, before + 1, memory_order_relaxed);
}
