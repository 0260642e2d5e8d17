#include "bench_report.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define EID_BYTES 16 /* of a raw EID */
#define OURS      2  /* rows */
#define BTREE     "Rust BTreeMap"

static const struct column {
    enum bench_measure measure;
    const char *title;
} columns[] = {
    {BENCH_FORWARD_HIT, "forward hit"},           {BENCH_FORWARD_MISS, "forward miss"},
    {BENCH_REVERSE_HIT, "reverse hit"},           {BENCH_REVERSE_MISS, "reverse miss"},
    {BENCH_FORWARD_MANY, "forward by 32"},        {BENCH_FORWARD_MANY_MISS, "its misses"},
    {BENCH_REVERSE_MANY, "reverse by 32"},        {BENCH_REVERSE_MANY_MISS, "its misses"},
    {BENCH_FORWARD_TEXT, "forward, EID printed"},
};
#define COLUMNS (sizeof columns / sizeof *columns)

struct bench_cost bench_least(const struct bench_cost *costs, size_t n)
{
    struct bench_cost least = costs[0];
    for (size_t i = 1; i < n; i++) {
        least.wall = costs[i].wall < least.wall ? costs[i].wall : least.wall;
        least.cpu = costs[i].cpu < least.cpu ? costs[i].cpu : least.cpu;
    }
    return least;
}

static double bytes_each(const struct bench_input *input, const struct bench_row *row)
{
    return (double)row->bytes / (double)input->names;
}

static double overhead(const struct bench_input *input, const struct bench_row *row)
{
    return bytes_each(input, row) - (double)input->name_bytes / (double)input->names - EID_BYTES;
}

/* Ours computes the EIDs while it builds, a peer is given them. */
static double build_cpu(const struct bench_input *input, const struct bench_row *rows, size_t i)
{
    return rows[i].cost[BENCH_BUILD].cpu + (i < OURS ? 0 : input->eids.cpu);
}

static void print_head(const char *first)
{
    printf("| %s |", first);
    for (size_t c = 0; c < COLUMNS; c++)
        printf(" %s |", columns[c].title);
    printf("\n| --- |");
    for (size_t c = 0; c < COLUMNS; c++)
        printf(" ---: |");
    printf("\n");
}

static void print_look_ups(const struct bench_row *rows, size_t n)
{
    printf("\nLook-ups, ns of CPU (ns of wall clock):\n\n");
    print_head("map");
    for (size_t i = 0; i < n; i++) {
        if (rows[i].cost[BENCH_FORWARD_HIT].cpu <= 0)
            continue;
        printf("| %s |", rows[i].name);
        for (size_t c = 0; c < COLUMNS; c++) {
            struct bench_cost cost = rows[i].cost[columns[c].measure];
            if (cost.cpu > 0)
                printf(" %.0f (%.0f) |", cost.cpu, cost.wall);
            else
                printf(" |");
        }
        printf("\n");
    }
}

static void print_build(const struct bench_input *input, const struct bench_row *rows, size_t i)
{
    if (rows[i].cost[BENCH_BUILD].cpu > 0)
        printf("| %s | %.0f | %.0f |", rows[i].name, build_cpu(input, rows, i), input->eids.cpu);
    else
        printf("| %s | | |", rows[i].name);
}

static void print_sizes(const struct bench_input *input, const struct bench_row *rows, size_t n)
{
    printf("\nBuilding, opening, memory:\n\n"
           "| map | build, ns of CPU a name | the EIDs among it | open and first answer, µs | "
           "bytes a name | beyond name + EID | most memory while building, of its size |\n"
           "| --- | ---: | ---: | ---: | ---: | ---: | ---: |\n");
    for (size_t i = 0; i < n; i++) {
        print_build(input, rows, i);
        if (rows[i].cost[BENCH_OPEN].wall > 0)
            printf(" %.0f |", rows[i].cost[BENCH_OPEN].wall / 1000);
        else
            printf(" |");
        printf(" %.1f | %.1f |", bytes_each(input, &rows[i]), overhead(input, &rows[i]));
        if (rows[i].cost[BENCH_BUILD].cpu > 0)
            printf(" %.2f", (double)rows[i].peak / (double)rows[i].bytes);
        printf(" |\n");
    }
}

static const enum bench_measure compared[] = {BENCH_FORWARD_HIT, BENCH_FORWARD_MISS,
                                              BENCH_REVERSE_HIT, BENCH_REVERSE_MISS};

