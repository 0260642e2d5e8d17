#pragma once
/*
 * The S3 calls a snapshot store needs, each waited for. Objects are whole in memory (a single
 * PUT, up to 5 GiB), unless they are made while they are sent; their transfer may take as long as
 * it needs, as long as it does not stand still for the target's timeout_ms. A bucket in another
 * region of the partition than the target's is asked for there, once it said so for good; a custom
 * endpoint keeps its host and is only signed for that region. ETags are opaque and keep their
 * quotes. Keys are any UTF-8.
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
    bool etag_bare; /* learnt: this server compares If-Match without the quotes */
};

#define EIDC_ETAG_MAX 160

enum eidc_s3_condition { EIDC_S3_ALWAYS, EIDC_S3_IF_ABSENT, EIDC_S3_IF_MATCH };

/* if_none_match: an ETag or NULL. *modified is false on 304 (body untouched). max: bytes it may
 * have, else LIMIT. NOT_FOUND: no such key. NoSuchBucket is INVALID. etag receives the object's. */
bool eidc_s3_get(const struct eidc_s3 *s3, const char *key, const char *if_none_match, size_t max,
                 bool *modified, struct eidc_buf *body, char etag[static EIDC_ETAG_MAX],
                 struct eidc_err *err);
/* How many bytes an object has, by HEAD. NOT_FOUND: no such key, or no such bucket. */
bool eidc_s3_size(const struct eidc_s3 *s3, const char *key, uint64_t *bytes, struct eidc_err *err);

struct eidc_s3_upload {
    const char *key, *content_type;
    struct eidc_str body;
    /* In its place, where the condition is ALWAYS; then hashed. */
    const struct eidc_http_body *made;
    uint8_t sha256[EIDC_SHA256_BYTES]; /* of the body */
    bool hashed;                       /* sha256 is known already; else it is filled */
    enum eidc_s3_condition condition;
    char etag[EIDC_ETAG_MAX]; /* in: of the condition, when IF_MATCH; out, when ok: of the new
                               * object, "" when the server names none */
    /* out */
    bool ok;
    struct eidc_err err;
    struct eidc_buf found; /* CONFLICT: what is stored there, if it is not much longer than body;
                            * the caller frees it */
};

/* All at once. CONFLICT: the condition did not hold (412), also after 409 was tried again. An
 * answer may be lost, and the request sent again, unseen by us: whenever a condition is said not
 * to hold, what is stored is read, and counts as our own write when it equals `body`. Writers
 * whose documents must not be taken for each other's put their name into them. */
void eidc_s3_put_all(struct eidc_s3 *s3, struct eidc_s3_upload *uploads, size_t n);
/* One of them. */
bool eidc_s3_put(struct eidc_s3 *s3, const char *key, struct eidc_str body,
                 const char *content_type, enum eidc_s3_condition condition,
                 char etag[static EIDC_ETAG_MAX], struct eidc_err *err);
bool eidc_s3_delete(const struct eidc_s3 *s3, const char *key, struct eidc_err *err);
/* All keys under prefix, in order, pages followed; bytes: UINT64_MAX when the server says none. A
 * server that never comes to an end is CORRUPT. */
#define EIDC_S3_LIST_PAGES 1000 /* a million keys */
typedef bool eidc_s3_key(void *arg, struct eidc_str key, uint64_t bytes, struct eidc_err *err);
bool eidc_s3_list(const struct eidc_s3 *s3, const char *prefix, eidc_s3_key *each, void *arg,
                  struct eidc_err *err);
