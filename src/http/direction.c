#include "eidcached/http/direction.h"

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
