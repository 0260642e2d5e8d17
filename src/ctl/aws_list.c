/* The listing table, for people who write a configuration and for programs. */
#include "eidcached/aws/listing.h"
#include "eidcached/base/json.h"
#include "eidcached/base/mem.h"
#include "eidcached/base/words.h"
#include "eidcached/config/nearest.h"
#include "eidcached/ctl/commands.h"

static const char *const protocols[] = {
    [EIDC_LISTING_JSON_1_0] = "json-1.0",
    [EIDC_LISTING_JSON_1_1] = "json-1.1",
    [EIDC_LISTING_REST_JSON] = "rest-json",
    [EIDC_LISTING_REST_XML] = "rest-xml",
};
static const char *const needs[] = {
    [EIDC_LISTING_MAY] = "optional",
    [EIDC_LISTING_MUST] = "required",
    [EIDC_LISTING_ONE_OF] = "one of",
};

/* ---- JSON: every attribute of a row ---- */

static void put_words(struct eidc_json *j, const char *key, const char *words)
{
    struct eidc_str word;
    eidc_json_key(j, key);
    eidc_json_open_array(j);
    while (eidc_words_next(&words, &word))
        eidc_json_str(j, word);
    eidc_json_close_array(j);
}

static void put_service(struct eidc_json *j, const struct eidc_listing_service *service)
{
    eidc_json_put_z(j, "protocol", protocols[service->protocol]);
    eidc_json_put_z(j, "target", service->target);
    eidc_json_put_z(j, "signing_name", service->sign);
    eidc_json_put_z(j, "endpoint", service->endpoint);
    eidc_json_put_z(j, "endpoint_variable", service->env_suffix);
    eidc_json_put_bool(j, "global", service->global);
}

/* The values are JSON texts. */
static void put_members(struct eidc_json *j, const char *key,
                        const struct eidc_listing_member *members, size_t n)
{
    eidc_json_key(j, key);
    eidc_json_open_object(j);
    for (size_t i = 0; i < n && members[i].key != NULL; i++)
        eidc_json_put_z(j, members[i].key, members[i].json);
    eidc_json_close_object(j);
}

static void put_params(struct eidc_json *j, const struct eidc_listing *row)
{
    eidc_json_key(j, "params");
    eidc_json_open_array(j);
    for (size_t i = 0; i < EIDC_LISTING_PARAMS && row->params[i].key != NULL; i++) {
        const struct eidc_listing_param *param = &row->params[i];
        eidc_json_open_object(j);
        eidc_json_put_z(j, "name", param->key);
        eidc_json_put_z(j, "need", needs[param->need]);
        eidc_json_put_z(j, "default", param->fallback);
        eidc_json_put_z(j, "help", param->help);
        put_words(j, "actions", param->actions);
        eidc_json_close_object(j);
    }
    eidc_json_close_array(j);
}

static void put_pages(struct eidc_json *j, const struct eidc_listing *row)
{
    eidc_json_put_z(j, "token_in", row->token_in);
    eidc_json_put_z(j, "token_out", row->token_out);
    eidc_json_put_z(j, "more", row->more);
    eidc_json_put_z(j, "limit_key", row->limit_key);
    eidc_json_put_u64(j, "limit", row->limit);
    eidc_json_put_z(j, "list", row->list);
    eidc_json_put_z(j, "name", row->name);
    eidc_json_put_bool(j, "last_part", row->last_part);
}

static void put_parents(struct eidc_json *j, const struct eidc_listing *row)
{
    const struct eidc_listing *above[EIDC_LISTING_DEPTH];
    size_t n = eidc_listing_above(row, above);
    eidc_json_key(j, "parents");
    eidc_json_open_array(j);
    for (size_t i = 0; i < n; i++)
        eidc_json_z(j, above[i]->id);
    eidc_json_close_array(j);
    eidc_json_key(j, "parent_keys");
    eidc_json_open_array(j);
    for (size_t i = 0; i < n; i++)
        eidc_json_z(j, row->parent_keys[i]);
    eidc_json_close_array(j);
    eidc_json_put_z(j, "asked_by", row->asked_by);
    eidc_json_put_bool(j, "recursive", row->recursive);
    put_words(j, "gone", row->gone);
}

