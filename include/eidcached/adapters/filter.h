#pragma once
/* include and exclude: glob patterns (fnmatch(3), no flags, bytes) on the name. A name passes when
 * it matches an include (or there is none) and no exclude. What is too long to be a name passes, so
 * that whoever adds it says so. */
#include "eidcached/base/buf.h"

struct eidc_filter {
    char **include, **exclude; /* owned by the configuration */
    size_t include_count, exclude_count;
};
bool eidc_filter_passes(const struct eidc_filter *filter, struct eidc_str name);
