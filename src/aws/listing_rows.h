#pragma once
/* What the files with the rows share. */
#include "eidcached/aws/listing.h"

struct eidc_listing_rows {
    const struct eidc_listing *rows;
    size_t count;
};
/* Data stores and catalogs; an organization's accounts, keys, secrets and settings; what runs and
 * what is sent. */
extern const struct eidc_listing_rows eidc_listing_rows_data, eidc_listing_rows_account,
    eidc_listing_rows_compute;

#define ROWS(array)                                                                                \
    {                                                                                              \
        array, sizeof(array) / sizeof((array)[0])                                                  \
    }

/* Tokens of one name both ways, and pages of `most`. */
#define PAGES(token, key, most)                                                                    \
    .token_in = (token), .token_out = (token), .limit_key = (key), .limit = (most)
/* The same without a limit. */
#define TOKENS(token) .token_in = (token), .token_out = (token)
/* A row whose names stand for themselves. */
#define NAMED(field) .own_field = (field), .default_name = "{" field "}"
