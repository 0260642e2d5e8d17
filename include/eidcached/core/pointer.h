#pragma once
/*
 * CURRENT: the small JSON document of a store that names the newest image, and the layout's names:
 *   images/{number, 20 digits}-{id}.eidc[.zst]   CURRENT   eid_cache.json   summary.json
 */
#include "eidcached/base/buf.h"
#include "eidcached/base/err.h"
#include "eidcached/core/image.h"

#define EIDC_POINTER_KEY_MAX 128
#define EIDC_POINTER_MAX     4096 /* bytes of the document */

struct eidc_pointer {
    uint64_t number;
    char id[EIDC_IMAGE_ID_TEXT];
    char key[EIDC_POINTER_KEY_MAX]; /* relative to the store's prefix */
    uint64_t bytes;                 /* of the stored object (compressed, if it is) */
    uint8_t sha256[32];             /* of the stored object */
    uint64_t names;
    int64_t created_at_ms, refreshed_at_ms, verified_at_ms;
};

void eidc_pointer_write(const struct eidc_pointer *pointer, struct eidc_buf *out);
/* Errors: CORRUPT naming the field. The key is checked: under images/, no "..", this layout. */
bool eidc_pointer_read(struct eidc_str json, struct eidc_pointer *out, struct eidc_err *err);

/* Moves the times on to later ones, never back; one that is in the future by more than the clocks
 * of two machines differ (a minute) is wrong and gives way. Whether they moved. */
bool eidc_pointer_advance(struct eidc_pointer *pointer, int64_t refreshed_at_ms,
                          int64_t verified_at_ms);

/* "images/00000000000000000042-0123456789abcdef.eidc" (+ ".zst") */
void eidc_pointer_key(uint64_t number, const char *id, bool compressed,
                      char out[static EIDC_POINTER_KEY_MAX]);
/* The number in such a key ("images/" in front is optional); false if it is not one. */
bool eidc_pointer_key_number(struct eidc_str key, uint64_t *number);
