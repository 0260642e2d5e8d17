#pragma once
/*
 * From what listings said to entries: the claims about one name (it was in this scope, with that
 * EID) become its entries, each with the set of scopes that listed it. Private to
 * src/core/image*.c.
 *
 * A name has at most one checksum EID: computed when any listing wants the checksum, else as it
 * was carried. A field EID that reads exactly as the checksum does is that same entry.
 */
#include "eidcached/core/image_sort.h"

/* One entry. A checksum EID with eid.n == 0 is still to be computed. */
struct eidc_entry {
    struct eidc_str name, eid;
    bool is_text;
    const uint32_t *scopes; /* ascending */
    size_t scope_count;     /* at least 1 */
};
typedef bool eidc_entry_fn(void *arg, const struct eidc_entry *entry, struct eidc_err *err);

/* A set of two and more scopes. */
struct eidc_scope_set {
    uint32_t number; /* as in records; valid once numbered */
    uint32_t count;
    uint32_t scopes[];
};

struct eidc_merge {
    const uint8_t *const *chunks;
    const uint32_t *chunk_scopes; /* index of the scope that each chunk is of */
    uint32_t scopes;
    const struct eidc_eid_scheme *scheme;
    struct eidc_eid_hasher *hasher;
    void *tree; /* private: sets by content */
    struct eidc_scope_set **sets;
    size_t set_count, sets_room;
    uint64_t members;          /* of all sets */
    struct eidc_claim *claims; /* private: of one name */
    uint32_t *claim_scopes;
    size_t claims_room;
};

/* The pairs of one name, as eidc_names_sort left them: calls fn for each of its entries in order.
 */
bool eidc_merge_name(struct eidc_merge *merge, const struct eidc_pair *pairs, size_t n,
                     eidc_entry_fn *fn, void *arg, struct eidc_err *err);
/* How many pairs from the first on are of one name. */
size_t eidc_merge_count(const struct eidc_pair *pairs, size_t n);

/* Finds every scope set there is among sorted pairs and numbers them in order. */
bool eidc_merge_sets(struct eidc_merge *merge, const struct eidc_pair *pairs, size_t n,
                     struct eidc_err *err);
/* The number of an entry's scope set: a single scope's index, or as eidc_merge_sets numbered. */
uint32_t eidc_merge_set_number(const struct eidc_merge *merge, const struct eidc_entry *entry);
void eidc_merge_free(struct eidc_merge *merge);
