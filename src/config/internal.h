#pragma once
/* What the configuration's sources share: the state of one loading, and how it tells of problems.
 */
#include "eidcached/base/yaml.h"
#include "eidcached/config/nearest.h"
#include "eidcached/config/options.h"

/* Where an option got its value: the environment, the file, or neither (its default). */
struct eidc_config_place {
    bool environment;
    unsigned line, column; /* 0: not the file */
};

/* A source while it is read: which keys it has, and where. Indexed as eidc_source_options. */
struct eidc_config_source_places {
    struct eidc_config_place self, *keys;
    struct eidc_config_place *params; /* of each pair of params */
    bool *given, *bad;                /* as below */
    bool type_known;
};

struct eidc_config_problem; /* problems.c */

struct eidc_config_load {
    struct eidc_config *config;
    struct eidc_config_problems *problems;
    struct eidc_config_problem *found; /* the first of problems->count */
    struct eidc_config_place *places;  /* indexed as eidc_options */
    bool *given;                       /* the option is in the file or the environment, ... */
    bool *bad;                         /* ... with a value that was refused */
    struct eidc_config_source_places *source_places; /* indexed as config->sources */
};

/* Defaults, file, environment, checks. False: the file cannot be read, so that there is nothing to
 * look at further. */
bool eidc_config_load_begin(struct eidc_config_load *load, const char *path,
                            struct eidc_config_problems *problems);
/* Tells the problems and gives the configuration away if there are none. */
bool eidc_config_load_end(struct eidc_config_load *load, struct eidc_config **out);

/* Adds a problem. at may be NULL. */
void eidc_config_problem(struct eidc_config_load *load, const struct eidc_config_place *at,
                         const char *path, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* Adds the problem that path is unknown: with the nearest of candidates, else with all of them. */
void eidc_config_unknown(struct eidc_config_load *load, const struct eidc_config_place *at,
                         const char *path, const char *word, const char *const *candidates);

/* Further ones are counted, but not told: what it takes to describe them can be spared. */
bool eidc_config_problems_full(const struct eidc_config_load *load);

/* Adds the problem that the file cannot be read. */
void eidc_config_file_problem(struct eidc_config_load *load, const struct eidc_err *err);
/* Writes what was found to problems->text, in the order of the file, and frees it. */
void eidc_config_problems_finish(struct eidc_config_load *load);

/* What is said of an option that eidc_option_is_planned. */
#define EIDC_CONFIG_PLANNED "is not in this version"

/* The place of a value, of its key, and of the key above that. */
static inline struct eidc_config_place eidc_config_value_place(const struct eidc_yaml_item *item)
{
    return (struct eidc_config_place){.line = item->line, .column = item->column};
}

static inline struct eidc_config_place eidc_config_key_place(const struct eidc_yaml_item *item)
{
    return (struct eidc_config_place){.line = item->key_line, .column = item->key_column};
}

static inline struct eidc_config_place eidc_config_parent_place(const struct eidc_yaml_item *item)
{
    return (struct eidc_config_place){.line = item->parent_line, .column = item->parent_column};
}

/* Sets an option from the run of items that have its path. */
bool eidc_config_set_items(struct eidc_config_load *load, const struct eidc_option *option,
                           void *base, const struct eidc_yaml_item *items, size_t n);

/* Sets options from the file. False: it cannot be read, and there is nothing to check further. */
bool eidc_config_file(struct eidc_config_load *load);

/* Sets options from EIDCACHED_SECTION_KEY. */
void eidc_config_environment(struct eidc_config_load *load);

/* The items under "sources", n of them with one path. */
void eidc_config_source_items(struct eidc_config_load *load, const struct eidc_yaml_item *items,
                              size_t n);
void eidc_config_check_sources(struct eidc_config_load *load);

/* One source while it is checked. */
struct eidc_config_checked {
    struct eidc_config_load *load;
    struct eidc_config_source *source;
    const struct eidc_config_source_places *places;
};
bool eidc_config_source_given(const struct eidc_config_checked *c, const char *key);
/* A problem of one key, at its value; at the source when the key is missing. */
void eidc_config_source_problem(const struct eidc_config_checked *c, const char *key,
                                const char *text);
/* What it lists, and whether the rest fits that. */
void eidc_config_check_listing(const struct eidc_config_checked *c);
/* Rules between options, and of single ones that their type does not say. */
void eidc_config_check(struct eidc_config_load *load);

/* NULL when url can be an endpoint, else what is wrong with it; the caller frees it. */
char *eidc_config_url_problem(const char *url);
/* The same for a role's ARN; static text. */
const char *eidc_config_role_problem(const char *arn);
