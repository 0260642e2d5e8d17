/* sources: a mapping of names to what each source is; the options of one are a table too. */
#include <stdlib.h>

#include "eidcached/aws/template.h"
#include "eidcached/base/mem.h"
#include "internal.h"

#define SOURCE_NAME_MAX 64
#define LETTERS         "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGITS          "0123456789"

static bool is_source_name(const char *name, size_t n)
{
    return n >= 1 && n <= SOURCE_NAME_MAX && strspn(name, LETTERS DIGITS "_-") >= n;
}

static size_t find_or_add(struct eidc_config_load *load, const char *name, size_t n,
                          struct eidc_config_place place)
{
    struct eidc_config *config = load->config;
    for (size_t i = 0; i < config->source_count; i++)
        if (eidc_str_eq(eidc_str_of(config->sources[i].name), (struct eidc_str){name, n}))
            return i;
    size_t count = config->source_count + 1;
    config->sources = eidc_xrealloc(config->sources, count, sizeof *config->sources);
    load->source_places = eidc_xrealloc(load->source_places, count, sizeof *load->source_places);
    config->sources[count - 1] = (struct eidc_config_source){
        .name = eidc_xstrndup(name, n),
        .line = place.line,
        .column = place.column,
    };
    load->source_places[count - 1] = (struct eidc_config_source_places){
        .self = place,
        .keys = eidc_xcalloc(eidc_source_option_count, sizeof(struct eidc_config_place)),
        .given = eidc_xcalloc(eidc_source_option_count, sizeof(bool)),
    };
    return config->source_count++;
}

static void unknown_key(struct eidc_config_load *load, const struct eidc_yaml_item *item,
                        const char *key)
{
    struct eidc_config_place place = eidc_config_key_place(item);
    char *in_section EIDC_AUTO_FREE = eidc_xprintf("aws.%s", key);
    if (eidc_option_is_planned(in_section)) {
        eidc_config_problem(load, &place, item->path, EIDC_CONFIG_PLANNED);
        return;
    }
    const char **known EIDC_AUTO_FREE = eidc_xcalloc(eidc_source_option_count + 1, sizeof *known);
    for (size_t i = 0; i < eidc_source_option_count; i++)
        known[i] = eidc_source_options[i].path;
    eidc_config_unknown(load, &place, item->path, key, known);
}

/* "sources" itself has a value of its own only when it is wrong or empty. */
static void take_sources(struct eidc_config_load *load, const struct eidc_yaml_item *item)
{
    struct eidc_config_place place = eidc_config_value_place(item);
    if (item->value != NULL || item->index >= 0 || item->empty_sequence)
        eidc_config_problem(load, &place, item->path,
                            "takes a mapping of a name to each source's options");
}

void eidc_config_source_items(struct eidc_config_load *load, const struct eidc_yaml_item *items,
                              size_t n)
{
    const char *name = strchr(items->path, '.');
    if (name == NULL) {
        take_sources(load, items);
        return;
    }
    size_t length = strcspn(++name, ".");
    const char *key = name[length] == '.' ? name + length + 1 : NULL;
    struct eidc_config_place place = eidc_config_key_place(items);
    if (key != NULL)
        place = (struct eidc_config_place){
            .line = items->parent_line,
            .column = items->parent_column,
        };
    size_t index = find_or_add(load, name, length, place);
    if (key == NULL) {
        if (items->value != NULL || items->index >= 0 || items->empty_sequence)
            eidc_config_problem(load, &place, items->path,
                                "is a source: its options go below it, indented");
        return;
    }
    const struct eidc_option *option = eidc_source_option_find(key);
    if (option == NULL) {
        unknown_key(load, items, key);
        return;
    }
    struct eidc_config_source_places *places = &load->source_places[index];
    places->keys[option - eidc_source_options] = eidc_config_value_place(items);
    places->given[option - eidc_source_options] = true;
    if (eidc_config_set_items(load, option, &load->config->sources[index], items, n) &&
        strcmp(key, "type") == 0)
        places->type_known = true;
}

/* One source while it is checked. */
struct checked {
    struct eidc_config_load *load;
    struct eidc_config_source *source;
    const struct eidc_config_source_places *places;
};

static size_t index_of(const char *key)
{
    return (size_t)(eidc_source_option_find(key) - eidc_source_options);
}

static bool given(const struct checked *c, const char *key)
{
    return c->places->given[index_of(key)];
}

/* A problem of one key, at its value; at the source when the key is missing. */
static void problem(const struct checked *c, const char *key, const char *text)
{
    const struct eidc_config_place *at =
        given(c, key) ? &c->places->keys[index_of(key)] : &c->places->self;
    char *path EIDC_AUTO_FREE = eidc_xprintf("sources.%s.%s", c->source->name, key);
    eidc_config_problem(c->load, at, path, "%s", text);
}

