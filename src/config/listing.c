/* What a source of type aws lists, and whether its name, EID and parameters fit that. */
#include "eidcached/adapters/eid_field.h"
#include "eidcached/aws/template.h"
#include "eidcached/base/mem.h"
#include "internal.h"

#define FIELD "field:"

static size_t count_listings(void)
{
    size_t n = 0;
    while (eidc_listing_at(n) != NULL)
        n++;
    return n;
}

static void check_list(const struct eidc_config_checked *c)
{
    size_t n = count_listings();
    const char **known EIDC_AUTO_FREE = eidc_xcalloc(n + 1, sizeof *known);
    EIDC_BUF_AUTO text = {0};
    for (size_t i = 0; i < n; i++)
        known[i] = eidc_listing_at(i)->id;
    const char *near = eidc_nearest_name(c->source->list, known);
    eidc_buf_addf(&text, "\"%s\" is not a listing; ", c->source->list);
    if (near != NULL)
        eidc_buf_addf(&text, "did you mean %s?", near);
    else
        eidc_buf_add_z(&text, "eidctl aws list shows what there is");
    eidc_config_source_problem(c, "list", eidc_buf_view(&text).p);
}

static void check_template(const struct eidc_config_checked *c, const struct eidc_listing *row)
{
    struct eidc_err err;
    if (c->source->name_template != NULL &&
        !eidc_template_check(row, c->source->name_template, &err))
        eidc_config_source_problem(c, "name", err.text);
}

static void check_eid_field(const struct eidc_config_checked *c, const struct eidc_listing *row)
{
    struct eidc_err err;
    const char *eid = c->source->eid;
    if (!eidc_str_starts(eidc_str_of(eid), EIDC_STR(FIELD "/")))
        return;
    const char *pointer = eid + sizeof FIELD - 1;
    if (!eidc_eid_field_check(pointer, &err) || !eidc_listing_check_pointer(row, pointer, &err))
        eidc_config_source_problem(c, "eid", err.text);
}

/* "TypeName (must be given): any CloudFormation type ...; RoleArn: ..." */
static void add_param_names(const struct eidc_listing *row, struct eidc_buf *out)
{
    static const char *const needs[] = {
        [EIDC_LISTING_MAY] = "",
        [EIDC_LISTING_MUST] = " (must be given)",
        [EIDC_LISTING_ONE_OF] = " (one of these must be given)",
    };
    if (row->params[0].key == NULL)
        eidc_buf_addf(out, "%s takes none", row->id);
    for (size_t i = 0; i < EIDC_LISTING_PARAMS && row->params[i].key != NULL; i++)
        eidc_buf_addf(out, "%s%s%s", i == 0 ? "it takes " : ", ", row->params[i].key,
                      needs[row->params[i].need]);
}

static void unknown_param(const struct eidc_config_checked *c, const struct eidc_listing *row,
                          size_t index)
{
    EIDC_BUF_AUTO takes = {0};
    const char *key = c->source->params.at[index].key;
    char *path EIDC_AUTO_FREE = eidc_xprintf("sources.%s.params.%s", c->source->name, key);
    add_param_names(row, &takes);
    eidc_config_problem(c->load, &c->places->params[index], path, "is no parameter of %s; %s",
                        row->id, takes.p);
}

static bool has_param(const struct eidc_config_checked *c, const char *key)
{
    for (size_t i = 0; i < c->source->params.n; i++)
        if (strcmp(c->source->params.at[i].key, key) == 0)
            return true;
    return false;
}

static void missing_param(const struct eidc_config_checked *c, const struct eidc_listing *row,
                          const char *what)
{
    EIDC_BUF_AUTO text = {0};
    eidc_buf_addf(&text, "%s; ", what);
    add_param_names(row, &text);
    eidc_config_source_problem(c, "params", text.p);
}

static void check_needs(const struct eidc_config_checked *c, const struct eidc_listing *row)
{
    size_t choices = 0, chosen = 0;
    for (size_t i = 0; i < EIDC_LISTING_PARAMS && row->params[i].key != NULL; i++) {
        const struct eidc_listing_param *param = &row->params[i];
        bool given = has_param(c, param->key);
        choices += param->need == EIDC_LISTING_ONE_OF;
        chosen += param->need == EIDC_LISTING_ONE_OF && given;
        if (param->need != EIDC_LISTING_MUST || given)
            continue;
        char *what EIDC_AUTO_FREE = eidc_xprintf("%s needs %s", row->id, param->key);
        missing_param(c, row, what);
    }
    if (choices > 0 && chosen != 1)
        missing_param(c, row,
                      chosen == 0 ? "one of two is missing" : "only one of two can be given");
}

static void check_params(const struct eidc_config_checked *c, const struct eidc_listing *row)
{
    for (size_t i = 0; i < c->source->params.n; i++)
        if (eidc_listing_param(row, c->source->params.at[i].key) == NULL)
            unknown_param(c, row, i);
    check_needs(c, row);
}

void eidc_config_check_listing(const struct eidc_config_checked *c)
{
    const struct eidc_listing *row = eidc_listing_find(c->source->list);
    if (row == NULL) {
        check_list(c);
        return;
    }
    check_template(c, row);
    check_eid_field(c, row);
    check_params(c, row);
}
