#pragma once
/*
 * An image: the immutable two-way map as one block of bytes, the same in memory, on disk and on
 * S3 (docs/image-format.md). This is the reader. Opening is O(1) and trusts nothing: every later
 * access is bounds-checked, so that a damaged or hostile block gives an error or a miss, never a
 * fault. An open image is immutable: any number of threads may read it. Views returned point into
 * the block and live as long as the image.
 *
 * An entry is one (name, EID) pair; entries are ordered by name, byte by byte; those of one name
 * by kind (its one checksum EID, then field EIDs), then EID.
 */
#include "eidcached/base/buf.h"
#include "eidcached/base/err.h"
#include "eidcached/core/eid.h"

/* The highest number a generation can have: exact as a JSON number everywhere. */
#define EIDC_GENERATION_MAX ((UINT64_C(1) << 53) - 1)

#define EIDC_IMAGE_ID_TEXT 17 /* 16 hex digits and NUL */

struct eidc_image;

/* Opens a block of memory. When the image is freed, release(block, size, arg) is called (NULL:
 * the block stays the caller's). On failure the block is untouched and still the caller's. */
typedef void eidc_image_release(void *block, size_t size, void *arg);
bool eidc_image_open(void *block, size_t size, eidc_image_release *release, void *arg,
                     struct eidc_image **out, struct eidc_err *err);
/* Maps a file and opens it. Errors name the path. Whoever shortens the file meanwhile takes the
 * pages away under the reader (SIGBUS): for files that are only ever replaced. */
bool eidc_image_map_file(const char *path, struct eidc_image **out, struct eidc_err *err);
/* Reads a file into memory of its own and opens that: nothing done to the file can hurt it. */
bool eidc_image_read_file(const char *path, struct eidc_image **out, struct eidc_err *err);
void eidc_image_free(struct eidc_image *image); /* NULL is fine */

struct eidc_image_info {
    uint64_t number; /* of the generation */
    int64_t created_at_ms;
    uint64_t entries;      /* (name, EID) pairs */
    uint64_t names;        /* distinct names */
    uint64_t text_entries; /* entries whose EID is a field's text */
    uint32_t scopes;
    uint32_t format_version;
    uint8_t content_sha256[32];
    char id[EIDC_IMAGE_ID_TEXT];
    struct eidc_eid_scheme scheme;
};
const struct eidc_image_info *eidc_image_info(const struct eidc_image *image);
struct eidc_str eidc_image_block(const struct eidc_image *image); /* all bytes of it */

/* The trailing whole-file hash: damage of any bit. What a daemon checks of whatever it loads. */
bool eidc_image_check(const struct eidc_image *image, struct eidc_err *err);
/* Everything: the hashes, the order of the records, that each is found both ways and no index
 * holds more, checksum EIDs recomputed (unless keyed and no key is given). */
bool eidc_image_verify(const struct eidc_image *image, struct eidc_str key, struct eidc_err *err);

struct eidc_record {
    struct eidc_str name;
    struct eidc_str eid; /* raw bytes, or text when eid_is_text */
    bool eid_is_text;
    uint32_t scope_set; /* see eidc_record_scopes */
};

/*
 * Hits of one look-up, in byte order of names (reverse), or the checksum EID and then the field
 * EIDs in byte order (forward). On the stack; no allocation. Zeroed: no hits.
 *
 * Nearly always there is one: it is kept decoded, the first. What else there is stays in the image,
 * in lanes, and is decoded when it is asked for. Forward: lane 0 are the records behind the first,
 * up to another name's. Reverse, with several hits: none is decoded; lane 0 are the records with
 * this checksum EID, lane 1 those with this text, and they are merged.
 */
struct eidc_hits {
    const struct eidc_image *image; /* private from here */
    const char *eid;                /* of the first; its name lies behind it */
    uint32_t eid_size, name_size;
    uint32_t scope_set;
    bool eid_is_text;
    bool has_first;          /* it has not been taken */
    bool has_more;           /* there are lanes */
    bool same_name;          /* lane 0 ends where the name changes */
    bool posting[2];         /* of a lane: it is a posting list, not records in a row */
    uint64_t at[2], left[2]; /* of a lane: the next place, and how many there are at most */
};
/* False: a miss. */
bool eidc_image_forward(const struct eidc_image *image, struct eidc_str name,
                        struct eidc_hits *hits);
/* eid as text: printed checksum EIDs and field EIDs are both found. */
bool eidc_image_reverse(const struct eidc_image *image, struct eidc_str eid,
                        struct eidc_hits *hits);
/* The first hit of a look-up that has one, before any is taken. */
static inline struct eidc_record eidc_hits_first(const struct eidc_hits *hits)
{
    return (struct eidc_record){{hits->eid + hits->eid_size, hits->name_size},
                                {hits->eid, hits->eid_size},
                                hits->eid_is_text,
                                hits->scope_set};
}
bool eidc_hits_more(struct eidc_hits *hits, struct eidc_record *out); /* private */
static inline bool eidc_hits_next(struct eidc_hits *hits, struct eidc_record *out)
{
    if (!hits->has_first)
        return hits->has_more && eidc_hits_more(hits, out);
    hits->has_first = false;
    *out = eidc_hits_first(hits);
    return true;
}
/* Many keys at once: their memory is fetched side by side, which is faster than one by one.
 * hits[i] answers key i; a miss has no hits. */
void eidc_image_forward_many(const struct eidc_image *image, const struct eidc_str *names, size_t n,
                             struct eidc_hits *hits);
void eidc_image_reverse_many(const struct eidc_image *image, const struct eidc_str *eids, size_t n,
                             struct eidc_hits *hits);

/* The record's EID as text; returns the length, no NUL. */
size_t eidc_record_print_eid(const struct eidc_image *image, const struct eidc_record *record,
                             char out[static EIDC_EID_TEXT_MAX]);
/* The same as a view of `to`. */
static inline struct eidc_str eidc_record_eid_text(const struct eidc_image *image,
                                                   const struct eidc_record *record,
                                                   char to[static EIDC_EID_TEXT_MAX])
{
    return (struct eidc_str){to, eidc_record_print_eid(image, record, to)};
}

/* Walks entries in order. */
struct eidc_cursor {
    const struct eidc_image *image; /* private */
    uint64_t at, left;
};
struct eidc_cursor eidc_image_begin(const struct eidc_image *image);
/* The first entry whose name is >= name. */
struct eidc_cursor eidc_image_seek(const struct eidc_image *image, struct eidc_str name);
bool eidc_cursor_next(struct eidc_cursor *cursor, struct eidc_record *out);

/* Scopes, ordered by source, then scope name. */
struct eidc_scope {
    struct eidc_str source, name;
    int64_t as_of_ms; /* when its listing last succeeded, at the time the image was built */
};
bool eidc_image_scope(const struct eidc_image *image, uint32_t index, struct eidc_scope *out);
/* Index of a scope, or UINT32_MAX. O(log scopes). */
uint32_t eidc_image_find_scope(const struct eidc_image *image, struct eidc_str source,
                               struct eidc_str name);
/* Index of the first scope that does not come before this one. */
uint32_t eidc_image_seek_scope(const struct eidc_image *image, struct eidc_str source,
                               struct eidc_str name);

/* Walks the scopes that listed a record: their indexes, ascending. A damaged set has none. */
struct eidc_scope_cursor {
    const uint8_t *at; /* private */
    uint32_t only, left;
};
struct eidc_scope_cursor eidc_record_scopes(const struct eidc_image *image,
                                            const struct eidc_record *record);
bool eidc_scope_cursor_next(struct eidc_scope_cursor *cursor, uint32_t *out);
