/* The nearest known word by edits (insert, delete, replace, swap neighbours). */
#include "eidcached/config/nearest.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define WORD_MAX 64

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Optimal string alignment distance, by rows; words over WORD_MAX are as far as can be. */
static unsigned distance(const char *a, const char *b)
{
    size_t a_length = strlen(a), b_length = strlen(b);
    if (a_length > WORD_MAX || b_length > WORD_MAX)
        return WORD_MAX;
    unsigned rows[3][WORD_MAX + 1] = {0};
    for (unsigned j = 0; j <= b_length; j++)
        rows[0][j] = j;
    for (unsigned i = 1; i <= a_length; i++) {
        unsigned *row = rows[i % 3];
        const unsigned *above = rows[(i + 2) % 3], *above_that = rows[(i + 1) % 3];
        row[0] = i;
        for (unsigned j = 1; j <= b_length; j++) {
            row[j] = least(least(above[j], row[j - 1]) + 1,
                           above[j - 1] + (a[i - 1] != b[j - 1] ? 1u : 0u));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], above_that[j - 2] + 1);
        }
    }
    return rows[a_length % 3][b_length];
}

/* refresh.level for log.level: the right key in the wrong section. */
static bool same_key(const char *a, const char *b)
{
    const char *key_a = strrchr(a, '.'), *key_b = strrchr(b, '.');
    return key_a != NULL && key_b != NULL && strcmp(key_a, key_b) == 0;
}

const char *eidc_nearest_name(const char *word, const char *const *candidates)
{
    const char *best = NULL, *elsewhere = NULL, *dot = strrchr(word, '.');
    size_t key_length = strlen(dot != NULL ? dot + 1 : word);
    unsigned best_distance = (unsigned)key_length / 4 + 2; /* more edits is another word */
    unsigned elsewhere_distance = UINT_MAX;
    for (; *candidates != NULL; candidates++) {
        unsigned d = distance(word, *candidates);
        if (d < best_distance && d < strlen(*candidates)) {
            best = *candidates;
            best_distance = d;
        }
        if (d < elsewhere_distance && same_key(word, *candidates)) {
            elsewhere = *candidates;
            elsewhere_distance = d;
        }
    }
    return elsewhere != NULL ? elsewhere : best;
}
