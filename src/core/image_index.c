#include <stdlib.h>

#include "eidcached/core/image_bucket.h"

/*
 * Keys are sorted by hash and laid down in that order, so that the same keys always give the same
 * bytes and the table is written front to back. What finds its home full goes to the next bucket
 * with room: at 62.5 % load one key in ninety. Hashes
 * that somebody chose could do worse, hence the seeds.
 */
#define REACH_GOOD 128
#define SEEDS      8

#define SEVERAL (UINT64_C(1) << 63) /* in a pair's value; becomes the slot's bit */

struct keys {
    struct eidc_pair *pairs; /* hash, unit; n of them, and as much scratch behind them */
    size_t n, room;
};

static void keys_free(struct keys *keys)
{
    eidc_big_free(keys->pairs, 2 * keys->room * sizeof *keys->pairs);
}
#define KEYS_AUTO __attribute__((cleanup(keys_free))) struct keys

static bool keys_alloc(struct keys *keys, uint64_t room, struct eidc_err *err)
{
    size_t bytes;
    if (__builtin_mul_overflow(room, 2 * sizeof *keys->pairs, &bytes) ||
        (keys->pairs = eidc_big_alloc(bytes)) == NULL) {
        eidc_fail(err, EIDC_ERR_NOMEM, "no memory to index %llu names", (unsigned long long)room);
        return false;
    }
    keys->room = room;
    return true;
}

static void keys_sort(struct keys *keys)
{
    eidc_pairs_sort(keys->pairs, keys->pairs + keys->room, keys->n);
}

uint64_t eidc_index_bytes(uint64_t keys)
{
    uint64_t buckets = (keys * EIDC_LOAD_BUCKETS + EIDC_LOAD_KEYS - 1) / EIDC_LOAD_KEYS;
    return EIDC_INDEX_HEADER + (buckets > 0 ? buckets : 1) * EIDC_BUCKET_BYTES;
}

static unsigned used_slots(const uint8_t *bucket)
{
    return (eidc_bucket_state(bucket) & EIDC_BUCKET_USED) / EIDC_BUCKET_USED_ONE;
}

static bool is_full(const uint8_t *bucket)
{
    return used_slots(bucket) == EIDC_BUCKET_SLOTS;
}

static void put_slot(uint8_t *bucket, const struct eidc_pair *key)
{
    unsigned slot = used_slots(bucket);
    uint32_t state = eidc_bucket_state(bucket) + EIDC_BUCKET_USED_ONE;
    if (key->value & SEVERAL)
        state |= UINT32_C(1) << slot;
    bucket[slot] = eidc_hash_tag(key->key);
    eidc_store32(bucket + EIDC_BUCKET_STATE, state);
    eidc_store32(bucket + EIDC_BUCKET_OFFSETS + (size_t)4 * slot, (uint32_t)key->value);
}

static void mark_overflow(uint8_t *bucket)
{
    eidc_store32(bucket + EIDC_BUCKET_STATE, eidc_bucket_state(bucket) | EIDC_BUCKET_OVERFLOW);
}

struct table {
    uint8_t *first; /* bucket */
    uint64_t buckets;
};

static uint8_t *bucket_at(const struct table *table, uint64_t i)
{
    return table->first + i % table->buckets * EIDC_BUCKET_BYTES;
}

/* First come the first twelve keys of each home: a key away from home costs a second cache line.
 * The others are left at the front of keys; returns how many. */
static size_t place_at_home(const struct table *table, const struct keys *keys,
                            struct eidc_pair *homeless)
{
    size_t left = 0;
    for (size_t i = 0; i < keys->n; i++) {
        uint8_t *home = bucket_at(table, eidc_hash_home(keys->pairs[i].key, table->buckets));
        if (is_full(home))
            homeless[left++] = keys->pairs[i];
        else
            put_slot(home, &keys->pairs[i]);
    }
    return left;
}

/* The others, in the same order, into the next bucket with room. Returns how far the farthest is
 * from its home. */
