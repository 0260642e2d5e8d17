/* Putting the entries that are held back: the candidate, and they. */
#include "guard_hold.h"
#include "eidcached/base/mem.h"

struct merge {
    const struct eidc_generation *before;
    struct eidc_builder *builder;
    bool *unconfirmed; /* scopes of the image before that hold some of the entries */
};

static void mark_scopes(struct merge *m, const struct eidc_record *record)
{
    struct eidc_scope_cursor scopes = eidc_record_scopes(m->before->image, record);
    uint32_t scope;

    while (eidc_scope_cursor_next(&scopes, &scope))
        m->unconfirmed[scope] = true;
}

static bool put_back(struct merge *m, const struct eidc_record *record, struct eidc_err *err)
{
    struct eidc_scope_cursor scopes = eidc_record_scopes(m->before->image, record);
    uint32_t at;

    while (eidc_scope_cursor_next(&scopes, &at)) {
        struct eidc_scope s;
        if (!eidc_image_scope(m->before->image, at, &s))
            continue;
        /* the builder keeps the newest as_of it hears of, and this one is the oldest */
        uint32_t handle =
            eidc_builder_scope(m->builder, s.source, s.name, atomic_load(&m->before->as_of[at]));
        if (!eidc_builder_carry(m->builder, handle, record, err))
            return false;
    }
    return true;
}

static int64_t scope_as_of(const struct merge *m, const struct eidc_scope *s)
{
    uint32_t at = eidc_image_find_scope(m->before->image, s->source, s->name);

    return at != UINT32_MAX && m->unconfirmed[at] ? atomic_load(&m->before->as_of[at])
                                                  : s->as_of_ms;
}

static bool copy_candidate(struct merge *m, const struct eidc_image *candidate,
                           struct eidc_err *err)
{
    uint32_t scopes = eidc_image_info(candidate)->scopes;
    uint32_t *handles EIDC_AUTO_FREE = eidc_xcalloc(scopes + 1u, sizeof *handles);

    for (uint32_t i = 0; i < scopes; i++) {
        struct eidc_scope s;
        if (!eidc_image_scope(candidate, i, &s))
            return eidc_fail(err, EIDC_ERR_CORRUPT, "the candidate image lacks scope %u", i);
        handles[i] = eidc_builder_scope(m->builder, s.source, s.name, scope_as_of(m, &s));
    }
    return eidc_builder_carry_all(m->builder, candidate, handles, err);
}

static bool merge(struct merge *m, const struct eidc_image *candidate,
                  const struct eidc_record *held, size_t n, struct eidc_image **out,
                  struct eidc_err *err)
{
    const struct eidc_image_info *info = eidc_image_info(candidate);

    for (size_t i = 0; i < n; i++)
        mark_scopes(m, &held[i]);
    if (!copy_candidate(m, candidate, err))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!put_back(m, &held[i], err))
            return false;
    return eidc_builder_finish(m->builder, info->number, info->created_at_ms, out, err);
}

bool eidc_guard_hold(const struct eidc_generation *before, const struct eidc_image *candidate,
                     const struct eidc_record *held, size_t n,
                     const struct eidc_build_options *build, struct eidc_image **out,
                     struct eidc_err *err)
{
    const uint32_t scopes = eidc_image_info(before->image)->scopes;
    bool *unconfirmed EIDC_AUTO_FREE = eidc_xcalloc(scopes + 1u, sizeof *unconfirmed);
    struct merge m = {before, NULL, unconfirmed};

    bool ok = eidc_builder_new(build, &m.builder, err) && merge(&m, candidate, held, n, out, err);
    eidc_builder_free(m.builder);
    return ok || eidc_wrap(err, "holding removals");
}
