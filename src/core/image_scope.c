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

static int scope_cmp(const struct eidc_scope *scope, struct eidc_str source, struct eidc_str name)
{
    int order = eidc_str_cmp(scope->source, source);
    return order != 0 ? order : eidc_str_cmp(scope->name, name);
}

uint32_t eidc_image_seek_scope(const struct eidc_image *image, struct eidc_str source,
                               struct eidc_str name)
{
    uint32_t low = 0, high = image->info.scopes;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        struct eidc_scope scope;
        if (!eidc_image_scope(image, middle, &scope))
            return UINT32_MAX;
        if (scope_cmp(&scope, source, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

uint32_t eidc_image_find_scope(const struct eidc_image *image, struct eidc_str source,
                               struct eidc_str name)
{
    struct eidc_scope scope;
    uint32_t at = eidc_image_seek_scope(image, source, name);
    return eidc_image_scope(image, at, &scope) && scope_cmp(&scope, source, name) == 0 ? at
                                                                                       : UINT32_MAX;
}

/* Set i of those that several records share. */
static struct eidc_scope_cursor shared_set(const struct eidc_image *image, uint32_t i)
{
    const struct eidc_scope_cursor none = {0};
    if (i >= image->scope_sets)
        return none;
    const struct eidc_part *part = &image->part[EIDC_SECTION_SCOPE_SETS];
    uint64_t offsets = 4 * ((uint64_t)image->scope_sets + 1), members = (part->n - offsets) / 4;
    uint32_t from = eidc_load32(part->p + 4 * (uint64_t)i);
    uint32_t to = eidc_load32(part->p + 4 * ((uint64_t)i + 1));
    if (from > to || to > members || to - from > image->info.scopes)
        return none;
    const uint8_t *first = part->p + offsets + 4 * (uint64_t)from;
    for (uint32_t k = 0; k < to - from; k++)
        if (eidc_load32(first + 4 * (uint64_t)k) >= image->info.scopes)
            return none;
    return (struct eidc_scope_cursor){.at = first, .left = to - from};
}

struct eidc_scope_cursor eidc_record_scopes(const struct eidc_image *image,
                                            const struct eidc_record *record)
{
    if (record->scope_set < image->info.scopes)
        return (struct eidc_scope_cursor){.only = record->scope_set, .left = 1};
    return shared_set(image, record->scope_set - image->info.scopes);
}

bool eidc_scope_cursor_next(struct eidc_scope_cursor *cursor, uint32_t *out)
{
    if (cursor->left == 0)
        return false;
    cursor->left--;
    *out = cursor->only;
    if (cursor->at != NULL) {
        *out = eidc_load32(cursor->at);
        cursor->at += 4;
    }
    return true;
}
