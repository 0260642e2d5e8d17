/* sources: a mapping of names to what each source is; the options of one are a table too. */
#include <stdlib.h>

#include "eidcached/base/mem.h"
#include "internal.h"

#define SOURCE_NAME_MAX 64
#define REGIONS_MAX     256
#define LETTERS         "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGITS          "0123456789"

static bool is_source_name(const char *name, size_t n)
{
    return n >= 1 && n <= SOURCE_NAME_MAX && strspn(name, LETTERS DIGITS "_-") >= n;
}

/* For one more than n; twice as many each time there is none left. */
static void make_room(struct eidc_config_load *load, size_t n)
{
    struct eidc_config *config = load->config;
    if ((n & (n - 1)) != 0)
        return;
    size_t room = n > 0 ? 2 * n : 1;
    config->sources = eidc_xrealloc(config->sources, room, sizeof *config->sources);
    load->source_places = eidc_xrealloc(load->source_places, room, sizeof *load->source_places);
}

/* No key is given twice: all of a source comes together. */
static size_t find_or_add(struct eidc_config_load *load, const char *name, size_t n,
                          struct eidc_config_place place)
{
    struct eidc_config *config = load->config;
    const size_t last = config->source_count - 1;
    if (config->source_count > 0 &&
        eidc_str_eq(eidc_str_of(config->sources[last].name), (struct eidc_str){name, n}))
        return last;
    size_t count = config->source_count + 1;
    make_room(load, config->source_count);
    config->sources[count - 1] = (struct eidc_config_source){
        .name = eidc_xstrndup(name, n),
        .line = place.line,
        .column = place.column,
    };
    load->source_places[count - 1] = (struct eidc_config_source_places){
        .self = place,
        .keys = eidc_xcalloc(eidc_source_option_count, sizeof(struct eidc_config_place)),
        .given = eidc_xcalloc(eidc_source_option_count, sizeof(bool)),
        .bad = eidc_xcalloc(eidc_source_option_count, sizeof(bool)),
    };
    return config->source_count++;
}

static void unknown_key(struct eidc_config_load *load, const struct eidc_yaml_item *item,
                        const char *key)
{
    struct eidc_config_place place = eidc_config_key_place(item);
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

#define PARAMS "params"

/* params.TypeName */
static bool is_param(const char *key)
{
    return eidc_str_starts(eidc_str_of(key), EIDC_STR(PARAMS "."));
}

/* One that is wrong is kept too: it is not missing. */
static void add_param(struct eidc_config_load *load, size_t index,
                      const struct eidc_yaml_item *item, const char *key)
{
    const struct eidc_option *option = eidc_source_option_find(PARAMS);
    struct eidc_config_source *source = &load->config->sources[index];
    struct eidc_config_source_places *places = &load->source_places[index];
    struct eidc_config_place place = eidc_config_value_place(item);
    bool one = item->value != NULL && item->index < 0;
    if (!one)
        eidc_config_problem(load, &place, item->path, "takes one value");
    else if (item->value[0] == 0)
        eidc_config_problem(load, &place, item->path, "must not be empty; leave it out instead");
    places->given[option - eidc_source_options] = true;
    places->keys[option - eidc_source_options] = eidc_config_parent_place(item);
    eidc_option_add(option, source, key, one ? item->value : "");
    places->params = eidc_xrealloc(places->params, source->params.n, sizeof *places->params);
    places->params[source->params.n - 1] = eidc_config_key_place(item);
}

static void take_key(struct eidc_config_load *load, size_t index, const char *key,
                     const struct eidc_yaml_item *items, size_t n)
{
    const struct eidc_option *option = eidc_source_option_find(key);
    if (option == NULL && is_param(key)) {
        add_param(load, index, items, key + sizeof PARAMS);
        return;
    }
    if (option == NULL) {
        unknown_key(load, items, key);
        return;
    }
    struct eidc_config_source_places *places = &load->source_places[index];
    places->keys[option - eidc_source_options] = eidc_config_value_place(items);
    places->given[option - eidc_source_options] = true;
    if (!eidc_config_set_items(load, option, &load->config->sources[index], items, n))
        places->bad[option - eidc_source_options] = true;
    else if (strcmp(key, "type") == 0)
        places->type_known = true;
}

/* A source itself, too. */
static void take_source(struct eidc_config_load *load, const struct eidc_yaml_item *item)
{
    struct eidc_config_place place = eidc_config_key_place(item);
    if (item->value != NULL || item->index >= 0 || item->empty_sequence)
        eidc_config_problem(load, &place, item->path,
                            "is a source: its options go below it, indented");
}

/* "sources", "sources.NAME" or "sources.NAME.KEY". */
void eidc_config_source_items(struct eidc_config_load *load, const struct eidc_yaml_item *items,
                              size_t n)
{
    const char *name = strchr(items->path, '.');
    if (name == NULL) {
        take_sources(load, items);
        return;
    }
    size_t length = strcspn(++name, ".");
    if (name[length] == '.') {
        size_t index = find_or_add(load, name, length, eidc_config_parent_place(items));
        take_key(load, index, name + length + 1, items, n);
    } else {
        find_or_add(load, name, length, eidc_config_key_place(items));
        take_source(load, items);
    }
}

static size_t index_of(const char *key)
{
    return (size_t)(eidc_source_option_find(key) - eidc_source_options);
}

bool eidc_config_source_given(const struct eidc_config_checked *c, const char *key)
{
    return c->places->given[index_of(key)];
}

void eidc_config_source_problem(const struct eidc_config_checked *c, const char *key,
                                const char *text)
{
    const struct eidc_config_place *at =
        eidc_config_source_given(c, key) ? &c->places->keys[index_of(key)] : &c->places->self;
    c->places->bad[index_of(key)] = true;
    char *path EIDC_AUTO_FREE = eidc_xprintf("sources.%s.%s", c->source->name, key);
    eidc_config_problem(c->load, at, path, "%s", text);
}

static void check_regions(const struct eidc_config_checked *c)
{
    const struct eidc_strings *regions = &c->source->regions;
    if (regions->n > REGIONS_MAX) {
        eidc_config_source_problem(c, "regions", "are more than AWS has");
        return;
    }
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
            eidc_config_source_problem(c, "regions", text);
    }
    if (eidc_config_source_given(c, "regions") && eidc_config_source_given(c, "region"))
        eidc_config_source_problem(c, "region", "contradicts regions; give one of them");
}

