#pragma once
// Two maps of std::string, whatever their kind.
#include <string>

extern "C" {
#include "map_peer.h"
}

template <class Map> struct Tables {
    Map way[2];
};

template <class Map> void *build(const bench_pairs *pairs, const char *)
{
    auto *tables = new Tables<Map>;
    for (auto &map : tables->way)
        map.reserve(pairs->n);
    for (size_t i = 0; i < pairs->n; i++) {
        std::string name(pairs->names[i].p, pairs->names[i].n);
        std::string eid(pairs->eids[i].p, pairs->eids[i].n);
        tables->way[BENCH_REVERSE].emplace(eid, name);
        tables->way[BENCH_FORWARD].emplace(std::move(name), std::move(eid));
    }
    return tables;
}

// View: what look-ups take without a copy of the key.
template <class Map, class View>
uint64_t find(void *tables, int way, const bench_str *keys, size_t n, uint64_t *sum)
{
    const Map &map = static_cast<Tables<Map> *>(tables)->way[way];
    uint64_t found = 0;
    for (size_t i = 0; i < n; i++) {
        auto it = map.find(View(keys[i].p, keys[i].n));
        if (it == map.end())
            continue;
        *sum += static_cast<uint8_t>(it->second[0]);
        found++;
    }
    return found;
}
