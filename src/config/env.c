/* EIDCACHED_SECTION_KEY: each option as a variable, which wins over the file. */
#include <stdlib.h>
#include <unistd.h>

#include "eidcached/base/mem.h"
#include "eidcached/base/utf8.h"
#include "internal.h"

static const struct eidc_config_place from_environment = {.environment = true};

static void load_variable(struct eidc_config_load *load, size_t index, const char *variable)
{
    const struct eidc_option *option = &eidc_options[index];
    const char *text = getenv(variable);
    if (text == NULL)
        return;
    load->places[index] = from_environment;
    load->given[index] = true;
    unsigned before = load->problems->count;
    struct eidc_err err;
    if (eidc_utf8_valid_prefix(eidc_str_of(text)) != strlen(text))
        eidc_config_problem(load, &from_environment, option->path, "is not UTF-8");
    else if (!eidc_option_set_text(option, load->config, text, &err))
        eidc_config_problem(load, &from_environment, option->path, "%s", err.text);
    load->bad[index] = load->problems->count > before;
}

static bool is_known(const char *name, const char *const *variables)
{
    for (; *variables != NULL; variables++)
        if (strcmp(name, *variables) == 0)
            return true;
    return false;
}

/* Whether a variable means an option of ours: it names one of our sections. Kubernetes puts
 * EIDCACHED_PORT and EIDCACHED_HTTP_SERVICE_HOST into pods when services have such names; those
 * are nobody's mistake. */
static bool means_an_option(const char *name)
{
    for (size_t i = 0; i < eidc_option_section_count; i++) {
        char *prefix EIDC_AUTO_FREE = eidc_xprintf("EIDCACHED_%s_", eidc_option_sections[i].name);
        size_t n = strlen(prefix);
        if (strncasecmp(name, prefix, n) == 0)
            return strncmp(name + n, "SERVICE_", 8) != 0 && strncmp(name + n, "PORT", 4) != 0;
    }
    return false;
}

static bool is_planned(const char *name)
{
    for (const char *const *path = eidc_options_planned; *path != NULL; path++) {
        EIDC_BUF_AUTO variable = {0};
        eidc_option_env(*path, &variable);
        if (eidc_str_eq(eidc_buf_view(&variable), eidc_str_of(name)))
            return true;
    }
    return false;
}

static void refuse_unknown(struct eidc_config_load *load, const char *const *variables)
{
    for (char **at = environ; at != NULL && *at != NULL; at++) {
        char *name EIDC_AUTO_FREE = eidc_xstrndup(*at, strcspn(*at, "="));
        if (!means_an_option(name) || is_known(name, variables))
            continue;
        if (is_planned(name)) {
            eidc_config_problem(load, &from_environment, name, EIDC_CONFIG_PLANNED);
            continue;
        }
        const char *near = eidc_nearest_name(name, variables);
        eidc_config_problem(load, &from_environment, name, "unknown option%s%s%s",
                            near != NULL ? "; did you mean " : "", near != NULL ? near : "",
                            near != NULL ? "?" : "");
    }
}

void eidc_config_environment(struct eidc_config_load *load)
{
    const char **variables EIDC_AUTO_FREE = eidc_xcalloc(eidc_option_count + 1, sizeof *variables);
    EIDC_BUF_AUTO names = {0};
    for (size_t i = 0; i < eidc_option_count; i++) {
        eidc_option_env(eidc_options[i].path, &names);
        eidc_buf_add_byte(&names, 0);
    }
    const char *name = names.p;
    for (size_t i = 0; i < eidc_option_count && !names.failed; i++, name += strlen(name) + 1) {
        variables[i] = name;
        load_variable(load, i, name);
    }
    refuse_unknown(load, variables);
}
