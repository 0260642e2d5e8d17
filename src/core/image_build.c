#include "eidcached/core/image_build.h"

#include <assert.h>
#include <search.h>
#include <stdlib.h>

#include "eidcached/base/mem.h"
#include "eidcached/base/name.h"
#include "eidcached/core/image_builder.h"

bool eidc_builder_new(const struct eidc_build_options *options, struct eidc_builder **out,
                      struct eidc_err *err)
{
    struct eidc_eid_hasher *hasher;
    if (!eidc_eid_hasher_new(&options->scheme, options->key, &hasher, err))
        return false;
    struct eidc_builder *builder = eidc_xcalloc(1, sizeof *builder);
    builder->options = *options;
    builder->hasher = hasher;
    *out = builder;
    return true;
}

static void free_names(struct eidc_builder *builder)
{
    for (size_t i = 0; i < builder->chunk_count; i++)
        eidc_names_free(&builder->chunks[i].names);
    free(builder->chunks);
    builder->chunks = NULL;
    builder->chunk_count = builder->chunks_room = 0;
}

static void keep_node(void *node)
{
    (void)node; /* the scopes are freed through builder->scopes */
}

void eidc_builder_free(struct eidc_builder *builder)
{
    if (builder == NULL)
        return;
    free_names(builder);
    tdestroy(builder->scope_tree, keep_node);
    for (uint32_t i = 0; i < builder->scope_count; i++) {
        struct eidc_build_scope *scope = builder->scopes[i];
        eidc_names_free(&scope->carried);
        free(scope->source);
        free(scope->name);
        free(scope);
    }
    free(builder->scopes);
    eidc_eid_hasher_free(builder->hasher);
    free(builder);
}

static int compare_scopes(const void *a, const void *b)
{
    const struct eidc_build_scope *x = a, *y = b;
    int order = strcmp(x->source, y->source);
    return order != 0 ? order : strcmp(x->name, y->name);
}

static int compare_scope_pointers(const void *a, const void *b)
{
    return compare_scopes(*(struct eidc_build_scope *const *)a,
                          *(struct eidc_build_scope *const *)b);
}

static void keep_scope(struct eidc_builder *builder, struct eidc_build_scope *scope)
{
    if (builder->scope_count == builder->scopes_room) {
        builder->scopes_room += builder->scopes_room / 2 + 16;
        builder->scopes =
            eidc_xrealloc(builder->scopes, builder->scopes_room, sizeof *builder->scopes);
    }
    scope->handle = builder->scope_count;
    builder->scopes[builder->scope_count++] = scope;
}

uint32_t eidc_builder_scope(struct eidc_builder *builder, struct eidc_str source,
                            struct eidc_str name, int64_t as_of_ms)
{
    struct eidc_build_scope *scope = eidc_xcalloc(1, sizeof *scope);
    scope->source = eidc_xstrndup(source.p, source.n);
    scope->name = eidc_xstrndup(name.p, name.n);
    scope->as_of_ms = as_of_ms;
    struct eidc_build_scope **found = tsearch(scope, &builder->scope_tree, compare_scopes);
    assert(found != NULL); /* a node of three words: as the x-functions */
    if (*found == scope) {
        keep_scope(builder, scope);
        return scope->handle;
    }
    free(scope->source);
    free(scope->name);
    free(scope);
    if ((*found)->as_of_ms < as_of_ms)
        (*found)->as_of_ms = as_of_ms;
    return (*found)->handle;
}

static bool keep_chunk(struct eidc_builder *builder, uint32_t scope, struct eidc_names *names,
                       struct eidc_err *err)
{
    if (builder->chunk_count == EIDC_REF_CHUNKS || names->packed.n >> EIDC_REF_OFFSET_BITS)
        return eidc_fail(err, EIDC_ERR_LIMIT, "more listings than one image takes");
    if (builder->chunk_count == builder->chunks_room) {
        size_t room = builder->chunks_room + builder->chunks_room / 2 + 16;
        builder->chunks = eidc_xrealloc(builder->chunks, room, sizeof *builder->chunks);
        builder->chunks_room = room;
    }
    builder->chunks[builder->chunk_count++] =
        (struct eidc_build_chunk){.names = *names, .scope = scope};
    builder->packed_bytes += names->packed.n;
    *names = (struct eidc_names){0};
    return true;
}

