#pragma once
/* A document that is built in, by cmake/EidcEmbed.cmake: as it is, and as gzip -9 makes it. */
#include "eidcached/http/http_request.h"

struct eidc_encoded {
    const unsigned char *bytes;
    size_t size;
    const char *etag; /* quoted; of these bytes */
};

struct eidc_constant {
    struct eidc_encoded plain, gzip;
};

/* 200 with the document, compressed for who takes that, or 304. The caller sets further headers,
 * Vary among them. */
void eidc_answer_constant(struct eidc_request *r, const struct eidc_constant *constant,
                          const char *content_type);
