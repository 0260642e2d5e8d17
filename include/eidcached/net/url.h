#pragma once
/* An absolute http or https URL in its parts. Strict: what passes here means the same to every
 * other parser. No user, no fragment, nothing outside printable ASCII, no backslash. */
#include "eidcached/base/buf.h"

struct eidc_url {
    bool https;
    struct eidc_str authority; /* host, and ":port" when there is one */
    struct eidc_str host;      /* IPv6 addresses with their brackets */
    uint16_t port;             /* the scheme's own when none is given */
    struct eidc_str path;      /* with the query; empty, or starts with '/' or '?' */
};

/* Views into url. False: not such a URL, *out untouched. */
bool eidc_url_split(const char *url, struct eidc_url *out);
