/*
 * A series is found by walking its metric's list: a metric has a handful of series, and hot paths
 * keep the pointer. Lists only grow, under the lock; values are atomics, so that a writer of the
 * text and the threads that count never wait for each other. What is counted is counted by each
 * thread for itself and added up when it is asked for.
 */
#include "eidcached/base/metrics.h"

#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

#include "eidcached/base/mem.h"
#include "eidcached/base/metrics_process.h"

#define BUCKETS_MAX   16
#define LABELS_MAX    4
#define SHARDS        16
#define NS_PER_SECOND 1e9
#define INTEGER_MAX   9007199254740992.0 /* 2^53: below it every integer is exact */

enum metric_type { COUNTER, GAUGE, HISTOGRAM };

static const char *const type_names[] = {"counter", "gauge", "histogram"};

struct metric {
    const char *name, *labels, *help;
    enum metric_type type;
};

static const struct metric metrics[EIDC_METRIC_COUNT] = {
#define METRIC_ROW(id, type, name, labels, help) {"eidcached_" name, labels, help, type},
    EIDC_METRICS(METRIC_ROW)
#undef METRIC_ROW
};

/* Upper bounds in seconds, ascending, up to the first zero; +Inf comes by itself. */
static const double buckets[EIDC_METRIC_COUNT][BUCKETS_MAX] = {
    [EIDC_METRIC_HTTP_DURATION] = {5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 0.01, 0.025, 0.05,
                                   0.1, 0.25, 0.5, 1},
    [EIDC_METRIC_REFRESH_DURATION] = {0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600},
};

/* What one thread has counted. The last shard is for all the threads that have none of their own.
 */
struct shard {
    _Alignas(64) _Atomic int64_t count; /* counter; histogram: the sum in nanoseconds */
    _Atomic int64_t bucket[];           /* histogram: not cumulated; the last is +Inf */
};

struct eidc_series {
    struct eidc_series *next;
    enum eidc_metric metric;
    char *labels; /* written out: result="ok",store="dir"; "" without */
    atomic_bool hidden;
    _Atomic double value; /* gauge */
    char *shards;         /* SHARDS of shard_size; NULL: gauge */
    size_t shard_size;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct eidc_series *series_of[EIDC_METRIC_COUNT];

static size_t bucket_count(enum eidc_metric metric)
{
    size_t n = 0;
    while (n < BUCKETS_MAX && buckets[metric][n] > 0)
        n++;
    return n;
}

static struct shard *shard_at(const struct eidc_series *s, size_t index)
{
    return (struct shard *)(void *)(s->shards + index * s->shard_size);
}

/* Threads have indices in the order in which they first count; one is never given again. */
static size_t own_index(void)
{
    static atomic_size_t given;
    static _Thread_local size_t index; /* plus one; 0: none yet */
    if (index == 0) {
        size_t next = atomic_fetch_add_explicit(&given, 1, memory_order_relaxed);
        index = 1 + (next < SHARDS ? next : SHARDS - 1);
    }
    return index - 1;
}

/* Only its owner writes to a shard, so that no other processor is asked for it. */
static void add_to(_Atomic int64_t *place, size_t index, int64_t n)
{
    if (index == SHARDS - 1)
        atomic_fetch_add_explicit(place, n, memory_order_relaxed);
    else
        atomic_store_explicit(place, atomic_load_explicit(place, memory_order_relaxed) + n,
                              memory_order_relaxed);
}

static int64_t total_count(const struct eidc_series *s)
{
    int64_t total = 0;
    for (size_t i = 0; i < SHARDS; i++)
        total += atomic_load_explicit(&shard_at(s, i)->count, memory_order_relaxed);
    return total;
}

static uint64_t total_bucket(const struct eidc_series *s, size_t bucket)
{
    int64_t total = 0;
    for (size_t i = 0; i < SHARDS; i++)
        total += atomic_load_explicit(&shard_at(s, i)->bucket[bucket], memory_order_relaxed);
    return (uint64_t)total;
}

static void make_shards(struct eidc_series *s)
{
    size_t n = metrics[s->metric].type == HISTOGRAM ? bucket_count(s->metric) + 1 : 0;
    s->shard_size = (sizeof(struct shard) + n * sizeof(int64_t) + 63) / 64 * 64;
    s->shards = aligned_alloc(64, SHARDS * s->shard_size);
    if (s->shards == NULL)
        abort();
    memset(s->shards, 0, SHARDS * s->shard_size);
}

static void add_label_value(struct eidc_buf *out, const char *value)
{
    for (; *value != 0; value++) {
        if (*value == '\n') {
            eidc_buf_add_z(out, "\\n");
            continue;
        }
        if (*value == '\\' || *value == '"')
            eidc_buf_add_byte(out, '\\');
        eidc_buf_add_byte(out, *value);
    }
}

/* Writes name="value" for each name of the comma-separated list. */
static void add_labels(struct eidc_buf *out, const char *names, va_list values)
{
    for (const char *name = names; *name != 0;) {
        size_t n = strcspn(name, ",");
        if (name != names)
            eidc_buf_add_byte(out, ',');
        eidc_buf_add(out, name, n);
        eidc_buf_add_z(out, "=\"");
        add_label_value(out, va_arg(values, const char *));
        eidc_buf_add_byte(out, '"');
        name += n + (name[n] == ',');
    }
}

/* With the lock held. Appends, so that the output keeps its order. */
static struct eidc_series *find_or_make(enum eidc_metric metric, const char *labels)
{
    struct eidc_series **at = &series_of[metric];
    for (; *at != NULL; at = &(*at)->next)
        if (strcmp((*at)->labels, labels) == 0)
            return *at;
    struct eidc_series *fresh = eidc_xcalloc(1, sizeof *fresh);
    fresh->metric = metric;
    fresh->labels = eidc_xstrdup(labels);
    if (metrics[metric].type != GAUGE)
        make_shards(fresh);
    *at = fresh;
    return fresh;
}

struct eidc_series *eidc_metric(enum eidc_metric metric, ...)
{
    EIDC_BUF_AUTO labels = {0};
    va_list values;
    va_start(values, metric);
    add_labels(&labels, metrics[metric].labels, values);
    va_end(values);
    pthread_mutex_lock(&lock);
    struct eidc_series *s = find_or_make(metric, labels.p != NULL ? labels.p : "");
    pthread_mutex_unlock(&lock);
    return s;
}

/* The store is rare; the load keeps the cache line shared. */
static void show(struct eidc_series *s)
{
    if (atomic_load_explicit(&s->hidden, memory_order_relaxed))
        atomic_store_explicit(&s->hidden, false, memory_order_relaxed);
}

void eidc_metric_add(struct eidc_series *s, int64_t n)
{
    show(s);
    if (metrics[s->metric].type == COUNTER) {
        size_t index = own_index();
        add_to(&shard_at(s, index)->count, index, n);
        return;
    }
    double old = atomic_load_explicit(&s->value, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&s->value, &old, old + (double)n,
                                                  memory_order_relaxed, memory_order_relaxed)) {
    }
}

