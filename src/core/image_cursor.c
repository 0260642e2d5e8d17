#include "eidcached/core/image_parts.h"

bool eidc_record_at_slow(const struct eidc_records *records, uint64_t at, struct eidc_record *out,
                         uint64_t *next)
{
    const uint8_t *p = records->p + at, *end = records->p + records->n;
    uint64_t name_size, set_and_kind;
    return eidc_load_varint(&p, end, &name_size) && eidc_load_varint(&p, end, &set_and_kind) &&
           eidc_record_rest(records, p, name_size, set_and_kind, out, next);
}

struct eidc_cursor eidc_image_begin(const struct eidc_image *image)
{
    return (struct eidc_cursor){.image = image, .at = 0, .left = image->info.entries};
}

bool eidc_cursor_next(struct eidc_cursor *cursor, struct eidc_record *out)
{
    uint64_t next;
    if (cursor->left == 0)
        return false;
    if (!eidc_record_at(&cursor->image->records, cursor->at, out, &next)) {
        cursor->left = 0;
        return false;
    }
    cursor->at = next;
    cursor->left--;
    return true;
}

/* Is the name of the record at this step of the order index less than `name`? */
static bool step_is_before(const struct eidc_image *image, uint64_t step, struct eidc_str name)
{
    uint64_t at = eidc_load64(image->part[EIDC_SECTION_ORDER].p + 8 * step), next;
    struct eidc_record record;
    return eidc_record_at(&image->records, at, &record, &next) &&
           eidc_str_cmp(record.name, name) < 0;
}

struct eidc_cursor eidc_image_seek(const struct eidc_image *image, struct eidc_str name)
{
    uint64_t low = 0, high = image->part[EIDC_SECTION_ORDER].n / 8;
    while (low < high) { /* the first step that is not before name */
        uint64_t middle = low + (high - low) / 2;
        if (step_is_before(image, middle, name))
            low = middle + 1;
        else
            high = middle;
    }
    struct eidc_cursor cursor = eidc_image_begin(image);
    if (low == 0)
        return cursor;
    cursor.at = eidc_load64(image->part[EIDC_SECTION_ORDER].p + 8 * (low - 1));
    cursor.left -= (low - 1) * EIDC_ORDER_STEP;
    struct eidc_cursor ahead = cursor;
    struct eidc_record record;
    for (unsigned i = 0; i < EIDC_ORDER_STEP; i++) {
        if (!eidc_cursor_next(&ahead, &record) || eidc_str_cmp(record.name, name) >= 0)
            break;
        cursor = ahead;
    }
    return cursor;
}
