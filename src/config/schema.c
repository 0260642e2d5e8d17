/* The option table as a JSON schema (draft 2020-12), for editors that know YAML. It says what a
 * value looks like; ranges of durations and sizes and rules between options are --check-config's.
 * A scalar is its text to the daemon, so that a number may be quoted and a text be of digits.
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

/* What may be written in one of these ways; third may be NULL. */
static void put_types(struct eidc_json *j, const char *first, const char *second, const char *third)
{
    eidc_json_key(j, "type");
    eidc_json_open_array(j);
    eidc_json_z(j, first);
    eidc_json_z(j, second);
    if (third != NULL)
        eidc_json_z(j, third);
    eidc_json_close_array(j);
}

/* Range and factor hold for what is written as a number. */
static void put_range(struct eidc_json *j, const struct eidc_option *option)
{
    put_types(j, "integer", "string", NULL);
    eidc_json_put_z(j, "pattern", "^[0-9]+$");
    eidc_json_put_u64(j, "minimum", option->min);
    eidc_json_put_u64(j, "maximum", option->max);
    if (option->multiple_of > 0)
        eidc_json_put_u64(j, "multipleOf", option->multiple_of);
}

/* Under key, what any text looks like. */
static void put_texts(struct eidc_json *j, const char *key)
{
    eidc_json_key(j, key);
    eidc_json_open_object(j);
    put_types(j, "string", "integer", NULL);
    eidc_json_close_object(j);
}

/* One text or several: a list of one needs no brackets. */
static void put_list(struct eidc_json *j)
{
    put_types(j, "string", "integer", "array");
    put_texts(j, "items");
}

static void put_map(struct eidc_json *j)
{
    eidc_json_put_z(j, "type", "object");
    put_texts(j, "additionalProperties");
}

static void put_bool(struct eidc_json *j)
{
    put_types(j, "boolean", "string", NULL);
    eidc_json_put_z(j, "pattern", "^(false|true)$");
}

static bool may_be_digits(const struct eidc_option *option)
{
    return option->type == EIDC_OPTION_SIZE || option->type == EIDC_OPTION_STRING ||
           option->type == EIDC_OPTION_PATH;
}

/* A number without a unit is a valid size. */
static void put_text(struct eidc_json *j, const struct eidc_option *option)
{
    const char *pattern = patterns[option->type];
    if (may_be_digits(option))
        put_types(j, "string", "integer", NULL);
    else
        eidc_json_put_z(j, "type", "string");
    if (pattern != NULL && option->share == 0)
        eidc_json_put_z(j, "pattern", pattern);
}

static void put_share(struct eidc_json *j)
{
    put_types(j, "boolean", "string", NULL);
    eidc_json_put_z(j, "pattern", patterns[EIDC_OPTION_RATIO]);
}

static void put_type(struct eidc_json *j, const struct eidc_option *option)
{
    if (option->names != NULL)
        put_words(j, option->names);
    else if (option->type == EIDC_OPTION_BOOL)
        put_bool(j);
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

/* Opens an object's schema, its type given, up to its properties; the caller closes those. */
static void open_object_schema(struct eidc_json *j, const char *description)
{
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
    put_types(j, "object", "null", NULL); /* null: all of it is commented out */
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
    eidc_json_put_z(j, "type", "object");
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
    eidc_json_put_z(&j, "type", "object");
    open_object_schema(&j, "Configuration of eidcached.");
    for (size_t i = 0; i < eidc_option_section_count; i++)
        put_section(&j, &eidc_option_sections[i]);
    put_sources(&j);
    eidc_json_close_object(&j);
    eidc_json_close_object(&j);
    eidc_buf_add_byte(out, '\n');
}
