/*
 * The image and its peers, measured in one run: ./dev bench map. Every pass measures each map
 * once before the next pass starts, so that drift of the machine hits all; what is reported is
 * the least of the passes, which other work disturbed least. Builds and opens run in a child each,
 * with a heap as good as new. bench_map DIR NAMES PASSES PEER.so...
 */
#include <dirent.h>
#include <dlfcn.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench_names.h"
#include "bench_report.h"
#include "eidcached/base/mem.h"

#define PROBES_MAX 500000

struct subject {
    struct bench_row row;
    const struct bench_peer *peer;
    void *map;
    struct bench_cost cost[BENCH_MEASURES][BENCH_PASSES_MAX];
};

struct bench {
    const char *dir;
    struct bench_names names;
    struct bench_pairs pairs;
    size_t probes, passes, subjects;
    struct bench_str *keys[2][2]; /* way, miss */
    struct subject subject[BENCH_ROWS_MAX];
};

static void fail(const char *what, const char *which)
{
    fprintf(stderr, "bench: %s: %s\n", which, what);
    exit(1);
}

static double seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static struct bench_cost now(void)
{
    return (struct bench_cost){seconds(CLOCK_MONOTONIC), seconds(CLOCK_PROCESS_CPUTIME_ID)};
}

static struct bench_cost since(struct bench_cost start, double operations)
{
    struct bench_cost end = now();
    return (struct bench_cost){(end.wall - start.wall) * 1e9 / operations,
                               (end.cpu - start.cpu) * 1e9 / operations};
}

static void empty_dir(const char *dir)
{
    char path[4096];
    DIR *listing = opendir(dir);
    if (listing == NULL && mkdir(dir, 0700) != 0)
        fail("cannot make it", dir);
    if (listing == NULL)
        return;
    for (struct dirent *entry; (entry = readdir(listing)) != NULL;) {
        snprintf(path, sizeof path, "%s/%s", dir, entry->d_name);
        if (entry->d_name[0] != '.')
            unlink(path);
    }
    closedir(listing);
}

static const char *dir_of(const struct bench *bench, const struct subject *subject)
{
    static char dir[4096];
    snprintf(dir, sizeof dir, "%s/%td", bench->dir, subject - bench->subject);
    return dir;
}

