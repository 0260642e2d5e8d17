#pragma once
/* The page at / as it is built from src/http/page/ by cmake/EidcPage.cmake: one document that
 * asks for nothing but this server's own API, and a policy that lets it do nothing else. */
#include "eidcached/http/constant.h"

extern const struct eidc_constant eidc_page;
extern const char eidc_page_policy[]; /* Content-Security-Policy: the hashes of its two blocks */
