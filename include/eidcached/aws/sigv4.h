#pragma once
/*
 * AWS Signature Version 4, as named stages, pure: no clock, no I/O. One canonical path and query
 * serve the wire and the signature. Source: AWS General Reference, "Create a signed AWS API
 * request".
 */
#include "eidcached/base/buf.h"
#include "eidcached/base/digest.h"
#include "eidcached/net/http_client.h"

struct eidc_sigv4_param {
    struct eidc_str key, value; /* decoded bytes */
};

struct eidc_sigv4 {
    const char *method;
    const char *host;     /* as in the Host header, with the port if unusual */
    struct eidc_str path; /* decoded bytes, starts with '/' */
    bool path_encoded;    /* no: as it goes on the wire, for a segment with a '/' in it; not s3 */
    const struct eidc_sigv4_param *params;
    size_t param_count;
    const struct eidc_http_headers *headers; /* all are signed; without Host and X-Amz-Date */
    const char *payload_hash;                /* hex SHA-256, or "UNSIGNED-PAYLOAD" */
    const char *region, *service;            /* of the credential scope */
    bool s3; /* path encoded once, not normalised; else twice and normalised */
    int64_t unix_ms;
    const char *access_key, *secret_key;
    const char *session_token; /* NULL: none; sent and signed as X-Amz-Security-Token */
};

/* What goes on the wire: the path with each byte outside RFC 3986's unreserved set (and '/')
 * as %XX, and "?query" when there are parameters, in the order given. */
void eidc_sigv4_wire_target(const struct eidc_sigv4 *in, struct eidc_buf *out);

/* The stages. */
void eidc_sigv4_canonical_request(const struct eidc_sigv4 *in, struct eidc_buf *out);
void eidc_sigv4_string_to_sign(const struct eidc_sigv4 *in, struct eidc_str canonical_request,
                               struct eidc_buf *out);
void eidc_sigv4_signature(const struct eidc_sigv4 *in, struct eidc_str string_to_sign,
                          char hex[static 2 * EIDC_SHA256_BYTES + 1]);

/* All of it: adds X-Amz-Date, X-Amz-Security-Token and Authorization to *headers, which must be
 * the very headers that in->headers points to. False: no room for them. */
bool eidc_sigv4_sign(const struct eidc_sigv4 *in, struct eidc_http_headers *headers);
