#pragma once
/* Which scopes of a source failed in a round, and why: the first few, for people who read
 * /v1/status. How many there are in all is counted elsewhere. */
#include "eidcached/base/json.h"
#include "eidcached/core/current.h"

#define EIDC_SCOPE_FAILURES 8

struct eidc_scope_failure {
    char *scope; /* or the beginning of several that failed as one; "" is all */
    bool several;
    char *error;
    int64_t verified_at_ms; /* the oldest of what is kept; 0: nothing is */
};

struct eidc_scope_failures {
    struct eidc_scope_failure at[EIDC_SCOPE_FAILURES];
    size_t n;
};

/* One more, if there is room. */
void eidc_scope_failures_add(struct eidc_scope_failures *f, struct eidc_str scope, bool several,
                             const char *error);
/* Takes the ages from the generation that is served, which may be NULL. */
void eidc_scope_failures_date(struct eidc_scope_failures *f, const struct eidc_generation *g,
                              const char *source);
/* The member "failing_scopes" of an open object. */
void eidc_scope_failures_write(const struct eidc_scope_failures *f, struct eidc_json *j);
void eidc_scope_failures_free(struct eidc_scope_failures *f); /* leaves it empty */
