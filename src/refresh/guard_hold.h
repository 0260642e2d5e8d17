#pragma once
/* Of the guard (guard.c). */
#include "eidcached/refresh/guard.h"

/* The candidate with n entries of the generation before put back. Scopes that hold some of them
 * keep their old as_of. */
bool eidc_guard_hold(const struct eidc_generation *before, const struct eidc_image *candidate,
                     const struct eidc_record *held, size_t n,
                     const struct eidc_build_options *build, struct eidc_image **out,
                     struct eidc_err *err);