static uint64_t place_behind(const struct table *table, const struct eidc_pair *homeless,
                             size_t count)
{
    uint64_t at = 0, reach = 0; /* from the last key's home up to `at` all are full and marked */
    for (size_t i = 0; i < count; i++) {
        uint64_t home = eidc_hash_home(homeless[i].key, table->buckets);
        for (at = home > at ? home : at; is_full(bucket_at(table, at)); at++)
            mark_overflow(bucket_at(table, at));
        put_slot(bucket_at(table, at), &homeless[i]);
        if (at - home > reach)
            reach = at - home;
    }
    return reach;
}

static uint64_t keys_write(const struct keys *keys, uint64_t seed, uint8_t *to)
{
    uint64_t buckets = (eidc_index_bytes(keys->n) - EIDC_INDEX_HEADER) / EIDC_BUCKET_BYTES;
    struct table table = {to + EIDC_INDEX_HEADER, buckets};
    struct eidc_pair *homeless = keys->pairs + keys->room; /* the scratch */
    size_t count = place_at_home(&table, keys, homeless);
    uint64_t reach = place_behind(&table, homeless, count);
    eidc_store64(to + EIDC_INDEX_SEED, seed);
    eidc_store64(to + EIDC_INDEX_BUCKETS, buckets);
    eidc_store64(to + EIDC_INDEX_KEYS, keys->n);
    eidc_store64(to + EIDC_INDEX_REACH, reach);
    return reach;
}

static bool damaged(struct eidc_err *err)
{
    return eidc_fail(err, EIDC_ERR_CORRUPT, "image: the records do not decode");
}

/* One key a name: its first record, and whether it has several. */
static bool collect_names(const struct eidc_records *records, uint64_t entries, uint64_t seed,
                          struct keys *keys, struct eidc_err *err)
{
    struct eidc_record record, last = {0};
    keys->n = 0;
    for (uint64_t i = 0, at = 0, next; i < entries; i++, at = next, last = record) {
        if (!eidc_record_at(records, at, &record, &next))
            return damaged(err);
        if (i > 0 && eidc_str_eq(record.name, last.name))
            keys->pairs[keys->n - 1].value |= SEVERAL;
        else
            keys->pairs[keys->n++] =
                (struct eidc_pair){eidc_hash(record.name, seed), at >> records->shift};
    }
    return true;
}

bool eidc_index_forward(const struct eidc_records *records, uint64_t entries, uint8_t *to,
                        struct eidc_err *err)
{
    KEYS_AUTO keys = {0};
    if (!keys_alloc(&keys, entries, err))
        return false;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        if (!collect_names(records, entries, seed, &keys, err))
            return false;
        keys_sort(&keys);
        memset(to, 0, seed > 0 ? eidc_index_bytes(keys.n) : 0);
        if (keys_write(&keys, seed, to) <= REACH_GOOD)
            break;
    }
    return true;
}

static bool collect_eids(const struct eidc_records *records, uint64_t entries, uint64_t seed,
                         struct keys *keys, struct eidc_err *err)
{
    struct eidc_record record;
    keys->n = 0;
    for (uint64_t i = 0, at = 0, next; i < entries; i++, at = next) {
        if (!eidc_record_at(records, at, &record, &next))
            return damaged(err);
        uint64_t hash = eidc_hash_eid(record.eid, record.eid_is_text, seed);
        keys->pairs[keys->n++] = (struct eidc_pair){hash, at >> records->shift};
    }
    return true;
}

static struct eidc_record record_of(const struct eidc_records *records, uint64_t unit)
{
    struct eidc_record record = {0};
    uint64_t next;
    (void)eidc_record_at(records, unit << records->shift, &record,
                         &next); /* it decoded when it was collected */
    return record;
}

static int compare_eids(const struct eidc_record *a, const struct eidc_record *b)
{
    if (a->eid_is_text != b->eid_is_text)
        return a->eid_is_text ? 1 : -1;
    return eidc_str_cmp(a->eid, b->eid);
}

static int compare_pairs_by_eid(const void *a, const void *b, void *arg)
{
    const struct eidc_pair *x = a, *y = b;
    struct eidc_record p = record_of(arg, x->value), q = record_of(arg, y->value);
    int order = compare_eids(&p, &q);
    return order != 0 ? order : (x->value > y->value) - (x->value < y->value);
}

