#pragma once
/*
 * What a map must do to be measured by bench_map. Each peer is a shared object that exports
 * `bench_peers`, an array that ends with a peer without a name; the loop over the keys is the
 * peer's own, so that no call is between it and its map. Plain C types: peer_rust.rs has a copy.
 */
#include <stddef.h>
#include <stdint.h>

/* The same as struct eidc_str; p[n] is 0 as well. */
struct bench_str {
    const char *p;
    size_t n;
};

/* Distinct names and their EIDs as text, 32 hex digits. They outlive the maps. */
struct bench_pairs {
    const struct bench_str *names, *eids;
    size_t n;
};

enum bench_way { BENCH_FORWARD, BENCH_REVERSE };

struct bench_peer {
    const char *name;
    /* Both directions, from copies of the pairs. dir: an empty folder for those with files. */
    void *(*build)(const struct bench_pairs *pairs, const char *dir);
    /* How many of the keys are in it; the first byte of each answer is added to *sum, so that
     * the answer itself is read. */
    uint64_t (*find)(void *map, int way, const struct bench_str *keys, size_t n, uint64_t *sum);
    /* NULL: has none. 32 keys at a time. */
    uint64_t (*find_many)(void *map, int way, const struct bench_str *keys, size_t n,
                          uint64_t *sum);
    /* NULL: has none. Forward, with the EID as text as the answer. */
    uint64_t (*find_text)(void *map, const struct bench_str *keys, size_t n, uint64_t *sum);
    /* Bytes that malloc does not know of; NULL: none. */
    uint64_t (*bytes)(void *map);
    /* Opens what build left in dir; NULL: it has no file form. */
    void *(*open)(const char *dir);
    int look_ups_elsewhere; /* 1: it is only built and opened */
    int memory_only;        /* 1: a server, only for its size */
};

extern const struct bench_peer bench_peers[];
