/* tinycdb: two constant databases, mapped. */
#include <cdb.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "map_peer.h"

struct tables {
    struct cdb way[2];
};

static int open_file(const char *dir, int way, int flags)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s.cdb", dir, way == BENCH_FORWARD ? "forward" : "reverse");
    int fd = open(path, flags, 0600);
    if (fd < 0)
        abort();
    return fd;
}

static void *open_both(const char *dir)
{
    struct tables *tables = calloc(1, sizeof *tables);
    for (int way = 0; way < 2; way++)
        if (cdb_init(&tables->way[way], open_file(dir, way, O_RDONLY)) != 0)
            abort();
    return tables;
}

static void write_one(const char *dir, int way, const struct bench_str *keys,
                      const struct bench_str *values, size_t n)
{
    struct cdb_make make;
    int fd = open_file(dir, way, O_RDWR | O_CREAT | O_TRUNC);
    cdb_make_start(&make, fd);
    for (size_t i = 0; i < n; i++)
        cdb_make_add(&make, keys[i].p, (unsigned)keys[i].n, values[i].p, (unsigned)values[i].n);
    if (cdb_make_finish(&make) != 0)
        abort();
    close(fd);
}

static void *build(const struct bench_pairs *pairs, const char *dir)
{
    write_one(dir, BENCH_FORWARD, pairs->names, pairs->eids, pairs->n);
    write_one(dir, BENCH_REVERSE, pairs->eids, pairs->names, pairs->n);
    return open_both(dir);
}

static uint64_t find(void *map, int way, const struct bench_str *keys, size_t n, uint64_t *sum)
{
    struct cdb *cdb = &((struct tables *)map)->way[way];
    uint64_t found = 0;
    for (size_t i = 0; i < n; i++) {
        if (cdb_find(cdb, keys[i].p, (unsigned)keys[i].n) <= 0)
            continue;
        *sum += *(const uint8_t *)cdb_getdata(cdb);
        found++;
    }
    return found;
}

static uint64_t bytes(void *map)
{
    uint64_t total = 0;
    struct stat st;
    for (int way = 0; way < 2; way++)
        if (fstat(cdb_fileno(&((struct tables *)map)->way[way]), &st) == 0)
            total += (uint64_t)st.st_size;
    return total;
}

const struct bench_peer bench_peers[] = {
    {.name = "tinycdb", .build = build, .find = find, .bytes = bytes, .open = open_both}, {0}};
