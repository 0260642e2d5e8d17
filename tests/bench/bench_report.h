#pragma once
/* What bench_map prints: tables in Markdown, and the targets. */
#include <stddef.h>
#include <stdint.h>

#define BENCH_PASSES_MAX 15
#define BENCH_ROWS_MAX   16

enum bench_measure {
    BENCH_FORWARD_HIT,
    BENCH_FORWARD_MISS,
    BENCH_REVERSE_HIT,
    BENCH_REVERSE_MISS,
    BENCH_FORWARD_MANY,
    BENCH_FORWARD_MANY_MISS,
    BENCH_REVERSE_MANY,
    BENCH_REVERSE_MANY_MISS,
    BENCH_FORWARD_TEXT,
    BENCH_BUILD, /* a name */
    BENCH_OPEN,
    BENCH_MEASURES
};

struct bench_cost {
    double wall, cpu; /* ns an operation */
};

struct bench_row {
    const char *name;
    struct bench_cost cost[BENCH_MEASURES]; /* zeroed: not measured */
    uint64_t bytes;
    uint64_t peak; /* the most memory there was while it was built */
};

struct bench_input {
    size_t names, probes, passes;
    uint64_t name_bytes;
    struct bench_cost eids; /* of computing one EID; a peer's build has it added */
};

/* What other work on the machine disturbed least. */
struct bench_cost bench_least(const struct bench_cost *costs, size_t n);
/* rows[0] is ours in memory, rows[1] ours as a file. */
void bench_report(const struct bench_input *input, const struct bench_row *rows, size_t n);
