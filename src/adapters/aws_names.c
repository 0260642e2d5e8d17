#include "eidcached/adapters/aws_names.h"

#include <stdio.h>

#include "eidcached/aws/template.h"

#define NOTES_MAX 10
#define SHOWN_MAX 80
#define NAME_ROOM 8192 /* well over what a name may have: too long is told of, not cut */

/* The beginning of it, with whatever may not stand in a line of a log as \xNN. */
static void show_name(struct eidc_str name, struct eidc_buf *out)
{
    for (size_t i = 0; i < name.n && i < SHOWN_MAX; i++) {
        unsigned char c = (unsigned char)name.p[i];
        if (c < 0x20 || c >= 0x7f || c == '"' || c == '\\')
            eidc_buf_addf(out, "\\x%02x", c);
        else
            eidc_buf_add_byte(out, (char)c);
    }
    if (name.n > SHOWN_MAX)
        eidc_buf_add_z(out, "...");
}

static void note(struct eidc_aws_names *in, struct eidc_str name, const char *problem)
{
    struct eidc_aws_notes *notes = in->notes;
    EIDC_BUF_AUTO text = {0};
    if (++notes->count > NOTES_MAX)
        return;
    eidc_buf_addf(&text, "%s: left out: \"", in->lineage->scope);
    show_name(name, &text);
    eidc_buf_addf(&text, "\" %s", problem);
    notes->sink->note(notes->sink->arg, notes->source, eidc_buf_view(&text).p);
}

void eidc_aws_notes_sum_up(const struct eidc_aws_notes *notes)
{
    char text[128];
    if (notes->count > NOTES_MAX) {
        snprintf(text, sizeof(text), "%llu more names were left out",
                 (unsigned long long)(notes->count - NOTES_MAX));
        notes->sink->note(notes->sink->arg, notes->source, text);
    }
    if (notes->unwanted && !notes->wanted && !notes->kept_some)
        notes->sink->note(notes->sink->arg, notes->source,
                          "none of the names listed passes include and exclude");
}

/* INVALID concerns one name, anything else the listing. */
static bool add(struct eidc_aws_names *in, struct eidc_str name, struct eidc_str eid,
                struct eidc_names *out, struct eidc_err *err)
{
    if (eidc_names_add(out, name, eid, err))
        return true;
    if (err->kind != EIDC_ERR_INVALID)
        return false;
    note(in, name, err->text);
    return true;
}

bool eidc_aws_names_add_parent(struct eidc_aws_names *in, const struct eidc_listing *row,
                               struct eidc_str listed, const cJSON *element, struct eidc_names *out,
                               struct eidc_err *err)
{
    if (!row->asked_by)
        return add(in, listed, (struct eidc_str){0}, out, err);
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(element, row->asked_by);
    if (cJSON_IsString(value))
        return add(in, listed, eidc_str_of(value->valuestring), out, err);
    char text[128];
    snprintf(text, sizeof(text), "has no %.60s", row->asked_by);
    note(in, listed, text);
    return true;
}

/* One element while its template is filled in. */
struct element {
    struct eidc_aws_names *in;
    struct eidc_str listed;
    const cJSON *object; /* NULL: a bare string */
};

static bool from_lineage(const struct eidc_aws_names *in, struct eidc_str field,
                         struct eidc_str *value)
{
    const struct eidc_listing *above[EIDC_LISTING_DEPTH];
    size_t n = eidc_listing_above(in->row, above);
    for (size_t i = 0; i < n && i < in->lineage->count; i++) {
        if (!eidc_str_eq(field, eidc_str_of(above[i]->own_field)))
            continue;
        *value = in->lineage->names[i];
        return true;
    }
    if (!in->row->recursive || !eidc_str_eq(field, EIDC_STR(EIDC_LISTING_PATH_FIELD)))
        return false;
    *value = in->lineage->path;
    return true;
}

/* A scalar as text. */
static bool from_object(struct element *e, struct eidc_str field, struct eidc_str *value)
{
    struct eidc_buf *text = &e->in->field;
    const cJSON *member;
    char pointer[64];
    snprintf(pointer, sizeof(pointer), "/%.*s", EIDC_STR_ARG(field));
    member = cJSON_GetObjectItemCaseSensitive(e->object, pointer + 1);
    if (cJSON_IsString(member)) {
        *value = eidc_str_of(member->valuestring);
        return true;
    }
    if (cJSON_IsBool(member)) {
        *value = eidc_str_of(cJSON_IsTrue(member) ? "true" : "false");
        return true;
    }
    if (!cJSON_IsNumber(member) || eidc_eid_field(pointer, e->object, text))
        return false;
    *value = eidc_buf_view(text);
    return true;
}

static bool value_of(void *arg, struct eidc_str field, struct eidc_str *value)
{
    struct element *e = arg;
    if (eidc_str_eq(field, EIDC_STR("name")) ||
        eidc_str_eq(field, eidc_str_of(e->in->row->own_field)))
        *value = e->listed;
    else if (eidc_str_eq(field, EIDC_STR("region")))
        *value = eidc_str_of(e->in->region);
    else
        return from_lineage(e->in, field, value) || from_object(e, field, value);
    return true;
}

static bool expand(struct eidc_aws_names *in, struct eidc_str listed, const cJSON *object,
                   struct eidc_err *err)
{
    struct element e = {in, listed, object};
    eidc_buf_clear(&in->name);
    in->name.limit = NAME_ROOM;
    return eidc_template_expand(in->name_template, value_of, &e, &in->name, err);
}

bool eidc_aws_names_add(struct eidc_aws_names *in, struct eidc_str listed, const cJSON *element,
                        struct eidc_names *out, struct eidc_err *err)
{
    if (!expand(in, listed, element, err)) {
        note(in, listed, err->text);
        return true;
    }
    struct eidc_str name = eidc_buf_view(&in->name);
    if (!eidc_filter_passes(in->filter, name)) {
        in->notes->unwanted = true;
        return true;
    }
    in->notes->wanted = true;
    if (!in->eid_field)
        return add(in, name, (struct eidc_str){0}, out, err);

    const char *problem = eidc_eid_field(in->eid_field, element, &in->eid);
    if (problem) {
        char text[128];
        snprintf(text, sizeof(text), "has no EID: %.60s %s", in->eid_field, problem);
        note(in, name, text);
        return true;
    }
    return add(in, name, eidc_buf_view(&in->eid), out, err);
}

void eidc_aws_names_free(struct eidc_aws_names *in)
{
    eidc_buf_free(&in->name);
    eidc_buf_free(&in->eid);
    eidc_buf_free(&in->field);
}
