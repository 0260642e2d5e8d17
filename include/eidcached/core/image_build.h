#pragma once
/*
 * Names in, image out. Same entries, same scheme, same scopes: same content bytes and same id,
 * whatever the order of arrival. Not thread-safe; one builder, one image.
 */
#include "eidcached/core/image.h"
#include "eidcached/core/names.h"

struct eidc_builder;

struct eidc_build_options {
    struct eidc_eid_scheme scheme;
    struct eidc_str key;  /* as in the scheme; must outlive the builder */
    bool keep_collisions; /* false: two names with one checksum EID are an error */
};

bool eidc_builder_new(const struct eidc_build_options *options, struct eidc_builder **out,
                      struct eidc_err *err);
void eidc_builder_free(struct eidc_builder *builder); /* NULL is fine */

/* Finds or adds a scope; the newer as_of wins. The returned handle is for this builder only. */
uint32_t eidc_builder_scope(struct eidc_builder *builder, struct eidc_str source,
                            struct eidc_str name, int64_t as_of_ms);

/* Adds all of *names to a scope and takes their memory (*names is zeroed). Duplicates are fine.
 * Errors: LIMIT, NOMEM. */
bool eidc_builder_add(struct eidc_builder *builder, uint32_t scope, struct eidc_names *names,
                      struct eidc_err *err);
/* Adds one entry of another image; the EID is copied, not computed (same scheme required). */
bool eidc_builder_carry(struct eidc_builder *builder, uint32_t scope,
                        const struct eidc_record *record, struct eidc_err *err);
/* Adds all entries of another image, each to the scopes that listed it: handles[i] stands for the
 * image's scope i, EIDC_NO_SCOPE for one that is left out. */
#define EIDC_NO_SCOPE UINT32_MAX
bool eidc_builder_carry_all(struct eidc_builder *builder, const struct eidc_image *image,
                            const uint32_t *handles, struct eidc_err *err);

/* Builds. The builder is spent afterwards, whatever the outcome, and must be freed.
 * Errors: CONFLICT naming two names that share a checksum EID, LIMIT, NOMEM. */
bool eidc_builder_finish(struct eidc_builder *builder, uint64_t number, int64_t created_at_ms,
                         struct eidc_image **out, struct eidc_err *err);

/* The same content under another number (a store turned out to be ahead). */
bool eidc_image_renumber(const struct eidc_image *image, uint64_t number, struct eidc_image **out,
                         struct eidc_err *err);
