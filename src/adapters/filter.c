#include "eidcached/adapters/filter.h"

#include <fnmatch.h>

#include "eidcached/base/name.h"

static bool matches_any(char *const *patterns, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (fnmatch(patterns[i], name, 0) == 0)
            return true;
    return false;
}

bool eidc_filter_passes(const struct eidc_filter *filter, struct eidc_str name)
{
    char text[EIDC_NAME_MAX + 1]; /* fnmatch wants a NUL behind it */
    if (filter->include_count == 0 && filter->exclude_count == 0)
        return true;
    if (name.n > EIDC_NAME_MAX)
        return true; /* not a name: whoever adds it says so, instead of silence here */
    memcpy(text, name.p, name.n);
    text[name.n] = '\0';
    return (filter->include_count == 0 ||
            matches_any(filter->include, filter->include_count, text)) &&
           !matches_any(filter->exclude, filter->exclude_count, text);
}
