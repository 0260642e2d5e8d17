#pragma once
/* docs/openapi.json as it is built in by cmake/EidcEmbed.cmake. */
#include <stddef.h>

extern const unsigned char eidc_openapi[];
extern const size_t eidc_openapi_size;
extern const char eidc_openapi_etag[]; /* quoted; of the document */
