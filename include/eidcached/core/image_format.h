#pragma once
/*
 * The byte layout of an image (docs/image-format.md says the same in words, and why). Private to
 * src/core/image*.c and its tests. Everything is little-endian and read through these loads, so
 * that neither the alignment of the block nor the byte order of the machine matters.
 */
#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define EIDC_IMAGE_MAGIC        "EIDCIMG1"
#define EIDC_IMAGE_VERSION      1u
#define EIDC_IMAGE_MARK         0x01020304u
#define EIDC_IMAGE_MARK_FOREIGN 0x04030201u /* the mark, as a big-endian writer would leave it */
#define EIDC_IMAGE_ALIGN        64u
#define EIDC_IMAGE_HASH_BYTES   16u /* at the very end */

/* Header: offsets of its fields. The content starts at CONTENT_AT: what is in front of it, and
 * what follows the last content section, is envelope and not part of the id. */
enum {
    EIDC_AT_MAGIC = 0,
    EIDC_AT_VERSION = 8,      /* u32 */
    EIDC_AT_MARK = 12,        /* u32 */
    EIDC_AT_SIZE = 16,        /* u64, of the whole image */
    EIDC_AT_NUMBER = 24,      /* u64 */
    EIDC_AT_CREATED = 32,     /* i64, unix ms */
    EIDC_AT_RESERVED = 40,    /* u64, 0 */
    EIDC_AT_SHA256 = 48,      /* of the content */
    EIDC_AT_CONTENT = 80,     /* where the content starts */
    EIDC_AT_ENTRIES = 80,     /* u64 */
    EIDC_AT_NAMES = 88,       /* u64 */
    EIDC_AT_TEXTS = 96,       /* u64: entries whose EID is text */
    EIDC_AT_SCOPES = 104,     /* u32 */
    EIDC_AT_SCOPE_SETS = 108, /* u32: sets of two and more scopes */
    EIDC_AT_SECTIONS = 112,   /* u64 offset, u64 size, for each section */
    EIDC_IMAGE_HEADER = 256,  /* bytes */
};

enum eidc_image_section {
    EIDC_SECTION_SCHEME,
    EIDC_SECTION_SCOPES,
    EIDC_SECTION_SCOPE_SETS,
    EIDC_SECTION_RECORDS,
    EIDC_SECTION_ORDER,
    EIDC_SECTION_FORWARD,
    EIDC_SECTION_REVERSE,
    EIDC_SECTION_POSTINGS, /* the last of the content */
    EIDC_SECTION_STATE,    /* envelope */
    EIDC_SECTION_COUNT
};

/* SCHEME */
enum {
    EIDC_SCHEME_ALGORITHM = 0, /* NUL-padded */
    EIDC_SCHEME_PREFIX = 32,   /* NUL-padded */
    EIDC_SCHEME_BITS = 72,     /* u16 */
    EIDC_SCHEME_ENCODING = 74, /* u8 */
    EIDC_SCHEME_KEYED = 75,    /* u8 */
    EIDC_SCHEME_RESERVED = 76, /* u32, 0 */
    EIDC_SCHEME_FINGERPRINT = 80,
    EIDC_SCHEME_BYTES = 96,
};

/* ORDER: the offset of every 64th record. */
#define EIDC_ORDER_STEP 64u

/* Index: a header, then buckets of one cache line each. */
enum {
    EIDC_INDEX_SEED = 0,    /* u64 */
    EIDC_INDEX_BUCKETS = 8, /* u64 */
    EIDC_INDEX_KEYS = 16,   /* u64 */
    EIDC_INDEX_REACH = 24,  /* u64: a key is at most this many buckets behind its home */
    EIDC_INDEX_HEADER = 64,
    EIDC_BUCKET_BYTES = 64,
    EIDC_BUCKET_SLOTS = 12,
    EIDC_BUCKET_STATE = 12,   /* u32, after 12 u8 tags: flags and the slots in use */
    EIDC_BUCKET_OFFSETS = 16, /* 12 u32, in units */
};
/* State. Bit i of it: slot i has several. Forward: further records follow; reverse: the offset is
 * that of a posting list, in words of EIDC_POSTING_BYTES. */
#define EIDC_BUCKET_USED_ONE 0x1000u /* four bits: how many slots are in use */
#define EIDC_BUCKET_USED     0xf000u
#define EIDC_BUCKET_OVERFLOW 0x80000000u
/* A builder aims for 62.5 % load: 15 keys for two buckets. */
#define EIDC_LOAD_KEYS    15u
#define EIDC_LOAD_BUCKETS 2u
/* Slots and posting lists count in units of records: the smallest power of two of which there are
 * at most 2^EIDC_UNITS_BITS in the section. Records start at multiples of it. */
#ifndef EIDC_UNITS_BITS /* a test builds all of it with fewer */
#define EIDC_UNITS_BITS 32u
#endif
#define EIDC_UNIT_SHIFT_MAX 8u
#define EIDC_RECORDS_LIMIT  (UINT64_C(1) << (EIDC_UNITS_BITS + EIDC_UNIT_SHIFT_MAX))
#define EIDC_POSTING_BYTES  4u
/* Of the hash. No UTF-8 has these bytes. */
#define EIDC_HASH_A UINT64_C(0xe7037ed1a0b4ff1b)
#define EIDC_HASH_B UINT64_C(0xa0761dff78bd642f)
/* Text EIDs are hashed with this added to the seed: the two kinds are different keys. */
#define EIDC_TEXT_SEED (UINT64_C(1) << 63)

static inline uint16_t eidc_load16(const uint8_t *p)
{
    uint16_t v;
    memcpy(&v, p, sizeof v);
    return le16toh(v);
}

static inline uint32_t eidc_load32(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return le32toh(v);
}

static inline uint64_t eidc_load64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return le64toh(v);
}

static inline void eidc_store16(uint8_t *p, uint16_t v)
{
    v = htole16(v);
    memcpy(p, &v, sizeof v);
}

static inline void eidc_store32(uint8_t *p, uint32_t v)
{
    v = htole32(v);
    memcpy(p, &v, sizeof v);
}

static inline void eidc_store64(uint8_t *p, uint64_t v)
{
    v = htole64(v);
    memcpy(p, &v, sizeof v);
}

/* The unit of a records section of n bytes, as a power of two. */
static inline unsigned eidc_unit_shift(uint64_t n)
{
    unsigned shift = 0;
    while (n > UINT64_C(1) << (EIDC_UNITS_BITS + shift))
        shift++;
    return shift;
}

static inline uint64_t eidc_align64(uint64_t n)
{
    return (n + (EIDC_IMAGE_ALIGN - 1)) & ~(uint64_t)(EIDC_IMAGE_ALIGN - 1);
}

/* Varints: 7 bits a byte, the lowest first, the top bit set on all but the last; at most 5 bytes
 * and 33 bits. *p moves behind it; false when it does not end before `end`. */
static inline bool eidc_load_varint(const uint8_t **p, const uint8_t *end, uint64_t *out)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 35 && *p < end; shift += 7) {
        uint8_t byte = *(*p)++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *out = value;
            return true;
        }
    }
    return false;
}

static inline size_t eidc_varint_size(uint64_t v)
{
    size_t n = 1;
    for (; v >= 0x80; v >>= 7)
        n++;
    return n;
}

static inline uint8_t *eidc_store_varint(uint8_t *p, uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        *p++ = (uint8_t)(v | 0x80);
    *p++ = (uint8_t)v;
    return p;
}
