#include "eidcached/adapters/lineage.h"

#include "eidcached/base/mem.h"

static struct eidc_str own(struct eidc_str s)
{
    return (struct eidc_str){eidc_xstrndup(s.p ? s.p : "", s.n), s.n};
}

/* Only what own() made. */
static void disown(struct eidc_str s)
{
    union {
        const char *in;
        void *out;
    } u = {s.p};
    free(u.out);
}

static void add_escaped(struct eidc_buf *out, struct eidc_str name)
{
    for (size_t i = 0; i < name.n; i++) {
        if (name.p[i] == '/')
            eidc_buf_add_z(out, "%2F");
        else if (name.p[i] == '%')
            eidc_buf_add_z(out, "%25");
        else
            eidc_buf_add_byte(out, name.p[i]);
    }
}

static char *scope_below(const char *above, struct eidc_str name)
{
    EIDC_BUF_AUTO scope = {0};
    eidc_buf_addf(&scope, "%s/", above);
    add_escaped(&scope, name);
    return eidc_xstrdup(eidc_buf_view(&scope).p);
}

static struct eidc_str path_below(struct eidc_str above, struct eidc_str name)
{
    char *path EIDC_AUTO_FREE = eidc_xprintf("%.*s%s%.*s", (int)above.n, above.n ? above.p : "",
                                             above.n ? "/" : "", EIDC_STR_ARG(name));
    return own(eidc_str_of(path));
}

void eidc_lineage_root(const char *scope, struct eidc_lineage *out)
{
    *out = (struct eidc_lineage){.scope = eidc_xstrdup(scope)};
}

void eidc_lineage_child(const struct eidc_lineage *above, struct eidc_str name,
                        struct eidc_str value, bool recursive, struct eidc_lineage *out)
{
    bool deeper = recursive && above->count > 0;
    struct eidc_lineage child = {.count = above->count, .depth = above->depth + 1};
    for (size_t i = 0; i < above->count; i++) {
        child.names[i] = own(above->names[i]);
        child.values[i] = own(deeper ? value : above->values[i]);
    }
    if (!deeper) {
        child.names[child.count] = own(name);
        child.values[child.count++] = own(value);
    }
    if (recursive)
        child.path = path_below(above->path, name);
    child.scope = scope_below(above->scope, name);
    *out = child;
}

void eidc_lineage_free(struct eidc_lineage *lineage)
{
    for (size_t i = 0; i < lineage->count; i++) {
        disown(lineage->names[i]);
        disown(lineage->values[i]);
    }
    disown(lineage->path);
    free(lineage->scope);
    *lineage = (struct eidc_lineage){0};
}
