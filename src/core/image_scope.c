#include "eidcached/core/image_parts.h"

/* Text number i (2 for each scope: source, name) lies between offsets i and i + 1. */
static bool scope_text(const struct eidc_image *image, uint64_t i, struct eidc_str *out)
{
    const struct eidc_part *part = &image->part[EIDC_SECTION_SCOPES];
    uint64_t offsets = 4 * (2 * (uint64_t)image->info.scopes + 1);
    uint32_t from = eidc_load32(part->p + 4 * i), to = eidc_load32(part->p + 4 * (i + 1));
    if (from > to || to > part->n - offsets)
        return false;
    *out = (struct eidc_str){(const char *)part->p + offsets + from, to - from};
    return true;
}

bool eidc_image_scope(const struct eidc_image *image, uint32_t index, struct eidc_scope *out)
{
    struct eidc_scope scope;
    if (index >= image->info.scopes || !scope_text(image, 2 * (uint64_t)index, &scope.source) ||
        !scope_text(image, 2 * (uint64_t)index + 1, &scope.name))
        return false;
    const uint8_t *state = image->part[EIDC_SECTION_STATE].p;
    scope.as_of_ms = (int64_t)eidc_load64(state + 8 * (size_t)index);
    *out = scope;
    return true;
}

uint32_t eidc_image_find_scope(const struct eidc_image *image, struct eidc_str source,
                               struct eidc_str name)
{
    uint32_t low = 0, high = image->info.scopes;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        struct eidc_scope scope;
        if (!eidc_image_scope(image, middle, &scope))
            return UINT32_MAX;
        int order = eidc_str_cmp(scope.source, source);
        if (order == 0)
            order = eidc_str_cmp(scope.name, name);
        if (order == 0)
            return middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return UINT32_MAX;
}

size_t eidc_image_scope_set(const struct eidc_image *image, uint32_t scope_set, uint32_t *out,
                            size_t max)
{
    if (scope_set < image->info.scopes) {
        if (max > 0)
            out[0] = scope_set;
        return 1;
    }
    uint32_t set = scope_set - image->info.scopes;
    if (set >= image->scope_sets)
        return 0;
    const struct eidc_part *part = &image->part[EIDC_SECTION_SCOPE_SETS];
    uint64_t offsets = 4 * ((uint64_t)image->scope_sets + 1), members = (part->n - offsets) / 4;
    uint32_t from = eidc_load32(part->p + 4 * (uint64_t)set);
    uint32_t to = eidc_load32(part->p + 4 * ((uint64_t)set + 1));
    if (from > to || to > members)
        return 0;
    for (uint32_t i = from; i < to; i++) {
        uint32_t scope = eidc_load32(part->p + offsets + 4 * (uint64_t)i);
        if (scope >= image->info.scopes)
            return 0;
        if (i - from < max)
            out[i - from] = scope;
    }
    return to - from;
}
