#pragma once
/* Names as a data platform has them: the same for the same seed, all distinct. */
#include "map_peer.h"

struct bench_names {
    struct bench_str *names, *eids; /* eids[i] is that of names[i] */
    size_t n;
    uint64_t name_bytes;
};

/* Names number `first` and following of the one endless row of names. Ends the program when there
 * is no memory. */
struct bench_names bench_names_make(uint64_t first, size_t n);

/* Computes all of their EIDs once more, for the time it takes. */
void bench_eids_compute(const struct bench_names *names);

/* Copies of n of them in random order, one behind the other, as keys of requests are. */
struct bench_str *bench_probes(const struct bench_str *from, size_t of, size_t n, uint64_t seed);
