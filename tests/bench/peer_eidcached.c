/* Our image. In memory for the look-ups; in a file for opening. */
#include <stdio.h>
#include <stdlib.h>

#include "eidcached/base/file.h"
#include "eidcached/core/image_build.h"
#include "map_peer.h"
#include "tests/support/default_scheme.h"

#define GROUP 32

_Static_assert(sizeof(struct bench_str) == sizeof(struct eidc_str), "the same");

static void must(bool ok, const struct eidc_err *err)
{
    if (ok)
        return;
    fprintf(stderr, "bench: %s\n", err->text);
    exit(1);
}

static struct eidc_str str(struct bench_str s)
{
    return (struct eidc_str){s.p, s.n};
}

static void write_image(const struct eidc_image *image, const char *dir)
{
    char path[4096];
    struct eidc_err err = {0};
    snprintf(path, sizeof path, "%s/image", dir);
    must(eidc_file_write(path, eidc_image_block(image), 0600, &err), &err);
}

/* Names in, checksums computed here. */
static void *build(const struct bench_pairs *pairs, const char *dir)
{
    struct eidc_build_options options = {0};
    struct eidc_builder *builder;
    struct eidc_names names = {0};
    struct eidc_image *image;
    struct eidc_err err = {0};
    (void)dir;
    default_scheme(&options.scheme);
    must(eidc_builder_new(&options, &builder, &err), &err);
    uint32_t scope =
        eidc_builder_scope(builder, EIDC_STR("bench"), EIDC_STR("names"), 1700000000000);
    for (size_t i = 0; i < pairs->n; i++)
        must(eidc_names_add(&names, str(pairs->names[i]), (struct eidc_str){0}, &err), &err);
    must(eidc_builder_add(builder, scope, &names, &err), &err);
    must(eidc_builder_finish(builder, 1, 1700000000000, &image, &err), &err);
    eidc_builder_free(builder);
    return image;
}

static void *build_with_file(const struct bench_pairs *pairs, const char *dir)
{
    struct eidc_image *image = build(pairs, dir);
    write_image(image, dir);
    return image;
}

static void *open_file(const char *dir)
{
    char path[4096];
    struct eidc_image *image;
    struct eidc_err err = {0};
    snprintf(path, sizeof path, "%s/image", dir);
    must(eidc_image_map_file(path, &image, &err), &err);
    return image;
}

static inline uint8_t first_byte(const struct eidc_hits *hits, int way)
{
    struct eidc_record record = eidc_hits_first(hits);
    return (uint8_t)(way == BENCH_FORWARD ? record.eid.p[0] : record.name.p[0]);
}

static inline uint64_t read_hit(struct eidc_hits *hits, int way, uint64_t *sum)
{
    if (!hits->has_first)
        return 0;
    *sum += first_byte(hits, way);
    return 1;
}

static uint64_t find(void *map, int way, const struct bench_str *keys, size_t n, uint64_t *sum)
{
    bool (*look_up)(const struct eidc_image *image, struct eidc_str key, struct eidc_hits *hits) =
        way == BENCH_FORWARD ? eidc_image_forward : eidc_image_reverse;
    uint64_t found = 0, bytes = 0;
    for (size_t i = 0; i < n; i++) {
        struct eidc_hits hits;
        if (!look_up(map, str(keys[i]), &hits))
            continue;
        bytes += first_byte(&hits, way);
        found++;
    }
    *sum += bytes;
    return found;
}

static uint64_t find_many(void *map, int way, const struct bench_str *keys, size_t n, uint64_t *sum)
{
    uint64_t found = 0;
    struct eidc_hits hits[GROUP];
    for (size_t at = 0; at < n; at += GROUP) {
        size_t count = n - at < GROUP ? n - at : GROUP;
        struct eidc_str group[GROUP];
        for (size_t i = 0; i < count; i++)
            group[i] = str(keys[at + i]);
        if (way == BENCH_FORWARD)
            eidc_image_forward_many(map, group, count, hits);
        else
            eidc_image_reverse_many(map, group, count, hits);
        for (size_t i = 0; i < count; i++)
            found += read_hit(&hits[i], way, sum);
    }
    return found;
}

static uint64_t find_text(void *map, const struct bench_str *keys, size_t n, uint64_t *sum)
{
    uint64_t found = 0;
    for (size_t i = 0; i < n; i++) {
        struct eidc_hits hits;
        struct eidc_record record;
        char text[EIDC_EID_TEXT_MAX];
        if (!eidc_image_forward(map, str(keys[i]), &hits) || !eidc_hits_next(&hits, &record))
            continue;
        found += eidc_record_print_eid(map, &record, text) > 0;
        *sum += (uint8_t)text[0];
    }
    return found;
}

static uint64_t bytes(void *map)
{
    return eidc_image_block(map).n;
}

const struct bench_peer bench_peers[] = {
    {"eidcached", build, find, find_many, find_text, bytes, NULL, 0},
    {"eidcached, as a file", build_with_file, find, NULL, NULL, bytes, open_file, 1},
    {0},
};
