/* One option's member of the configuration: set, freed, printed. Numbers of all kinds go through
 * uint64_t. */
#include <stdlib.h>
#include <string.h>

#include "eidcached/base/mem.h"
#include "eidcached/config/options.h"
#include "value.h"

static const enum store {
    AS_TEXT,
    AS_LIST,
    AS_MAP,
    AS_BOOL,
    AS_UNSIGNED,
    AS_64
} stores[] = {
    [EIDC_OPTION_STRING] = AS_TEXT,    [EIDC_OPTION_PATH] = AS_TEXT,
    [EIDC_OPTION_BOOL] = AS_BOOL,      [EIDC_OPTION_UINT] = AS_UNSIGNED,
    [EIDC_OPTION_COUNT] = AS_64,       [EIDC_OPTION_DURATION] = AS_64,
    [EIDC_OPTION_SIZE] = AS_64,        [EIDC_OPTION_RATIO] = AS_UNSIGNED,
    [EIDC_OPTION_SHARE] = AS_UNSIGNED, [EIDC_OPTION_ENUM] = AS_UNSIGNED,
    [EIDC_OPTION_LIST] = AS_LIST,      [EIDC_OPTION_MAP] = AS_MAP,
};

static void *member(const struct eidc_option *option, void *base)
{
    return (char *)base + option->offset;
}

static void free_strings(struct eidc_strings *list)
{
    for (size_t i = 0; i < list->n; i++)
        free(list->at[i]);
    free(list->at);
    *list = (struct eidc_strings){0};
}

/* A string of a pair, which is const to those who read the configuration. */
static void free_const(const char *text)
{
    union {
        const char *in;
        void *out;
    } u = {text};
    free(u.out);
}

static void free_pairs(struct eidc_pairs *pairs)
{
    for (size_t i = 0; i < pairs->n; i++) {
        free_const(pairs->at[i].key);
        free_const(pairs->at[i].value);
    }
    free(pairs->at);
    *pairs = (struct eidc_pairs){0};
}

void eidc_option_free(const struct eidc_option *option, void *base)
{
    if (option->offset == EIDC_OPTION_NOWHERE)
        return;
    if (stores[option->type] == AS_LIST)
        free_strings(member(option, base));
    if (stores[option->type] == AS_MAP)
        free_pairs(member(option, base));
    if (stores[option->type] == AS_TEXT) {
        char **text = member(option, base);
        free(*text);
        *text = NULL;
    }
}

static void store_number(const struct eidc_option *option, void *base, uint64_t value)
{
    if (option->offset == EIDC_OPTION_NOWHERE)
        return;
    if (stores[option->type] == AS_BOOL)
        *(bool *)member(option, base) = value != 0;
    else if (stores[option->type] == AS_UNSIGNED)
        *(unsigned *)member(option, base) = (unsigned)value;
    else
        *(uint64_t *)member(option, base) = value;
}

static uint64_t load_number(const struct eidc_option *option, const void *base)
{
    const void *at = (const char *)base + option->offset;
    if (stores[option->type] == AS_BOOL)
        return *(const bool *)at;
    if (stores[option->type] == AS_UNSIGNED)
        return *(const unsigned *)at;
    return *(const uint64_t *)at;
}

static unsigned *share_of(const struct eidc_option *option, void *base)
{
    void *at = (char *)base + option->share;
    return at;
}

static bool set_number(const struct eidc_option *option, void *base, const char *text,
                       struct eidc_err *err)
{
    uint64_t value;
    if (option->share != 0 && eidc_value_ratio(text, &value) && value <= 1000) {
        store_number(option, base, 0);
        *share_of(option, base) = (unsigned)value;
        return true;
    }
    if (!eidc_value_parse(option, text, &value, err))
        return false;
    store_number(option, base, value);
    if (option->share != 0)
        *share_of(option, base) = 0;
    return true;
}

static bool set_string(const struct eidc_option *option, void *base, const char *text,
                       struct eidc_err *err)
{
    bool may_be_empty = option->fallback != NULL && *option->fallback == 0;
    if (*text == 0 && !may_be_empty)
        return eidc_fail(err, EIDC_ERR_INVALID, "must not be empty; leave it out instead");
    eidc_option_free(option, base);
    *(char **)member(option, base) = eidc_xstrdup(text);
    return true;
}

