#pragma once
/* What request headers ask for (RFC 9110 sections 12.5 and 13.1.2, RFC 9111 section 5.2.1).
 * Pure. A header that is not there is a view with p == NULL. */
#include "eidcached/base/buf.h"

enum eidc_media { EIDC_MEDIA_JSON, EIDC_MEDIA_TEXT, EIDC_MEDIA_OTHER };

/* Which of JSON and text an Accept header prefers; `otherwise` when it prefers neither, or
 * accepts neither (we never answer 406). */
enum eidc_media eidc_accept(struct eidc_str accept, enum eidc_media otherwise);

/* Whether HTML is asked for rather than text; curl and the like, with any type, do not. */
bool eidc_prefers_html(struct eidc_str accept);

/* Whether an Accept-Encoding header names gzip, or any encoding, and not with the weight 0. */
bool eidc_accepts_gzip(struct eidc_str accept_encoding);

/* Of a Content-Type; parameters are ignored, but a charset other than UTF-8 is OTHER. */
enum eidc_media eidc_content_media(struct eidc_str content_type);

/* Whether If-None-Match names this ETag (quoted), weakly compared, or is "*". */
bool eidc_none_match(struct eidc_str if_none_match, struct eidc_str etag);

/* The least max-age of a Cache-Control header; false: none. */
bool eidc_max_age(struct eidc_str cache_control, uint64_t *seconds);