static size_t count_listings(void)
{
    size_t n = 0;
    while (eidc_listing_at(n) != NULL)
        n++;
    return n;
}

static void check_list(const struct checked *c)
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
    problem(c, "list", eidc_buf_view(&text).p);
}

static void check_template(const struct checked *c, const struct eidc_listing *row)
{
    struct eidc_err err;
    if (c->source->name_template != NULL &&
        !eidc_template_check(row, c->source->name_template, &err))
        problem(c, "name", err.text);
}

static void check_regions(const struct checked *c)
{
    const struct eidc_strings *regions = &c->source->regions;
    for (size_t i = 0; i < regions->n; i++) {
        char *text EIDC_AUTO_FREE = NULL;
        for (size_t before = 0; before < i && text == NULL; before++)
            if (strcmp(regions->at[i], regions->at[before]) == 0)
                text = eidc_xprintf("\"%s\" is given twice", regions->at[i]);
        if (strspn(regions->at[i], "abcdefghijklmnopqrstuvwxyz" DIGITS "-") !=
            strlen(regions->at[i])) {
            free(text);
            text = eidc_xprintf("\"%s\" is not a region such as eu-west-1", regions->at[i]);
        }
        if (text != NULL)
            problem(c, "regions", text);
    }
    if (given(c, "regions") && given(c, "region"))
        problem(c, "region", "contradicts regions; give one of them");
}

static void check_aws(const struct checked *c)
{
    if (given(c, "path"))
        problem(c, "path", "is for type file; a source of type aws has list");
    check_regions(c);
    char *wrong EIDC_AUTO_FREE = c->source->aws.endpoint_url != NULL
                                     ? eidc_config_url_problem(c->source->aws.endpoint_url)
                                     : NULL;
    if (wrong != NULL)
        problem(c, "endpoint_url", wrong);
    if (c->source->list == NULL) {
        if (!given(c, "list"))
            problem(c, "list", "is missing; type aws needs it: what to list, such as glue.tables");
        return;
    }
    const struct eidc_listing *row = eidc_listing_find(c->source->list);
    if (row == NULL)
        check_list(c);
    else
        check_template(c, row);
}

static void check_file(const struct checked *c)
{
    static const char *const allowed[] = {"type", "path", "eid", "include", "exclude"};
    if (c->source->path == NULL && !given(c, "path"))
        problem(c, "path", "is missing; type file needs it: the file with the names");
    for (size_t i = 0; i < eidc_source_option_count; i++) {
        bool fits = false;
        for (size_t k = 0; k < sizeof allowed / sizeof *allowed; k++)
            fits |= strcmp(eidc_source_options[i].path, allowed[k]) == 0;
        if (c->places->given[i] && !fits)
            problem(c, eidc_source_options[i].path, "is for type aws only");
    }
}

static void check_eid(const struct checked *c)
{
    static const char field[] = "field:/";
    struct eidc_config_source *source = c->source;
    if (source->eid == NULL) {
        source->eid = eidc_xstrdup(eidc_source_option_find("eid")->fallback);
        return;
    }
    bool is_field = strncmp(source->eid, field, sizeof field - 1) == 0;
    if (!is_field && strcmp(source->eid, "checksum") != 0)
        problem(c, "eid", "must be checksum or field:/JSON/Pointer, such as field:/Id");
    if (is_field && source->type == EIDC_SOURCE_FILE)
        problem(c, "eid", "field: is for type aws; names of a file have no fields");
}

static void check_source(const struct checked *c)
{
    if (!is_source_name(c->source->name, strlen(c->source->name))) {
        char *path EIDC_AUTO_FREE = eidc_xprintf("sources.%s", c->source->name);
        eidc_config_problem(c->load, &c->places->self, path,
                            "a source's name is 1 to %d of A-Z a-z 0-9 _ -", SOURCE_NAME_MAX);
    }
    if (!given(c, "type"))
        problem(c, "type", "is missing; aws or file");
    if (!c->places->type_known)
        return;
    check_eid(c);
    if (c->source->type == EIDC_SOURCE_FILE)
        check_file(c);
    else
        check_aws(c);
}

void eidc_config_check_sources(struct eidc_config_load *load)
{
    for (size_t i = 0; i < load->config->source_count; i++)
        check_source(&(struct checked){load, &load->config->sources[i], &load->source_places[i]});
    if (load->config->source_count == 0)
        eidc_config_problem(load, NULL, "sources",
                            "at least one source is needed; the sample file has examples");
}
