#pragma once
/*
 * Snapshots under s3://BUCKET/PREFIX: pointer.h's layout, CURRENT replaced with If-Match. Some
 * servers compare If-Match without the quotes: recognised at the first 412 whose ETag is the one
 * we sent, and served from then on.
 *
 * A save sends the image and the documents side by side, then CURRENT. A damaged CURRENT is
 * replaced by an image that is newer than the newest key under images/, or the same. Whether the
 * image that CURRENT names is still there is asked by HEAD when a save or touch would only move
 * times, and at most once an hour for an image that this process sent, loaded or asked for itself;
 * one that is missing, or that a load found damaged, is sent again.
 */
#include "eidcached/aws/s3.h"
#include "eidcached/core/store.h"

struct eidc_store_s3_options {
    const char *url; /* s3://BUCKET/PREFIX */
    unsigned keep;
    bool compress, checksum_sha256;
    const char *kms_key, *expected_owner;
    enum eidc_s3_addressing addressing;
    struct eidc_aws_settings aws;
};

/* Resolves region, endpoint and credentials; asks nothing of S3 yet. Options' strings must outlive
 * the store. */
bool eidc_store_s3_new(const struct eidc_store_s3_options *options, struct eidc_aws *aws,
                       struct eidc_store **out, struct eidc_err *err);