static void check_aws(const struct eidc_config_checked *c)
{
    if (eidc_config_source_given(c, "path"))
        eidc_config_source_problem(c, "path", "is for type file; a source of type aws has list");
    check_regions(c);
    char *wrong EIDC_AUTO_FREE = c->source->aws.endpoint_url != NULL
                                     ? eidc_config_url_problem(c->source->aws.endpoint_url)
                                     : NULL;
    if (wrong != NULL)
        eidc_config_source_problem(c, "endpoint_url", wrong);
    const char *role_wrong =
        c->source->aws.role_arn != NULL ? eidc_config_role_problem(c->source->aws.role_arn) : NULL;
    if (role_wrong != NULL)
        eidc_config_source_problem(c, "role_arn", role_wrong);
    if (c->source->list != NULL)
        eidc_config_check_listing(c);
    else if (!eidc_config_source_given(c, "list"))
        eidc_config_source_problem(
            c, "list", "is missing; type aws needs it: what to list, such as glue.tables");
}

static void check_file(const struct eidc_config_checked *c)
{
    static const char *const allowed[] = {"type", "path", "eid", "include", "exclude"};
    if (c->source->path == NULL && !eidc_config_source_given(c, "path"))
        eidc_config_source_problem(c, "path",
                                   "is missing; type file needs it: the file with the names");
    for (size_t i = 0; i < eidc_source_option_count; i++) {
        bool fits = false;
        for (size_t k = 0; k < sizeof allowed / sizeof *allowed; k++)
            fits |= strcmp(eidc_source_options[i].path, allowed[k]) == 0;
        if (c->places->given[i] && !fits)
            eidc_config_source_problem(c, eidc_source_options[i].path, "is for type aws only");
    }
}

static void check_eid(const struct eidc_config_checked *c)
{
    static const char field[] = "field:/";
    struct eidc_config_source *source = c->source;
    if (source->eid == NULL) {
        source->eid = eidc_xstrdup(eidc_source_option_find("eid")->fallback);
        return;
    }
    bool is_field = strncmp(source->eid, field, sizeof field - 1) == 0;
    if (!is_field && strcmp(source->eid, "checksum") != 0)
        eidc_config_source_problem(c, "eid",
                                   "must be checksum or field:/JSON/Pointer, such as field:/Id");
    if (is_field && source->type == EIDC_SOURCE_FILE)
        eidc_config_source_problem(c, "eid",
                                   "field: is for type aws; names of a file have no fields");
}

static void check_source(const struct eidc_config_checked *c)
{
    if (!is_source_name(c->source->name, strlen(c->source->name))) {
        char *path EIDC_AUTO_FREE = eidc_xprintf("sources.%s", c->source->name);
        eidc_config_problem(c->load, &c->places->self, path,
                            "a source's name is 1 to %d of A-Z a-z 0-9 _ -", SOURCE_NAME_MAX);
    }
    if (!eidc_config_source_given(c, "type"))
        eidc_config_source_problem(c, "type", "is missing; aws or file");
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
        check_source(&(struct eidc_config_checked){load, &load->config->sources[i],
                                                   &load->source_places[i]});
    if (load->config->source_count == 0)
        eidc_config_problem(load, NULL, "sources",
                            "at least one source is needed; the sample file has examples");
}
