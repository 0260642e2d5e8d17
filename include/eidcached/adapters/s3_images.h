#pragma once
/* The immutable images of an S3 store: put, fetch, keep the newest. For store_s3.c. */
#include "eidcached/aws/s3.h"
#include "eidcached/core/image.h"
#include "eidcached/core/pointer.h"

struct eidc_s3_place {
    struct eidc_s3 s3;
    const char *prefix; /* "" or "a/b/" */
};

/* An image on its way. */
struct eidc_s3_sending {
    struct eidc_pointer pointer; /* what CURRENT will say, but for the two refresh times */
    char *key;
    struct eidc_buf compressed;
};
/* Fills *out and *upload, which uses it. The image must outlive both. */
bool eidc_s3_images_prepare(const struct eidc_s3_place *place, const struct eidc_image *image,
                            bool compress, struct eidc_s3_sending *out,
                            struct eidc_s3_upload *upload, struct eidc_err *err);
/* After eidc_s3_put_all. An object that was there already under this key is taken when it is the
 * same generation, even if its bytes differ (another created_at): out->pointer then describes that
 * one. When it is damaged, it is replaced. */
bool eidc_s3_images_settle(struct eidc_s3_place *place, struct eidc_s3_sending *sending,
                           struct eidc_s3_upload *upload, struct eidc_err *err);
void eidc_s3_sending_free(struct eidc_s3_sending *sending);
#define EIDC_S3_SENDING_AUTO __attribute__((cleanup(eidc_s3_sending_free))) struct eidc_s3_sending

/* False: the object is not there, or of another length. True also when it cannot be told. One
 * request, without the object. */
bool eidc_s3_images_has(const struct eidc_s3_place *place, const struct eidc_pointer *pointer);

/* Number and id of the newest image, by its key; number 0: there is none. */
bool eidc_s3_images_newest(const struct eidc_s3_place *place, uint64_t *number,
                           char id[static EIDC_IMAGE_ID_TEXT], struct eidc_err *err);

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
