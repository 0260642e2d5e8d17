#include "eidcached/refresh/tally.h"

#include "eidcached/base/mem.h"

#define NOBODY SIZE_MAX

/* The index of the scope's source, or NOBODY. */
static size_t owner_of(const struct eidc_scope *scope, struct eidc_source *const *sources,
                       size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (eidc_str_eq(scope->source, eidc_str_of(sources[i]->name)))
            return i;
    return NOBODY;
}

static void add_scope(struct eidc_tally *tally, int64_t as_of)
{
    tally->scopes++;
    if (tally->verified_at == 0 || as_of < tally->verified_at)
        tally->verified_at = as_of;
}

/* A record counts once for each source that has it, in however many scopes. */
static void count_names(const struct eidc_image *image, const size_t *owners,
                        struct eidc_tally *tally)
{
    struct eidc_cursor c = eidc_image_begin(image);
    struct eidc_record record;

    while (eidc_cursor_next(&c, &record)) {
        struct eidc_scope_cursor scopes = eidc_record_scopes(image, &record);
        size_t last = NOBODY; /* sets are in scope order, so a source's scopes are neighbours */
        uint32_t scope;
        while (eidc_scope_cursor_next(&scopes, &scope)) {
            size_t owner = owners[scope];
            if (owner != NOBODY && owner != last)
                tally[owner].names++;
            last = owner;
        }
    }
}

struct eidc_tally *eidc_tally_new(const struct eidc_generation *g,
                                  struct eidc_source *const *sources, size_t count)
{
    const uint32_t scopes = eidc_image_info(g->image)->scopes;
    struct eidc_tally *tally = eidc_xcalloc(count + 1, sizeof *tally);
    size_t *owners EIDC_AUTO_FREE = eidc_xcalloc(scopes + 1u, sizeof *owners);

    for (uint32_t i = 0; i < scopes; i++) {
        struct eidc_scope scope;
        bool known = eidc_image_scope(g->image, i, &scope);
        owners[i] = known ? owner_of(&scope, sources, count) : NOBODY;
        if (owners[i] != NOBODY)
            add_scope(&tally[owners[i]], atomic_load(&g->as_of[i]));
    }
    count_names(g->image, owners, tally);
    return tally;
}
