#include "eidcached/refresh/scope_failures.h"

#include "eidcached/base/mem.h"

void eidc_scope_failures_add(struct eidc_scope_failures *f, struct eidc_str scope, bool several,
                             const char *error)
{
    if (f->n == EIDC_SCOPE_FAILURES)
        return;
    f->at[f->n++] = (struct eidc_scope_failure){
        .scope = eidc_xstrndup(scope.n > 0 ? scope.p : "", scope.n),
        .several = several,
        .error = eidc_xstrdup(error),
    };
}

static bool covers(const struct eidc_scope_failure *failure, struct eidc_str scope)
{
    struct eidc_str failed = eidc_str_of(failure->scope);

    return failure->several ? eidc_str_starts(scope, failed) : eidc_str_eq(scope, failed);
}

static void date(struct eidc_scope_failures *f, struct eidc_str scope, int64_t as_of_ms)
{
    for (size_t i = 0; i < f->n; i++) {
        struct eidc_scope_failure *failure = &f->at[i];
        bool older = failure->verified_at_ms == 0 || as_of_ms < failure->verified_at_ms;
        if (older && covers(failure, scope))
            failure->verified_at_ms = as_of_ms;
    }
}

void eidc_scope_failures_date(struct eidc_scope_failures *f, const struct eidc_generation *g,
                              const char *source)
{
    uint32_t scopes = g != NULL && f->n > 0 ? eidc_image_info(g->image)->scopes : 0;

    for (uint32_t i = 0; i < scopes; i++) {
        struct eidc_scope s;
        if (eidc_image_scope(g->image, i, &s) && eidc_str_eq(s.source, eidc_str_of(source)))
            date(f, s.name, atomic_load(&g->as_of[i]));
    }
}

void eidc_scope_failures_write(const struct eidc_scope_failures *f, struct eidc_json *j)
{
    eidc_json_key(j, "failing_scopes");
    eidc_json_open_array(j);
    for (size_t i = 0; i < f->n; i++) {
        eidc_json_open_object(j);
        eidc_json_put_z(j, "name", f->at[i].scope);
        eidc_json_put_bool(j, "several", f->at[i].several);
        eidc_json_put_time(j, "verified_at", f->at[i].verified_at_ms);
        eidc_json_put_z(j, "error", f->at[i].error);
        eidc_json_close_object(j);
    }
    eidc_json_close_array(j);
}

void eidc_scope_failures_free(struct eidc_scope_failures *f)
{
    for (size_t i = 0; i < f->n; i++) {
        free(f->at[i].scope);
        free(f->at[i].error);
    }
    *f = (struct eidc_scope_failures){0};
}
