#pragma once
/* The builder's inside, shared by its files. Private to src/core/image*.c. */
#include "eidcached/core/image_build.h"
#include "eidcached/core/image_merge.h"

struct eidc_build_scope {
    char *source, *name;
    int64_t as_of_ms;
    uint32_t handle; /* in order of arrival */
    uint32_t index;  /* in the image; valid while finishing */
    struct eidc_names carried;
};

/* One listing's names, taken over. */
struct eidc_build_chunk {
    struct eidc_names names;
    uint32_t scope; /* handle */
};

struct eidc_builder {
    struct eidc_build_options options;
    struct eidc_eid_hasher *hasher;
    void *scope_tree; /* scopes by (source, name) */
    struct eidc_build_scope **scopes;
    uint32_t scope_count, scopes_room;
    struct eidc_build_chunk *chunks;
    size_t chunk_count, chunks_room;
    uint64_t items;        /* names given, duplicates and all */
    uint64_t packed_bytes; /* of all of them */
};

/* What finishing works on: everything sorted. */
struct eidc_build_work {
    struct eidc_merge merge;
    struct eidc_pair *pairs;
    size_t pair_count;
    const uint8_t **chunk_bytes;
    uint32_t *chunk_scopes;
    struct eidc_build_scope **scopes; /* ordered */
};

/* Gives the listings' memory back: nothing refers to names any more. */
void eidc_builder_drop_names(struct eidc_builder *builder, struct eidc_build_work *work);

/* Writes the image of sorted names. */
bool eidc_image_write(struct eidc_builder *builder, struct eidc_build_work *work, uint64_t number,
                      int64_t created_at_ms, struct eidc_image **out, struct eidc_err *err);
