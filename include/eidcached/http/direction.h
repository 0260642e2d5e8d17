#pragma once
/* What differs between the two directions of a look-up. */
#include "eidcached/core/image.h"

enum eidc_direction { EIDC_FORWARD, EIDC_REVERSE };

struct eidc_direction_row {
    const char *key; /* the query parameter, and what it is called in a problem */
    struct eidc_str open_key, before_value, before_values; /* of an answer's members, as JSON */
    bool (*find)(const struct eidc_image *image, struct eidc_str key, struct eidc_hits *hits);
    void (*find_many)(const struct eidc_image *image, const struct eidc_str *keys, size_t n,
                      struct eidc_hits *hits);
};
extern const struct eidc_direction_row eidc_directions[2];

/* {"name":KEY,"eid":VALUE or the other way round, left open: more members may follow. value.p NULL:
 * a miss, null. */
void eidc_direction_open(enum eidc_direction direction, struct eidc_str key, struct eidc_str value,
                         struct eidc_buf *out);

/* A hit, with room for its EID as text. */
struct eidc_hit {
    struct eidc_record record;
    char eid[EIDC_EID_TEXT_MAX];
};
/* False: no more. The value is valid as long as the hit and the image are. */
bool eidc_hit_next(struct eidc_hits *hits, enum eidc_direction direction, struct eidc_hit *hit,
                   struct eidc_str *value);
