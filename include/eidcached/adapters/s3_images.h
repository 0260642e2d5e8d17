#pragma once
/* The immutable images of an S3 store: put, fetch, keep the newest. For store_s3.c. */
#include "eidcached/aws/s3.h"
#include "eidcached/core/image.h"
#include "eidcached/core/pointer.h"

struct eidc_s3_place {
    struct eidc_s3 s3;
    const char *prefix; /* "" or "a/b/" */
};

/* Uploads the image and fills *out but for the two refresh times. An object that is there already
 * under this key is taken when it is the same generation, even if its bytes differ (another
 * created_at): *out then describes that one. */
bool eidc_s3_images_put(struct eidc_s3_place *place, const struct eidc_image *image, bool compress,
                        struct eidc_pointer *out, struct eidc_err *err);

/* Fetches what the pointer names and checks it: length, SHA-256, the image's own hash, number and
 * id. NOT_FOUND: no such object. CORRUPT: it is not what was promised. */
bool eidc_s3_images_fetch(const struct eidc_s3_place *place, const struct eidc_pointer *pointer,
                          struct eidc_image **out, struct eidc_err *err);

/* The newest good image with a number below `below` (0: any), damaged ones skipped with a warning.
 * Its times are its created_at: when it was last confirmed is not known. NOT_FOUND: none. */
bool eidc_s3_images_fetch_older(const struct eidc_s3_place *place, uint64_t below,
                                struct eidc_image **out, struct eidc_pointer *pointer,
                                struct eidc_err *err);

/* Deletes all but the `keep` newest (0: deletes none), never current_key. Failures are logged:
 * they cost space, not data. */
void eidc_s3_images_retain(const struct eidc_s3_place *place, unsigned keep,
                           const char *current_key);