/* A buffer grows ahead of its needs; what it did not need is given back. */
static void shrink(struct eidc_buf *buf)
{
    char *fit = realloc(buf->p, buf->n + 1);
    if (fit == NULL)
        return;
    buf->p = fit;
    buf->cap = buf->n + 1;
}

bool eidc_builder_add(struct eidc_builder *builder, uint32_t scope, struct eidc_names *names,
                      struct eidc_err *err)
{
    assert(scope < builder->scope_count);
    if (names->count == 0) {
        eidc_names_free(names);
        *names = (struct eidc_names){0};
        return true;
    }
    uint64_t count = names->count;
    shrink(&names->packed);
    if (!keep_chunk(builder, scope, names, err))
        return false;
    builder->items += count;
    return true;
}

static bool carry_raw(struct eidc_names *names, const struct eidc_record *record,
                      struct eidc_err *err)
{
    const char *problem = eidc_name_problem(record->name);
    if (problem != NULL)
        return eidc_fail(err, EIDC_ERR_INVALID, "name %s", problem);
    size_t size = EIDC_PACKED_HEAD + record->name.n + record->eid.n;
    char *to = eidc_buf_reserve(&names->packed, size);
    if (to == NULL)
        return eidc_fail(err, EIDC_ERR_NOMEM, "no memory for carried names");
    eidc_store16((uint8_t *)to, (uint16_t)(record->name.n | EIDC_PACKED_RAW));
    to[2] = (char)record->eid.n;
    memcpy(to + EIDC_PACKED_HEAD, record->name.p, record->name.n);
    memcpy(to + EIDC_PACKED_HEAD + record->name.n, record->eid.p, record->eid.n);
    eidc_buf_commit(&names->packed, size);
    names->count++;
    return true;
}

bool eidc_builder_carry(struct eidc_builder *builder, uint32_t scope,
                        const struct eidc_record *record, struct eidc_err *err)
{
    assert(scope < builder->scope_count);
    struct eidc_names *carried = &builder->scopes[scope]->carried;
    if (record->eid_is_text) {
        if (!eidc_names_add(carried, record->name, record->eid, err))
            return false;
    } else {
        if (record->eid.n != eidc_eid_raw_size(&builder->options.scheme))
            return eidc_fail(err, EIDC_ERR_INVALID, "an EID of another scheme");
        if (!carry_raw(carried, record, err))
            return false;
    }
    builder->items++;
    return true;
}

bool eidc_builder_carry_all(struct eidc_builder *builder, const struct eidc_image *image,
                            const uint32_t *handles, struct eidc_err *err)
{
    struct eidc_cursor entries = eidc_image_begin(image);
    struct eidc_record record;
    while (eidc_cursor_next(&entries, &record)) {
        struct eidc_scope_cursor scopes = eidc_record_scopes(image, &record);
        uint32_t scope;
        while (eidc_scope_cursor_next(&scopes, &scope))
            if (handles[scope] != EIDC_NO_SCOPE &&
                !eidc_builder_carry(builder, handles[scope], &record, err))
                return false;
    }
    return true;
}

/* Scopes in order, and what was carried as further chunks. */
static bool collect_scopes(struct eidc_builder *builder, struct eidc_build_work *work,
                           struct eidc_err *err)
{
    uint32_t n = builder->scope_count;
    if (n > INT32_MAX / 4)
        return eidc_fail(err, EIDC_ERR_LIMIT, "more than %d scopes", INT32_MAX / 4);
    work->scopes = eidc_xcalloc(n + 1, sizeof *work->scopes);
    if (n > 0)
        memcpy(work->scopes, builder->scopes, n * sizeof *work->scopes);
    qsort(work->scopes, n, sizeof *work->scopes, compare_scope_pointers);
    for (uint32_t i = 0; i < n; i++) {
        struct eidc_build_scope *scope = work->scopes[i];
        scope->index = i;
        if (scope->carried.count > 0 && !keep_chunk(builder, scope->handle, &scope->carried, err))
            return false;
    }
    return true;
}