void eidc_metric_set(struct eidc_series *s, double value)
{
    show(s);
    atomic_store_explicit(&s->value, value, memory_order_relaxed);
}

void eidc_metric_observe(struct eidc_series *s, double seconds)
{
    show(s);
    size_t i = 0, index = own_index();
    while (i < BUCKETS_MAX && buckets[s->metric][i] > 0 && seconds > buckets[s->metric][i])
        i++;
    struct shard *shard = shard_at(s, index);
    add_to(&shard->bucket[i], index, 1);
    add_to(&shard->count, index, (int64_t)(seconds * NS_PER_SECOND));
}

static uint64_t observations(const struct eidc_series *s)
{
    uint64_t total = 0;
    for (size_t i = 0; i <= bucket_count(s->metric); i++)
        total += total_bucket(s, i);
    return total;
}

double eidc_metric_value(const struct eidc_series *s)
{
    switch (metrics[s->metric].type) {
    case COUNTER:
        return (double)total_count(s);
    case HISTOGRAM:
        return (double)observations(s);
    case GAUGE:
        break;
    }
    return atomic_load_explicit(&s->value, memory_order_relaxed);
}

void eidc_metric_hide(enum eidc_metric metric)
{
    pthread_mutex_lock(&lock);
    for (struct eidc_series *s = series_of[metric]; s != NULL; s = s->next)
        atomic_store_explicit(&s->hidden, true, memory_order_relaxed);
    pthread_mutex_unlock(&lock);
}

void eidc_metrics_number(struct eidc_buf *out, double value)
{
    if (isnan(value))
        eidc_buf_add_z(out, "NaN");
    else if (isinf(value))
        eidc_buf_add_z(out, value > 0 ? "+Inf" : "-Inf");
    else if (value > -INTEGER_MAX && value < INTEGER_MAX && value == (double)(int64_t)value)
        eidc_buf_addf(out, "%" PRId64, (int64_t)value);
    else
        eidc_buf_addf(out, "%.15g", value);
}

/* name suffix {labels, extra} value */
static void write_line(struct eidc_buf *out, const struct eidc_series *s, const char *suffix,
                       const char *extra, double value)
{
    eidc_buf_addf(out, "%s%s", metrics[s->metric].name, suffix);
    if (*s->labels != 0 || *extra != 0)
        eidc_buf_addf(out, "{%s%s%s}", s->labels, *s->labels != 0 && *extra != 0 ? "," : "", extra);
    eidc_buf_add_byte(out, ' ');
    eidc_metrics_number(out, value);
    eidc_buf_add_byte(out, '\n');
}

/* The count is what the buckets add up to, so that the lines agree however many threads count. */
static void write_histogram(struct eidc_buf *out, const struct eidc_series *s)
{
    uint64_t total = 0;
    size_t n = bucket_count(s->metric);
    for (size_t i = 0; i < n; i++) {
        char le[32];
        snprintf(le, sizeof le, "le=\"%.10g\"", buckets[s->metric][i]);
        total += total_bucket(s, i);
        write_line(out, s, "_bucket", le, (double)total);
    }
    total += total_bucket(s, n);
    write_line(out, s, "_bucket", "le=\"+Inf\"", (double)total);
    write_line(out, s, "_sum", "", (double)total_count(s) / NS_PER_SECOND);
    write_line(out, s, "_count", "", (double)total);
}

static void write_family(struct eidc_buf *out, enum eidc_metric id)
{
    const struct metric *metric = &metrics[id];
    bool named = false;
    for (const struct eidc_series *s = series_of[id]; s != NULL; s = s->next) {
        if (atomic_load_explicit(&s->hidden, memory_order_relaxed))
            continue;
        if (!named)
            eidc_buf_addf(out, "# HELP %s %s\n# TYPE %s %s\n", metric->name, metric->help,
                          metric->name, type_names[metric->type]);
        named = true;
        if (metric->type == HISTOGRAM)
            write_histogram(out, s);
        else
            write_line(out, s, "", "", eidc_metric_value(s));
    }
}

void eidc_metrics_write(struct eidc_buf *out)
{
    pthread_mutex_lock(&lock);
    for (enum eidc_metric id = 0; id < EIDC_METRIC_COUNT; id++) {
        if (*metrics[id].labels == 0)
            find_or_make(id, ""); /* there from the start, so that rates have a first value */
        write_family(out, id);
    }
    pthread_mutex_unlock(&lock);
    eidc_metrics_process_write(out);
}
