/* GLib: two GHashTables that share their strings. */
#include <glib.h>

#include "map_peer.h"

struct tables {
    GHashTable *way[2];
};

static void *build(const struct bench_pairs *pairs, const char *dir)
{
    struct tables *tables = g_new0(struct tables, 1);
    (void)dir;
    for (int way = 0; way < 2; way++)
        tables->way[way] = g_hash_table_new(g_str_hash, g_str_equal);
    for (size_t i = 0; i < pairs->n; i++) {
        char *name = g_strndup(pairs->names[i].p, pairs->names[i].n);
        char *eid = g_strndup(pairs->eids[i].p, pairs->eids[i].n);
        g_hash_table_insert(tables->way[BENCH_FORWARD], name, eid);
        g_hash_table_insert(tables->way[BENCH_REVERSE], eid, name);
    }
    return tables;
}

static uint64_t find(void *map, int way, const struct bench_str *keys, size_t n, uint64_t *sum)
{
    GHashTable *table = ((struct tables *)map)->way[way];
    uint64_t found = 0;
    for (size_t i = 0; i < n; i++) {
        const char *value = g_hash_table_lookup(table, keys[i].p);
        if (value == NULL)
            continue;
        *sum += (uint8_t)value[0];
        found++;
    }
    return found;
}

const struct bench_peer bench_peers[] = {{.name = "GLib GHashTable", .build = build, .find = find},
                                         {0}};
