#include "eidcached/core/image_merge.h"

#include <search.h>
#include <stdlib.h>

#include "eidcached/base/mem.h"

/* What one listing says of a name. */
struct eidc_claim {
    struct eidc_str eid;
    uint32_t scope;
    bool is_text;
};

static bool out_of_memory(struct eidc_err *err)
{
    return eidc_fail(err, EIDC_ERR_NOMEM, "no memory to merge what the scopes list");
}

static int compare_u32(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* Checksums first: one to compute in front of those that were carried. */
static int compare_claims(const void *a, const void *b)
{
    const struct eidc_claim *x = a, *y = b;
    if (x->is_text != y->is_text)
        return x->is_text ? 1 : -1;
    int order = eidc_str_cmp(x->eid, y->eid);
    return order != 0 ? order : (x->scope > y->scope) - (x->scope < y->scope);
}

static bool reserve_claims(struct eidc_merge *merge, size_t n, struct eidc_err *err)
{
    if (n <= merge->claims_room)
        return true;
    size_t room = n + n / 2;
    free(merge->claims);
    free(merge->claim_scopes);
    merge->claims = calloc(room, sizeof *merge->claims);
    merge->claim_scopes = calloc(room, sizeof *merge->claim_scopes);
    merge->claims_room = merge->claims != NULL && merge->claim_scopes != NULL ? room : 0;
    return merge->claims_room > 0 || out_of_memory(err);
}

static struct eidc_claim claim_of(const struct eidc_merge *merge, uint64_t ref)
{
    const uint8_t *packed = eidc_ref_packed(merge->chunks, ref);
    struct eidc_claim claim = {.eid = eidc_packed_eid(packed)};
    claim.is_text = claim.eid.n > 0 && (eidc_load16(packed) & EIDC_PACKED_RAW) == 0;
    claim.scope = merge->chunk_scopes[(ref & ~EIDC_REF_SAME) >> EIDC_REF_OFFSET_BITS];
    return claim;
}

/* Sorted claims with a checksum in front and texts behind: the texts that say the same become
 * checksums. */
static bool unify_texts(struct eidc_merge *merge, struct eidc_str name, size_t n,
                        struct eidc_err *err)
{
    struct eidc_claim *claims = merge->claims;
    if (claims[0].is_text || !claims[n - 1].is_text)
        return true;
    uint8_t computed[EIDC_EID_RAW_MAX];
    const uint8_t *raw = (const uint8_t *)claims[0].eid.p;
    if (claims[0].eid.n == 0) {
        if (!eidc_eid_compute(merge->hasher, name, computed))
            return eidc_fail(err, EIDC_ERR_INVALID, "the checksum of a name cannot be computed");
        raw = computed;
    }
    char printed[EIDC_EID_TEXT_MAX];
    struct eidc_str text = {printed, eidc_eid_print(merge->scheme, raw, printed)};
    for (size_t i = 0; i < n; i++) {
        if (!claims[i].is_text || !eidc_str_eq(claims[i].eid, text))
            continue;
        claims[i].is_text = false;
        claims[i].eid = claims[0].eid;
    }
    qsort(claims, n, sizeof *claims, compare_claims);
    return true;
}

/* The claims from `start` on that are one entry. Whatever checksums were carried, there is one. */
static size_t count_entry(const struct eidc_claim *claims, size_t start, size_t n)
{
    size_t end = start + 1;
    while (end < n && claims[end].is_text == claims[start].is_text &&
           (!claims[end].is_text || eidc_str_eq(claims[end].eid, claims[start].eid)))
        end++;
    return end - start;
}

/* Ascending, each once. */
static size_t collect_scopes(const struct eidc_claim *claims, size_t n, uint32_t *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = claims[i].scope;
    qsort(out, n, sizeof *out, compare_u32);
    size_t distinct = 1;
    for (size_t i = 1; i < n; i++)
        if (out[i] != out[distinct - 1])
            out[distinct++] = out[i];
    return distinct;
}

size_t eidc_merge_count(const struct eidc_pair *pairs, size_t n)
{
    size_t same = 1;
    while (same < n && (pairs[same].value & EIDC_REF_SAME))
        same++;
    return same;
}

bool eidc_merge_name(struct eidc_merge *merge, const struct eidc_pair *pairs, size_t n,
                     eidc_entry_fn *fn, void *arg, struct eidc_err *err)
{
    struct eidc_entry entry = {
        .name = eidc_packed_name(eidc_ref_packed(merge->chunks, pairs[0].value))};
    if (!reserve_claims(merge, n, err))
        return false;
    struct eidc_claim *claims = merge->claims;
    for (size_t i = 0; i < n; i++)
        claims[i] = claim_of(merge, pairs[i].value);
    if (n > 1) {
        qsort(claims, n, sizeof *claims, compare_claims);
        if (!unify_texts(merge, entry.name, n, err))
            return false;
    }
    entry.scopes = merge->claim_scopes;
    for (size_t start = 0, count; start < n; start += count) {
        count = count_entry(claims, start, n);
        entry.eid = claims[start].eid;
        entry.is_text = claims[start].is_text;
        entry.scope_count = collect_scopes(claims + start, count, merge->claim_scopes);
        if (!fn(arg, &entry, err))
            return false;
    }
    return true;
}

static int compare_sets(const void *a, const void *b)
{
    const struct eidc_scope_set *x = a, *y = b;
    size_t shorter = x->count < y->count ? x->count : y->count;
    for (size_t i = 0; i < shorter; i++)
        if (x->scopes[i] != y->scopes[i])
            return x->scopes[i] < y->scopes[i] ? -1 : 1;
    return (x->count > y->count) - (x->count < y->count);
}

static int compare_set_pointers(const void *a, const void *b)
{
    return compare_sets(*(struct eidc_scope_set *const *)a, *(struct eidc_scope_set *const *)b);
}

static struct eidc_scope_set *set_of(const struct eidc_entry *entry)
{
    size_t bytes = entry->scope_count * sizeof *entry->scopes;
    struct eidc_scope_set *set = malloc(sizeof *set + bytes);
    if (set == NULL)
        return NULL;
    *set = (struct eidc_scope_set){.count = (uint32_t)entry->scope_count};
    memcpy(set->scopes, entry->scopes, bytes);
    return set;
}

static bool keep_set(struct eidc_merge *merge, struct eidc_scope_set *set)
{
    if (merge->set_count == merge->sets_room) {
        size_t room = merge->sets_room + merge->sets_room / 2 + 16;
        struct eidc_scope_set **sets = reallocarray(merge->sets, room, sizeof(void *));
        if (sets == NULL)
            return false;
        merge->sets = sets;
        merge->sets_room = room;
    }
    merge->sets[merge->set_count++] = set;
    merge->members += set->count;
    return true;
}

static bool note_set(void *arg, const struct eidc_entry *entry, struct eidc_err *err)
{
    struct eidc_merge *merge = arg;
    if (entry->scope_count == 1)
        return true;
    struct eidc_scope_set *set = set_of(entry);
    struct eidc_scope_set **found = set ? tsearch(set, &merge->tree, compare_sets) : NULL;
    if (found != NULL && *found != set) {
        free(set);
        return true;
    }
    if (found == NULL || !keep_set(merge, set)) {
        if (found != NULL)
            tdelete(set, &merge->tree, compare_sets);
        free(set);
        return out_of_memory(err);
    }
    return true;
}

bool eidc_merge_sets(struct eidc_merge *merge, const struct eidc_pair *pairs, size_t n,
                     struct eidc_err *err)
{
    for (size_t i = 0, count; i < n; i += count) {
        count = eidc_merge_count(pairs + i, n - i);
        if (count > 1 && !eidc_merge_name(merge, pairs + i, count, note_set, merge, err))
            return false;
    }
    if (merge->members > UINT32_MAX || merge->set_count > INT32_MAX - merge->scopes)
        return eidc_fail(err, EIDC_ERR_LIMIT, "too many different sets of scopes");
    if (merge->set_count > 0)
        qsort(merge->sets, merge->set_count, sizeof(void *), compare_set_pointers);
    for (size_t i = 0; i < merge->set_count; i++)
        merge->sets[i]->number = (uint32_t)(merge->scopes + i);
    return true;
}

/* The tree's nodes are compared with an entry without making a set of it first. */
static int compare_entry_with_set(const void *a, const void *b)
{
    const struct eidc_entry *entry = a;
    const struct eidc_scope_set *set = b;
    size_t shorter = entry->scope_count < set->count ? entry->scope_count : set->count;
    for (size_t i = 0; i < shorter; i++)
        if (entry->scopes[i] != set->scopes[i])
            return entry->scopes[i] < set->scopes[i] ? -1 : 1;
    return (entry->scope_count > set->count) - (entry->scope_count < set->count);
}

uint32_t eidc_merge_set_number(const struct eidc_merge *merge, const struct eidc_entry *entry)
{
    if (entry->scope_count == 1)
        return entry->scopes[0];
    struct eidc_scope_set *const *found = tfind(entry, &merge->tree, compare_entry_with_set);
    return (*found)->number; /* eidc_merge_sets saw every entry */
}

static void keep_node(void *node)
{
    (void)node; /* the sets are freed through merge->sets */
}

void eidc_merge_free(struct eidc_merge *merge)
{
    tdestroy(merge->tree, keep_node);
    for (size_t i = 0; i < merge->set_count; i++)
        free(merge->sets[i]);
    free(merge->sets);
    free(merge->claims);
    free(merge->claim_scopes);
}