static uint64_t heap_bytes(void)
{
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

/* A line of /proc/self/status. */
static uint64_t status_bytes(const char *key)
{
    char line[256];
    unsigned long long kilobytes = 0;
    FILE *status = fopen("/proc/self/status", "re");
    while (status != NULL && fgets(line, sizeof line, status) != NULL)
        if (strncmp(line, key, strlen(key)) == 0)
            kilobytes = strtoull(line + strlen(key), NULL, 10);
    if (status != NULL)
        fclose(status);
    return kilobytes * 1024;
}

/* What a child has measured. */
struct outcome {
    struct bench_cost cost;
    uint64_t bytes, peak;
};

typedef struct outcome child_fn(const struct bench *bench, const struct subject *subject);

static struct outcome build_once(const struct bench *bench, const struct subject *subject)
{
    const char *dir = dir_of(bench, subject);
    uint64_t heap = heap_bytes(), resident = status_bytes("VmRSS:");
    struct bench_cost start = now();
    void *map = subject->peer->build(&bench->pairs, dir);
    struct outcome outcome = {.cost = since(start, (double)bench->names.n)};
    outcome.peak = status_bytes("VmHWM:") - resident;
    if (subject->peer->memory_only)
        outcome.cost = (struct bench_cost){0};
    outcome.bytes = heap_bytes() - heap;
    if (subject->peer->bytes != NULL)
        outcome.bytes += subject->peer->bytes(map);
    return outcome;
}

/* Opens and looks one name up. */
static struct outcome open_once(const struct bench *bench, const struct subject *subject)
{
    const char *dir = dir_of(bench, subject);
    uint64_t sum = 0;
    struct bench_cost start = now();
    void *map = subject->peer->open(dir);
    if (subject->peer->find(map, BENCH_FORWARD, bench->keys[BENCH_FORWARD][0], 1, &sum) != 1)
        fail("the first answer is wrong", subject->peer->name);
    return (struct outcome){.cost = since(start, 1)};
}

static struct outcome in_child(const struct bench *bench, const struct subject *subject,
                               child_fn *child)
{
    int ends[2], status;
    struct outcome outcome;
    fflush(NULL);
    if (pipe(ends) != 0)
        fail("no pipe", subject->peer->name);
    pid_t pid = fork();
    if (pid == 0) {
        outcome = child(bench, subject);
        _exit(write(ends[1], &outcome, sizeof outcome) != sizeof outcome);
    }
    close(ends[1]);
    bool told = pid > 0 && read(ends[0], &outcome, sizeof outcome) == sizeof outcome;
    close(ends[0]);
    if (pid > 0)
        waitpid(pid, &status, 0);
    if (!told)
        fail("it did not end well", subject->peer->name);
    return outcome;
}

static void measure_builds(struct bench *bench, size_t pass)
{
    for (size_t i = 0; i < bench->subjects; i++) {
        struct subject *subject = &bench->subject[i];
        empty_dir(dir_of(bench, subject));
        struct outcome built = in_child(bench, subject, build_once);
        subject->cost[BENCH_BUILD][pass] = built.cost;
        subject->row.bytes = built.bytes;
        subject->row.peak = built.peak;
        if (subject->peer->open != NULL)
            subject->cost[BENCH_OPEN][pass] = in_child(bench, subject, open_once).cost;
    }
}

/* The EIDs of as many names, as the job computes them that fills a peer. */
static struct bench_cost measure_eids(const struct bench *bench)
{
    struct bench_cost start = now();
    bench_eids_compute(&bench->names);
    return since(start, (double)bench->names.n);
}

typedef uint64_t find_fn(void *map, int way, const struct bench_str *keys, size_t n, uint64_t *sum);

static struct bench_cost measure_find(const struct bench *bench, const struct subject *subject,
                                      find_fn *find, int way, bool miss)
{
    uint64_t sum = 0;
    struct bench_cost start = now();
    uint64_t found = find(subject->map, way, bench->keys[way][miss], bench->probes, &sum);
    struct bench_cost cost = since(start, (double)bench->probes);
    if (found != (miss ? 0 : bench->probes) || (sum == 0) != miss)
        fail("wrong answers", subject->peer->name);
    return cost;
}

static const struct look_up {
    enum bench_measure measure;
    bool many;
    int way;
    bool miss;
} look_ups[] = {
    {BENCH_FORWARD_HIT, false, BENCH_FORWARD, false},
    {BENCH_FORWARD_MISS, false, BENCH_FORWARD, true},
    {BENCH_REVERSE_HIT, false, BENCH_REVERSE, false},
    {BENCH_REVERSE_MISS, false, BENCH_REVERSE, true},
    {BENCH_FORWARD_MANY, true, BENCH_FORWARD, false},
    {BENCH_FORWARD_MANY_MISS, true, BENCH_FORWARD, true},
    {BENCH_REVERSE_MANY, true, BENCH_REVERSE, false},
    {BENCH_REVERSE_MANY_MISS, true, BENCH_REVERSE, true},
};

static uint64_t find_text(void *map, int way, const struct bench_str *keys, size_t n, uint64_t *sum)
{
    (void)way;
    return bench_peers[0].find_text(map, keys, n, sum);
}

static void measure_look_ups(struct bench *bench, size_t pass)
{
    for (size_t at = 0; at < sizeof look_ups / sizeof *look_ups; at++)
        for (size_t i = 0; i < bench->subjects; i++) {
            const struct look_up *l = &look_ups[at];
            struct subject *subject = &bench->subject[i];
            find_fn *find = l->many ? subject->peer->find_many : subject->peer->find;
            if (find != NULL && subject->map != NULL)
                subject->cost[l->measure][pass] =
                    measure_find(bench, subject, find, l->way, l->miss);
        }
    bench->subject[0].cost[BENCH_FORWARD_TEXT][pass] =
        measure_find(bench, &bench->subject[0], find_text, BENCH_FORWARD, false);
}

/* What is only opened or weighed has no look-ups. */
static void build_to_stay(struct bench *bench)
{
    for (size_t i = 0; i < bench->subjects; i++) {
        struct subject *subject = &bench->subject[i];
        if (subject->peer->look_ups_elsewhere || subject->peer->memory_only)
            continue;
        empty_dir(dir_of(bench, subject));
        subject->map = subject->peer->build(&bench->pairs, dir_of(bench, subject));
    }
}

static void add_peers(struct bench *bench, const struct bench_peer *peers)
{
    for (; peers->name != NULL && bench->subjects < BENCH_ROWS_MAX; peers++) {
        struct subject *subject = &bench->subject[bench->subjects++];
        subject->peer = peers;
        subject->row.name = peers->name;
    }
}

static void load_peers(struct bench *bench, const char *path)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    const struct bench_peer *peers = library != NULL ? dlsym(library, "bench_peers") : NULL;
    if (peers == NULL)
        fail(dlerror(), path);
    add_peers(bench, peers);
}

