/*
 * Loading: defaults, the file, the environment, then the checks. Nothing stops at a problem: all
 * are collected, so that one run shows all there is to mend.
 */
#include "eidcached/config/config.h"

#include <stdio.h>
#include <stdlib.h>

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

/* The nearest of all paths; if none is near, the paths of the section, or the sections. */
static void unknown_option(struct eidc_config_load *load, const struct eidc_config_place *at,
                           const char *path)
{
    const char **known EIDC_AUTO_FREE =
        eidc_xcalloc(eidc_option_count + eidc_option_section_count + 2, sizeof *known);
    const char *section = section_of(path);
    size_t n = 0;
    if (eidc_option_is_planned(path)) {
        eidc_config_problem(load, at, path, EIDC_CONFIG_PLANNED);
        return;
    }
    for (size_t i = 0; i < eidc_option_count; i++)
        known[n++] = eidc_options[i].path;
    if (strchr(path, '.') == NULL || eidc_nearest_name(path, known) == NULL) {
        memset(known, 0, n * sizeof *known);
        n = 0;
        for (size_t i = 0; section != NULL && i < eidc_option_count; i++)
            if (eidc_option_in_section(eidc_options[i].path, section))
                known[n++] = eidc_options[i].path;
        for (size_t i = 0; section == NULL && i < eidc_option_section_count; i++)
            known[n++] = eidc_option_sections[i].name;
        if (section == NULL)
            known[n] = "sources";
    }
    eidc_config_unknown(load, at, path, path, known);
}

bool eidc_config_set_items(struct eidc_config_load *load, const struct eidc_option *option,
                           void *base, const struct eidc_yaml_item *items, size_t n)
{
    struct eidc_config_place place = eidc_config_value_place(items);
    const char *path = items->path;
    bool is_map = option->type == EIDC_OPTION_MAP;
    if (items->empty_mapping && is_map)
        return true;
    if (items->empty_mapping) {
        eidc_config_problem(load, &place, path, "takes a value, not a mapping");
        return false;
    }
    const char **texts EIDC_AUTO_FREE = eidc_xcalloc(n, sizeof *texts);
    for (size_t i = 0; i < n && !items->empty_sequence; i++) {
        place = eidc_config_value_place(&items[i]);
        texts[i] = items[i].value;
        if (texts[i] == NULL) {
            eidc_config_problem(load, &place, path, "has no value; leave it out for the default");
            return false;
        }
    }
    place = eidc_config_value_place(items);
    if (items->index >= 0 && option->type != EIDC_OPTION_LIST && !is_map) {
        eidc_config_problem(load, &place, path, "takes one value, not a list");
        return false;
    }
    struct eidc_err err;
    if (eidc_option_set(option, base, texts, items->empty_sequence ? 0 : n, &err))
        return true;
    eidc_config_problem(load, &place, path, "%s", err.text);
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

/* False: there is nothing to check further. */
static bool load_file(struct eidc_config_load *load)
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

static void set_defaults(struct eidc_config_load *load)
{
    for (size_t i = 0; i < eidc_option_count; i++) {
        struct eidc_err err;
        const char *text = eidc_options[i].fallback;
        if (text != NULL && !eidc_option_set_text(&eidc_options[i], load->config, text, &err))
            eidc_config_problem(load, NULL, eidc_options[i].path, "default: %s", err.text);
    }
}

static void free_load(struct eidc_config_load *load)
{
    for (size_t i = 0; i < load->config->source_count; i++) {
        free(load->source_places[i].keys);
        free(load->source_places[i].params);
        free(load->source_places[i].given);
    }
    free(load->source_places);
    free(load->places);
    free(load->given);
    free(load->bad);
}

bool eidc_config_load(const char *path, struct eidc_config **out,
                      struct eidc_config_problems *problems)
{
    struct eidc_config_load load = {
        .config = eidc_xcalloc(1, sizeof *load.config),
        .problems = problems,
        .places = eidc_xcalloc(eidc_option_count, sizeof *load.places),
        .given = eidc_xcalloc(eidc_option_count, sizeof *load.given),
        .bad = eidc_xcalloc(eidc_option_count, sizeof *load.bad),
    };
    load.config->path = eidc_xstrdup(path);
    set_defaults(&load);
    bool readable = path == NULL || load_file(&load);
    eidc_config_environment(&load);
    if (readable) /* else every source would be told of as missing */
        eidc_config_check(&load);
    eidc_config_problems_finish(&load);
    free_load(&load);
    if (problems->count == 0) {
        *out = load.config;
        return true;
    }
    eidc_config_free(load.config);
    *out = NULL;
    return false;
}

void eidc_config_free(struct eidc_config *config)
{
    if (config == NULL)
        return;
    for (size_t i = 0; i < eidc_option_count; i++)
        eidc_option_free(&eidc_options[i], config);
    for (size_t i = 0; i < config->source_count; i++) {
        for (size_t k = 0; k < eidc_source_option_count; k++)
            eidc_option_free(&eidc_source_options[k], &config->sources[i]);
        free(config->sources[i].name);
    }
    free(config->sources);
    free(config->path);
    free(config);
}

static bool option_equal(const struct eidc_option *option, const struct eidc_config *a,
                         const struct eidc_config *b)
{
    EIDC_BUF_AUTO left = {0};
    EIDC_BUF_AUTO right = {0};
    eidc_option_print(option, a, &left);
    eidc_option_print(option, b, &right);
    return eidc_str_eq(eidc_buf_view(&left), eidc_buf_view(&right));
}

bool eidc_config_section_equal(const struct eidc_config *a, const struct eidc_config *b,
                               const char *section)
{
    for (size_t i = 0; i < eidc_option_count; i++) {
        const struct eidc_option *option = &eidc_options[i];
        if (eidc_option_in_section(option->path, section) &&
            option->offset != EIDC_OPTION_NOWHERE && !option_equal(option, a, b))
            return false;
    }
    return true;
}

/* Where `own` says nothing, what holds for all. */
#define OVERRIDE(member) merged.member = own->member ? own->member : merged.member

struct eidc_aws_settings eidc_config_source_aws(const struct eidc_config *config,
                                                const struct eidc_config_source *source)
{
    const struct eidc_aws_settings *own = &source->aws;
    struct eidc_aws_settings merged = config->aws;
    OVERRIDE(region);
    OVERRIDE(profile);
    OVERRIDE(role_arn);
    OVERRIDE(external_id);
    OVERRIDE(endpoint_url);
    OVERRIDE(ca_bundle);
    OVERRIDE(max_attempts);
    OVERRIDE(retry_mode);
    OVERRIDE(connect_timeout_ms);
    OVERRIDE(timeout_ms);
    return merged;
}
