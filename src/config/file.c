/* The file: its items become options, and those that do not, problems. */
#include <stdio.h>

#include "eidcached/base/file.h"
#include "eidcached/base/mem.h"
#include "internal.h"

#define FILE_MAX ((size_t)1024 * 1024)

static const char *section_of(const char *path)
{
    for (size_t i = 0; i < eidc_option_section_count; i++)
        if (eidc_option_in_section(path, eidc_option_sections[i].name))
            return eidc_option_sections[i].name;
    return NULL;
}

/* The paths of a section; section NULL: all. */
static void list_paths(const char **known, const char *section)
{
    for (size_t i = 0; i < eidc_option_count; i++)
        if (section == NULL || eidc_option_in_section(eidc_options[i].path, section))
            *known++ = eidc_options[i].path;
    *known = NULL;
}

static void list_sections(const char **known)
{
    for (size_t i = 0; i < eidc_option_section_count; i++)
        *known++ = eidc_option_sections[i].name;
    *known++ = "sources";
    *known = NULL;
}

/* The nearest of all paths; if none is near, the paths of the section, or the sections. */
static void unknown_option(struct eidc_config_load *load, const struct eidc_config_place *at,
                           const char *path)
{
    const char **known EIDC_AUTO_FREE =
        eidc_xcalloc(eidc_option_count + eidc_option_section_count + 2, sizeof *known);
    const char *section = section_of(path);
    if (eidc_option_is_planned(path)) {
        eidc_config_problem(load, at, path, EIDC_CONFIG_PLANNED);
        return;
    }
    list_paths(known, NULL);
    bool near = strchr(path, '.') != NULL && !eidc_config_problems_full(load) &&
                eidc_nearest_name(path, known) != NULL;
    if (!near && section != NULL)
        list_paths(known, section);
    else if (!near)
        list_sections(known);
    eidc_config_unknown(load, at, path, path, known);
}

/* Why items of such a shape are no value of the option, and at which of them; NULL: they may be. */
static const char *misfit(const struct eidc_option *option, const struct eidc_yaml_item *items,
                          size_t n, const struct eidc_yaml_item **at)
{
    bool is_many = option->type == EIDC_OPTION_LIST || option->type == EIDC_OPTION_MAP;
    *at = items;
    if (items->empty_mapping)
        return "takes a value, not a mapping";
    for (size_t i = 0; i < n; i++) {
        *at = &items[i];
        if (items[i].value == NULL)
            return "has no value; leave it out for the default";
    }
    *at = items;
    return items->index >= 0 && !is_many ? "takes one value, not a list" : NULL;
}

bool eidc_config_set_items(struct eidc_config_load *load, const struct eidc_option *option,
                           void *base, const struct eidc_yaml_item *items, size_t n)
{
    if (items->empty_mapping && option->type == EIDC_OPTION_MAP)
        return true;
    size_t values = items->empty_sequence ? 0 : n;
    const char **texts EIDC_AUTO_FREE = eidc_xcalloc(n, sizeof *texts);
    for (size_t i = 0; i < values; i++)
        texts[i] = items[i].value;
    struct eidc_err err;
    const struct eidc_yaml_item *at;
    const char *wrong = misfit(option, items, values, &at);
    if (wrong == NULL && !eidc_option_set(option, base, texts, values, &err))
        wrong = err.text;
    if (wrong == NULL)
        return true;
    struct eidc_config_place place = eidc_config_value_place(at);
    eidc_config_problem(load, &place, items->path, "%s", wrong);
    return false;
}

static bool is_section(const char *path)
{
    for (size_t i = 0; i < eidc_option_section_count; i++)
        if (strcmp(path, eidc_option_sections[i].name) == 0)
            return true;
    return false;
}

/* http.threads.max: http.threads was given a mapping. */
static bool is_below_option(const char *path)
{
    for (size_t i = 0; i < eidc_option_count; i++)
        if (eidc_option_in_section(path, eidc_options[i].path))
            return true;
    return false;
}

/* n items with one path. */
static void take_items(struct eidc_config_load *load, const struct eidc_yaml_item *items, size_t n)
{
    const struct eidc_option *option = eidc_option_find(items->path);
    struct eidc_config_place key = eidc_config_key_place(items);
    struct eidc_config_place value = eidc_config_value_place(items);
    if (strcmp(items->path, "sources") == 0 || eidc_option_in_section(items->path, "sources")) {
        eidc_config_source_items(load, items, n);
    } else if (option != NULL) {
        load->places[option - eidc_options] = value;
        load->given[option - eidc_options] = true;
        load->bad[option - eidc_options] =
            !eidc_config_set_items(load, option, load->config, items, n);
    } else if (is_below_option(items->path)) {
        eidc_config_problem(load, &key, items->path, "unknown: options take values, not mappings");
    } else if (!is_section(items->path)) {
        unknown_option(load, &key, items->path);
    } else if (items->value != NULL || items->index >= 0 || items->empty_sequence) {
        eidc_config_problem(load, &value, items->path,
                            "is a section: its options go below it, indented");
    }
}

/* "line 3, column 7: what" of the YAML reader becomes a problem at that place. */
static void yaml_problem(struct eidc_config_load *load, const char *text)
{
    struct eidc_config_place at = {0};
    int used = 0;
    if (sscanf(text, "line %u, column %u: %n", &at.line, &at.column, &used) != 2)
        used = 0;
    eidc_config_problem(load, &at, "", "%s", text + used);
}

bool eidc_config_file(struct eidc_config_load *load)
{
    EIDC_BUF_AUTO text = {0};
    struct eidc_yaml yaml = {0};
    struct eidc_err err;
    if (!eidc_file_read(load->config->path, FILE_MAX, &text, &err)) {
        eidc_config_file_problem(load, &err);
        return false;
    }
    if (!eidc_yaml_parse(eidc_buf_view(&text), &yaml, &err)) {
        yaml_problem(load, err.text);
        return false;
    }
    for (size_t i = 0, n; i < yaml.count; i += n) {
        n = 1;
        while (i + n < yaml.count && yaml.items[i + n].index > 0)
            n++;
        take_items(load, &yaml.items[i], n);
    }
    eidc_yaml_free(&yaml);
    return true;
}