static void make_keys(struct bench *bench)
{
    size_t n = bench->names.n;
    bench->probes = n < PROBES_MAX ? n : PROBES_MAX;
    struct bench_names others = bench_names_make(n, bench->probes);
    const struct bench_names *from[] = {&bench->names, &others};
    for (int miss = 0; miss < 2; miss++) {
        bench->keys[BENCH_FORWARD][miss] =
            bench_probes(from[miss]->names, from[miss]->n, bench->probes, 1);
        bench->keys[BENCH_REVERSE][miss] =
            bench_probes(from[miss]->eids, from[miss]->n, bench->probes, 2);
    }
}

static void report(struct bench *bench, struct bench_cost *eids)
{
    struct bench_row rows[BENCH_ROWS_MAX];
    for (size_t i = 0; i < bench->subjects; i++) {
        struct subject *subject = &bench->subject[i];
        for (int m = 0; m < BENCH_MEASURES; m++)
            subject->row.cost[m] = bench_least(subject->cost[m], bench->passes);
        rows[i] = subject->row;
    }
    struct bench_input input = {bench->names.n, bench->probes, bench->passes,
                                bench->names.name_bytes, bench_least(eids, bench->passes)};
    bench_report(&input, rows, bench->subjects);
}

int main(int argc, char **argv)
{
    static struct bench bench;
    struct bench_cost eids[BENCH_PASSES_MAX];
    if (argc < 4)
        fail("DIR NAMES PASSES [PEER.so...]", "usage");
    bench.dir = argv[1];
    size_t n = strtoull(argv[2], NULL, 10);
    bench.passes = strtoull(argv[3], NULL, 10);
    if (n < 1000 || bench.passes < 1 || bench.passes > BENCH_PASSES_MAX)
        fail("at least 1000 names, 1 to 15 passes", "usage");
    add_peers(&bench, bench_peers);
    for (int i = 4; i < argc; i++)
        load_peers(&bench, argv[i]);
    bench.names = bench_names_make(0, n);
    bench.pairs = (struct bench_pairs){bench.names.names, bench.names.eids, n};
    make_keys(&bench);
    for (size_t pass = 0; pass < bench.passes; pass++) {
        fprintf(stderr, "bench: builds, pass %zu of %zu\n", pass + 1, bench.passes);
        eids[pass] = measure_eids(&bench);
        measure_builds(&bench, pass);
    }
    build_to_stay(&bench);
    for (size_t pass = 0; pass < bench.passes; pass++) {
        fprintf(stderr, "bench: look-ups, pass %zu of %zu\n", pass + 1, bench.passes);
        measure_look_ups(&bench, pass);
    }
    report(&bench, eids);
    return 0;
}