/* How many pairs from the first on have its EID. */
static size_t count_same(const struct eidc_records *records, const struct eidc_pair *pairs,
                         size_t n)
{
    struct eidc_record first = record_of(records, pairs[0].value);
    size_t same = 1;
    for (; same < n; same++) {
        struct eidc_record other = record_of(records, pairs[same].value);
        if (compare_eids(&first, &other) != 0)
            break;
    }
    return same;
}

struct reverse {
    const struct eidc_records *records;
    struct keys keys;
    size_t distinct;
    struct eidc_buf *postings;
    struct eidc_collision *collision;
};

static void note_collision(struct reverse *r, const struct eidc_pair *pairs)
{
    struct eidc_record first = record_of(r->records, pairs[0].value);
    if (first.eid_is_text || r->collision->found)
        return;
    r->collision->found = true;
    r->collision->name[0] = first.name;
    r->collision->name[1] = record_of(r->records, pairs[1].value).name;
}

static void add_word(struct eidc_buf *postings, uint64_t word)
{
    uint8_t bytes[EIDC_POSTING_BYTES];
    eidc_store32(bytes, (uint32_t)word);
    eidc_buf_add(postings, bytes, sizeof bytes);
}

/* n pairs of one EID become one key; where there are several, behind a posting list. */
static void add_group(struct reverse *r, const struct eidc_pair *pairs, size_t n)
{
    struct eidc_pair key = pairs[0];
    if (n > 1) {
        note_collision(r, pairs);
        key.value = r->postings->n / EIDC_POSTING_BYTES | SEVERAL;
        add_word(r->postings, n);
        for (size_t i = 0; i < n; i++)
            add_word(r->postings, pairs[i].value);
    }
    r->keys.pairs[r->distinct++] = key;
}

/* n pairs of one hash, in the order of their records: nearly always one, else nearly always of
 * one EID. */
static void add_run(struct reverse *r, struct eidc_pair *pairs, size_t n)
{
    if (n > 1 && count_same(r->records, pairs, n) < n) {
        struct eidc_records records = *r->records;
        qsort_r(pairs, n, sizeof *pairs, compare_pairs_by_eid, &records);
    }
    for (size_t start = 0; start < n;) {
        size_t same = n == 1 ? 1 : count_same(r->records, pairs + start, n - start);
        add_group(r, pairs + start, same);
        start += same;
    }
}

/* The pairs become one key for each EID, in place: a group's key never lands behind its group. */
static bool group_eids(struct reverse *r, struct eidc_err *err)
{
    struct eidc_pair *pairs = r->keys.pairs;
    eidc_buf_clear(r->postings);
    r->distinct = 0;
    for (size_t start = 0, end; start < r->keys.n; start = end) {
        for (end = start + 1; end < r->keys.n && pairs[end].key == pairs[start].key; end++)
            ;
        add_run(r, pairs + start, end - start);
    }
    r->keys.n = r->distinct;
    if (r->postings->n / EIDC_POSTING_BYTES > UINT32_MAX)
        return eidc_fail(err, EIDC_ERR_LIMIT, "more than 2^32 names of shared EIDs");
    if (r->postings->failed)
        return eidc_fail(err, EIDC_ERR_NOMEM, "no memory for the names of shared EIDs");
    return true;
}

static void reverse_free(struct reverse *r)
{
    keys_free(&r->keys);
}

bool eidc_index_reverse(const struct eidc_records *records, uint64_t entries, uint8_t *to,
                        uint64_t *bytes, struct eidc_buf *postings,
                        struct eidc_collision *collision, struct eidc_err *err)
{
    __attribute__((cleanup(reverse_free))) struct reverse r = {
        .records = records, .postings = postings, .collision = collision};
    if (!keys_alloc(&r.keys, entries, err))
        return false;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        if (!collect_eids(records, entries, seed, &r.keys, err))
            return false;
        keys_sort(&r.keys);
        if (!group_eids(&r, err))
            return false;
        *bytes = eidc_index_bytes(r.keys.n);
        memset(to, 0, seed > 0 ? *bytes : 0);
        if (keys_write(&r.keys, seed, to) <= REACH_GOOD)
            break;
    }
    return true;
}
