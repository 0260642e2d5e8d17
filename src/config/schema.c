/* The option table as a JSON schema (draft 2020-12), for editors that know YAML. It says what a
 * value looks like; ranges of durations and sizes and rules between options are --check-config's.
 */
#include <string.h>

#include "eidcached/base/json.h"
#include "eidcached/config/options.h"

static const char *const patterns[] = {
    [EIDC_OPTION_DURATION] = "^[0-9]+(ms|s|m|h|d)$",
    [EIDC_OPTION_SIZE] = "^[0-9]+[KMG]?$",
    [EIDC_OPTION_RATIO] = "^[0-9]+(\\.[0-9]+)?%$",
    [EIDC_OPTION_MAP] = NULL,
};

static void put_words(struct eidc_json *j, const char *const *words)
{
    eidc_json_key(j, "enum");
    eidc_json_open_array(j);
    for (; *words != NULL; words++)
        eidc_json_z(j, *words);
    eidc_json_close_array(j);
}

static void put_range(struct eidc_json *j, const struct eidc_option *option)
{
    eidc_json_put_z(j, "type", "integer");
    eidc_json_put_u64(j, "minimum", option->min);
    eidc_json_put_u64(j, "maximum", option->max);
}

/* What may be written in one of two ways. */
static void put_either(struct eidc_json *j, const char *one, const char *other)
{
    eidc_json_key(j, "type");
    eidc_json_open_array(j);
    eidc_json_z(j, one);
    eidc_json_z(j, other);
    eidc_json_close_array(j);
}

/* One string or several: a list of one needs no brackets. */
static void put_list(struct eidc_json *j)
{
    put_either(j, "string", "array");
    eidc_json_key(j, "items");
    eidc_json_open_object(j);
    eidc_json_put_z(j, "type", "string");
    eidc_json_close_object(j);
}

static void put_map(struct eidc_json *j)
{
    eidc_json_put_z(j, "type", "object");
    eidc_json_key(j, "additionalProperties");
    eidc_json_open_object(j);
    eidc_json_put_z(j, "type", "string");
    eidc_json_close_object(j);
}

/* A number without a unit is a valid size. */
static void put_text(struct eidc_json *j, const struct eidc_option *option)
{
    const char *pattern = patterns[option->type];
    if (option->type == EIDC_OPTION_SIZE)
        put_either(j, "string", "integer");
    else
        eidc_json_put_z(j, "type", "string");
    if (pattern != NULL && option->share == 0)
        eidc_json_put_z(j, "pattern", pattern);
}

static void put_share(struct eidc_json *j)
{
    put_either(j, "boolean", "string");
    eidc_json_put_z(j, "pattern", patterns[EIDC_OPTION_RATIO]);
}

static void put_type(struct eidc_json *j, const struct eidc_option *option)
{
    if (option->names != NULL)
        put_words(j, option->names);
    else if (option->type == EIDC_OPTION_BOOL)
        eidc_json_put_z(j, "type", "boolean");
    else if (option->type == EIDC_OPTION_UINT || option->type == EIDC_OPTION_COUNT)
        put_range(j, option);
    else if (option->type == EIDC_OPTION_LIST)
        put_list(j);
    else if (option->type == EIDC_OPTION_SHARE)
        put_share(j);
    else if (option->type == EIDC_OPTION_MAP)
        put_map(j);
    else
        put_text(j, option);
}

static void put_option(struct eidc_json *j, const char *key, const struct eidc_option *option)
{
    eidc_json_key(j, key);
    eidc_json_open_object(j);
    put_type(j, option);
    eidc_json_put_z(j, "description", option->help);
    if (option->fallback != NULL && *option->fallback != 0)
        eidc_json_put_z(j, "default", option->fallback);
    eidc_json_close_object(j);
}

/* Opens an object's schema up to its properties; the caller closes those. */
static void open_object_schema(struct eidc_json *j, const char *description)
{
    eidc_json_put_z(j, "type", "object");
    eidc_json_put_z(j, "description", description);
    eidc_json_put_bool(j, "additionalProperties", false);
    eidc_json_key(j, "properties");
    eidc_json_open_object(j);
}

static void put_section(struct eidc_json *j, const struct eidc_option_section *section)
{
    size_t n = strlen(section->name);
    eidc_json_key(j, section->name);
    eidc_json_open_object(j);
    open_object_schema(j, section->help);
    for (size_t i = 0; i < eidc_option_count; i++)
        if (eidc_option_in_section(eidc_options[i].path, section->name))
            put_option(j, eidc_options[i].path + n + 1, &eidc_options[i]);
    eidc_json_close_object(j);
    eidc_json_close_object(j);
}

static void put_sources(struct eidc_json *j)
{
    eidc_json_key(j, "sources");
    eidc_json_open_object(j);
    eidc_json_put_z(j, "type", "object");
    eidc_json_put_u64(j, "minProperties", 1);
    eidc_json_key(j, "additionalProperties");
    eidc_json_open_object(j);
    open_object_schema(j, "One place names come from.");
    for (size_t i = 0; i < eidc_source_option_count; i++)
        put_option(j, eidc_source_options[i].path, &eidc_source_options[i]);
    eidc_json_close_object(j);
    eidc_json_key(j, "required");
    eidc_json_open_array(j);
    eidc_json_z(j, "type");
    eidc_json_close_array(j);
    eidc_json_close_object(j);
    eidc_json_close_object(j);
}

void eidc_config_write_schema(struct eidc_buf *out)
{
    struct eidc_json j = eidc_json_to(out);
    eidc_json_open_object(&j);
    eidc_json_put_z(&j, "$schema", "https://json-schema.org/draft/2020-12/schema");
    eidc_json_put_z(&j, "title", "eidcached.yaml");
    open_object_schema(&j, "Configuration of eidcached.");
    for (size_t i = 0; i < eidc_option_section_count; i++)
        put_section(&j, &eidc_option_sections[i]);
    put_sources(&j);
    eidc_json_close_object(&j);
    eidc_json_close_object(&j);
    eidc_buf_add_byte(out, '\n');
}
