/* LMDB: two databases in one mapped file, read in one transaction. */
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>

#include "map_peer.h"

#define MAP_SIZE ((size_t)64 << 30) /* of addresses, not of memory */

struct tables {
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi way[2];
};

static void must(int code)
{
    if (code == 0)
        return;
    fprintf(stderr, "bench: lmdb: %s\n", mdb_strerror(code));
    exit(1);
}

static struct tables *start(const char *dir, unsigned env_flags, unsigned txn_flags,
                            unsigned dbi_flags)
{
    struct tables *tables = calloc(1, sizeof *tables);
    must(mdb_env_create(&tables->env));
    must(mdb_env_set_maxdbs(tables->env, 2));
    must(mdb_env_set_mapsize(tables->env, MAP_SIZE));
    must(mdb_env_open(tables->env, dir, env_flags, 0600));
    must(mdb_txn_begin(tables->env, NULL, txn_flags, &tables->txn));
    must(mdb_dbi_open(tables->txn, "forward", dbi_flags, &tables->way[BENCH_FORWARD]));
    must(mdb_dbi_open(tables->txn, "reverse", dbi_flags, &tables->way[BENCH_REVERSE]));
    return tables;
}

static void *open_to_read(const char *dir)
{
    return start(dir, MDB_RDONLY, MDB_RDONLY, 0);
}

static MDB_val value_of(struct bench_str s)
{
    return (MDB_val){s.n, (void *)(uintptr_t)s.p};
}

static void put_all(struct tables *tables, int way, const struct bench_str *keys,
                    const struct bench_str *values, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        MDB_val key = value_of(keys[i]), value = value_of(values[i]);
        must(mdb_put(tables->txn, tables->way[way], &key, &value, 0));
    }
}

static void *build(const struct bench_pairs *pairs, const char *dir)
{
    struct tables *tables = start(dir, MDB_NOSYNC | MDB_WRITEMAP, 0, MDB_CREATE);
    put_all(tables, BENCH_FORWARD, pairs->names, pairs->eids, pairs->n);
    put_all(tables, BENCH_REVERSE, pairs->eids, pairs->names, pairs->n);
    must(mdb_txn_commit(tables->txn));
    must(mdb_txn_begin(tables->env, NULL, MDB_RDONLY, &tables->txn));
    return tables;
}

static uint64_t find(void *map, int way, const struct bench_str *keys, size_t n, uint64_t *sum)
{
    const struct tables *tables = map;
    uint64_t found = 0;
    for (size_t i = 0; i < n; i++) {
        MDB_val key = value_of(keys[i]), value;
        if (mdb_get(tables->txn, tables->way[way], &key, &value) != 0)
            continue;
        *sum += *(const uint8_t *)value.mv_data;
        found++;
    }
    return found;
}

static uint64_t bytes(void *map)
{
    MDB_envinfo info;
    MDB_stat stat;
    must(mdb_env_info(((struct tables *)map)->env, &info));
    must(mdb_env_stat(((struct tables *)map)->env, &stat));
    return (uint64_t)stat.ms_psize * (info.me_last_pgno + 1);
}

const struct bench_peer bench_peers[] = {
    {.name = "LMDB", .build = build, .find = find, .bytes = bytes, .open = open_to_read}, {0}};
