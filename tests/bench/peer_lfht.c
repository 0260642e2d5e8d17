/* liburcu: two lock-free hash tables over one node a name, read under rcu_read_lock. */
#define XXH_INLINE_ALL
#include <stdlib.h>
#include <string.h>
#include <urcu/urcu-bp.h>

#include <urcu/rculfhash.h>
#include <xxhash.h>

#include "map_peer.h"

struct entry {
    struct cds_lfht_node node[2];
    uint32_t size[2];
    char text[]; /* the name, then the EID */
};

struct tables {
    struct cds_lfht *way[2];
};

static unsigned long hash_of(struct bench_str key)
{
    return XXH3_64bits(key.p, key.n);
}

static struct entry *entry_of(struct cds_lfht_node *node, int way)
{
    return (struct entry *)(void *)((char *)(node - way) - offsetof(struct entry, node));
}

static const char *text_of(const struct entry *entry, int way)
{
    return entry->text + (way == BENCH_FORWARD ? 0 : entry->size[BENCH_FORWARD]);
}

static int is_it(struct cds_lfht_node *node, const void *arg, int way)
{
    const struct bench_str *key = arg;
    const struct entry *entry = entry_of(node, way);
    return entry->size[way] == key->n && memcmp(text_of(entry, way), key->p, key->n) == 0;
}

static int is_name(struct cds_lfht_node *node, const void *arg)
{
    return is_it(node, arg, BENCH_FORWARD);
}

static int is_eid(struct cds_lfht_node *node, const void *arg)
{
    return is_it(node, arg, BENCH_REVERSE);
}

static const cds_lfht_match_fct match[] = {is_name, is_eid};

static void *build(const struct bench_pairs *pairs, const char *dir)
{
    struct tables *tables = calloc(1, sizeof *tables);
    unsigned long buckets = 1;
    (void)dir;
    while (buckets < pairs->n)
        buckets *= 2;
    for (int way = 0; way < 2; way++)
        tables->way[way] = cds_lfht_new_flavor(buckets, buckets, 0, 0, &urcu_bp_flavor, NULL);
    for (size_t i = 0; i < pairs->n; i++) {
        struct bench_str keys[] = {pairs->names[i], pairs->eids[i]};
        struct entry *entry = calloc(1, sizeof *entry + keys[0].n + keys[1].n);
        memcpy(entry->text, keys[0].p, keys[0].n);
        memcpy(entry->text + keys[0].n, keys[1].p, keys[1].n);
        for (int way = 0; way < 2; way++) {
            entry->size[way] = (uint32_t)keys[way].n;
            urcu_bp_read_lock();
            cds_lfht_add_unique(tables->way[way], hash_of(keys[way]), match[way], &keys[way],
                                &entry->node[way]);
            urcu_bp_read_unlock();
        }
    }
    return tables;
}

static uint64_t find(void *map, int way, const struct bench_str *keys, size_t n, uint64_t *sum)
{
    struct cds_lfht *table = ((struct tables *)map)->way[way];
    uint64_t found = 0;
    for (size_t i = 0; i < n; i++) {
        struct cds_lfht_iter iter;
        urcu_bp_read_lock();
        cds_lfht_lookup(table, hash_of(keys[i]), match[way], &keys[i], &iter);
        struct cds_lfht_node *node = cds_lfht_iter_get_node(&iter);
        if (node != NULL) {
            *sum += (uint8_t)text_of(entry_of(node, way), !way)[0];
            found++;
        }
        urcu_bp_read_unlock();
    }
    return found;
}

const struct bench_peer bench_peers[] = {{.name = "liburcu lfht", .build = build, .find = find},
                                         {0}};
