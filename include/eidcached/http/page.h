#pragma once
/* The page at / as it is built from src/http/page/ by cmake/EidcPage.cmake: one document that
 * asks for nothing but this server's own API, and a policy that lets it do nothing else. */
#include <stddef.h>

extern const unsigned char eidc_page_document[];
extern const size_t eidc_page_document_size;
extern const char eidc_page_policy[]; /* Content-Security-Policy: the hashes of its two blocks */
extern const char eidc_page_etag[];   /* quoted; of the document */
