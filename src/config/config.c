/*
 * Loading: defaults, the file, the environment, then the checks. Nothing stops at a problem: all
 * are collected, so that one run shows all there is to mend.
 */
#include "eidcached/config/config.h"

#include <stdlib.h>

#include "eidcached/base/mem.h"
#include "internal.h"

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
        free(load->source_places[i].bad);
    }
    free(load->source_places);
    free(load->places);
    free(load->given);
    free(load->bad);
}

bool eidc_config_load_begin(struct eidc_config_load *load, const char *path,
                            struct eidc_config_problems *problems)
{
    *load = (struct eidc_config_load){
        .config = eidc_xcalloc(1, sizeof *load->config),
        .problems = problems,
        .places = eidc_xcalloc(eidc_option_count, sizeof *load->places),
        .given = eidc_xcalloc(eidc_option_count, sizeof *load->given),
        .bad = eidc_xcalloc(eidc_option_count, sizeof *load->bad),
    };
    load->config->path = eidc_xstrdup(path);
    set_defaults(load);
    bool readable = path == NULL || eidc_config_file(load);
    eidc_config_environment(load);
    if (readable) /* else every source would be told of as missing */
        eidc_config_check(load);
    return readable;
}

bool eidc_config_load_end(struct eidc_config_load *load, struct eidc_config **out)
{
    eidc_config_problems_finish(load);
    free_load(load);
    if (load->problems->count == 0) {
        *out = load->config;
        return true;
    }
    eidc_config_free(load->config);
    *out = NULL;
    return false;
}

bool eidc_config_load(const char *path, struct eidc_config **out,
                      struct eidc_config_problems *problems)
{
    struct eidc_config_load load;
    eidc_config_load_begin(&load, path, problems);
    return eidc_config_load_end(&load, out);
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

void eidc_config_section_changes(const struct eidc_config *a, const struct eidc_config *b,
                                 const char *section, struct eidc_buf *out)
{
    for (size_t i = 0; i < eidc_option_count; i++) {
        const struct eidc_option *option = &eidc_options[i];
        if (eidc_option_in_section(option->path, section) &&
            option->offset != EIDC_OPTION_NOWHERE && !option_equal(option, a, b))
            eidc_buf_addf(out, "%s%s", out->n > 0 ? ", " : "", option->path);
    }
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