static void print_ratios(const struct bench_input *input, const struct bench_row *rows, size_t n)
{
    printf("\nRatios, how many times what eidcached takes (CPU, bytes):\n\n"
           "| peer | forward hit | forward miss | reverse hit | reverse miss | forward by 32 | "
           "reverse by 32 | build | bytes a name | bytes beyond |\n"
           "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n");
    for (size_t i = OURS; i < n; i++) {
        if (rows[i].cost[BENCH_FORWARD_HIT].cpu <= 0)
            continue;
        printf("| %s |", rows[i].name);
        for (size_t c = 0; c < sizeof compared / sizeof *compared; c++)
            printf(" %.1f |", rows[i].cost[compared[c]].cpu / rows[0].cost[compared[c]].cpu);
        printf(" %.1f | %.1f |",
               rows[i].cost[BENCH_FORWARD_HIT].cpu / rows[0].cost[BENCH_FORWARD_MANY].cpu,
               rows[i].cost[BENCH_REVERSE_HIT].cpu / rows[0].cost[BENCH_REVERSE_MANY].cpu);
        printf(" %.1f | %.1f | %.1f |\n", build_cpu(input, rows, i) / build_cpu(input, rows, 0),
               (double)rows[i].bytes / (double)rows[0].bytes,
               overhead(input, &rows[i]) / overhead(input, &rows[0]));
    }
}

static void verdict(const char *what, double target, double measured, bool reached)
{
    printf("| %s | %.2f | %.2f | %s |\n", what, target, measured, reached ? "reached" : "missed");
}

static void at_least(const char *what, double target, double measured)
{
    verdict(what, target, measured, measured >= target);
}

static void at_most(const char *what, double target, double measured)
{
    verdict(what, target, measured, measured <= target);
}

static const struct bench_row *find_btree(const struct bench_row *rows, size_t n)
{
    for (size_t i = OURS; i < n; i++)
        if (strcmp(rows[i].name, BTREE) == 0)
            return &rows[i];
    return NULL;
}

/* Of the peers but BTreeMap; 0: there are none. */
static double best_forward(const struct bench_row *rows, size_t n, const struct bench_row *btree)
{
    double best = 0;
    for (size_t i = OURS; i < n; i++) {
        double cpu = rows[i].cost[BENCH_FORWARD_HIT].cpu;
        if (&rows[i] != btree && cpu > 0 && (best <= 0 || cpu < best))
            best = cpu;
    }
    return best;
}

static void judge_ours(const struct bench_input *input, const struct bench_row *rows)
{
    const struct bench_cost *cost = rows[0].cost;
    at_most("reverse hit: of a forward hit", 1, cost[BENCH_REVERSE_HIT].cpu / cost[0].cpu);
    at_least("forward by 32: times faster than one by one", 2,
             cost[BENCH_FORWARD_HIT].cpu / cost[BENCH_FORWARD_MANY].cpu);
    at_least("reverse by 32: times faster than one by one", 2,
             cost[BENCH_REVERSE_HIT].cpu / cost[BENCH_REVERSE_MANY].cpu);
    at_most("bytes a name beyond name + EID", 20, overhead(input, &rows[0]));
    at_most("most memory while building: of the image", 2.5,
            (double)rows[0].peak / (double)rows[0].bytes);
    at_most("open a file, first answer: ms", 1, rows[1].cost[BENCH_OPEN].wall / 1e6);
}

static void print_verdicts(const struct bench_input *input, const struct bench_row *rows, size_t n)
{
    const struct bench_row *btree = find_btree(rows, n);
    double best = best_forward(rows, n, btree);
    const double ours = rows[0].cost[BENCH_FORWARD_HIT].cpu;
    printf("\nTargets:\n\n| what | target | measured | |\n| --- | ---: | ---: | --- |\n");
    if (btree != NULL)
        at_least("forward hit: times faster than BTreeMap", 10,
                 btree->cost[BENCH_FORWARD_HIT].cpu / ours);
    if (best > 0)
        at_least("forward hit: times faster than the best other peer", 2, best / ours);
    judge_ours(input, rows);
    if (btree == NULL)
        return;
    at_most("bytes a name: of BTreeMap's", 0.25, (double)rows[0].bytes / (double)btree->bytes);
    at_least("build: times faster than EIDs + BTreeMap", 2,
             (btree->cost[BENCH_BUILD].cpu + input->eids.cpu) / rows[0].cost[BENCH_BUILD].cpu);
    at_least("build: times faster than BTreeMap alone, EIDs given", 2,
             btree->cost[BENCH_BUILD].cpu / rows[0].cost[BENCH_BUILD].cpu);
}

void bench_report(const struct bench_input *input, const struct bench_row *rows, size_t n)
{
    printf("%zu names of %.1f bytes, %zu probes in random order, least of %zu passes\n",
           input->names, (double)input->name_bytes / (double)input->names, input->probes,
           input->passes);
    print_look_ups(rows, n);
    print_sizes(input, rows, n);
    print_ratios(input, rows, n);
    print_verdicts(input, rows, n);
}
