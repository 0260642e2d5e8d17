#pragma once
/*
 * The options as data: one row each. The loader, the environment's names, the checks of a single
 * value, the sample file, the effective configuration and --help-config all walk these tables; a
 * new option is a struct member and a row. Rules between options are in check.c.
 */
#include "eidcached/config/config.h"

enum eidc_option_type {
    EIDC_OPTION_STRING,   /* char *; NULL while unset */
    EIDC_OPTION_PATH,     /* the same */
    EIDC_OPTION_BOOL,     /* bool; with `names`, two words instead of true and false */
    EIDC_OPTION_UINT,     /* unsigned */
    EIDC_OPTION_COUNT,    /* uint64_t */
    EIDC_OPTION_DURATION, /* int64_t, milliseconds: 500ms 30s 5m 1h 7d */
    EIDC_OPTION_SIZE,     /* uint64_t, bytes: 512 64K 8M 2G */
    EIDC_OPTION_RATIO,    /* unsigned, per mille: 10% 2.5% */
    EIDC_OPTION_SHARE,    /* the same; false and true are 0 and 1000 */
    EIDC_OPTION_ENUM,     /* unsigned: one of `names` */
    EIDC_OPTION_LIST,     /* struct eidc_strings */
    EIDC_OPTION_MAP,      /* struct eidc_pairs; of sources only */
};

#define EIDC_OPTION_NOWHERE SIZE_MAX /* as offset: the value is checked, not kept */

struct eidc_option {
    const char *path; /* "refresh.interval"; in the sources' table the key alone */
    enum eidc_option_type type;
    size_t offset;
    const char *fallback;     /* default as text, a list's comma-separated; NULL: unset */
    uint64_t min, max;        /* numbers, in the unit that is kept */
    uint64_t multiple_of;     /* of which a number must be one, which check.c sees to; 0: any */
    const char *const *names; /* enum: the word of each value in order, then NULL */
    const char *later;        /* words that are planned and refused with a hint, or NULL */
    const char *example;      /* shown where there is no default to show */
    const char *help;
    size_t share; /* a duration that may also be a ratio: offset of the unsigned that keeps it,
                     per mille, for check.c to make the duration of; 0: it may not */
};

struct eidc_option_section {
    const char *name, *help;
};

extern const struct eidc_option eidc_options[];        /* offsets into struct eidc_config */
extern const struct eidc_option eidc_source_options[]; /* into struct eidc_config_source */
extern const struct eidc_option_section eidc_option_sections[];
extern const size_t eidc_option_count, eidc_source_option_count, eidc_option_section_count;

/* NULL: no such option. */
const struct eidc_option *eidc_option_find(const char *path);
const struct eidc_option *eidc_source_option_find(const char *key);
/* "refresh.interval" is in "refresh". */
bool eidc_option_in_section(const char *path, const char *section);
/* "EIDCACHED_REFRESH_INTERVAL" */
void eidc_option_env(const char *path, struct eidc_buf *out);

/* Options of later versions, ending with NULL: told of as such, not as misspelled. */
extern const char *const eidc_options_planned[];
bool eidc_option_is_planned(const char *path);

/* Checks the texts and sets the member in base, freeing what was there. Anything but a list has
 * exactly one. Errors: INVALID saying what is wrong with the value and what is allowed. */
bool eidc_option_set(const struct eidc_option *option, void *base, const char *const *texts,
                     size_t n, struct eidc_err *err);
/* Adds a pair to a mapping. */
void eidc_option_add(const struct eidc_option *option, void *base, const char *key,
                     const char *value);
/* From one text, lists comma-separated: defaults and the environment. */
bool eidc_option_set_text(const struct eidc_option *option, void *base, const char *text,
                          struct eidc_err *err);
void eidc_option_free(const struct eidc_option *option, void *base);

/* Whether the member has a value other than NULL, 0 and the empty list. */
bool eidc_option_is_set(const struct eidc_option *option, const void *base);
/* Appends the value as YAML that reads back to the same; false, nothing: it is unset. */
bool eidc_option_print(const struct eidc_option *option, const void *base, struct eidc_buf *out);
/* Appends what is allowed: "1 to 256", "text, json or journal"; nothing for free text. */
void eidc_option_allowed(const struct eidc_option *option, struct eidc_buf *out);
const char *eidc_option_type_name(const struct eidc_option *option);

/* Appends s as a YAML scalar, quoted if it has to be. */
void eidc_yaml_scalar(struct eidc_buf *out, const char *s);