static bool set_list(const struct eidc_option *option, void *base, const char *const *texts,
                     size_t n, struct eidc_err *err)
{
    for (size_t i = 0; i < n; i++)
        if (*texts[i] == 0)
            return eidc_fail(err, EIDC_ERR_INVALID, "value %zu of the list is empty", i + 1);
    eidc_option_free(option, base);
    struct eidc_strings *list = member(option, base);
    list->at = eidc_xcalloc(n + 1, sizeof *list->at);
    for (size_t i = 0; i < n; i++)
        list->at[list->n++] = eidc_xstrdup(texts[i]);
    return true;
}

bool eidc_option_set(const struct eidc_option *option, void *base, const char *const *texts,
                     size_t n, struct eidc_err *err)
{
    if (stores[option->type] == AS_LIST)
        return set_list(option, base, texts, n, err);
    if (stores[option->type] == AS_MAP)
        return eidc_fail(err, EIDC_ERR_INVALID, "takes a mapping of keys to values");
    if (n != 1)
        return eidc_fail(err, EIDC_ERR_INVALID, "takes one value, not a list");
    if (stores[option->type] == AS_TEXT)
        return set_string(option, base, texts[0], err);
    return set_number(option, base, texts[0], err);
}

void eidc_option_add(const struct eidc_option *option, void *base, const char *key,
                     const char *value)
{
    struct eidc_pairs *pairs = member(option, base);
    pairs->at = eidc_xrealloc(pairs->at, pairs->n + 1, sizeof *pairs->at);
    pairs->at[pairs->n++] = (struct eidc_listing_given){eidc_xstrdup(key), eidc_xstrdup(value)};
}

/* Cuts text at its commas, in place, and trims blanks around each part. */
static size_t split(char *text, const char **parts)
{
    size_t n = 0;
    for (char *rest = text; rest != NULL && *text != 0;) {
        char *part = strsep(&rest, ",");
        part += strspn(part, " \t");
        size_t length = strlen(part);
        while (length > 0 && (part[length - 1] == ' ' || part[length - 1] == '\t'))
            part[--length] = 0;
        parts[n++] = part;
    }
    return n;
}

bool eidc_option_set_text(const struct eidc_option *option, void *base, const char *text,
                          struct eidc_err *err)
{
    if (stores[option->type] != AS_LIST)
        return eidc_option_set(option, base, &text, 1, err);
    char *copy EIDC_AUTO_FREE = eidc_xstrdup(text);
    const char **parts EIDC_AUTO_FREE = eidc_xcalloc(strlen(text) + 1, sizeof *parts);
    return eidc_option_set(option, base, parts, split(copy, parts), err);
}

bool eidc_option_is_set(const struct eidc_option *option, const void *base)
{
    if (option->offset == EIDC_OPTION_NOWHERE)
        return false;
    const void *at = (const char *)base + option->offset;
    if (stores[option->type] == AS_LIST)
        return ((const struct eidc_strings *)at)->n > 0;
    if (stores[option->type] == AS_MAP)
        return ((const struct eidc_pairs *)at)->n > 0;
    if (stores[option->type] == AS_TEXT)
        return *(const char *const *)at != NULL;
    return load_number(option, base) != 0;
}

static void print_list(const struct eidc_strings *list, struct eidc_buf *out)
{
    eidc_buf_add_byte(out, '[');
    for (size_t i = 0; i < list->n; i++) {
        eidc_buf_add_z(out, i > 0 ? ", " : "");
        eidc_yaml_scalar(out, list->at[i]);
    }
    eidc_buf_add_byte(out, ']');
}

static void print_map(const struct eidc_pairs *pairs, struct eidc_buf *out)
{
    eidc_buf_add_byte(out, '{');
    for (size_t i = 0; i < pairs->n; i++) {
        eidc_buf_add_z(out, i > 0 ? ", " : "");
        eidc_yaml_scalar(out, pairs->at[i].key);
        eidc_buf_add_z(out, ": ");
        eidc_yaml_scalar(out, pairs->at[i].value);
    }
    eidc_buf_add_byte(out, '}');
}

bool eidc_option_print(const struct eidc_option *option, const void *base, struct eidc_buf *out)
{
    if (option->offset == EIDC_OPTION_NOWHERE) {
        eidc_buf_add_z(out, option->fallback);
        return true;
    }
    const void *at = (const char *)base + option->offset;
    if (stores[option->type] == AS_TEXT) {
        const char *text = *(const char *const *)at;
        if (text != NULL)
            eidc_yaml_scalar(out, text);
        return text != NULL;
    }
    if (stores[option->type] == AS_LIST)
        print_list(at, out);
    else if (stores[option->type] == AS_MAP)
        print_map(at, out);
    else
        eidc_value_print(option, load_number(option, base), out);
    return true;
}
