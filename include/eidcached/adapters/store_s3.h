#pragma once
/*
 * Snapshots under s3://BUCKET/PREFIX: section 9's layout, CURRENT replaced with If-Match. Some
 * servers compare If-Match without the quotes: recognised at the first 412 whose ETag is the one
 * we sent, and served from then on.
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
    size_t max_object;
};

/* Resolves region, endpoint and credentials; asks nothing of S3 yet. Options' strings must outlive
 * the store. */
bool eidc_store_s3_new(const struct eidc_store_s3_options *options, struct eidc_aws *aws,
                       struct eidc_store **out, struct eidc_err *err);
