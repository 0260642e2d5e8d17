#include "bench_names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eidcached/base/mem.h"
#include "eidcached/core/eid.h"
#include "tests/support/default_scheme.h"

#define SEED UINT64_C(20240229)

static const char *const words[] = {
    "orders",  "customer", "events",  "clickstream", "daily",   "billing",   "raw",     "curated",
    "product", "session",  "invoice", "shipment",    "returns", "forecast",  "web",     "mobile",
    "ledger",  "payments", "account", "inventory",   "sensor",  "telemetry", "audit",   "snapshot",
    "hourly",  "staging",  "archive", "marketing",   "search",  "ranking",   "partner", "region",
};
static const char *const foreign[] = {
    "verkäufe", "größen", "überweisung", "données", "société", "área",    "клиенты", "заказы",
    "顧客",     "売上",   "注文履歴",    "产品",    "订单",    "πελάτες", "고객",    "şirket",
};
static const char *const regions[] = {"eu-central-1", "eu-west-1", "us-east-1", "ap-southeast-2"};

struct row {
    uint64_t state, number;
};

static uint64_t splitmix(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

#define PICK(row, list) ((list)[splitmix(&(row)->state) % (sizeof(list) / sizeof *(list))])

static int write_database(struct row *row, char *out, size_t size)
{
    return snprintf(out, size, "%s_%s_%llx", PICK(row, words), PICK(row, words),
                    (unsigned long long)row->number);
}

static int write_table(struct row *row, char *out, size_t size)
{
    return snprintf(out, size, "%s_%s.%s_%s_%llx", PICK(row, words), PICK(row, words),
                    PICK(row, words), PICK(row, words), (unsigned long long)row->number);
}

static int write_table_arn(struct row *row, char *out, size_t size)
{
    unsigned long long account = 100000000000 + splitmix(&row->state) % 20 * 7777777777;
    return snprintf(out, size, "arn:aws:glue:%s:%llu:table/%s_%s/%s_%s_%llx", PICK(row, regions),
                    account, PICK(row, words), PICK(row, words), PICK(row, words), PICK(row, words),
                    (unsigned long long)row->number);
}

static int write_bucket_arn(struct row *row, char *out, size_t size)
{
    return snprintf(out, size, "arn:aws:s3:::%s-%s-%llx", PICK(row, words), PICK(row, words),
                    (unsigned long long)row->number);
}

static int write_foreign(struct row *row, char *out, size_t size)
{
    return snprintf(out, size, "%s_%s.%s %llx", PICK(row, words), PICK(row, foreign),
                    PICK(row, foreign), (unsigned long long)row->number);
}

/* Of 20 names: 2 databases, 9 tables, 6 ARNs of tables, 1 of a bucket, 2 that are not ASCII. */
static int write_name(struct row *row, char *out, size_t size)
{
    uint64_t kind = splitmix(&row->state) % 20;
    if (kind < 2)
        return write_database(row, out, size);
    if (kind < 11)
        return write_table(row, out, size);
    if (kind < 17)
        return write_table_arn(row, out, size);
    return kind < 18 ? write_bucket_arn(row, out, size) : write_foreign(row, out, size);
}

static struct bench_str keep(const char *p, size_t n)
{
    char *copy = eidc_xrealloc(NULL, n + 1, 1);
    memcpy(copy, p, n);
    copy[n] = '\0';
    return (struct bench_str){copy, n};
}

static struct eidc_eid_hasher *new_hasher(struct eidc_eid_scheme *scheme)
{
    struct eidc_eid_hasher *hasher;
    struct eidc_err err = {0};
    default_scheme(scheme);
    if (!eidc_eid_hasher_new(scheme, (struct eidc_str){0}, &hasher, &err))
        abort();
    return hasher;
}

static size_t write_eid(struct eidc_eid_hasher *hasher, const struct eidc_eid_scheme *scheme,
                        struct bench_str name, char text[static EIDC_EID_TEXT_MAX])
{
    uint8_t raw[EIDC_EID_RAW_MAX];
    if (!eidc_eid_compute(hasher, (struct eidc_str){name.p, name.n}, raw))
        abort();
    return eidc_eid_print(scheme, raw, text);
}

struct bench_names bench_names_make(uint64_t first, size_t n)
{
    struct bench_names made = {eidc_xcalloc(n, sizeof(struct bench_str)),
                               eidc_xcalloc(n, sizeof(struct bench_str)), n, 0};
    struct eidc_eid_scheme scheme;
    struct eidc_eid_hasher *hasher = new_hasher(&scheme);
    for (size_t i = 0; i < n; i++) {
        struct row row = {SEED + (first + i) * 1000, first + i};
        char name[512], eid[EIDC_EID_TEXT_MAX];
        made.names[i] = keep(name, (size_t)write_name(&row, name, sizeof name));
        made.eids[i] = keep(eid, write_eid(hasher, &scheme, made.names[i], eid));
        made.name_bytes += made.names[i].n;
    }
    eidc_eid_hasher_free(hasher);
    return made;
}

void bench_eids_compute(const struct bench_names *names)
{
    struct eidc_eid_scheme scheme;
    struct eidc_eid_hasher *hasher = new_hasher(&scheme);
    char eid[EIDC_EID_TEXT_MAX];
    for (size_t i = 0; i < names->n; i++)
        write_eid(hasher, &scheme, names->names[i], eid);
    eidc_eid_hasher_free(hasher);
}

static void shuffle(size_t *order, size_t n, uint64_t seed)
{
    for (size_t i = 0; i < n; i++)
        order[i] = i;
    for (size_t i = n; i > 1; i--) {
        size_t other = splitmix(&seed) % i, moved = order[i - 1];
        order[i - 1] = order[other];
        order[other] = moved;
    }
}

struct bench_str *bench_probes(const struct bench_str *from, size_t of, size_t n, uint64_t seed)
{
    size_t *order = eidc_xcalloc(of, sizeof *order);
    shuffle(order, of, seed);
    size_t bytes = 0;
    for (size_t i = 0; i < n; i++)
        bytes += from[order[i]].n + 1;
    char *packed = eidc_xrealloc(NULL, bytes, 1);
    struct bench_str *probes = eidc_xcalloc(n, sizeof *probes);
    for (size_t i = 0; i < n; i++) {
        probes[i] = (struct bench_str){packed, from[order[i]].n};
        memcpy(packed, from[order[i]].p, probes[i].n + 1);
        packed += probes[i].n + 1;
    }
    free(order);
    return probes;
}
