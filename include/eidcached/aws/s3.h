#pragma once
/*
 * The four S3 calls a snapshot store needs, each waited for. Objects are whole in memory (a
 * single PUT, up to 5 GiB). ETags are opaque and keep their quotes. Keys are any UTF-8.
 */
#include "eidcached/aws/call.h"

struct eidc_s3 {
    struct eidc_aws *aws;          /* borrowed */
    struct eidc_aws_target target; /* service "s3"; borrowed strings */
    const char *bucket;
    enum eidc_s3_addressing addressing; /* AUTO: path style for custom endpoints and dotted names */
    bool checksum_sha256;               /* send x-amz-checksum-sha256 with every PUT */
    const char *kms_key;                /* NULL: none */
    const char *expected_owner;         /* NULL: none */
    size_t max_object;                  /* bytes a GET may bring; 0: none */
    bool etag_bare; /* learnt: this server compares If-Match without the quotes */
};

#define EIDC_ETAG_MAX 160

enum eidc_s3_condition { EIDC_S3_ALWAYS, EIDC_S3_IF_ABSENT, EIDC_S3_IF_MATCH };

/* if_none_match: an ETag or NULL. *modified is false on 304 (body untouched).
 * NOT_FOUND: no such key. NoSuchBucket is INVALID. etag receives the object's. */
bool eidc_s3_get(const struct eidc_s3 *s3, const char *key, const char *if_none_match,
                 bool *modified, struct eidc_buf *body, char etag[static EIDC_ETAG_MAX],
                 struct eidc_err *err);
/* CONFLICT: the condition did not hold (412), also after 409 was tried again. etag (of the
 * condition in, when IF_MATCH; of the new object out, "" when the server names none). An answer
 * that was lost and found by the retry to be our own write counts as success only when `body`
 * equals what is stored. */
bool eidc_s3_put(struct eidc_s3 *s3, const char *key, struct eidc_str body,
                 const char *content_type, enum eidc_s3_condition condition,
                 char etag[static EIDC_ETAG_MAX], struct eidc_err *err);
bool eidc_s3_delete(const struct eidc_s3 *s3, const char *key, struct eidc_err *err);
/* All keys under prefix, in order, pages followed. */
typedef bool eidc_s3_key(void *arg, struct eidc_str key, struct eidc_err *err);
bool eidc_s3_list(const struct eidc_s3 *s3, const char *prefix, eidc_s3_key *each, void *arg,
                  struct eidc_err *err);
