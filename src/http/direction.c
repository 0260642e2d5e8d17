#include "eidcached/http/direction.h"

#include "eidcached/base/json.h"

#define PIECE(text)                                                                                \
    {                                                                                              \
        text, sizeof(text) - 1                                                                     \
    }

const struct eidc_direction_row eidc_directions[2] = {
    [EIDC_FORWARD] = {"name", PIECE("{\"name\":"), PIECE(",\"eid\":"), PIECE(",\"eids\":["),
                      eidc_image_forward, eidc_image_forward_many},
    [EIDC_REVERSE] = {"eid", PIECE("{\"eid\":"), PIECE(",\"name\":"), PIECE(",\"names\":["),
                      eidc_image_reverse, eidc_image_reverse_many},
};

void eidc_direction_open(enum eidc_direction direction, struct eidc_str key, struct eidc_str value,
                         struct eidc_buf *out)
{
    const struct eidc_direction_row *words = &eidc_directions[direction];
    eidc_buf_add_str(out, words->open_key);
    eidc_json_quote(out, key);
    eidc_buf_add_str(out, words->before_value);
    if (value.p == NULL)
        eidc_buf_add_str(out, EIDC_STR("null"));
    else
        eidc_json_quote(out, value);
}

bool eidc_hit_next(struct eidc_hits *hits, enum eidc_direction direction, struct eidc_hit *hit,
                   struct eidc_str *value)
{
    if (!eidc_hits_next(hits, &hit->record))
        return false;
    *value = direction == EIDC_REVERSE
                 ? hit->record.name
                 : (struct eidc_str){hit->eid,
                                     eidc_record_print_eid(hits->image, &hit->record, hit->eid)};
    return true;
}
