#pragma once
/* A page in XML as the tree that the same page would be in JSON. For listing.c. */
#include "eidcached/aws/listing.h"

/* What the row's list path leads to becomes an array; elements directly below the root and directly
 * below an element of the list become string members; all else is left out. *out is the caller's:
 * cJSON_Delete. Errors: CORRUPT. */
bool eidc_listing_xml(const struct eidc_listing *row, struct eidc_str body, cJSON **out,
                      struct eidc_err *err);