/* Of the row and of those above it, as words. */
static void all_actions(const struct eidc_listing *row, struct eidc_buf *out)
{
    const struct eidc_listing *above[EIDC_LISTING_DEPTH];
    size_t n = eidc_listing_above(row, above);
    for (size_t i = 0; i < n; i++) {
        eidc_listing_actions(above[i], out);
        eidc_buf_add_byte(out, ' ');
    }
    eidc_listing_actions(row, out);
}

static void put_row(struct eidc_json *j, const struct eidc_listing *row)
{
    EIDC_BUF_AUTO actions = {0};
    all_actions(row, &actions);
    eidc_json_open_object(j);
    eidc_json_put_z(j, "id", row->id);
    eidc_json_put_z(j, "operation", row->operation);
    put_service(j, row->service);
    eidc_json_put_z(j, "method", row->method);
    eidc_json_put_z(j, "path", row->path);
    put_members(j, "constants", row->constants, EIDC_LISTING_CONSTS);
    put_members(j, "optional", &row->optional, 1);
    put_params(j, row);
    put_pages(j, row);
    put_parents(j, row);
    eidc_json_put_z(j, "own_field", row->own_field);
    eidc_json_put_z(j, "default_name", row->default_name);
    put_words(j, "members", row->fields);
    put_words(j, "objects", row->objects);
    put_words(j, "actions", eidc_buf_view(&actions).p);
    eidc_json_put_z(j, "note", row->note);
    eidc_json_close_object(j);
}

static void list_json(const struct eidc_ctl *ctl, const struct eidc_listing *one)
{
    EIDC_BUF_AUTO out = {0};
    struct eidc_json j = eidc_json_to(&out);
    const struct eidc_listing *row;
    if (one == NULL)
        eidc_json_open_array(&j);
    for (size_t i = 0; one == NULL && (row = eidc_listing_at(i)) != NULL; i++)
        put_row(&j, row);
    if (one == NULL)
        eidc_json_close_array(&j);
    else
        put_row(&j, one);
    fprintf(ctl->io->out, "%s\n", eidc_buf_view(&out).p);
}

/* ---- text ---- */

/* "Database ClusterIdentifier|WorkgroupName [DbUser]" */
static void add_param_names(const struct eidc_listing *row, struct eidc_buf *out)
{
    enum eidc_listing_need before = EIDC_LISTING_MAY;
    for (size_t i = 0; i < EIDC_LISTING_PARAMS && row->params[i].key != NULL; i++) {
        const struct eidc_listing_param *param = &row->params[i];
        bool may = param->need == EIDC_LISTING_MAY;
        bool other = param->need == EIDC_LISTING_ONE_OF && before == EIDC_LISTING_ONE_OF;
        eidc_buf_addf(out, "%s%s%s%s",
                      i == 0  ? ""
                      : other ? "|"
                              : " ",
                      may ? "[" : "", param->key, may ? "]" : "");
        before = param->need;
    }
}

static void list_text(const struct eidc_ctl *ctl)
{
    const struct eidc_listing *row;
    fprintf(ctl->io->out, "%-36s %-33s %-28s %s\n", "LIST", "OPERATION", "NAME", "PARAMETERS");
    for (size_t i = 0; (row = eidc_listing_at(i)) != NULL; i++) {
        EIDC_BUF_AUTO params = {0};
        add_param_names(row, &params);
        fprintf(ctl->io->out, "%-36s %-33s %-28s %s\n", row->id, row->operation, row->default_name,
                params.n > 0 ? params.p : "-");
    }
}