static void collect_chunks(const struct eidc_builder *builder, struct eidc_build_work *work)
{
    size_t n = builder->chunk_count;
    work->chunk_bytes = eidc_xcalloc(n + 1, sizeof *work->chunk_bytes);
    work->chunk_scopes = eidc_xcalloc(n + 1, sizeof *work->chunk_scopes);
    for (size_t i = 0; i < n; i++) {
        work->chunk_bytes[i] = (const uint8_t *)builder->chunks[i].names.packed.p;
        work->chunk_scopes[i] = builder->scopes[builder->chunks[i].scope]->index;
    }
}

static void collect_pairs(const struct eidc_builder *builder, struct eidc_build_work *work)
{
    for (size_t i = 0; i < builder->chunk_count; i++) {
        size_t n = builder->chunks[i].names.packed.n;
        for (size_t at = 0; at < n;) {
            const uint8_t *packed = work->chunk_bytes[i] + at;
            struct eidc_str name = eidc_packed_name(packed);
            work->pairs[work->pair_count++] = (struct eidc_pair){
                eidc_name_key(name, 0), (uint64_t)i << EIDC_REF_OFFSET_BITS | at};
            at += EIDC_PACKED_HEAD + name.n + packed[2];
        }
    }
}

static bool sort_names(const struct eidc_builder *builder, struct eidc_build_work *work,
                       struct eidc_err *err)
{
    size_t bytes;
    struct eidc_pair *scratch = NULL;
    if (!__builtin_mul_overflow(builder->items, sizeof *scratch, &bytes)) {
        work->pairs = eidc_big_alloc(bytes);
        scratch = eidc_big_alloc(bytes);
    }
    if (work->pairs == NULL || scratch == NULL) {
        eidc_big_free(scratch, bytes);
        return eidc_fail(err, EIDC_ERR_NOMEM, "no memory to sort %llu names",
                         (unsigned long long)builder->items);
    }
    collect_pairs(builder, work);
    eidc_names_sort(work->pairs, scratch, work->pair_count, work->chunk_bytes);
    eidc_big_free(scratch, bytes);
    return true;
}

void eidc_builder_drop_names(struct eidc_builder *builder, struct eidc_build_work *work)
{
    eidc_big_free(work->pairs, builder->items * sizeof *work->pairs);
    work->pairs = NULL;
    free_names(builder);
}

static bool sort_and_write(struct eidc_builder *builder, struct eidc_build_work *work,
                           uint64_t number, int64_t created_at_ms, struct eidc_image **out,
                           struct eidc_err *err)
{
    if (!collect_scopes(builder, work, err))
        return false;
    collect_chunks(builder, work);
    if (!sort_names(builder, work, err))
        return false;
    work->merge = (struct eidc_merge){
        .chunks = work->chunk_bytes,
        .chunk_scopes = work->chunk_scopes,
        .scopes = builder->scope_count,
        .scheme = &builder->options.scheme,
        .hasher = builder->hasher,
    };
    return eidc_merge_sets(&work->merge, work->pairs, work->pair_count, err) &&
           eidc_image_write(builder, work, number, created_at_ms, out, err);
}

bool eidc_builder_finish(struct eidc_builder *builder, uint64_t number, int64_t created_at_ms,
                         struct eidc_image **out, struct eidc_err *err)
{
    struct eidc_build_work work = {0};
    bool built = sort_and_write(builder, &work, number, created_at_ms, out, err);
    eidc_merge_free(&work.merge);
    eidc_builder_drop_names(builder, &work);
    free(work.scopes);
    free(work.chunk_bytes);
    free(work.chunk_scopes);
    return built;
}
