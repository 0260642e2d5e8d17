#pragma once
/* "Did you mean". */

/* The candidate that word is probably a misspelling of, or NULL. Ends at a NULL candidate. */
const char *eidc_nearest_name(const char *word, const char *const *candidates);