static void show_names(const struct eidc_ctl *ctl, const struct eidc_listing *row)
{
    const struct eidc_listing *above[EIDC_LISTING_DEPTH];
    size_t n = eidc_listing_above(row, above);
    FILE *out = ctl->io->out;
    fprintf(out, "name        %s unless given; fields:", row->default_name);
    for (size_t i = 0; i < n; i++)
        fprintf(out, " {%s}", above[i]->own_field);
    fprintf(out, "%s {%s} {name} {region}\n",
            row->recursive ? " {" EIDC_LISTING_PATH_FIELD "}" : "", row->own_field);
}

static void show_members(const struct eidc_ctl *ctl, const struct eidc_listing *row)
{
    struct eidc_str word;
    FILE *out = ctl->io->out;
    if (row->name == NULL) {
        fputs("members     none: what is listed are bare names\n", out);
        return;
    }
    fputs("members     ", out);
    for (const char *at = row->fields; eidc_words_next(&at, &word);)
        fprintf(out, "%s{%.*s}", at == row->fields + word.n + 1 ? "" : " ", EIDC_STR_ARG(word));
    fputs("; as eid: field:/MEMBER\n", out);
    for (const char *at = row->objects; eidc_words_next(&at, &word);)
        fprintf(out, "            eid: field:/%.*s/...\n", EIDC_STR_ARG(word));
}

static void show_params(const struct eidc_ctl *ctl, const struct eidc_listing *row)
{
    for (size_t i = 0; i < EIDC_LISTING_PARAMS && row->params[i].key != NULL; i++) {
        const struct eidc_listing_param *param = &row->params[i];
        fprintf(ctl->io->out, "%-11s %s (%s%s%s): %s\n", i == 0 ? "params" : "", param->key,
                needs[param->need], param->fallback != NULL ? ", default " : "",
                param->fallback != NULL ? param->fallback : "", param->help);
    }
}

static void show_row(const struct eidc_ctl *ctl, const struct eidc_listing *row)
{
    EIDC_BUF_AUTO actions = {0};
    FILE *out = ctl->io->out;
    all_actions(row, &actions);
    fprintf(out, "list        %s\n", row->id);
    fprintf(out, "operation   %s of %s (%s)\n", row->operation, row->service->endpoint,
            protocols[row->service->protocol]);
    if (row->parent != NULL)
        fprintf(out, "for each    of %s%s\n", row->parent,
                row->recursive ? ", and of what it lists itself" : "");
    show_names(ctl, row);
    show_members(ctl, row);
    show_params(ctl, row);
    if (row->service->global)
        fputs("scope       one, whatever the regions\n", out);
    fprintf(out, "IAM         %s\n", actions.p);
    if (row->note != NULL)
        fprintf(out, "note        %s\n", row->note);
}

/* ---- */

static int unknown_row(const struct eidc_ctl *ctl, const char *id)
{
    size_t n = 0;
    while (eidc_listing_at(n) != NULL)
        n++;
    const char **known EIDC_AUTO_FREE = eidc_xcalloc(n + 1, sizeof *known);
    for (size_t i = 0; i < n; i++)
        known[i] = eidc_listing_at(i)->id;
    const char *near = eidc_nearest_name(id, known);
    if (near != NULL)
        eidc_ctl_complain(ctl, "aws list: '%s' is not a listing; did you mean %s?", id, near);
    else
        eidc_ctl_complain(ctl, "aws list: '%s' is not a listing; eidctl aws list shows all", id);
    return EIDC_CTL_NOT_FOUND;
}

int eidc_ctl_aws_list(struct eidc_ctl *ctl)
{
    const struct eidc_listing *one = NULL;
    if (ctl->arg_count == 1 && (one = eidc_listing_find(ctl->args[0])) == NULL)
        return unknown_row(ctl, ctl->args[0]);
    if (ctl->options.json)
        list_json(ctl, one);
    else if (one != NULL)
        show_row(ctl, one);
    else
        list_text(ctl);
    return EIDC_CTL_OK;
}
