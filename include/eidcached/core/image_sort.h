#pragma once
/*
 * Sorting what a builder was given. Names stay where their listings packed them; what is sorted
 * are 16-byte pairs: 8 bytes of the name, and a reference to all of it. Private to
 * src/core/image*.c.
 */
#include "eidcached/core/image_parts.h"
#include "eidcached/core/names.h"

/* A reference: chunk and offset in it of a packed name (names.h), and whether the pair before it
 * has the same name (set by the sort). */
#define EIDC_REF_SAME        (UINT64_C(1) << 63)
#define EIDC_REF_OFFSET_BITS 40
#define EIDC_REF_CHUNKS      (UINT64_C(1) << 23)

/* In packed names of a builder: the EID is the raw checksum, copied from another image. */
#define EIDC_PACKED_RAW 0x8000u

static inline const uint8_t *eidc_ref_packed(const uint8_t *const *chunks, uint64_t ref)
{
    uint64_t offset = ref & ((UINT64_C(1) << EIDC_REF_OFFSET_BITS) - 1);
    return chunks[(ref & ~EIDC_REF_SAME) >> EIDC_REF_OFFSET_BITS] + offset;
}

static inline struct eidc_str eidc_packed_name(const uint8_t *packed)
{
    return (struct eidc_str){(const char *)packed + EIDC_PACKED_HEAD,
                             eidc_load16(packed) & ~EIDC_PACKED_RAW};
}

static inline struct eidc_str eidc_packed_eid(const uint8_t *packed)
{
    struct eidc_str name = eidc_packed_name(packed);
    return (struct eidc_str){name.p + name.n, packed[2]};
}

/* Up to 8 bytes of a name from a depth on, as a number that compares as they do: zero-padded,
 * which no name holds. */
static inline uint64_t eidc_name_key(struct eidc_str name, size_t depth)
{
    uint64_t key = 0;
    size_t n = name.n > depth ? name.n - depth : 0;
    memcpy(&key, name.p + (n > 0 ? depth : 0), n < sizeof key ? n : sizeof key);
    return be64toh(key);
}

/* Sorts pairs whose key is eidc_name_key(name, 0) and whose value is a reference by name, in the
 * byte order of names; marks EIDC_REF_SAME. Equal names stay in no particular order. */
void eidc_names_sort(struct eidc_pair *pairs, struct eidc_pair *scratch, size_t n,
                     const uint8_t *const *chunks);
