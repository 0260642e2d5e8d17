#include "eidcached/core/image_sort.h"

/*
 * Integers are sorted by the highest digit in which they differ, then each digit's run by the
 * next one; small runs by insertion. Each level is linear, there are at most eight: no input is
 * slow. Names are sorted eight bytes at a time by that, and runs that are equal so far by their
 * next eight bytes: a name is read once per level, however many names share its beginning.
 */
#define SMALL_RUN      32
#define SMALL_NAMES    8
#define DIGIT_BITS     8
#define BIG_DIGIT_BITS 11
#define BIG_RUN        65536

static void sort_small(struct eidc_pair *pairs, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        struct eidc_pair moved = pairs[i];
        size_t j = i;
        for (; j > 0 && pairs[j - 1].key > moved.key; j--)
            pairs[j] = pairs[j - 1];
        pairs[j] = moved;
    }
}

static uint64_t differing_bits(const struct eidc_pair *pairs, size_t n)
{
    uint64_t bits = 0;
    for (size_t i = 1; i < n; i++)
        bits |= pairs[i].key ^ pairs[0].key;
    return bits;
}

/* Orders pairs by one digit; ends[d] becomes the end of digit d's run. */
static void scatter(struct eidc_pair *pairs, struct eidc_pair *scratch, size_t n, unsigned shift,
                    size_t digits, size_t *ends)
{
    memset(ends, 0, digits * sizeof *ends);
    for (size_t i = 0; i < n; i++)
        ends[(pairs[i].key >> shift) & (digits - 1)]++;
    size_t start = 0;
    for (size_t d = 0; d < digits; d++) {
        size_t count = ends[d];
        ends[d] = start;
        start += count;
    }
    for (size_t i = 0; i < n; i++)
        scratch[ends[(pairs[i].key >> shift) & (digits - 1)]++] = pairs[i];
    memcpy(pairs, scratch, n * sizeof *pairs);
}

__attribute__((noinline)) /* its 16 KiB of stack must not be part of the names' recursion */
void eidc_pairs_sort(struct eidc_pair *pairs, struct eidc_pair *scratch, size_t n)
{
    if (n <= SMALL_RUN) {
        sort_small(pairs, n);
        return;
    }
    uint64_t bits = differing_bits(pairs, n);
    if (bits == 0)
        return;
    unsigned digit_bits = n >= BIG_RUN ? BIG_DIGIT_BITS : DIGIT_BITS;
    unsigned top = 64 - (unsigned)__builtin_clzll(bits);
    unsigned shift = top > digit_bits ? top - digit_bits : 0;
    size_t digits = (size_t)1 << digit_bits;
    size_t ends[(size_t)1 << BIG_DIGIT_BITS];
    scatter(pairs, scratch, n, shift, digits, ends);
    for (size_t d = 0, start = 0; d < digits && shift > 0; start = ends[d++])
        if (ends[d] - start > 1)
            eidc_pairs_sort(pairs + start, scratch, ends[d] - start);
}

static struct eidc_str name_of(const uint8_t *const *chunks, const struct eidc_pair *pair)
{
    return eidc_packed_name(eidc_ref_packed(chunks, pair->value));
}

/* Names equal before `depth`, their keys loaded there. */
static int compare_from(const uint8_t *const *chunks, const struct eidc_pair *a,
                        const struct eidc_pair *b, size_t depth)
{
    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    if ((a->key & 0xff) == 0)
        return 0; /* both ended */
    struct eidc_str x = name_of(chunks, a), y = name_of(chunks, b);
    depth += sizeof a->key;
    return eidc_str_cmp((struct eidc_str){x.p + depth, x.n - depth},
                        (struct eidc_str){y.p + depth, y.n - depth});
}

static void sort_few_names(struct eidc_pair *pairs, size_t n, const uint8_t *const *chunks,
                           size_t depth)
{
    for (size_t i = 1; i < n; i++) {
        struct eidc_pair moved = pairs[i];
        size_t j = i;
        int order = 1;
        for (; j > 0; j--) {
            order = compare_from(chunks, &pairs[j - 1], &moved, depth);
            if (order <= 0)
                break;
            pairs[j] = pairs[j - 1];
        }
        /* The mark is on all but the first of equal names, and moves with the pair behind. */
        if (j > 0 && order == 0)
            moved.value |= EIDC_REF_SAME;
        pairs[j] = moved;
    }
}

static void sort_names_from(struct eidc_pair *pairs, struct eidc_pair *scratch, size_t n,
                            const uint8_t *const *chunks, size_t depth);

/* A run of one key: those names ended here and are equal, or go on. */
static void sort_run(struct eidc_pair *pairs, struct eidc_pair *scratch, size_t n,
                     const uint8_t *const *chunks, size_t depth)
{
    if ((pairs[0].key & 0xff) == 0) {
        for (size_t i = 1; i < n; i++)
            pairs[i].value |= EIDC_REF_SAME;
        return;
    }
    depth += sizeof pairs->key;
    for (size_t i = 0; i < n; i++)
        pairs[i].key = eidc_name_key(name_of(chunks, &pairs[i]), depth);
    sort_names_from(pairs, scratch, n, chunks, depth);
}

/* Recursion is as deep as the longest name has eight bytes. */
static void sort_names_from(struct eidc_pair *pairs, struct eidc_pair *scratch, size_t n,
                            const uint8_t *const *chunks, size_t depth)
{
    if (n <= SMALL_NAMES) {
        sort_few_names(pairs, n, chunks, depth);
        return;
    }
    eidc_pairs_sort(pairs, scratch, n);
    for (size_t start = 0, end; start < n; start = end) {
        for (end = start + 1; end < n && pairs[end].key == pairs[start].key; end++)
            ;
        if (end - start > 1)
            sort_run(pairs + start, scratch, end - start, chunks, depth);
    }
}

void eidc_names_sort(struct eidc_pair *pairs, struct eidc_pair *scratch, size_t n,
                     const uint8_t *const *chunks)
{
    sort_names_from(pairs, scratch, n, chunks, 0);
}
