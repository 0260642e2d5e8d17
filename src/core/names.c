#include "eidcached/core/names.h"

#include "eidcached/base/name.h"
#include "eidcached/core/eid.h"
#include "eidcached/core/image_format.h"

static bool check(struct eidc_str name, struct eidc_str eid, struct eidc_err *err)
{
    const char *problem = eidc_name_problem(name);
    if (problem != NULL)
        return eidc_fail(err, EIDC_ERR_INVALID, "name %s", problem);
    if (eid.n > EIDC_EID_TEXT_MAX)
        return eidc_fail(err, EIDC_ERR_INVALID, "EID of %zu bytes; at most %d", eid.n,
                         EIDC_EID_TEXT_MAX);
    problem = eid.n > 0 ? eidc_name_problem(eid) : NULL;
    if (problem != NULL)
        return eidc_fail(err, EIDC_ERR_INVALID, "EID %s", problem);
    return true;
}

bool eidc_names_add(struct eidc_names *names, struct eidc_str name, struct eidc_str eid,
                    struct eidc_err *err)
{
    if (!check(name, eid, err))
        return false;
    size_t size = EIDC_PACKED_HEAD + name.n + eid.n;
    size_t limit = names->packed.limit;
    char *to = eidc_buf_reserve(&names->packed, size);
    if (to == NULL && limit > 0 && names->packed.n + size > limit)
        return eidc_fail(err, EIDC_ERR_LIMIT, "names of more than %zu bytes", limit);
    if (to == NULL)
        return eidc_fail(err, EIDC_ERR_NOMEM, "no memory for %zu bytes of names",
                         names->packed.n + size);
    eidc_store16((uint8_t *)to, (uint16_t)name.n);
    to[2] = (char)eid.n;
    memcpy(to + EIDC_PACKED_HEAD, name.p, name.n);
    if (eid.n > 0)
        memcpy(to + EIDC_PACKED_HEAD + name.n, eid.p, eid.n);
    eidc_buf_commit(&names->packed, size);
    names->count++;
    return true;
}

bool eidc_names_next(const struct eidc_names *names, size_t *at, struct eidc_str *name,
                     struct eidc_str *eid)
{
    size_t left = names->packed.n - *at;
    if (*at > names->packed.n || left < EIDC_PACKED_HEAD)
        return false;
    const char *p = names->packed.p + *at;
    size_t name_size = eidc_load16((const uint8_t *)p), eid_size = (uint8_t)p[2];
    if (EIDC_PACKED_HEAD + name_size + eid_size > left)
        return false;
    *name = (struct eidc_str){p + EIDC_PACKED_HEAD, name_size};
    *eid = (struct eidc_str){p + EIDC_PACKED_HEAD + name_size, eid_size};
    *at += EIDC_PACKED_HEAD + name_size + eid_size;
    return true;
}

void eidc_names_free(struct eidc_names *names)
{
    eidc_buf_free(&names->packed);
    names->count = 0;
}
